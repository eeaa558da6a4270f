"""Asking again and again: `Poll` says what a step does and when the next is due, `Scheduler` runs the steps."""

from __future__ import annotations

from .poll import MAX_DELAY, MAX_FAILURES, Phase, Poll, log_exceptions
from .scheduler import SCHEDULER, Scheduler

__all__ = ["MAX_DELAY", "MAX_FAILURES", "SCHEDULER", "Phase", "Poll", "Scheduler", "log_exceptions"]
