"""Identifiers that become part of a URL."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def checked_identifier(name: str, value: str) -> str:
    """Return an identifier that can stand as one part of a URL's path, or raise.

    Raises
    ------
    TypeError
        For anything but a string.
    ValueError
        For an empty one, for ``.`` and ``..``, which would lead to another path, and for lone surrogates.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not value.strip() or value in {".", ".."} or _SURROGATE.search(value):
        raise ValueError(f"{name} must not be {value!r}")
    return value
