"""JSON values of any type into the types the models declare: converted where nothing is lost, else ``None``.

The service sends other JSON types than its tables declare: a number where a string is documented,
a word where a boolean is.
"""

from __future__ import annotations

import math


def text(value: object) -> str | None:
    """Read a string; numbers and booleans in the form JSON has them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value) if isinstance(value, (str, int, float)) else None
    except ValueError:  # an integer of more digits than Python is willing to write
        return None


def number(value: object) -> float | None:
    """Read a finite number, or the text of one. Booleans are none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def integer(value: object) -> int | None:
    """Read a whole number, or the text of one."""
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
    """Read a boolean, or the word for one."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def texts(value: object) -> tuple[str, ...] | None:
    """Read a list of strings; what is no scalar is left out."""
    if not isinstance(value, list):
        return None
    return tuple(read for read in map(text, value) if read is not None)


def text_lists(value: object) -> dict[str, tuple[str, ...] | None] | None:
    """Read an object of lists of strings; a value that is no list is ``None``."""
    return {key: texts(item) for key, item in value.items()} if isinstance(value, dict) else None
