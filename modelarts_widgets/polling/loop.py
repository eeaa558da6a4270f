"""`LoopScheduler`: runs the steps of all pollers on the event loop, where no thread can be started."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .agenda import Agenda, Job
from .state import shared_condition

_LONGEST = 3_600.0
"""Seconds; no timer is set for longer, since a browser's cannot measure more than 24 days."""
_logger = logging.getLogger(__name__)


class LoopScheduler:
    """Runs jobs when they are due, one after the other, on the event loop that runs where they are scheduled.

    A step runs while nothing else does: in a notebook, while no cell runs, or while one awaits something. What is
    scheduled where no loop runs begins as soon as one does and is seen, by `wake` at the latest.
    """

    needs_loop = True
    threads = 0
    """Threads that poll: none, ever."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, without jobs."""
        self._lock = shared_condition()
        self._agenda = Agenda()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._stepper: int | None = None
        """The thread that runs a step."""

    @staticmethod
    def clock() -> float:
        """Return seconds since some moment, on a clock that is never set."""
        return time.monotonic()

    def schedule(self, job: Job, delay: float = 0.0) -> None:
        """Run a job's next step after `delay` seconds, instead of when it was due. Does not block."""
        with self._lock:
            self._agenda.add(job, self.clock() + delay)
        self.wake()

    def hasten(self, job: Job, delay: float) -> None:
        """Run a job's next step after `delay` seconds if it is due later than that. Does not block."""
        with self._lock:
            is_late = self._agenda.is_later(job, self.clock() + delay)
        if is_late:
            self.schedule(job, delay)

    def cancel(self, job: Job) -> None:
        """Forget a job. Does not block."""
        with self._lock:
            self._agenda.discard(job)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Run somebody else's code in this block: where it takes long, everybody waits."""
        yield

    def is_stepping(self) -> bool:
        """Return whether this thread is running a step."""
        return self._stepper == threading.get_ident()

    def wake(self) -> None:
        """Go on on the loop that runs here; where none does, on the one before, if that is not closed. Does not block.

        Jobs may have been scheduled before there was a loop, or on one that is no more.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is not None:
                with suppress(RuntimeError):  # it is closed
                    self._loop.call_soon_threadsafe(self._set_timer, self._loop)
        else:
            self._set_timer(loop)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            is_set, self._loop = self._timer is not None and loop is self._loop, loop
            due = self._agenda.next_due()
            if due is None or (is_set and self._timer_due <= due):
                return
            if self._timer is not None:
                self._timer.cancel()
            self._timer_due = due
            self._timer = loop.call_later(min(max(0.0, due - self.clock()), _LONGEST), self._on_time, loop)

    def _on_time(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run one job, so that others of the loop have their turn before the next."""
        job = self._take()
        self._set_timer(loop)  # before the step: what it calls may run the loop
        if job is not None:
            self._run(job)

    def _take(self) -> Job | None:
        with self._lock:
            self._timer = None
            due = self._agenda.next_due()
            return None if due is None or due > self.clock() else self._agenda.pop()

    def _run(self, job: Job) -> None:
        outer, self._stepper = self._stepper, threading.get_ident()
        try:
            job.step()
        except BaseException:  # SystemExit, too, would end the loop
            _logger.exception("A step failed")
        finally:
            self._stepper = outer
