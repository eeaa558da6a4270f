"""`LoopEngine`: the engine where no thread can be started, as in a browser: the page's event loop pumps the mailbox."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress

from .engine import Act, Engine, Job, ResultT, outcome_of, run

_LONGEST = 3_600.0
"""Seconds; no timer is set for longer, since a browser's cannot measure more than 24 days."""


class LoopEngine(Engine):
    """Owned by the code that calls it. Timers and requests wait for the event loop, acts and callbacks do not.

    A request runs while nothing else does: in a notebook, while no cell runs, or while one awaits something. Timers
    that are set while no loop runs begin with the next act or `wake` on one.
    """

    needs_loop = True

    def reset(self) -> None:
        """Start over, without acts."""
        super().reset()
        self._is_acting = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pump: asyncio.TimerHandle | None = None
        self._pump_due = math.inf

    def do(self, act: Callable[[], ResultT]) -> ResultT:
        """Run an act and return its result, then call out to those whom it has given news."""
        is_nested = self._is_acting
        try:
            self._is_acting = True
            return act()
        finally:
            self._is_acting = is_nested
            self._settle()

    def post(self, act: Act) -> None:
        """Run an act now, or after the one that runs now."""
        self._mail.put(act)
        self._settle()

    def wake(self) -> None:
        """Set the pump on the loop that runs here; where none does, on the one before, if that is not closed."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is not None:
                with suppress(RuntimeError):  # it is closed
                    self._loop.call_soon_threadsafe(self._set_pump, self._loop)
        else:
            self._set_pump(loop)

    def _settle(self) -> None:
        """Take the mail and call out, unless within an act, at whose end this happens."""
        while not self._is_acting:
            if not self._mail.empty():
                act = self._mail.get()
                self.do(lambda act=act: run(act))  # type: ignore[misc]
            elif (job := next((job for job in self._jobs if job.calls_out), None)) is not None:
                self._jobs.remove(job)
                self._work(job)
            else:
                self.wake()
                return

    def _work(self, job: Job) -> None:
        outcome = outcome_of(job.work)
        self.do(lambda: job.take(outcome))

    def _set_pump(self, loop: asyncio.AbstractEventLoop) -> None:
        due = -math.inf if self._jobs else self._next_due()
        is_set, self._loop = self._pump is not None and loop is self._loop, loop
        if due == math.inf or (is_set and self._pump_due <= due):
            return
        if self._pump is not None:
            self._pump.cancel()
        self._pump_due = due
        self._pump = loop.call_later(min(max(0.0, due - self.clock()), _LONGEST), self._on_time)

    def _on_time(self) -> None:
        """Run one timer and one job, so that other tasks of the loop have their turn before the next."""
        self._pump = None
        self.turn()

    def turn(self) -> None:
        """Run the next timer, if it is due, and the job that it brings. Blocks for a request."""
        self._is_acting = True
        self._fire()
        self._is_acting = False
        job = self._jobs.popleft() if self._jobs else None
        self._settle()  # sets the pump for others before the job begins, which may run the loop itself
        if job is not None:
            self._work(job)
