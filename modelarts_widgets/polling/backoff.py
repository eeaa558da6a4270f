"""How often to ask: phase and delay after an answer or an error; intervals and timeouts of callers. Pure.

After an error, polling retries, with a growing delay, until so many requests in a row have failed; then it enters a
phase in which it waits for the user. A good answer shows that endpoint, IDs and credentials are right. So after one,
an oddity is taken for a passing one:

| answer                               | before a good one | after one       | what the error says                     |
| ------------------------------------ | ----------------- | --------------- | --------------------------------------- |
| 401, refused                         | needs-auth at 1   | needs-auth at 1 | The credentials were refused            |
| 403, forbidden                       | needs-auth at 1   | needs-auth at 1 | These credentials may not read          |
| 200, refused                         | needs-auth at 1   | needs-auth at 1 | The service rejected the token          |
| 400, not found                       | stopped at 3      | stopped at 10   | There is no such export task            |
| 404, not found                       | stopped at 3      | stopped at 10   | There is nothing at this address        |
| 200, not found                       | stopped at 3      | stopped at 10   | There is no such export task            |
| 302, web page                        | stopped at 1      | stopped at 10   | The endpoint is wrong, or a login page  |
| 400, bad request                     | stopped at 1      | stopped at 10   | The service did not accept the request  |
| 409, conflict                        | stopped at 1      | stopped at 10   | The service did not accept the request  |
| 425, too early                       | paused at 10      | paused at 10    | The service did not accept the request  |
| 408, timed out                       | paused at 10      | paused at 10    | The service did not answer in time      |
| 429, throttled                       | paused at 10      | paused at 10    | The service asks for fewer requests     |
| 200, throttled                       | paused at 10      | paused at 10    | The service asks for fewer requests     |
| 500, internal                        | paused at 10      | paused at 10    | The service has an internal error       |
| 503, web page                        | paused at 10      | paused at 10    | The service is temporarily not          |
| 200, another error                   | paused at 10      | paused at 10    | The service could not answer            |
| 200, web page                        | paused at 10      | paused at 10    | The answer is a web page                |
| 200, another export                  | paused at 10      | paused at 10    | The answer is about another export      |
| 401, web page                        | paused at 10      | paused at 10    | The answer is a web page                |
| 403, web page                        | paused at 10      | paused at 10    | The answer is a web page                |
| 407, web page                        | paused at 10      | paused at 10    | The proxy asks for credentials          |
| no answer                            | paused at 10      | paused at 10    | The service could not be reached        |
| nothing was sent                     | stopped at 1      | stopped at 1    | The client configuration is invalid     |
| a fault of the caller's own          | stopped at 1      | stopped at 1    | oops                                    |
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..api.errors import (
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from .state import Phase

MAX_FAILURES = 10
"""Failed requests in a row after which polling pauses or ends."""
MAX_DELAY = 60.0
"""Seconds; the longest delay after a failure, unless the service asks for more."""
MAX_NOT_FOUND = 3
"""The same where a task is not found, before the first good answer: it may have been created just now."""
MIN_INTERVAL, MAX_INTERVAL = 0.1, 86_400.0
"""Seconds; no shorter and no longer interval is allowed."""
QUIET_SHARE = 0.1
"""While answers bring nothing new, the delay grows to this share of the time since the last change …"""
MAX_QUIET_DELAY = 30.0
"""… and no further than this, in seconds."""

_PASSING = frozenset({200, 408, 425})
_FIRST_SERVER_ERROR = 500


class Decision(NamedTuple):
    """The next step."""

    phase: Phase
    delay: float | None
    """Seconds until the next request, before jitter; ``None`` where there is none."""
    max_failures: int = 0
    """Failed requests in a row that end the polling, after an error; 0 after an answer."""


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


def after_error(error: Exception, *, failures: int, interval: float, has_answer: bool) -> Decision:
    """Return the next step after a failed request, by the table above.

    Parameters
    ----------
    error : Exception
        Why it failed.
    failures : int
        Failed requests in a row, this one included.
    interval : float
        Seconds; the first delay. The next ones double.
    has_answer : bool
        Whether there has been a good answer.
    """
    end, limits = _row(error)
    limit = limits[has_answer]
    if failures >= limit:
        return Decision(end, None, limit)
    backoff, asked = min(MAX_DELAY, interval * 2 ** (failures - 1)), getattr(error, "retry_after", None)
    return Decision("retrying", max(backoff, asked or 0.0), limit)  # never sooner than the service asks


def _row(error: Exception) -> tuple[Phase, tuple[int, int]]:
    """Return the phase in which polling ends, and after how many failures: before a good answer, and after one."""
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return "needs-auth", (1, 1)  # refused keys are locked if we insist
    if isinstance(error, NotFoundError):
        return "stopped", (MAX_NOT_FOUND, MAX_FAILURES)
    status = (error.status_code or 0) if isinstance(error, ServiceError) else None
    is_passing = status is not None and (status in _PASSING or status >= _FIRST_SERVER_ERROR)
    if is_passing or isinstance(error, (ConnectionFailedError, ThrottledError, MalformedResponseError)):
        return "paused", (MAX_FAILURES, MAX_FAILURES)
    return "stopped", (1, 1 if status is None else MAX_FAILURES)


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
