"""`Engine`: the one owner of all polling. Polls and watches change here only, one act after the other; see `ENGINE`.

Why not simply a lock? Python may raise `KeyboardInterrupt` between taking a lock and the block that releases it, and
the collector may run a destructor that needs the lock while it is held. A mailbox has nothing to give back:
`SimpleQueue.put` may be called anywhere, in signal handlers and destructors too, and a caller waits on a queue of its
own.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import asyncio

_LONGEST = 3_600.0
"""Seconds; no timer is set for longer, since a browser's cannot measure more than 24 days."""

ResultT = TypeVar("ResultT")
Act = Callable[[], object]
Outcome = tuple[Any, BaseException | None]
_logger = logging.getLogger(__name__)


class Timer:
    """An act that is due at a moment of the engine's clock, until it is cancelled."""

    __slots__ = ("act", "due")

    def __init__(self, due: float, act: Act | None) -> None:
        self.due, self.act = due, act

    def cancel(self) -> None:
        """Forget the act."""
        self.act = None


class Job(NamedTuple):
    """Work that blocks, and the act that takes its result."""

    work: Callable[[], Any]
    then: Callable[[Any], object]
    calls_out: bool

    def run(self) -> None:
        """Do the work here, and hand its result on."""
        self.take(*outcome_of(self.work))

    def take(self, result: Any, error: BaseException | None) -> None:  # noqa: ANN401 - the result of the work
        """Hand the result on. An error is a fault of ours, since those of foreign code are results."""
        if error is None:
            self.then(result)
        else:
            _logger.error("A job has failed", exc_info=error)


class Engine:
    """Keeps mail, timers and jobs. How they are driven differs: by threads, or by the event loop of a page."""

    needs_loop = False
    """Whether polling goes on only while an event loop runs, so that a blocking wait would never end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Start over, without acts and threads: a forked child inherits the figures, but no thread."""
        self.epoch = object()
        """Replaced in a forked child, in which jobs of the parent never end."""
        self._mail: SimpleQueue[Act] = SimpleQueue()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._jobs: deque[Job] = deque()

    @property
    def threads(self) -> int:
        """Number of polling threads that are alive."""
        return 0

    @property
    def is_here(self) -> bool:
        """Whether this thread is the owner, and must not wait for others."""
        return True

    def do(self, act: Callable[[], ResultT]) -> ResultT:
        """Run an act in the owner and return its result. Waits for it, which is short; may be called anywhere."""
        raise NotImplementedError

    def post(self, act: Act) -> None:
        """Run an act in the owner soon. Never blocks; may be called in destructors and signal handlers."""
        raise NotImplementedError

    def wake(self) -> None:
        """Go on where an event loop drives the engine and has begun to run only now."""

    def at(self, delay: float, act: Act) -> Timer:
        """Run an act in the owner after `delay` seconds. For acts only."""
        timer = Timer(self.clock() + delay, act)
        heapq.heappush(self._timers, (timer.due, next(self._numbers), timer))
        return timer

    def beside(
        self, work: Callable[[], ResultT], then: Callable[[ResultT], object], *, calls_out: bool = False
    ) -> None:
        """Run work that blocks outside the owner, then `then` with its result in the owner. For acts only.

        Work that `calls_out` runs callbacks: while these take long, its thread does not count.
        """
        self._jobs.append(Job(work, then, calls_out))

    def _fire(self, most: float = math.inf) -> float:
        """Run timers that are due, `most` of them, and return when the next one is; infinity if there is none."""
        while self._timers:
            due, _, timer = self._timers[0]
            if timer.act is not None:
                if due > self.clock() or most <= 0:
                    return due
                most -= 1
                run(timer.act)
                timer.act = None
            if self._timers[0][2] is timer:  # else the act has set one that is due sooner
                heapq.heappop(self._timers)
        return math.inf


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
        """Run an act and return its result, then the callbacks that it has caused."""
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
        from asyncio import get_running_loop  # noqa: PLC0415 - with threads it is not needed, and takes long to import

        try:
            loop = get_running_loop()
        except RuntimeError:
            if self._loop is not None:
                with suppress(RuntimeError):  # it is closed
                    self._loop.call_soon_threadsafe(self._set_pump, self._loop)
        else:
            self._set_pump(loop)

    def _settle(self) -> None:
        """Take the mail and run callbacks, unless within an act, at whose end this happens."""
        while not self._is_acting:
            if not self._mail.empty():
                act = self._mail.get()
                self.do(lambda act=act: run(act))  # type: ignore[misc]
            elif (job := next((job for job in list(self._jobs) if job.calls_out), None)) is not None:
                self._jobs.remove(job)
                self._work(job)
            else:
                self.wake()
                return

    def _work(self, job: Job) -> None:
        outcome = outcome_of(job.work)
        self.do(lambda: run(lambda: job.take(*outcome)))

    def _set_pump(self, loop: asyncio.AbstractEventLoop) -> None:
        due = -math.inf if self._jobs else self._fire(0)
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
        try:
            self._is_acting = True
            self._fire(1)
        finally:
            self._is_acting = False
        self._settle()  # sets the pump before the job begins, which may run the loop itself
        if self._jobs:
            self._work(self._jobs.popleft())


def outcome_of(act: Callable[[], Any]) -> Outcome:
    """Return the result of an act, or the error that it raises, `SystemExit` and the like too."""
    try:
        return act(), None
    except BaseException as error:  # noqa: BLE001 - it would take the thread along
        return None, error


def run(act: Act) -> None:
    """Run an act; a fault of ours in one must not end the others."""
    try:
        act()
    except BaseException:  # SystemExit, too, would take the thread along
        _logger.exception("An act has failed")


def chosen() -> Engine:
    """Return an engine with threads, unless this Python cannot start any, as in a browser."""
    if sys.thread_info.name == "pthread-stubs":
        return LoopEngine()
    from .threads import ThreadEngine  # noqa: PLC0415 - it builds on this module

    return ThreadEngine()


ENGINE = chosen()
"""The engine of this process. Looked up here each time, so that tests can put another one in its place."""
