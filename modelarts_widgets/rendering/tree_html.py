"""The tree of a card as nested ``<details>`` elements, which fold without a kernel or a script."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .humanize import MAX_LENGTH
from .markup import escaped, isolated, isolating, tooltip
from .styles import LIVE, Skin
from .tree import MAX_VALUE, Row, filter_rows


def tree_html(rows: Iterable[Row], skin: Skin = LIVE, query: str = "") -> str:
    """Return the tree of parameters and search conditions as HTML.

    Parameters
    ----------
    rows : iterable of Row
        The sections of the tree.
    skin : Skin, default LIVE
        Class names or inline style.
    query : str, optional
        Draw only the rows that contain this text, with matches marked and parents unfolded. Default: all rows.
    """
    return _Tree(skin, query).draw(filter_rows(rows, query) if query else rows)


class _Tree:
    def __init__(self, skin: Skin, query: str) -> None:
        self._skin = skin
        self._query = query
        self._pattern = re.compile(f"({re.escape(query)})", re.IGNORECASE)
        self._marked = self._with_marks if query else isolated

    def draw(self, rows: Iterable[Row]) -> str:
        drawn = "".join(map(self._branch, rows))
        if self._query and not drawn:
            return f"<div{self._skin('nothing')}>No row contains “{isolated(self._query)}”</div>"
        return drawn

    def _branch(self, row: Row) -> str:
        skin = self._skin
        count = f" <span{skin('count')}>({isolated(row.value)})</span>"
        summary = f"<summary><b>{self._marked(row.name)}</b>{count}</summary>"
        return f"<details{_open(row)}>{summary}{self._list(row)}</details>"

    def _list(self, row: Row) -> str:
        start = row.first_number
        if start is not None:
            marked = self._marked
            values = [child.value for child in row.children]
            items = "".join([f"<li><samp{_whole(value)}>{marked(value)}</samp></li>" for value in values])
            return f'<ol{self._skin("items")} start="{start}">{items}</ol>'
        return f"<ul{self._skin('rows')}>{''.join(map(self._item, row.children))}</ul>"

    def _item(self, row: Row) -> str:
        skin = self._skin
        if not row.children:
            return f"<li{skin('row')}>{self._cells(row)}</li>"
        name = f"<span{skin('name')}{tooltip(row.description)}>{self._marked(row.name)}</span>"
        summary = f"<summary>{name}\N{EN SPACE}<span{_whole(row.value)}>{self._marked(row.value)}</span></summary>"
        return f"<li{skin('group')}><details{_open(row)}>{summary}{self._list(row)}</details></li>"

    def _cells(self, row: Row) -> str:
        name = f"<span{tooltip(row.description)}>{self._marked(row.name)}</span>"
        if not row.meaning:
            return f"{name} <samp{self._skin('alone')}{_whole(row.value)}>{self._marked(row.value)}</samp>"
        value = f"<samp{_whole(row.value)}>{self._marked(row.value)}</samp>"
        return f"{name} {value} <span{self._skin('meaning')}>{self._marked(row.meaning)}</span>"

    def _with_marks(self, text: str) -> str:
        pieces = self._pattern.split(text[:MAX_LENGTH])  # matches are at the odd places
        marked = "".join(
            f"<mark>{escaped(piece)}</mark>" if place % 2 else escaped(piece) for place, piece in enumerate(pieces)
        )
        return isolating(marked + ("…" if len(text) > MAX_LENGTH else ""))


def _open(row: Row) -> str:
    return " open" if row.is_open else ""


def _whole(value: str) -> str:
    """Return a tooltip with the full text of a value that is shown shortened."""
    return tooltip(value, MAX_VALUE) if len(value) > MAX_LENGTH else ""
