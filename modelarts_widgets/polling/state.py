"""`State`: what is known of a subject that is polled; `Stats`: what that has cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from ..api.models import ExportTask
from .forecast import Forecast
from .speed import SpeedEstimator

Phase = Literal["idle", "polling", "retrying", "paused", "needs-auth", "done", "stopped"]
"""``paused``: for now, by us or the user; ``needs-auth``: credentials refused; ``stopped``: polling cannot succeed."""

Tasks = tuple[ExportTask, ...]
"""An answer: one export is a tuple of one."""


@dataclass(frozen=True)
class State:
    """All that is known at a moment. Replaced whole, never changed, so that any thread may read it."""

    phase: Phase = "idle"
    """Whether and how polling goes on."""
    tasks: Tasks | None = None
    """The last good answer; the same object as before if it was equal. ``None`` before the first."""
    serial: int = 0
    """Number of the request that brought it, from 1."""
    answered_at: datetime | None = None
    """When it came, in UTC."""
    error: Exception | None = None
    """The error of the last request; ``None`` after a good answer."""
    ended_by: Exception | None = None
    """The error for which polling paused or ended; ``None`` if the user or the last answer ended it."""
    failures: int = 0
    """Failed requests in a row."""
    max_failures: int = 0
    """Failed requests in a row after which polling ends, for the last error."""
    delay: float | None = None
    """Seconds until the next request, before jitter; ``None`` if there is none."""
    speeds: Mapping[str | None, SpeedEstimator] = field(default_factory=dict, repr=False)
    """The speed of each running export, by task ID."""
    forecast: Forecast | None = None
    """How long earlier exports took, if a single one does not report its progress."""

    @property
    def is_active(self) -> bool:
        """Whether requests go on without a call of the user's."""
        return self.phase in {"polling", "retrying"}

    @property
    def is_done(self) -> bool:
        """Whether every export of the last good answer has ended."""
        return self.tasks is not None and all(task.is_done for task in self.tasks)


class Stats(NamedTuple):
    """What watching has cost so far."""

    polls: int
    """Answers and errors that came."""
    changes: int
    """Answers that differed from the one before."""
    messages: int
    """Messages to the front end, apart from those that open and close models; 0 without a widget."""
    errors: dict[str, int]
    """Errors by kind."""
    retries: int
    """Errors after which polling went on."""
    interval: float | None
    """Seconds between the last request and the next, before jitter; ``None`` if there is no next."""
    threads: int
    """Polling threads, for all watches of this process together."""


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
