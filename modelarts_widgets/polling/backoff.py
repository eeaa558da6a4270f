"""How often to ask: phase and delay after an answer or an error; intervals and timeouts of callers. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..api.errors import (
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from .state import Phase

MAX_FAILURES = 10
"""Failed requests in a row after which polling pauses."""
MAX_DELAY = 60.0
"""Seconds; the longest delay after a failure, unless the service asks for more."""
MAX_NOT_FOUND = 3
"""Times in a row that a task is not found before polling ends: it may have been created just now."""
MIN_INTERVAL, MAX_INTERVAL = 0.1, 86_400.0
"""Seconds; no shorter and no longer interval is allowed."""
QUIET_SHARE = 0.1
"""While answers bring nothing new, the delay grows to this share of the time since the last change …"""
MAX_QUIET_DELAY = 30.0
"""… and no further than this, in seconds."""

_BAD_REQUEST, _TIMED_OUT, _FIRST_SERVER_ERROR = 400, 408, 500


class Decision(NamedTuple):
    """The next step."""

    phase: Phase
    delay: float | None
    """Seconds until the next request, before jitter; ``None`` where there is none."""
    max_failures: int = 0
    """Failed requests in a row that end the polling, after an error."""


def after_answer(*, is_final: bool, interval: float, quiet: float) -> Decision:
    """Return the next step after a good answer.

    Parameters
    ----------
    is_final : bool
        Whether nothing will change any more.
    interval : float
        Seconds between two requests while answers bring something new.
    quiet : float
        Seconds since the last change.
    """
    if is_final:
        return Decision("done", None)
    return Decision("polling", max(interval, min(MAX_QUIET_DELAY, QUIET_SHARE * quiet)))


def after_error(error: Exception, *, failures: int, interval: float) -> Decision:
    """Return the next step after a failed request: wait, ask for credentials, or end.

    Parameters
    ----------
    error : Exception
        Why it failed.
    failures : int
        Failed requests in a row, this one included.
    interval : float
        Seconds; the first delay. The next ones double.
    """
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return Decision("needs-auth", None)  # refused keys are locked if we insist
    is_unknown = isinstance(error, NotFoundError) and error.status_code == _BAD_REQUEST
    if not isinstance(error, ModelArtsError) or not (is_unknown or _is_transient(error)):
        return Decision("stopped", None)
    limit = MAX_NOT_FOUND if is_unknown else MAX_FAILURES
    if failures >= limit:
        return Decision("stopped" if is_unknown else "paused", None, limit)
    backoff = min(MAX_DELAY, interval * 2 ** (failures - 1))
    return Decision("retrying", max(backoff, error.retry_after or 0.0), limit)  # never sooner than the service asks


def _is_transient(error: ModelArtsError) -> bool:
    if isinstance(error, (ConnectionFailedError, ThrottledError, MalformedResponseError)):
        return True
    status = error.status_code or 0
    return isinstance(error, ServiceError) and (status == _TIMED_OUT or status >= _FIRST_SERVER_ERROR)


def checked_interval(name: str, value: object) -> float:
    """Return a number of seconds between two requests, or raise `TypeError` or `ValueError`."""
    if not MIN_INTERVAL <= _number(name, value) <= MAX_INTERVAL:
        raise ValueError(f"{name} must be {MIN_INTERVAL:g} to {MAX_INTERVAL:g} seconds, not {value!r}")
    return _number(name, value)


def checked_timeout(value: object) -> float | None:
    """Return a number of seconds to wait at most, ``None`` for no limit, or raise `TypeError` or `ValueError`."""
    if value is None or _number("timeout", value) == math.inf:
        return None
    if not _number("timeout", value) >= 0:
        raise ValueError(f"timeout must be 0 seconds or more, or None for no limit, not {value!r}")
    return _number("timeout", value)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    return float(value)
