"""`ExportMonitor`: the live card of one export, as an ipywidgets component."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import traitlets
from ipywidgets import ButtonStyle, Layout

from .client import ModelArtsClient
from .formatting import Card, card_bundle, card_html, card_text
from .identifiers import checked_identifier
from .models import ExportTask
from .pace import Pace, Point
from .polling import LOCK, log_exceptions
from .shown import Shown
from .view import CardButton, CardView

_PACE_POINTS = 30


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
        self._owns_client = client is None
        self.client = ModelArtsClient.from_env() if client is None else client
        self._points: deque[Point] = deque(maxlen=_PACE_POINTS)
        self._answered_at: datetime | None = None
        self._latest: Card | None = None
        self._begin_life((self.client.endpoint, self.client.project_id, self.dataset_id, self.task_id))
        layout, style = Layout(), ButtonStyle()
        self._refresh = _button("Refresh", "Ask the service now", self.refresh, layout, style)
        self._pause = _button("Pause", "Pause or resume the polling, not the export", self._toggle, layout, style)
        super().__init__([self._refresh, self._pause], layout)
        self._view_count = 0  # from now on, the front end counts its views
        self.observe(self._apply_interval, ["interval", "heartbeat"])
        self.observe(self._follow_views, "_view_count")
        with LOCK:
            self._show(None)

    def close(self) -> None:
        """End the polling and free the widget models. The object stays readable and shows its last card."""
        if self._is_closed:
            return
        self.stop()
        self._is_closed = True
        if self._owns_client:
            self.client.close()
        super().close()

    def __del__(self) -> None:
        """Leave undone what ipywidgets does here: garbage is collected at any time, in any thread, under any lock.

        An open monitor is never garbage, and one that has been closed has nothing left to free.
        """

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

    def _toggle(self) -> None:
        if self._phase == "paused":
            self.resume()
        else:
            self.pause()

    def _ask(self) -> ExportTask:
        insists, self._insists = self._insists, False
        refusal = self.client.refusal
        if refusal is not None and not insists:
            # Another monitor has learned it already; one refusal each, and the access key would be locked.
            raise refusal.with_traceback(None)
        task: ExportTask = self.client.get_export_task(self.dataset_id, self.task_id)
        return task

    def _pulse(self, task: ExportTask) -> object:
        return task.status, task.progress, task.finished_sample_count, task.total_sample_count

    def _hear(self, task: ExportTask) -> None:
        self._answered_at = datetime.now(timezone.utc)
        share = task.counted_fraction if task.counted_fraction is not None else task.fraction
        is_move = not self._points or share != self._points[-1].share
        if is_move and share is not None and task.updated_at is not None:
            self._points.append(Point(task.updated_at.timestamp(), share, type(self).clock()))
        super()._hear(task)

    def _card(self, task: ExportTask | None = None) -> Card:
        poll = self._feed.poll if self._feed else None
        return Card(
            self.task_id,
            task or self._answer,
            self._phase,
            Pace.of(self._points, type(self).clock()),
            self._error,
            poll.failures if poll else 0,
            poll.budget if poll else 0,
            poll.delay if poll else None,
            self._answered_at if self._error else None,
        )

    def _show(self, task: ExportTask | None) -> None:
        """Bring the parts and the traits up to date; what has not changed is not sent again."""
        card = self._card(task)
        self._latest = card
        with log_exceptions():  # a front end that cannot be reached must not hide the end of the export
            self.draw(card)
            self._pause.description = "Resume" if card.phase == "paused" else "Pause"
        self._publish(card)

    def _publish(self, card: Card) -> None:
        """Set the traits, each on its own: an observer of one that raises does not hide the others."""
        status = card.task.status if card.task else None
        values = {"task": card.task, "status": status, "progress": card.share, "error": card.error, "phase": card.phase}
        for name, value in values.items():
            if self._latest is not card:
                return  # an observer has paused, resumed or stopped: newer values are set already
            if value is not getattr(self, name):  # which spares traitlets most of its work
                with log_exceptions():
                    self.set_trait(name, value)

    def _apply_filter(self, change: object) -> None:
        with LOCK:
            super()._apply_filter(change)


def _button(name: str, tooltip: str, act: Callable[[], None], layout: Layout, style: ButtonStyle) -> CardButton:
    classes = ["modelarts-button", f"modelarts-{name.lower()}"]
    button = CardButton(description=name, tooltip=tooltip, layout=layout, style=style, _dom_classes=classes)
    button.on_click(lambda _: act())
    return button
