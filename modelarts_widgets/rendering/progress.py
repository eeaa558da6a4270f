"""The line of progress for terminals and logs."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from .card import Card, time_taken
from .humanize import bar, shortened
from .table import Table

_MAX_BAR, _MIN_BAR = 20, 5
"""Columns of the bar: at most, and at least. It fills the width that the words leave, if that is enough."""
_ASCII = str.maketrans("█░·…●○✓✗◇", "#-|~*o+x?")
_COLOURS = {"ok": "32", "bad": "31", "warn": "33"}


def progress_line(content: Card | Table, width: int | None = None, *, is_ascii: bool = False) -> str:
    """Return the progress of a watch on one printable line.

    Parameters
    ----------
    content : Card or Table
        One export, or all exports of a dataset.
    width : int, optional
        Longest line, in columns, including a bar. Default: unlimited, without a bar.
    is_ascii : bool, default False
        Whether to draw the bar and the symbols in ASCII.
    """
    line = _words(content)
    if width is not None and isinstance(content, Card) and content.share is not None:
        size = min(_MAX_BAR, width - columns(line) - 3)
        line = _words(content, f"{bar(content.share, size)} ") if size >= _MIN_BAR else line
    line = line if width is None else _cut(line, width)
    return line.translate(_ASCII) if is_ascii else line


def coloured(line: str, content: Card | Table) -> str:
    """Return a line in ANSI colours: green for success, red for failure, yellow for a problem with polling."""
    state = content.state if isinstance(content, Table) else content
    colour = _COLOURS.get(state.severity)
    return f"\x1b[{colour}m{line}\x1b[0m" if colour else line


def columns(text: str) -> int:
    """Return the width of a text in terminal columns."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _words(content: Card | Table, drawn: str = "") -> str:
    state = content.state if isinstance(content, Table) else content
    parts = [content.headline()] if isinstance(content, Table) else [content.status(), f"{drawn}{content.percent()}"]
    if state.error is not None:
        parts += [state.next_step(), f"! {state.problem()}"]
    elif isinstance(content, Card):
        took = time_taken(content.task) if content.task and content.task.is_done else ""
        parts += [content.counts(), content.problem(), content.next_step(), took]
    return f"{shortened(state.task_id, 60)}  {' · '.join(filter(None, parts))}"


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
