"""`Forecaster`: asks once how long earlier exports took, beside a poll, which it neither delays nor disturbs."""

from __future__ import annotations

import logging

from ..api.models import ExportTask
from ..api.transport import Cancellation
from . import scheduler
from .forecast import Forecast
from .state import Tasks
from .subject import Subject

STILL = 3
"""Answers in a row without any progress after which it asks: many exports begin like that, and move soon."""

_logger = logging.getLogger(__name__)


class Forecaster:
    """Asks for the exports before one, where that one does not move. A job of its own, so that no poll waits for it."""

    def __init__(self) -> None:
        self.forecast: Forecast | None = None
        """What it has found."""
        self._still = 0
        self._is_over = False
        """Whether it has asked, or need not, since something has moved."""
        self._wanted: tuple[Subject[object], ExportTask] | None = None
        self._request = Cancellation()

    def on_answer(self, tasks: Tasks, subject: Subject[object] | None) -> None:
        """Take note of an answer, under the shared lock; `subject` is one that wants a forecast. Does not block."""
        if self._is_over or subject is None:
            return
        self._still += 1
        self._is_over = tasks[0].is_done or bool(tasks[0].fraction)
        if self._still == STILL and not self._is_over:
            self._is_over, self._wanted = True, (subject, tasks[0])
            scheduler.SCHEDULER.schedule(self)

    def step(self) -> None:
        """Ask. Blocks for the request; where anything goes wrong, there is no forecast, and that is all."""
        if self._wanted is None:
            return
        subject, running = self._wanted
        try:
            with self._request:
                self.forecast = Forecast.of(subject.ask(subject.earlier, lambda _: None) or (), running)
        except BaseException as error:  # noqa: BLE001 - whatever a client of somebody else's may raise
            _logger.debug("%s: no forecast, %s: %s", subject.title, type(error).__name__, error)

    def cancel(self) -> None:
        """End the request under way, and let none begin. Does not block."""
        scheduler.SCHEDULER.cancel(self)
        self._request.cancel()
