"""Asking again and again.

`Poll` says what a step does and when the next is due, `Scheduler` runs the steps, `Feed` shares a poll.
"""

from __future__ import annotations

from .feed import FEEDS, Feed, Follower, follow
from .poller import LOCK, MAX_DELAY, MAX_FAILURES, MAX_NOT_FOUND, MAX_QUIET_DELAY, Phase, Poll, log_exceptions
from .scheduler import SCHEDULER, Scheduler

__all__ = [
    "FEEDS",
    "LOCK",
    "MAX_DELAY",
    "MAX_FAILURES",
    "MAX_NOT_FOUND",
    "MAX_QUIET_DELAY",
    "SCHEDULER",
    "Feed",
    "Follower",
    "Phase",
    "Poll",
    "Scheduler",
    "follow",
    "log_exceptions",
]
