"""Text and values that come from outside, made safe to print and to encode as JSON. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

MAX_DEPTH = 100
"""Levels of nesting; deeper ones are left out, since encoders give up far below the depth of a possible document."""
_MAX_BITS = 10_000  # of an integer: longer ones raise in str(), see sys.set_int_max_str_digits

_BREAKS = re.compile("[\t-\r\x1c-\x1e\x85\u2028\u2029]+")
_NONCHARACTERS = "".join(map(chr, (plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF))))
# Scripts and pictures in which a joiner or a variation selector belongs to the letter before it.
_BASES = "\u00a9\u00ae\u0590-\u1fff\u2190-\ud7ff\uf900-\ufdff\U0001f000-\U0003ffff"
_UNPRINTABLE = (
    f"(?<![{_BASES}\ufe0f])[\u200c\u200d]"  # zero-width joiner and non-joiner
    f"|(?<![{_BASES}])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"  # variation selectors
    "|["
    "\x00-\x08\x0e-\x1b\x1f\x7f-\x9f"  # control characters, with which escape sequences begin
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # marks, embeddings, overrides and isolates of direction
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\ufeff\uffa0\ufff0-\ufffb"  # no width
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # … and tags
    f"\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}"  # not allowed in documents
    "]"
)


@cache
def _unprintable() -> re.Pattern[str]:
    """Compile it when it is needed, which takes longer than all other patterns together."""
    return re.compile(_UNPRINTABLE)


def printable(text: str) -> str:
    """Return text on one line, with U+FFFD in place of each character that acts, hides or is none.

    Those are control characters, marks and overrides of direction, characters without width, lone surrogates and
    noncharacters. Letters of all scripts stay as they are, with the joiners and selectors that belong to them.
    """
    if text.isascii() and text.isprintable():
        return text  # most are
    return _unprintable().sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub(" ", text))


def plain(value: object, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON
    """Return a value for ``json.dumps``, with ``None`` for infinity, NaN and values that are nested too deeply."""
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
