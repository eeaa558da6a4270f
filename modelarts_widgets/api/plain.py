"""Values in the types that every JSON encoder takes. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 100
"""Levels of nesting; what lies deeper is left out, since encoders give up far below what a document may hold."""
_MAX_BITS = 10_000  # of an integer: Python writes no longer ones


def plain(value: object, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON
    """Return a value as JSON holds it, ``None`` for what it cannot hold: infinity, and what is nested too deeply."""
    if isinstance(value, str):
        return value if value.isascii() else _well_formed(value)
    if isinstance(value, (int, float)):
        is_writable = math.isfinite(value) if isinstance(value, float) else value.bit_length() <= _MAX_BITS
        return value if is_writable else None
    if depth >= MAX_DEPTH or value is None:
        return None
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    to_dict = getattr(value, "to_dict", None)  # one of the models
    return to_dict() if to_dict is not None else None


def _well_formed(text: str) -> str:
    """Return text with U+FFFD in place of lone surrogates, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
