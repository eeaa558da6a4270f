"""`ExportMonitor`: the live card of one export."""

from __future__ import annotations

from typing import Any

import traitlets

from ..api.models import ExportTask
from ..api.text import printable
from ..polling.exports import watch_export
from ..polling.state import State, StatusClient
from ..rendering import Card, card_bundle, card_html, card_text
from .base import WatchWidget
from .card import CardParts
from .parts import Kit


class ExportMonitor(WatchWidget[ExportTask]):
    """A card that follows one dataset export and is updated while other cells run.

    Polling starts when the card is shown, or with `start` or `wait`, and ends with the export. Observers of the traits
    are called in a worker thread, as callbacks are: see `Watch`. Monitors of the same export with the same credentials
    share one poll, so running a cell again sends no more requests.

    Parameters
    ----------
    dataset_id : str
        ID of the dataset.
    task_id : str
        ID of the export task.
    client : ModelArtsClient, optional
        Client to send requests with. Default: `ModelArtsClient.from_env`, which reads variables and files at once.
    interval : float, default 2.0
        Seconds between two requests while answers bring something new, 0.1 to 86,400; while they do not, it
        grows to 10 % of the time since the last change, 30 seconds at most. May be changed at any time.
    forecast : bool, default True
        Whether the card shows how long the last exports of the same kind took, while this one reports no progress;
        see `watch_export`.
    **kwargs
        As for any widget: `layout`, and every trait below.

    Attributes
    ----------
    dataset_id, task_id : str
        IDs of the dataset and of the export task.
    task : ExportTask or None
        The last good answer.
    status : str or None
        The service's status word, as it sent it.
    progress : float or None
        Percent done, 0 to 100; ``None`` while the service gives none.
    phase : str
        Phase of polling: idle, polling, retrying, paused, needs-auth, done or stopped.
    error : Exception or None
        The error since the last good answer; ``None`` if there is none.
    background_interval : float
        Seconds between two requests after the last view of the card has been removed; 30.0 until you change it.
    local_time : bool
        Whether times are in the time zone of the kernel's machine instead of UTC, the default.
    filter : str
        Text that the rows of the tree must contain; empty shows all. May be changed at any time.

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
    In a notebook, the last line of a cell shows the card. Elsewhere:

    >>> from modelarts_widgets import ExportMonitor, ModelArtsClient, TokenAuth
    >>> from modelarts_widgets.simulator import Simulator
    >>> simulator = Simulator().start()
    >>> export = simulator.add_export(samples=200, seconds=0)
    >>> client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))
    >>> monitor = ExportMonitor(export.dataset_id, export.task_id, client=client)
    >>> monitor.wait(timeout=60).raise_for_status()
    >>> monitor.status, monitor.progress, monitor.task.finished_sample_count
    ('SUCCESSED', 100.0, 200)
    """

    task = traitlets.Instance(ExportTask, allow_none=True, read_only=True)
    status = traitlets.Unicode(None, allow_none=True, read_only=True)
    progress = traitlets.Float(None, allow_none=True, read_only=True)
    filter = traitlets.Unicode("")

    def __init__(
        self,
        dataset_id: str,
        task_id: str,
        *,
        client: StatusClient | None = None,
        interval: float = 2.0,
        forecast: bool = True,
        **kwargs: Any,  # noqa: ANN401 - traits of any type
    ) -> None:
        self.interval = interval  # validated before there is a watch to close
        watch = watch_export(dataset_id, task_id, client=client, interval=interval, forecast=forecast)
        self.dataset_id, self.task_id = dataset_id, task_id
        kit = Kit()
        parts = CardParts(kit, self._redraw)
        super().__init__(watch, kit, parts, **kwargs)
        self._link = traitlets.link((self, "filter"), (parts.filter_box, "value"))

    def to_text(self) -> str:
        """Return the card as plain text, for terminals."""
        return card_text(self._content())

    def to_html(self) -> str:
        """Return the card as static HTML that needs neither a kernel nor a style sheet."""
        return card_html(self._content())

    def __repr__(self) -> str:
        words = [self.task_id, self.status, None if self.progress is None else f"{self.progress:.1f} %"]
        words += [self.phase] if self.phase not in {"polling", "done"} else []
        return printable(f"<ExportMonitor {' '.join(word for word in words if word)}>")

    def _content(self, note: str = "") -> Card:
        state = self._watch.state
        task = state.tasks[0] if state.tasks else None
        speed = self._watch._speed(task.task_id) if task else None
        facts = {"task": task, "speed": speed, "forecast": self._watch._subject.forecast(state), "note": note}
        return Card.of(state, self.task_id, **facts, dataset_id=self.dataset_id, is_local=self.local_time)

    def _render(self, note: str = "") -> dict[str, str]:
        return card_bundle(self._content(note))

    def _observable(self, state: State) -> dict[str, object]:
        task = state.tasks[0] if state.tasks else None
        share = None if task is None or task.fraction is None else 100 * task.fraction
        return {"task": task, "status": task and task.status, "progress": share, **super()._observable(state)}

    def _exit_note(self) -> str:
        seen = self._content()._replace(answered_at=self._watch.state.answered_at).last_seen()
        return f"{seen}, before the kernel ended; go on with ExportMonitor({self.dataset_id!r}, {self.task_id!r})"
