"""Coercion of JSON values to the types that the models declare: lossless, or else ``None``.

The service sends other JSON types than its tables declare: a number where a string is documented,
a word where a boolean is.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text(value: object) -> str | None:
    """Return a string; numbers and booleans in their JSON form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value) if isinstance(value, (str, int, float)) else None
    except ValueError:  # an integer with more digits than Python converts
        return None


def number(value: object) -> float | None:
    """Return a finite number, given as such or as text. Booleans do not count."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def integer(value: object) -> int | None:
    """Return a whole number, given as such or as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    read = number(value)
    return int(read) if read is not None and read.is_integer() else None


def boolean(value: object) -> bool | None:
    """Return a boolean, given as such or as text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def texts(value: object) -> tuple[str, ...] | None:
    """Return a tuple of strings; items that are not scalar are left out."""
    if not isinstance(value, list):
        return None
    return tuple(read for read in map(text, value) if read is not None)


def text_lists(value: object) -> dict[str, tuple[str, ...] | None] | None:
    """Return a dictionary of tuples of strings; a value that is not a list is ``None``."""
    return {key: texts(item) for key, item in value.items()} if isinstance(value, dict) else None


def moment(milliseconds: int | None) -> datetime | None:
    """Return a point of time since 1970 as an aware UTC datetime, or ``None`` where there is none that far away."""
    try:
        return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
