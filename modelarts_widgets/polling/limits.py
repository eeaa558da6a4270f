"""One rule for all numbers of seconds that a caller gives."""

from __future__ import annotations

import math

MIN_INTERVAL, MAX_INTERVAL = 0.1, 86_400.0
"""Seconds; no shorter and no longer interval is taken."""


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
