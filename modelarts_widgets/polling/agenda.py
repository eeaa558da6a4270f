"""`Agenda`: which job is due when."""

from __future__ import annotations

import heapq
import itertools
from typing import Protocol


class Job(Protocol):
    """What a scheduler runs: anything with a step."""

    def step(self) -> None:
        """Do the work, and schedule what comes next."""


class Agenda:
    """Jobs in the order in which they are due, each of them once. Takes no lock: that is the scheduler's."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Job]] = []
        self._entries: dict[Job, tuple[float, int]] = {}
        """When each job is due; what the queue has beside it is out of date."""
        self._numbers = itertools.count()

    def add(self, job: Job, due: float) -> bool:
        """Note when a job is due, instead of when it was; return whether none is due sooner."""
        _, number = self._entries[job] = due, next(self._numbers)
        heapq.heappush(self._queue, (due, number, job))
        return self.next_due() == due

    def is_later(self, job: Job, due: float) -> bool:
        """Return whether a job is due later than that."""
        entry = self._entries.get(job)
        return entry is not None and entry[0] > due

    def discard(self, job: Job) -> bool:
        """Forget a job; return whether it was to be done."""
        return self._entries.pop(job, None) is not None

    def next_due(self) -> float | None:
        """Return when the first job is due; ``None`` where there is none."""
        while self._queue:
            first = self._queue[0]
            if self._entries.get(first[2]) == first[:2]:
                return first[0]
            popped = heapq.heappop(self._queue)  # cancelled, or scheduled anew
            if popped is not first:  # garbage has just scheduled something
                heapq.heappush(self._queue, popped)
        return None

    def pop(self) -> Job | None:
        """Take the first job; ``None`` where garbage has cancelled it just now."""
        due, number, job = heapq.heappop(self._queue)
        if self._entries.get(job) != (due, number):
            return None
        self._entries.pop(job, None)
        return job
