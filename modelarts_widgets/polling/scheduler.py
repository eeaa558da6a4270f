"""`Scheduler`: runs the steps of all pollers on a few threads. `SCHEDULER` is the one of this process."""

from __future__ import annotations

import contextvars
import logging
import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .agenda import Agenda, Job
from .state import catch_up, do_for_others, is_behind, put_off, shared_condition

if TYPE_CHECKING:
    from .loop import LoopScheduler

MAX_BUSY = 3
"""Steps that run at once in ordinary life; one more thread waits for what is due next."""
MAX_THREADS = 8
"""Threads in the worst case, beside those that are stuck in somebody else's callback.

One of them waits for what is due next, so that answers that take 200 ms come at 7 / 0.2 = 35 a second at most.
More would load a service that is slow already.
"""
GRACE = 0.1
"""Seconds after which a step is waiting for somebody else's server, and does not count as busy any more."""

_NAME = "modelarts-poll"
_logger = logging.getLogger(__name__)


class _Relief:
    """A job that does what a thread has put off which runs somebody else's code."""

    def step(self) -> None:
        """Do it."""
        do_for_others()


class Scheduler:
    """Runs jobs when they are due, on daemon threads that start when needed and end when nothing is left.

    One thread waits for the next job while others work, and one more may wait to take its place. It takes the
    job when fewer than `MAX_BUSY` steps are busy: one that takes longer than `GRACE` does not count, so that
    nobody waits for a server that hangs.
    """

    needs_loop = False
    """Whether steps are run only while an event loop has its turn, so that nobody may block and wait for them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, without jobs and threads: a forked process inherits the figures, but no thread."""
        self._changed = shared_condition()
        self._relief = _Relief()
        self._agenda = Agenda()
        self._busy: dict[int, float] = {}
        """Threads at work, and since when."""
        self._lent: set[int] = set()
        """Those that run somebody else's code."""
        self._threads = 0
        self._is_awaited = False
        """Whether a thread waits for the next job, or is about to."""
        self._is_spared = False
        """Whether another one waits to take its place."""

    @property
    def threads(self) -> int:
        """Number of threads that live now."""
        return self._threads

    @staticmethod
    def clock() -> float:
        """Return seconds since some moment, on a clock that is never set."""
        return time.monotonic()

    def schedule(self, job: Job, delay: float = 0.0) -> None:
        """Run a job's next step after `delay` seconds, instead of when it was due. Does not block."""
        with self._changed:
            if self._agenda.add(job, self.clock() + delay):
                self._changed.notify_all()
        self._see_to_the_next()

    def hasten(self, job: Job, delay: float) -> None:
        """Run a job's next step after `delay` seconds if it is due later than that. Does not block."""
        with self._changed:
            is_late = self._agenda.is_later(job, self.clock() + delay)
        if is_late:
            self.schedule(job, delay)

    def cancel(self, job: Job) -> None:
        """Forget a job. A step under way ends by itself. Does not block."""
        with self._changed:
            if self._agenda.discard(job):
                self._changed.notify_all()

    @staticmethod
    def is_stepping() -> bool:
        """Return whether this thread is one that runs steps."""
        return threading.current_thread().name == _NAME

    def wake(self) -> None:
        """Go on, where something is due: these threads see to that by themselves."""

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Run somebody else's code in this block: where it takes long, this thread counts no more."""
        me = threading.get_ident()
        with self._changed:
            is_ours = me in self._busy
            if is_ours:
                self._busy[me] = self.clock()
                self._lent.add(me)
        if is_behind(anybody=True):
            self.schedule(self._relief, GRACE)
        try:
            yield
        finally:
            if not is_behind(anybody=True):
                self.cancel(self._relief)
            if is_ours:
                with self._changed:
                    self._lent.discard(me)

    def _see_to_the_next(self) -> None:
        if not (self._is_awaited or self._is_spared):
            # A plain thread has none of the kernel's context: on ipykernel 7.0 it cannot reach the
            # front end at all (LookupError: shell_parent), so it runs in a copy of this one's.
            context = contextvars.copy_context()
            put_off(lambda: self._start_thread(context))

    def _start_thread(self, context: contextvars.Context) -> None:
        with self._changed:
            is_seen_to = self._is_awaited or self._is_spared or self._agenda.next_due() is None
            if is_seen_to or self._counted(self.clock()) >= MAX_THREADS:
                return
            self._threads += 1
            self._is_awaited = True
        try:
            threading.Thread(target=context.run, args=(self._work,), name=_NAME, daemon=True).start()
        except BaseException:
            with self._changed:
                self._threads -= 1
                self._is_awaited = False
            raise

    def _work(self) -> None:
        is_first = True
        while (job := self._take(is_awaiting=is_first)) is not None:
            is_first = False
            with suppress(RuntimeError):  # no thread to be had: this one sees to the rest, in turn
                self._see_to_the_next()
            try:
                job.step()
            except BaseException:  # SystemExit, too, would take the thread along
                _logger.exception("A step failed")

    def _take(self, *, is_awaiting: bool) -> Job | None:
        """Wait for a job that is due; ``None`` when this thread is not needed any more."""
        me = threading.get_ident()
        with self._changed:
            self._busy.pop(me, None)
            while (due := self._agenda.next_due()) is not None or self._busy:  # those who are busy may schedule more
                now = self.clock()
                pause = math.inf if due is None else max(due - now, self._until_free(now))
                if pause <= 0:
                    if (job := self._agenda.pop()) is None:
                        continue
                    self._busy[me] = now
                    self._is_awaited = self._is_awaited and not is_awaiting
                    if self._agenda.next_due() is not None:
                        self._changed.notify_all()  # a spare thread takes this one's place
                    return job
                if not self._is_awaited or is_awaiting:
                    self._is_awaited = is_awaiting = True
                    self._wait(min(pause, threading.TIMEOUT_MAX))
                elif not self._is_spared:
                    self._is_spared = True  # cheaper than to start another one soon
                    self._wait()
                    self._is_spared = False
                else:
                    break
            self._threads -= 1
            self._is_awaited = self._is_awaited and not is_awaiting
            self._changed.notify_all()
            return None

    def _wait(self, seconds: float | None = None) -> None:
        if is_behind():  # garbage has closed a monitor in this thread, just now
            self._changed.release()
            try:
                catch_up()
            finally:
                self._changed.acquire()
        else:
            self._changed.wait(seconds)

    def _counted(self, now: float) -> int:
        """Return how many threads there are, but for those that somebody else's code holds."""
        held = [me for me in self._lent if now - self._busy[me] >= GRACE]
        return self._threads - len(held)

    def _until_free(self, now: float) -> float:
        """Return seconds until another step may begin."""
        fresh = [since for since in self._busy.values() if now - since < GRACE]
        if len(fresh) >= MAX_BUSY:
            return min(fresh) + GRACE - now
        working = self._counted(now) - self._threads + len(self._busy)
        return 0.0 if working < MAX_THREADS - 1 else min((since + GRACE - now for since in fresh), default=math.inf)


def chosen() -> Scheduler | LoopScheduler:
    """Return a scheduler with threads, unless this Python cannot start any, as in a browser."""
    if sys.thread_info.name != "pthread-stubs":
        return Scheduler()
    from .loop import LoopScheduler  # noqa: PLC0415 - it brings asyncio, a fifth of our import time

    return LoopScheduler()


SCHEDULER = chosen()
"""Runs the pollers of this process. Looked up here each time, so that tests can put another one in its place."""
