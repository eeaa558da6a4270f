"""Foreign text made safe for markup. Pure."""

from __future__ import annotations

import html
import re

from .humanize import MAX_LENGTH, shortened

_is_harmless = re.compile(r"[\w./:@#-]*", re.ASCII).fullmatch
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")


def escaped(text: str, length: int = MAX_LENGTH) -> str:
    """Return text of any origin as harmless markup: bounded, printable, escaped. All foreign text passes here."""
    return html.escape(shortened(text, length))


def tooltip(text: str, length: int = MAX_LENGTH) -> str:
    """Return a ``title`` attribute with a leading space; empty for an empty text."""
    return f' title="{escaped(text, length)}"' if text else ""


def isolated(text: str, length: int = MAX_LENGTH) -> str:
    """Return text of any origin as content that does not reorder what stands beside it; see `escaped`."""
    if len(text) <= length and _is_harmless(text):
        return text  # most are, in a list of thousands
    return isolating(escaped(text, length))


def isolating(markup: str) -> str:
    """Return markup so that letters which run from right to left do not reorder what stands beside it."""
    is_foreign = not markup.isascii() and _RIGHT_TO_LEFT.search(markup)
    return f"<bdi>{markup}</bdi>" if is_foreign else markup
