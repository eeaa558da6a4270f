"""Foreign text made safe for markup, and the look of each part: by class name or by inline style."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from .humanize import MAX_LENGTH, shortened

_HARMLESS = re.compile(r"[\w./:@#-]*", re.ASCII)
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")


@cache
def style_sheet() -> str:
    """Return the style sheets of the live card and of the table."""
    return "".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ("card.css", "table.css"))


def escaped(text: str, length: int = MAX_LENGTH) -> str:
    """Return text of any origin as harmless markup: bounded, printable, escaped. All foreign text passes here."""
    if len(text) <= length and _HARMLESS.fullmatch(text):
        return text  # most are, in a list of thousands
    return html.escape(shortened(text, length))


def isolated(text: str, length: int = MAX_LENGTH) -> str:
    """Return text of any origin as content that does not reorder what stands beside it; see `escaped`."""
    return isolating(escaped(text, length))


def isolating(markup: str) -> str:
    """Return markup so that letters which run from right to left do not reorder what stands beside it."""
    return f"<bdi>{markup}</bdi>" if _RIGHT_TO_LEFT.search(markup) else markup


class Skin:
    """How a part of the card gets its look: by class name, or by inline style."""

    def __init__(self, styles: Mapping[str, str] | None = None) -> None:
        self._styles = styles

    def __call__(self, part: str, kind: str = "") -> str:
        """Return the attribute for a part, with a leading space; empty where the part needs none."""
        if self._styles is None:
            return f' class="modelarts-{part}{f" modelarts-{kind}" if kind else ""}"'
        style = self._styles.get(part, "")
        return f' style="{style}"' if style else ""


LIVE = Skin()
STATIC = Skin(
    {
        "card": "max-width:56em",
        "title": "font-weight:600",
        "status": "font-weight:600;padding-left:1em",
        "problem": "padding-left:0.6em",
        "progress": "width:70%",
        "rows": "list-style:none;margin:0;padding-left:1.4em",
        "items": "margin:0;padding-left:4em",
        "task": "text-align:left;font-weight:400",
        **dict.fromkeys(("column", "mode", "path"), "text-align:left"),
        "created": "text-align:left;min-width:9.5em",
        "state": "text-align:left;min-width:8.5em",
        "samples": "text-align:right",
        "share-cell": "text-align:left;min-width:16em",
        "rest": "padding:0.6em 0",
    }
)
