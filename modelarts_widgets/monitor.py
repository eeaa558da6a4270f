"""`ExportMonitor`: the live card of one export, as an ipywidgets component."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import TIMEOUT_MAX, Condition
from typing import Any

import traitlets
from ipywidgets import Button, ButtonStyle, Layout

from .client import ModelArtsClient, checked_identifier
from .errors import ModelArtsError
from .formatting import Card, card_bundle, card_html, card_text
from .models import ExportTask
from .pace import Pace, Point
from .polling import MAX_FAILURES, SCHEDULER, Phase, Poll, log_exceptions
from .view import CardView

MIN_INTERVAL, MAX_INTERVAL = 0.1, 86_400.0
"""Seconds; no shorter and no longer interval is taken."""
_PACE_POINTS = 30


class ExportMonitor(CardView):
    """A card that follows one dataset export and keeps moving while other cells run.

    Polling starts when the card is first shown, waited for or started, and ends by itself with the
    export. It runs in a daemon thread: whatever observes the traits is called there.

    Parameters
    ----------
    dataset_id : str
        ID of the dataset.
    task_id : str
        ID of the export task.
    client : ModelArtsClient, optional
        Where to ask. Default: `ModelArtsClient.from_env`, which reads variables and files at once.
    interval : float, default 2.0
        Seconds between two questions, 0.1 to 86,400. May be changed at any time.

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
    phase = traitlets.Unicode("idle", read_only=True)
    error = traitlets.Instance(Exception, allow_none=True, read_only=True)
    interval = traitlets.Float(2.0)

    def __init__(
        self, dataset_id: str, task_id: str, *, client: ModelArtsClient | None = None, interval: float = 2.0
    ) -> None:
        self.dataset_id = checked_identifier("dataset_id", dataset_id)
        self.task_id = checked_identifier("task_id", task_id)
        self.interval = interval  # refused before there is anything to free
        self._owns_client = client is None
        self.client = ModelArtsClient.from_env() if client is None else client
        self._insists = False
        self._poll = Poll(self._fetch, self._updated, self._failed, interval=interval)
        self._settled = Condition(self._poll.lock)
        self._points: deque[Point] = deque(maxlen=_PACE_POINTS)
        self._error: Exception | None = None
        self._latest: Card | None = None
        layout, style = Layout(), ButtonStyle()
        self._refresh = _button("Refresh", "Ask the service now", self.refresh, layout, style)
        self._pause = _button("Pause", "Pause or resume the polling, not the export", self._toggle, layout, style)
        super().__init__([self._refresh, self._pause], layout)
        self._view_count = 0  # from now on, the front end counts its views
        self.observe(self._apply_interval, "interval")
        self.observe(self._follow_views, "_view_count")
        with self._settled:
            self._draw()

    def start(self) -> None:
        """Begin to poll. Does not block; does nothing where polling has begun already, whatever became of it."""
        with self._poll.lock:
            if self._poll.phase == "idle" and self.comm is not None:
                self._begin()

    def pause(self) -> None:
        """Stop asking for now; the export itself goes on. Does not block."""
        with self._poll.lock:
            if self._poll.is_active:
                self._end("paused")

    def resume(self, auth: Any = None) -> None:  # noqa: ANN401 - any auth object that requests takes
        """Go on after a pause, refused credentials or a stop, unless the card is closed. Does not block.

        Parameters
        ----------
        auth : requests.auth.AuthBase, optional
            New credentials, for all monitors of this client. Default: those it has.

        Raises
        ------
        ConfigurationError
            For credentials that are no auth object.
        """
        with self._poll.lock:
            if auth is not None:
                self.client.auth = auth
            is_needed = auth is not None or not self._poll.is_active
            if is_needed and self._poll.phase != "done" and self.comm is not None:
                self._insists = True  # whoever resumes knows that the credentials were refused
                self._begin()

    def refresh(self) -> None:
        """Ask at once instead of after the interval. Does not block; does nothing unless polling goes on."""
        if self._poll.is_active:
            SCHEDULER.schedule(self._poll)

    def stop(self) -> None:
        """End the polling until `resume`; the export itself goes on. Does not block; an answer under way is dropped."""
        with self._poll.lock:
            if self._poll.phase != "done":
                self._end("stopped")

    def close(self) -> None:
        """End the polling and free the widget models. The object stays readable and shows its last card."""
        if self.comm is not None:
            self.stop()
            if self._owns_client:
                self.client.close()
        super().close()

    def done(self) -> bool:
        """Say whether the export has ended, well or badly. Does not block."""
        return self.task is not None and self.task.is_done

    def wait(self, timeout: float | None = None) -> ExportTask:
        """Block until the export has ended. Interrupting ends the waiting only, never the export.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. Default: as long as it takes.

        Returns
        -------
        ExportTask
            FAILED tasks too: ``monitor.wait().raise_for_status()`` raises for those.

        Raises
        ------
        TimeoutError
            When the export has not ended in time. Polling goes on.
        ModelArtsError
            When polling is paused or has ended before the export did: `error`, where that is the reason.
        RuntimeError
            When an observer of this monitor calls it: the answer could never come.
        Exception
            Anything else that `error` holds: a fault in the auth object, or in this package.
        """
        if self._poll.is_stepping_here:
            raise RuntimeError("wait() was called by an observer, in the thread that it would wait for")
        limit = None if timeout is None else min(timeout, TIMEOUT_MAX)
        with self._settled:
            self.start()
            if not self._settled.wait_for(lambda: not self._poll.is_active, limit):
                raise TimeoutError(f"Export {self.task_id} has not ended within {timeout:g} s")
            if self.task is not None and self.task.is_done:
                return self.task
            if self._poll.ended_by is not None:
                raise self._poll.ended_by.with_traceback(None)  # or each waiting would make it longer
            raise ModelArtsError(f"Polling is {self._poll.phase}: call resume() to go on")

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
        if self.comm is None:
            return card_bundle(self._card())
        self.start()
        return {**super()._repr_mimebundle_(**kwargs), **card_bundle(self._card())}

    def _toggle(self) -> None:
        if self._poll.phase == "paused":
            self.resume()
        else:
            self.pause()

    def _begin(self) -> None:
        self._poll.begin()
        self._draw()
        SCHEDULER.schedule(self._poll)

    def _end(self, phase: Phase) -> None:
        self._poll.end(phase)
        SCHEDULER.cancel(self._poll)
        self._draw()

    def _fetch(self) -> ExportTask:
        insists, self._insists = self._insists, False
        refusal = self.client.refusal
        if refusal is not None and not insists:
            # Another monitor has learned it already; one refusal each, and the access key would be locked.
            raise refusal.with_traceback(None)
        return self.client.get_export_task(self.dataset_id, self.task_id)

    def _updated(self, task: ExportTask) -> None:
        share = task.counted_fraction if task.counted_fraction is not None else task.fraction
        if share is not None and task.updated_at is not None:
            self._points.append((task.updated_at.timestamp(), share))
        self._error = None
        self._draw(task)

    def _failed(self, error: Exception) -> None:
        self._error = error
        self._draw()

    def _card(self, task: ExportTask | None = None) -> Card:
        poll = self._poll
        pace = Pace.of(self._points)
        task = task or self.task
        return Card(self.task_id, task, poll.phase, pace, self._error, poll.failures, MAX_FAILURES, poll.delay)

    def _draw(self, task: ExportTask | None = None) -> None:
        """Bring the parts and the traits up to date; what has not changed is not sent again."""
        card = self._card(task)
        self._latest = card
        with log_exceptions():  # a front end that cannot be reached must not hide the end of the export
            self.draw(card)
            self._pause.description = "Resume" if card.phase == "paused" else "Pause"
        self._settled.notify_all()
        self._publish(card)

    def _publish(self, card: Card) -> None:
        """Set the traits, each on its own: an observer of one that raises does not hide the others."""
        status = card.task.status if card.task else None
        values = {"task": card.task, "status": status, "progress": card.share, "error": card.error, "phase": card.phase}
        for name, value in values.items():
            if self._latest is not card:
                return  # an observer has paused, resumed or stopped: newer values are set already
            with log_exceptions():
                self.set_trait(name, value)

    @traitlets.validate("interval")
    def _valid_interval(self, proposal: dict[str, Any]) -> float:
        interval: float = proposal["value"]
        if not MIN_INTERVAL <= interval <= MAX_INTERVAL:
            raise traitlets.TraitError(
                f"interval must be {MIN_INTERVAL:g} to {MAX_INTERVAL:g} seconds, not {interval:g}"
            )
        return interval

    def _apply_interval(self, change: dict[str, Any]) -> None:
        self._poll.interval = change["new"]
        if self._poll.phase == "polling":  # a wait that the service asked for is not cut short
            SCHEDULER.schedule(self._poll, change["new"])

    def _apply_filter(self, change: object) -> None:
        with self._poll.lock:
            super()._apply_filter(change)

    def _follow_views(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self.start()


def _button(name: str, tooltip: str, act: Callable[[], None], layout: Layout, style: ButtonStyle) -> Button:
    classes = ["modelarts-button", f"modelarts-{name.lower()}"]
    button = Button(description=name, tooltip=tooltip, layout=layout, style=style, _dom_classes=classes)
    button.on_click(lambda _: act())
    return button
