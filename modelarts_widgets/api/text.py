"""Foreign text made printable: nothing in it acts on a terminal, moves its neighbours or hides. Pure."""

from __future__ import annotations

import re
from functools import cache

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
    f"\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}"  # what no document may hold
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
