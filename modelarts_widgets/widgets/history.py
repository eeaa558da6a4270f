"""`ExportHistory`: the live table of all exports of a dataset."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import traitlets

from ..api.models import ExportTask
from ..api.text import printable
from ..polling import engine
from ..polling.exports import watch_exports
from ..polling.state import StatusClient
from ..rendering import Card, Table, history_bundle, history_html, history_text
from ..rendering.humanize import timestamp
from ..rendering.summary import GROUPS, group_named, mode, select, summary
from .base import WatchWidget
from .parts import Kit
from .table import ALL, TableParts


class _StatusFilter(traitlets.Enum):  # type: ignore[type-arg] # no generic in older releases
    """An enumeration of status groups that also accepts the status words of the service, each for its group."""

    def validate(self, obj: Any, value: Any) -> str:  # noqa: ANN401 - as traitlets has it
        return str(super().validate(obj, group_named(value) if isinstance(value, str) else value))


class ExportHistory(WatchWidget[list[ExportTask]]):
    """A table that follows all exports of a dataset, the newest first, while other cells run.

    Polling, errors, credentials and saved notebooks work as for an `ExportMonitor`. Polling does not end when all
    exports have ended, since new ones, which appear in the table, can be created at any time. While no export runs and
    the table is not used, its outputs are static HTML, so that a saved notebook shows the table; they become live again
    with the next export, or when the table is shown again.

    Parameters
    ----------
    dataset_id : str
        ID of the dataset.
    client : ModelArtsClient, optional
        Client to send requests with. Default: `ModelArtsClient.from_env`, which reads variables and files at once.
    interval : float, default 5.0
        Seconds between two refreshes while they bring something new; see `ExportMonitor`. Each refresh sends one
        request per 100 exports.
    **kwargs
        As for any widget: `layout`, and every trait below.

    Attributes
    ----------
    dataset_id : str
        ID of the dataset.
    phase : str
        Phase of polling: idle, polling, retrying, paused, needs-auth or stopped.
    error : Exception or None
        The error since the last good answer; ``None`` if there is none.
    selected : str or None
        Task ID of the export that is shown in full below the table. May be set, before it appears, too.
    filter, status_filter, page : str, str, int
        Text, status and page of the rows to show, as in the boxes of the table; a status word of the service is
        accepted, too. May be set at any time.
    idle_timeout : float
        Seconds without use after which a table without a running export becomes static HTML; 60.0 until you
        change it.
    local_time : bool
        Whether times are in the time zone of the kernel's machine instead of UTC, the default.
    background_interval : float
        Seconds between two refreshes after the last view of the table has been removed; 30.0 until you change it.

    Raises
    ------
    TypeError, ValueError
        For an ID that is no string, or can be no part of a path.
    ConfigurationError
        Without a client, when the environment does not tell how to reach the service.
    traitlets.TraitError
        For an interval that is no number, or out of bounds.

    Examples
    --------
    In a notebook, the last line of a cell shows the table. Elsewhere:

    >>> from modelarts_widgets import ExportHistory, ModelArtsClient, TokenAuth
    >>> from modelarts_widgets.simulator import Simulator
    >>> simulator = Simulator().start()
    >>> export = simulator.add_export(samples=200, seconds=0)
    >>> client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))
    >>> history = ExportHistory(export.dataset_id, client=client)
    >>> history.wait(timeout=60)
    [<ExportTask d2b7b3015ed81d83b1ee SUCCESSED 100.0 %>]
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "task_id",
        "status",
        "progress",
        "finished_sample_count",
        "total_sample_count",
        "mode",
        "path",
        "created_at",
        "updated_at",
        "export_type",
        "export_format",
        "version_id",
        "error_code",
        "error_msg",
    )
    """Keys of the rows of `to_dicts`, in order; as ``columns``, they make a DataFrame even without a row."""

    filter = traitlets.Unicode("")
    status_filter = _StatusFilter((ALL, *GROUPS), default_value=ALL)
    selected = traitlets.Unicode(None, allow_none=True)
    page = traitlets.Int(1, min=1)
    idle_timeout = traitlets.Float(60.0, min=0.0)

    def __init__(
        self,
        dataset_id: str,
        *,
        client: StatusClient | None = None,
        interval: float = 5.0,
        **kwargs: Any,  # noqa: ANN401 - traits of any type
    ) -> None:
        self.interval = interval  # validated before there is a watch to close
        self.dataset_id = dataset_id
        watch, kit = watch_exports(dataset_id, client=client, interval=interval), Kit()
        self._touched_at = engine.ENGINE.clock()
        parts = TableParts(kit, partial(self.set_trait, "selected"), self._turn, self._redraw)
        super().__init__(watch, kit, parts, **kwargs)
        boxes = {"filter": parts.filter_box, "status_filter": parts.status_box}
        self._links = [traitlets.link((self, name), (box, "value")) for name, box in boxes.items()]
        self.observe(lambda _: self.set_trait("page", 1), ["filter", "status_filter"])
        self.observe(self._look, ["filter", "status_filter", "selected", "page"])

    @property
    def tasks(self) -> list[ExportTask]:
        """All exports of the last good answer, the newest first, in a new list."""
        return self._watch.answer or []

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one flat row for each export, as ``pandas.DataFrame(rows, columns=ExportHistory.COLUMNS)`` takes them.

        With ``columns``, the DataFrame of a dataset without exports has its columns, too.

        Returns
        -------
        list of dict
            Under the API's own names ``task_id``, ``status``, ``progress`` (percent), ``finished_sample_count``,
            ``total_sample_count``, ``path``, ``export_type``, ``export_format``, ``version_id``, ``error_code``,
            ``error_msg``; ``mode`` as the table has it; ``created_at`` and ``updated_at`` as aware datetimes
            (UTC). ``None`` for values that the service did not send.

        Examples
        --------
        With ``export`` and ``client`` as in the example of `watch_export`:

        >>> history = ExportHistory(export.dataset_id, client=client)
        >>> tasks = history.wait(timeout=60)
        >>> [(row["status"], row["finished_sample_count"]) for row in history.to_dicts()]
        [('SUCCESSED', 200)]
        """
        return [
            {name: mode(task) if name == "mode" else getattr(task, name) for name in self.COLUMNS}
            for task in self.tasks
        ]

    def to_text(self) -> str:
        """Return the table as plain text, for terminals, with the rows of the static table and the selected card."""
        return history_text(self._content())

    def to_html(self) -> str:
        """Return the table as static HTML that needs neither a kernel nor a style sheet."""
        return history_html(self._content())

    def __repr__(self) -> str:
        words = [self.dataset_id, summary(self.tasks) if self._watch.state.tasks is not None else "", self.phase]
        return printable(f"<ExportHistory {' · '.join(word for word in words if word and word != 'polling')}>")

    def _content(self, note: str = "") -> Table:
        state = self._watch.state
        head = Card.of(state, self.dataset_id, note=note, widget="history", is_local=self.local_time)
        status = "" if self.status_filter == ALL else self.status_filter
        matching = select(state.tasks or (), status, self.filter, is_local=self.local_time)
        table = Table(head, state.tasks, matching, 0, self._selected_card())
        return table._replace(page=min(self.page - 1, table.last_page))

    def _selected_card(self) -> Card | None:
        state = self._watch.state
        task = next((task for task in state.tasks or () if task.task_id == self.selected), None)
        if task is None or self.selected is None:
            return None
        phase = "done" if task.is_done else "polling" if state.phase == "polling" else "idle"
        speed = self._watch._speed(self.selected)
        return Card(self.selected, task, phase, speed, dataset_id=self.dataset_id, is_local=self.local_time)

    def _render(self, note: str = "") -> dict[str, str]:
        return history_bundle(self._content(note))

    def _exit_note(self) -> str:
        answered_at = self._watch.state.answered_at
        seen = f"last seen at {timestamp(answered_at, is_local=self.local_time)}" if answered_at else "no answer came"
        return f"{seen}, before the kernel ended; go on with ExportHistory({self.dataset_id!r})"

    # Input of the user.

    def _turn(self, page: int) -> None:
        self.page = min(max(1, page), self._content().last_page + 1)

    def _look(self, _: object) -> None:
        self._mark_activity()
        self._redraw()

    def _mark_activity(self) -> None:
        """Record that the table is in use: it stays live for another `idle_timeout` seconds."""
        with self._lock:
            self._touched_at = engine.ENGINE.clock()
            self._update_display()

    @property
    def _is_static(self) -> bool:
        is_idle = engine.ENGINE.clock() - self._touched_at >= self.idle_timeout
        return super()._is_static or (is_idle and self._watch.state.is_active and self.done())

    def _bundle(self, **kwargs: object) -> dict[str, Any]:
        self._mark_activity()
        return super()._bundle(**kwargs)

    def _after_wait(self) -> None:
        with self._lock:
            if self.done():
                self._touched_at = float("-inf")  # all exports have ended: make the table static without the idle time
                self._update_display()
        super()._after_wait()
