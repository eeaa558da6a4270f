"""`ThreadEngine`: the engine with threads: one that owns everything, and workers beside it for blocking jobs."""

from __future__ import annotations

import contextvars
import math
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from .engine import Act, Engine, Job, Outcome, ResultT, outcome_of, run

MAX_BUSY = 3
"""Jobs that run at once as long as each is quick; with the owner, that makes four threads."""
MAX_THREADS = 8
"""Threads in the worst case, beside those that callbacks block: more would only load a service that is slow already."""
GRACE = 0.1
"""Seconds after which a job waits for a server, and does not count as busy any more."""
LINGER = 0.05
"""Seconds that the owner's thread outlasts the last act, since another one often follows."""
CALM = 0.5
"""Seconds for which spare workers must not have been needed before all but one of them end."""

_NAME = "modelarts-poll"


class ThreadEngine(Engine):
    """Owned by one daemon thread, which takes mail and timers; up to seven more work beside it.

    Threads start when they are needed, and end when nothing is left to do.
    """

    def reset(self) -> None:
        """Start over, without acts and threads."""
        super().reset()
        self._seat: SimpleQueue[None] = SimpleQueue()
        """Holds one token, which the thread has that is the owner."""
        self._seat.put(None)
        self._here = threading.local()
        self._desk: SimpleQueue[Job | None] = SimpleQueue()
        """Where workers wait for jobs."""
        self._busy: dict[Job, float] = {}
        """Jobs at work, and since when."""
        self._workers = self._idle = 0
        self._needed_at = -math.inf
        """When the last idle worker was needed."""

    @property
    def threads(self) -> int:
        """Number of polling threads that are alive."""
        return self._workers + self._seat.empty()

    @property
    def is_here(self) -> bool:
        """Whether this thread is the owner, or the only one that is left as the process ends."""
        return getattr(self._here, "is_owner", False) or sys.is_finalizing()

    def do(self, act: Callable[[], ResultT]) -> ResultT:
        """Run an act in the owner and return its result; at once where this thread is the owner, or none is left."""
        if self.is_here:
            self._mail.put(_look_again)  # it may be a destructor, and the owner about to wait for too long
            return act()
        reply: SimpleQueue[Outcome] = SimpleQueue()
        self.post(lambda: reply.put(outcome_of(act)))
        result, error = reply.get()
        if error is not None:
            try:
                raise error
            finally:
                del error  # or its traceback would hold it, and it its traceback
        return result  # type: ignore[no-any-return] # a tuple cannot say that one of two is there

    def post(self, act: Act) -> None:
        """Run an act in the owner soon. Never blocks.

        Raises
        ------
        RuntimeError
            When the first thread cannot be started, and something is left for it to do.
        """
        self._mail.put(act)
        if self._seat.empty():  # there is an owner
            return
        if sys.is_finalizing():  # its thread is frozen, or there was none
            self._take_mail()
            return
        # A plain thread has none of the kernel's context: on ipykernel 7.0 it cannot reach the front end at all
        # (LookupError: shell_parent), so it runs in a copy of this one's.
        context = contextvars.copy_context()
        try:
            start_new_thread(_start, (context.run, self._serve))
        except RuntimeError:
            self._take_mail()
            if self._timers or self._jobs:
                raise

    def _take_mail(self) -> None:
        # Why not simply take the seat first? An interrupt could lose it for ever.
        while not self._mail.empty():
            run(self._mail.get())
        for _ in range(len(self._jobs)):  # not the jobs that these add
            run(self._jobs.popleft().run)

    def _serve(self) -> None:
        """Own everything, unless another thread does, until nothing is left to do."""
        while self._sit_down():
            while True:
                pause = self._hand_out(self._fire())
                try:
                    run(self._mail.get(timeout=pause or LINGER))  # and hold no act while waiting for the next
                except Empty:
                    if not pause:
                        break
            self._dismiss(self._idle)
            self._seat.put(None)
            self._here.is_owner = False
            if self._mail.empty():  # else its sender may have seen the seat taken
                return

    def _sit_down(self) -> bool:
        try:
            self._seat.get_nowait()
        except Empty:
            return False
        self._here.is_owner = True
        return True

    def _hand_out(self, due: float) -> float:
        """Give jobs to workers, and return the seconds until there is more to do; 0 if nothing is left."""
        now = self.clock()
        while self._jobs:
            ages = [(now - since, job.calls_out) for job, since in self._busy.items()]
            fresh = [age for age, _ in ages if age < GRACE]
            counted = sum(age < GRACE or not calls_out for age, calls_out in ages)
            if len(fresh) >= MAX_BUSY or counted >= MAX_THREADS - 1:
                due = min([due, *(now + GRACE - age for age in fresh)])  # then they are slow, and others may begin
                break
            if not self._give(self._jobs.popleft(), now):
                break
        if not self._idle:
            self._needed_at = now
        elif self._idle > 1 and now - self._needed_at >= CALM:
            self._dismiss(self._idle - 1)
        return min(max(due - now, 1e-6), threading.TIMEOUT_MAX) if self._busy or self._jobs or due < math.inf else 0.0

    def _give(self, job: Job, now: float) -> bool:
        """Give a job to a worker, and return whether there was one."""
        if self._idle or self._hire():
            self._idle -= 1
            self._busy[job] = now
            self._desk.put(job)
        elif self._workers:
            self._jobs.appendleft(job)
            return False
        else:
            self._mail.put(job.run)  # where no thread can be had at all, the owner does it
        return True

    def _hire(self) -> bool:
        """Start an idle worker, and return whether that was possible."""
        work = contextvars.copy_context().run
        with suppress(RuntimeError):
            threading.Thread(target=work, args=(self._work,), name=_NAME, daemon=True).start()
            self._workers += 1
            self._idle += 1
            return True
        return False

    def _dismiss(self, count: int) -> None:
        for _ in range(count):
            self._idle -= 1
            self._workers -= 1
            self._desk.put(None)

    def _work(self) -> None:
        mail, desk = self._mail, self._desk
        while (job := desk.get()) is not None:
            mail.put(partial(self._finish, job, *outcome_of(job.work)))
            del job  # keep nothing alive while waiting

    def _finish(self, job: Job, result: Any, error: BaseException | None) -> None:  # noqa: ANN401 - of the work
        self._busy.pop(job, None)
        self._idle += 1
        if error is None:
            job.then(result)
        else:
            job.take(result, error)


def _look_again() -> None:
    """Let the owner look at its timers and jobs."""


def _start(*target: Any) -> None:  # noqa: ANN401 - a function and its arguments
    """Start a thread within another, which Ctrl-C does not reach.

    Why not simply in the caller? `Thread.start` waits on a condition, and breaks if it is interrupted there.
    """
    thread = threading.Thread(target=target[0], args=target[1:], name=_NAME, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        target[0](*target[1:])
