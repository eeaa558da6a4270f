"""One line of progress, for terminals and logs. Pure."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from .card import Card
from .humanize import shortened
from .table import Table

_BAR = 20
_MIN_WIDTH = 70
"""Columns below which there is no bar."""
_COLOURS = {"ok": "32", "bad": "31", "warn": "33"}


def progress_line(content: Card | Table, width: int | None = None, *, is_ascii: bool = False) -> str:
    """Return what a watch knows on one printable line.

    Parameters
    ----------
    content : Card or Table
        An export, or all exports of a dataset.
    width : int, optional
        Columns that it may take; the bar is for those. Default: as many as it takes, without a bar.
    is_ascii : bool, default False
        Whether the bar is drawn in characters that every terminal has.
    """
    state = content.state if isinstance(content, Table) else content
    parts = [content.headline()] if isinstance(content, Table) else [content.status(), _share(content, width, is_ascii)]
    if state.error is not None:
        parts += [state.next_step(), f"! {state.problem()}"]
    elif isinstance(content, Card):
        parts += [
            content.counts(),
            content.problem(),
            content.next_step(),
            content.times() if _is_over(content) else "",
        ]
    line = f"{shortened(state.task_id, 60)}  {' · '.join(filter(None, parts))}"
    return line if width is None else _cut(line, width)


def coloured(line: str, content: Card | Table) -> str:
    """Return a line in the colour of its state: green or red at the end, yellow in between where something is amiss."""
    state = content.state if isinstance(content, Table) else content
    colour = _COLOURS.get(state.severity)
    return f"\x1b[{colour}m{line}\x1b[0m" if colour else line


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _share(card: Card, width: int | None, is_ascii: bool) -> str:  # noqa: FBT001 - handed on
    if card.share is None or width is None or width < _MIN_WIDTH:
        return card.percent()
    full, empty = ("#", "-") if is_ascii else ("█", "░")
    filled = int(_BAR * card.share / 100)
    return f"[{full * filled}{empty * (_BAR - filled)}] {card.percent()}"


def _is_over(card: Card) -> bool:
    return card.task is not None and card.task.is_done


def _cut(line: str, width: int) -> str:
    if columns(line) <= width:
        return line
    kept, taken = "", 1
    for letter in line:
        taken += columns(letter)
        if taken > width:
            break
        kept += letter
    return f"{kept}…"
