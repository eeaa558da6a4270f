"""The line of progress for terminals and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import combining, east_asian_width

from .card import Card, time_taken
from .humanize import bar, shortened
from .table import Table

_MAX_BAR, _MIN_BAR = 20, 5
"""Columns of the bar: at most, and at least. It fills the width that the words leave, if that is enough."""
_ASCII = str.maketrans("█░·…●○✓✗◇", "#-|~*o+x?")
_TERSE = re.compile(r"(?<=\d)( of )(?=\d)| samples?|about | · running for [^·]*[^· ]")
"""What the words of `Card.counts` can do without: ``1,231/2,000 · 230/s · 4 s left``."""
_COLOURS = {"ok": "32", "bad": "31", "warn": "33"}


def progress_line(content: Card | Table, width: int | None = None, *, is_ascii: bool = False) -> str:
    """Return the progress of a watch on one printable line.

    Parameters
    ----------
    content : Card or Table
        One export, or all exports of a dataset.
    width : int, optional
        Longest line, in columns, including a bar; in a narrow one, words go before numbers, and the ID goes first.
        Default: unlimited, without a bar.
    is_ascii : bool, default False
        Whether to draw the bar and the symbols in ASCII.
    """
    forms = list(_forms(content))
    before, after = next((form for form in forms if width is None or columns("".join(form)) <= width), forms[-1])
    line = before + after
    if width is not None and isinstance(content, Card) and content.share is not None:
        size = min(_MAX_BAR, width - columns(line) - 3)
        if size >= _MIN_BAR and after.startswith(content.percent()):
            line = f"{before}{bar(content.share, size)} {after}"
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


def _forms(content: Card | Table) -> Iterator[tuple[str, str]]:
    """Yield what stands before and after the bar, the longest form first, in the order in which words may go."""
    if isinstance(content, Table):
        state, word, percent, counts, rest = content.state, content.headline(), "", "", [""]
    else:
        state, word, percent, counts = content, content.status(), content.percent(), content.counts()
        took = time_taken(state.task) if state.task and state.task.is_done else ""
        rest = [state.problem(), state.next_step(), took]
    if state.error is not None:
        counts, rest = "", [state.next_step(), f"! {state.problem()}"]
    name = f"{shortened(state.task_id, 60)}  "
    few = _TERSE.sub(lambda found: "/" if found[1] else "", counts)
    yield _form(name + word, percent, counts, *rest)
    yield _form(name + word, percent, few, *rest)
    yield _form(word, percent, few, *rest)
    is_moving = percent and state.severity == "busy" and not any(rest)
    yield _form("", percent, few) if is_moving else _form(word, *rest)


def _form(head: str, *parts: str) -> tuple[str, str]:
    tail = " · ".join(filter(None, parts))
    return f"{head} · " if head and tail else head, tail


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
