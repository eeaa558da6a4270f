"""`Stats`: what watching has cost, in figures for users and tests alike."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple


class Stats(NamedTuple):
    """What watching has cost so far."""

    polls: int
    """Answers and errors that came."""
    changes: int
    """Answers that were not the same as the one before."""
    messages: int
    """Messages to the front end, apart from those that open and close models; 0 without a widget."""
    errors: dict[str, int]
    """Errors by kind."""
    retries: int
    """Errors after which polling went on by itself."""
    interval: float | None
    """Seconds between the last request and the next, before jitter; ``None`` when there is no next."""
    threads: int
    """Threads that poll, for all watches of this process together."""


class Tally:
    """Counts the outcomes of requests."""

    def __init__(self) -> None:
        self._polls = self._changes = self._retries = 0
        self._errors: Counter[str] = Counter()

    def count(self, error: Exception | None, *, is_new: bool, goes_on: bool) -> None:
        """Count one outcome."""
        self._polls += 1
        self._changes += is_new
        if error is not None:
            self._errors[type(error).__name__] += 1
            self._retries += goes_on

    def stats(self, interval: float | None, threads: int) -> Stats:
        """Return the figures so far."""
        return Stats(self._polls, self._changes, 0, dict(self._errors), self._retries, interval, threads)
