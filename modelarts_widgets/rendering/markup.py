"""Escape text from the service for HTML."""

from __future__ import annotations

import html
import re

from .humanize import MAX_LENGTH, shortened

_is_harmless = re.compile(r"[\w./:@#-]*", re.ASCII).fullmatch
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")


def escaped(text: str, length: int = MAX_LENGTH) -> str:
    """Return text escaped for HTML, without control characters and cut to a length.

    All text from the service goes through here, or through `isolated`.
    """
    return html.escape(shortened(text, length))


def tooltip(text: str, length: int = MAX_LENGTH) -> str:
    """Return a ``title`` attribute with a leading space; empty for an empty text."""
    return f' title="{escaped(text, length)}"' if text else ""


def drawn_size(text: str, length: int = MAX_LENGTH) -> int:
    """Return the bytes that text takes when it is drawn `escaped`: a quotation mark takes six, an emoji four."""
    return len(text) if len(text) <= length and _is_harmless(text) else len(escaped(text, length).encode())


def isolated(text: str, length: int = MAX_LENGTH) -> str:
    """Return text `escaped` and, if it runs from right to left, isolated from its neighbours."""
    if len(text) <= length and _is_harmless(text):
        return text  # why a short cut? Trees have thousands of such values
    return isolating(escaped(text, length))


def isolating(markup: str) -> str:
    """Wrap markup in ``<bdi>`` if it has right-to-left letters, which would reorder their neighbours."""
    is_foreign = not markup.isascii() and _RIGHT_TO_LEFT.search(markup)
    return f"<bdi>{markup}</bdi>" if is_foreign else markup
