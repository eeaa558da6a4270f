"""`ExportMonitor`: the live card of one export, as an ipywidgets component."""

from __future__ import annotations

from typing import Any

import traitlets
from ipywidgets import ButtonStyle, Layout

from ..api.client import ModelArtsClient
from ..api.models import ExportTask
from ..api.urls import checked_identifier
from ..polling import LOCK, log_exceptions
from ..polling.speed import SpeedEstimator
from ..rendering import Card, card_bundle, card_html, card_text
from .card import CardView, button
from .shown import Shown


class ExportMonitor(CardView, Shown):
    """A card that follows one dataset export and keeps moving while other cells run.

    Polling starts when the card is first shown, waited for or started, and ends by itself with the
    export. It runs in a daemon thread: whatever observes the traits is called there. Monitors of the
    same export share one poll, so that a cell can be run again and again.

    Parameters
    ----------
    dataset_id : str
        ID of the dataset.
    task_id : str
        ID of the export task.
    client : ModelArtsClient, optional
        Where to ask. Default: `ModelArtsClient.from_env`, which reads variables and files at once.
    interval : float, default 2.0
        Seconds between two questions while they bring something new, 0.1 to 86,400; while they do not,
        the wait grows to a tenth of the silence, 30 seconds at most. May be changed at any time.

    Attributes
    ----------
    task : ExportTask or None
        The last good answer.
    status : str or None
        The service's status word, as it sent it.
    progress : float or None
        Percent done, 0 to 100; ``None`` while the service gives none.
    phase : str
        What the polling does: idle, polling, retrying, paused, needs-auth, done or stopped.
    error : Exception or None
        What went wrong since the last good answer.
    heartbeat : float
        Seconds between two questions when the last view of the card has gone; 30.0 until you change it.
    filter : str
        Text that the rows of the tree must hold; empty shows all. May be changed at any time.

    Raises
    ------
    TypeError, ValueError
        For an ID that is no string, or can be no part of a path.
    ConfigurationError
        Without a client, when the environment does not tell how to reach the service.
    traitlets.TraitError
        For an interval that is no number, or out of bounds.
    """

    task = traitlets.Instance(ExportTask, allow_none=True, read_only=True)
    status = traitlets.Unicode(None, allow_none=True, read_only=True)
    progress = traitlets.Float(None, allow_none=True, read_only=True)

    def __init__(
        self, dataset_id: str, task_id: str, *, client: ModelArtsClient | None = None, interval: float = 2.0
    ) -> None:
        self.dataset_id = checked_identifier("dataset_id", dataset_id)
        self.task_id = checked_identifier("task_id", task_id)
        self._subject = f"Export {self.task_id}"
        self.interval = interval  # refused before there is anything to free
        self._trail = SpeedEstimator()
        self._begin_life(client, "task", self.dataset_id, self.task_id)
        layout, style = Layout(), ButtonStyle()
        self._refresh = button("Refresh", "Ask the service now", self.refresh, layout, style)
        self._pause = button("Pause", "Pause or resume the polling, not the export", self._toggle, layout, style)
        super().__init__([self._refresh, self._pause], layout)
        self._begin_to_look()

    def close(self) -> None:
        """End the polling and free the widget models. The object stays readable and shows its last card."""
        if self._end_life():
            super().close()

    def to_text(self) -> str:
        """Draw the card as plain text, for terminals."""
        return card_text(self._card())

    def to_html(self) -> str:
        """Draw the card as static HTML that needs neither a kernel nor a style sheet."""
        return card_html(self._card())

    def __repr__(self) -> str:
        share = None if self.progress is None else f"{self.progress:.1f} %"
        words = [self.task_id, self.status, share, self.phase if self.phase not in {"polling", "done"} else None]
        line = f"<ExportMonitor {' '.join(word for word in words if word)}>"
        return line.encode(errors="replace").decode()  # JSON can hold what no file can

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        return self._bundle(**kwargs)

    def _static(self, note: str = "") -> dict[str, str]:
        return card_bundle(self._card()._replace(note=note) if note else self._card())

    def _last_words(self) -> str:
        again = f"ExportMonitor({self.dataset_id!r}, {self.task_id!r})"
        seen = self._card()._replace(answered_at=self._answered_at).last_seen()
        return f"{seen}, before the kernel ended; go on with {again}"

    def _fetch(self) -> ExportTask:
        task: ExportTask = self.client.get_export_task(self.dataset_id, self.task_id)
        return task

    def _pulse(self, task: ExportTask) -> object:
        return task.status, task.progress, task.finished_sample_count, task.total_sample_count

    def _hear(self, task: ExportTask) -> None:
        self._trail.add(*task.reached, type(self).clock())
        super()._hear(task)

    def _card(self, task: ExportTask | None = None) -> Card:
        return self._state(self.task_id)._replace(
            task=task or self._answer, speed=self._trail.speed(type(self).clock())
        )

    def _show(self, task: ExportTask | None) -> None:
        """Bring the parts and the traits up to date; what has not changed is not sent again."""
        card = self._card(task)
        with log_exceptions():  # a front end that cannot be reached must not hide the end of the export
            self.draw(card)
            self._pause.description = "Resume" if card.phase == "paused" else "Pause"
        status = card.task.status if card.task else None
        values = {"task": card.task, "status": status, "progress": card.share, "error": card.error, "phase": card.phase}
        self._publish(values)

    def _apply_filter(self, change: object) -> None:
        with LOCK:
            super()._apply_filter(change)
