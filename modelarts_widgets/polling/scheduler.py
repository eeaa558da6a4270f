"""`Scheduler`: runs the steps of all polls on a few threads. It knows nothing of exports."""

from __future__ import annotations

import contextvars
import heapq
import itertools
import logging
import math
import os
import threading
import time
from contextlib import suppress
from typing import Protocol

_logger = logging.getLogger(__name__)


class Step(Protocol):
    """What a scheduler runs: anything with a step."""

    def step(self) -> float | None:
        """Do the work; return seconds until the next step, or ``None`` to be forgotten."""


class Scheduler:
    """Runs the steps of many polls on a few daemon threads, which start when needed and end when nothing is left.

    Parameters
    ----------
    max_threads : int, default 4
        Steps that may be under way at once.
    """

    def __init__(self, max_threads: int = 4) -> None:
        self._max_threads = max_threads
        self.reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        """Begin anew, without polls and threads: a forked process inherits the figures, but no thread."""
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, Step]] = []
        self._entries: dict[Step, tuple[float, int]] = {}
        """When each poll is due; what the queue has beside it is out of date."""
        self._numbers = itertools.count()
        self._running: dict[Step, float | None] = {}
        """Polls under way, each with the delay asked for meanwhile."""
        self._threads = 0
        self._waiting = 0

    @property
    def threads(self) -> int:
        """Number of threads that live now."""
        return self._threads

    def schedule(self, poll: Step, delay: float = 0.0) -> None:
        """Run a poll's next step after `delay` seconds, instead of when it was due. Does not block."""
        with self._changed:
            if poll in self._running:
                self._running[poll] = delay
                return
            self._push(poll, delay)
            self._ensure_thread()
            self._changed.notify()

    def hasten(self, poll: Step, delay: float) -> None:
        """Run a poll's next step after `delay` seconds if it is due later than that. Does not block."""
        with self._changed:
            due = self._entries.get(poll)
            if due is not None and due[0] > time.monotonic() + delay:
                self.schedule(poll, delay)

    def cancel(self, poll: Step) -> None:
        """Forget a poll. A step already under way ends by itself. Does not block."""
        with self._changed:
            self._entries.pop(poll, None)
            if poll in self._running:
                self._running[poll] = math.inf
            self._changed.notify_all()

    def _push(self, poll: Step, delay: float) -> None:
        due, number = self._entries[poll] = time.monotonic() + delay, next(self._numbers)
        heapq.heappush(self._queue, (due, number, poll))

    def _ensure_thread(self) -> None:
        if self._waiting or self._threads >= self._max_threads:
            return
        # A plain thread has none of the kernel's context: on ipykernel 7.0 it cannot reach the
        # front end at all (LookupError: shell_parent), so it runs in a copy of its starter's.
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._work,), name="modelarts-poll", daemon=True).start()
        self._threads += 1

    def _work(self) -> None:
        while (poll := self._take()) is not None:
            self._put_back(poll, _step(poll))

    def _take(self) -> Step | None:
        """Wait for a poll that is due; ``None`` when this thread is not needed any more."""
        with self._changed:
            while (due := self._next_due()) is not None:
                left = due - time.monotonic()
                if left <= 0:
                    return self._pop()
                if self._waiting:
                    break  # one waiting thread is enough: it starts others when there is more to do
                self._waiting += 1
                self._changed.wait(min(left, threading.TIMEOUT_MAX))
                self._waiting -= 1
            self._threads -= 1
            return None

    def _next_due(self) -> float | None:
        while self._queue and self._entries.get(self._queue[0][2]) != self._queue[0][:2]:
            heapq.heappop(self._queue)  # cancelled, or scheduled anew
        return self._queue[0][0] if self._queue else None

    def _pop(self) -> Step:
        _, _, poll = heapq.heappop(self._queue)
        del self._entries[poll]
        self._running[poll] = None
        if self._next_due() is not None:
            with suppress(RuntimeError):  # no thread to be had: this one sees to the rest, in turn
                self._ensure_thread()
        return poll

    def _put_back(self, poll: Step, delay: float | None) -> None:
        with self._changed:
            asked = self._running.pop(poll)
            delay = delay if asked is None else asked
            if delay is not None and delay < math.inf:
                self._push(poll, delay)
                self._changed.notify()  # whoever waits for a later one must look again


def _step(poll: Step) -> float | None:
    try:
        return poll.step()
    except BaseException:  # SystemExit, too, would take the thread along
        _logger.exception("A step failed")
        return None


SCHEDULER = Scheduler()
"""Runs the polls of this process."""
