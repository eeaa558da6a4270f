"""`ExportHistory`: all exports of a dataset as one live table, as an ipywidgets component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import traitlets

from ..api.client import ModelArtsClient
from ..api.models import ExportTask
from ..api.urls import checked_identifier
from ..polling import LOCK, log_exceptions
from ..polling.speed import SpeedEstimator
from ..rendering import Card, Table, history_bundle, history_html, history_text
from ..rendering.summary import mode, newest_first, summary
from .card import button
from .shown import Shown
from .table import TableView


class Exports(NamedTuple):
    """All exports of a dataset, as a poll takes them."""

    tasks: tuple[ExportTask, ...]
    is_done: bool = False

    @property
    def running(self) -> tuple[ExportTask, ...]:
        """Those that have not ended."""
        return tuple(task for task in self.tasks if not task.is_done)


class ExportHistory(TableView, Shown):
    """A table that follows all exports of a dataset, the newest first, while other cells run.

    It goes on like an `ExportMonitor`: polling starts when the table is first shown, waited for or started,
    in a daemon thread, slows down while nothing moves, and shares its poll with other tables of the same
    dataset. It does not end by itself, since another export can be created at any time; that one appears.

    While no export runs and nobody touches the table, its outputs are plain HTML, for a saved notebook to
    read well; the next export, or showing the table again, brings it back to life.

    Parameters
    ----------
    dataset_id : str
        ID of the dataset.
    client : ModelArtsClient, optional
        Where to ask. Default: `ModelArtsClient.from_env`, which reads variables and files at once.
    interval : float, default 5.0
        Seconds between two looks at the list while they bring something new; see `ExportMonitor`. One look
        is one request for each 100 exports.

    Attributes
    ----------
    phase : str
        What the polling does: idle, polling, retrying, paused, needs-auth or stopped.
    error : Exception or None
        What went wrong since the last good answer.
    chosen : str or None
        Task ID of the export that is shown in full below the table. May be set, before it appears, too.
    filter, status_filter, page : str, str, int
        What the table shows, as in its boxes. May be set at any time.
    patience : float
        Seconds without a touch after which a table in which nothing runs becomes plain HTML; 60.0 until you
        change it.
    heartbeat : float
        Seconds between two looks when the last view of the table has gone; 30.0 until you change it.

    Raises
    ------
    TypeError, ValueError
        For an ID that is no string, or can be no part of a path.
    ConfigurationError
        Without a client, when the environment does not tell how to reach the service.
    traitlets.TraitError
        For an interval that is no number, or out of bounds.
    """

    patience = traitlets.Float(60.0, min=0.0)

    def __init__(self, dataset_id: str, *, client: ModelArtsClient | None = None, interval: float = 5.0) -> None:
        self.dataset_id = checked_identifier("dataset_id", dataset_id)
        self._subject = f"An export of dataset {self.dataset_id}"
        self.interval = interval  # refused before there is anything to free
        self._trails: dict[str | None, SpeedEstimator] = {}
        self._ended: set[str | None] | None = None
        self._heard = 0
        self._touched = type(self).clock()
        self._begin_life(client, "list", self.dataset_id)
        super().__init__(self._controls)
        self._begin_to_look()

    def _controls(self, *shared: Any) -> list[Any]:  # noqa: ANN401 - layout and style
        self._refresh = button("Refresh", "Ask the service now", self.refresh, *shared)
        self._pause = button("Pause", "Pause or resume the polling, not the exports", self._toggle, *shared)
        return [self._refresh, self._pause]

    @property
    def tasks(self) -> list[ExportTask]:
        """All exports of the last good answer, the newest first; a list of your own."""
        return list(self._answer.tasks) if self._answer is not None else []

    def to_dicts(self) -> list[dict[str, Any]]:
        """Give one flat row for each export, as ``pandas.DataFrame(history.to_dicts())`` takes them.

        Returns
        -------
        list of dict
            Under the API's own names ``task_id``, ``status``, ``progress`` (percent), ``finished_sample_count``,
            ``total_sample_count``, ``path``, ``export_type``, ``export_format``, ``version_id``, ``error_code``,
            ``error_msg``; ``mode`` as the table has it; ``created_at`` and ``updated_at`` as aware datetimes
            (UTC). ``None`` for what the service did not send.
        """
        return [_flat(task) for task in self.tasks]

    def to_text(self) -> str:
        """Draw the table as plain text, for terminals; the newest 100 exports, and the chosen one in full."""
        return history_text(self._whole())

    def to_html(self) -> str:
        """Draw the table as static HTML that needs neither a kernel nor a style sheet."""
        return history_html(self._whole())

    def close(self) -> None:
        """End the polling and free the widget models. The object stays readable and shows its last table."""
        if self._end_life():
            super().close()

    # Waiting.

    def done(self) -> bool:
        """Say whether no export runs, as of the last good answer. Does not block."""
        return self._answer is not None and not self._answer.running

    def wait(self, timeout: float | None = None) -> list[ExportTask]:
        """Block until no export of the dataset runs any more, by an answer that is newer than this call.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. Default: as long as it takes.

        Returns
        -------
        list of ExportTask
            All exports, the newest first, FAILED ones too.

        Raises
        ------
        TimeoutError
            When one still runs after that time. Polling goes on.
        ModelArtsError
            When polling is paused or has ended: `error`, where that is the reason.
        RuntimeError
            When an observer of this table calls it: the answer could never come.
        """
        tasks: list[ExportTask] = super().wait(timeout)
        return tasks

    def on_update(self, fn: Callable[[list[ExportTask]], object], *, remove: bool = False) -> None:
        """Have a function called with all exports whenever an answer brings something new; see `on_done`."""
        super().on_update(fn, remove=remove)

    def on_done(self, fn: Callable[[ExportTask], object], *, remove: bool = False) -> None:
        """Have a function called once for each export that ends from now on, well or badly.

        Exports that had ended when this table first looked do not count. It is called in the polling thread,
        never twice at the same time. What it raises is logged and disturbs nobody.

        Parameters
        ----------
        fn : callable
            Takes an `ExportTask`.
        remove : bool, default False
            Take the function away instead.
        """
        self._register("done", fn, remove=remove)

    def _settlement(self) -> Callable[[], bool]:
        poll = self._feed.poll if self._feed else None
        enough = self._heard + (2 if poll and poll.is_stepping else 1)  # what is under way may be older than this call
        self.refresh()
        return lambda: not self._is_active or (self._heard >= enough and self.done())

    def _has_come_out(self) -> bool:
        return self._is_active

    def _told(self, answer: Exports) -> list[ExportTask]:
        return list(answer.tasks)

    # What is followed.

    def _fetch(self) -> Exports:
        return Exports(newest_first(self.client.list_export_tasks(self.dataset_id)))

    def _pulse(self, exports: Exports) -> object:
        moving = [(task.task_id, task.status, task.progress, task.finished_sample_count) for task in exports.running]
        return len(exports.tasks), moving

    def _hear(self, exports: Exports) -> None:
        self._heard += 1
        before = self._answer or exports
        if self._ended is None:
            self._ended = {task.task_id for task in before.tasks if task.is_done}
        ended = [task for task in exports.tasks if task.is_done and task.task_id not in self._ended]
        self._ended.update(task.task_id for task in ended)
        self._trails = {task.task_id: self._trails.get(task.task_id) or SpeedEstimator() for task in exports.running}
        for task in exports.running:
            self._trails[task.task_id].add(*task.reached, type(self).clock())
        super()._hear(exports)
        for task in ended:
            self._call("done", task)

    # What is shown.

    def _whole(self) -> Table:
        chosen = self._chosen_card(self._answer)
        return Table(self._head(), self._answer.tasks if self._answer else None, selected=chosen)

    def _head(self) -> Card:
        return self._state(self.dataset_id)._replace(widget="history")

    def _chosen_card(self, exports: Exports | None) -> Card | None:
        task = next((task for task in exports.tasks if task.task_id == self.chosen), None) if exports else None
        if task is None or self.chosen is None:
            return None
        trail = self._trails.get(self.chosen)
        pace = trail.speed(type(self).clock()) if trail else None
        phase = "done" if task.is_done else "polling" if self._phase == "polling" else "idle"
        return Card(self.chosen, task, phase, pace)

    def _show(self, exports: Exports | None) -> None:
        """Bring the parts and the traits up to date; what has not changed is not sent again."""
        exports = exports or self._answer
        state = self._head()
        with log_exceptions():  # a front end that cannot be reached must not hide the end of an export
            self.draw(state, exports.tasks if exports else None, self._chosen_card(exports))
            self._pause.description = "Resume" if state.phase == "paused" else "Pause"
        self._publish({"error": state.error, "phase": state.phase})

    def _choose(self, change: dict[str, Any]) -> None:
        with LOCK:  # or a choice would be taken for the drawing of another thread
            super()._choose(change)

    def _look(self, _: object) -> None:
        with LOCK:
            self._touch()
            self._show(self._answer)

    def _touch(self) -> None:
        """Note that somebody is there."""
        self._touched = type(self).clock()
        self._keep()

    @property
    def _is_at_rest(self) -> bool:
        is_quiet = self._is_active and self.done() and type(self).clock() - self._touched >= self.patience
        return super()._is_at_rest or is_quiet

    def _bundle(self, **kwargs: object) -> dict[str, Any]:
        with LOCK:
            self._touch()
            return super()._bundle(**kwargs)

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        return self._bundle(**kwargs)

    def _static(self, note: str = "") -> dict[str, str]:
        table = self._whole()
        return history_bundle(table._replace(state=table.state._replace(note=note)) if note else table)

    def _freeze_again(self) -> None:
        if self._is_active and self.done():
            self._touched = float("-inf")  # what was waited for has come: this is the final table
            self._keep()
        super()._freeze_again()

    def _last_words(self) -> str:
        seen = f"last seen at {self._answered_at:%Y-%m-%d %H:%M:%S} UTC" if self._answered_at else "no answer came"
        return f"{seen}, before the kernel ended; go on with ExportHistory({self.dataset_id!r})"

    def __repr__(self) -> str:
        words = [self.dataset_id, summary(self._answer.tasks) if self._answer else "", self.phase]
        line = f"<ExportHistory {' · '.join(word for word in words if word and word != 'polling')}>"
        return line.encode(errors="replace").decode()  # JSON can hold what no file can


def _flat(task: ExportTask) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "status": task.status,
        "progress": task.progress,
        "finished_sample_count": task.finished_sample_count,
        "total_sample_count": task.total_sample_count,
        "mode": mode(task),
        "path": task.path,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "export_type": task.export_type,
        "export_format": task.export_format,
        "version_id": task.version_id,
        "error_code": task.error_code,
        "error_msg": task.error_msg,
    }
