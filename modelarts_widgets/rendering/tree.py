"""An export task as a tree of rows, and the filter over them.

The tree leaves out the fields that change while an export runs (status, progress, counts, times): the card shows
those, and the tree need not be drawn again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from ..api.models import ExportTask, SearchCondition
from .conditions import condition_text
from .humanize import MAX_LENGTH
from .labels import DESCRIPTIONS, code_label, field_description
from .markup import drawn_size

MAX_DEPTH = 20
"""Levels drawn below a section; deeper ones are in ``task.raw``."""
MAX_ROWS = 20_000
"""Rows drawn of one task. Where rows are left out, a line says how many, and where they can be found."""
MAX_BYTES = 1_000_000
"""Bytes drawn of one task, after escaping and without the markup around them; likewise."""
MAX_VALUE = 2_000
"""Characters of one value that its tooltip shows."""
GROUP = 100
"""Elements of a long list in one branch."""

_ON_THE_CARD = frozenset(
    {
        *("create_time", "error_code", "error_msg", "finished_sample_count", "progress"),
        *("status", "task_id", "total_sample_count", "update_time"),
    }
)
_VALUES, _UNDECLARED = "values", ""
_NESTED = {
    ("SearchCondition", "label_list"): "SearchLabels",
    ("SearchCondition", "metadata"): "SearchProp",
    ("SearchLabels", "labels"): "SearchLabel",
    ("SearchLabel", "property"): _VALUES,
    ("SearchProp", "props"): _VALUES,
}
_TYPED = frozenset({"samples", "search_conditions"})


class Row(NamedTuple):
    """One line of the tree. Its strings are neither shortened nor escaped."""

    name: str
    """Field name, or number of a list element, from 1 so that the last one is the count."""
    value: str = ""
    """The value as text; a summary of the children for a branch."""
    meaning: str = ""
    """The value in words, if the API documentation explains it."""
    description: str = ""
    """Purpose of the field."""
    children: tuple[Row, ...] = ()
    is_open: bool = False
    """Whether a branch starts unfolded."""

    @property
    def first_number(self) -> int | None:
        """Number of the first child if all children are plain values with consecutive numbers, otherwise ``None``."""
        start = self.children[0].name if self.children else ""
        if not (start.isdecimal() and len(start) <= len(str(MAX_ROWS))):
            return None
        first = int(start)
        names = list(map(str, range(first, first + len(self.children))))
        has_more = any(row.children or row.meaning for row in self.children)
        return None if has_more or [row.name for row in self.children] != names else first


def task_tree(task: ExportTask, max_rows: int = MAX_ROWS) -> tuple[Row, ...]:
    """Return a task as sections of rows: export parameters, search conditions, and the rest of the task.

    Parameters
    ----------
    task : ExportTask
        The task, of any size.
    max_rows : int, default MAX_ROWS
        Most rows to return, not counting ranges and lines on omitted rows. A large section leaves room for the others.
    """
    rest = _lasting(task)
    plain = dict(rest.pop("export_params")) if isinstance(rest.get("export_params"), dict) else {}
    is_listed = isinstance(plain.get("search_conditions"), list) and plain["search_conditions"]
    conditions = plain.pop("search_conditions") if is_listed else []
    layout = _Layout(max_rows)
    # The section that is likely to be the largest comes last: it gets the room that the others leave.
    other = layout.share(3, lambda: _section("Task", layout.fields("ExportTask", rest)))
    searched = layout.share(2, lambda: layout.conditions(conditions))
    params = _section("Export parameters", layout.fields("ExportParams", plain))
    return tuple(section for section in (params, searched, other) if section.children)


def same_tree(one: ExportTask, other: ExportTask) -> bool:
    """Return whether two tasks have the same tree, without building either."""
    try:
        return _lasting(one) == _lasting(other)
    except RecursionError:  # too deeply nested to compare
        return False


def size(rows: Iterable[Row]) -> int:
    """Return the number of rows, including those in branches."""
    return sum(1 + size(row.children) for row in rows)


def filter_rows(rows: Iterable[Row], query: str) -> tuple[Row, ...]:
    """Return the rows that contain a text, ignoring case, with their children and with their parents unfolded."""
    return tuple(_matching(rows, re.compile(re.escape(query), re.IGNORECASE)))


def _matching(rows: Iterable[Row], pattern: re.Pattern[str]) -> Iterator[Row]:
    for row in rows:
        inside = tuple(_matching(row.children, pattern))
        if inside:
            yield row._replace(children=inside, is_open=True)
        elif any(map(pattern.search, (row.name, row.value, row.meaning))):
            yield row


def _lasting(task: ExportTask) -> dict[str, Any]:
    """Return what the card does not show, such as a count that cannot be meant."""
    finished, total = task.sample_counts
    counts = {"finished_sample_count": finished, "total_sample_count": total}
    odd = {name for name, count in counts.items() if count is None and getattr(task, name) is not None}
    return {name: value for name, value in task.raw.items() if name not in _ON_THE_CARD or name in odd}


def _section(name: str, children: tuple[Row, ...]) -> Row:
    return Row(name, str(len(children)), children=children)


class _Layout:
    """Turns JSON into rows, up to a number of rows and drawn bytes."""

    def __init__(self, rows: int) -> None:
        self._rows, self._bytes = rows, MAX_BYTES

    def share(self, parts: int, draw: Callable[[], Row]) -> Row:
        """Call a function with 1/`parts` of the remaining room, and return its row."""
        rows, size_left = self._rows, self._bytes
        self._rows, self._bytes = rows // parts, size_left // parts
        spared = rows - self._rows, size_left - self._bytes
        drawn = draw()
        self._rows, self._bytes = self._rows + spared[0], self._bytes + spared[1]
        return drawn

    def conditions(self, documents: list[Any]) -> Row:
        value = f"{len(documents):,}, any may match" if len(documents) > 1 else str(len(documents))
        rows = (self._condition(str(number), document) for number, document in enumerate(documents, 1))
        children = self._elements(rows, len(documents), "search_conditions")
        return Row("Search conditions", value, children=children, is_open=True)

    def fields(self, document: str, raw: Mapping[str, object], depth: int = 0) -> tuple[Row, ...]:
        """Return rows for the documented fields, in their documented order, then for the others as received."""
        declared = [name for name in DESCRIPTIONS.get(document, ()) if name in raw]
        names = list(dict.fromkeys(chain(declared, raw)))
        small_first = sorted(names, key=lambda name: _length(raw[name]))
        rows = self._within_room((self._row(document, name, raw[name], depth) for name in small_first), len(names))
        drawn = dict(zip(small_first, rows, strict=False))
        return _with_rest([drawn[name] for name in names if name in drawn], len(names), "")

    def _condition(self, name: str, document: object) -> Row:
        if not isinstance(document, dict):
            return self._row(_UNDECLARED, name, document)
        words = condition_text(SearchCondition.from_json(document))
        return Row(name, words, children=self.fields("SearchCondition", document))

    def _row(self, document: str, name: str, value: object, depth: int = 0) -> Row:
        description = field_description(document, name)
        if document == _VALUES and isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            return Row(name, " or ".join(value), description=description)
        if isinstance(value, (dict, list)) and value:
            children = self._inside(document, name, value, depth + 1)
            return Row(name, _count(value), "" if children else "in task.raw", description, children)
        if value in ("", [], {}):
            return Row(name, meaning="(not set)", description=description)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return Row(name, text, code_label(document, name, value) or _any_value(document, value), description)

    def _inside(self, document: str, name: str, value: dict[str, Any] | list[Any], depth: int) -> tuple[Row, ...]:
        if depth > MAX_DEPTH:
            return (Row("…", meaning="deeper levels are in task.raw"),)
        inner = _NESTED.get((document, name), _UNDECLARED)
        if isinstance(value, dict):
            return self.fields(inner, value, depth)
        rows = (
            Row(str(number), element)  # why not `_element` for all? Long lists are mostly texts
            if element and isinstance(element, str)
            else self._element(inner, str(number), element, depth)
            for number, element in enumerate(value, 1)
        )
        return self._elements(rows, len(value), name if document == "ExportParams" else "")

    def _element(self, document: str, name: str, value: object, depth: int) -> Row:
        if document not in DESCRIPTIONS or not isinstance(value, dict):
            return self._row(_UNDECLARED, name, value, depth)
        title = value.get("name")
        return Row(
            name, title if isinstance(title, str) else _count(value), children=self.fields(document, value, depth)
        )

    def _elements(self, rows: Iterator[Row], count: int, name: str) -> tuple[Row, ...]:
        """Return the elements of a list, in ranges if it is long."""
        shown = _with_rest(self._within_room(rows, count), count, name)
        if len(shown) <= GROUP:
            return shown
        groups = (shown[first : first + GROUP] for first in range(0, len(shown), GROUP))
        return tuple(_range(group, 1 + GROUP * number) for number, group in enumerate(groups))

    def _within_room(self, rows: Iterator[Row], count: int) -> list[Row]:
        """Return as many rows as there is room for. Rows of one level are counted before their children."""
        reserved, shown = min(count, self._rows), list[Row]()
        self._rows -= reserved
        while len(shown) < reserved and self._bytes > 0:
            row = next(rows)
            self._bytes -= _drawn_size(row)
            shown.append(row)
        self._rows += reserved - len(shown)
        return shown


def _drawn_size(row: Row) -> int:
    whole = drawn_size(row.value, MAX_VALUE) if len(row.value) > MAX_LENGTH else 0  # the tooltip beside the short form
    return whole + sum(map(drawn_size, row[:4]))


def _with_rest(rows: list[Row], count: int, name: str) -> tuple[Row, ...]:
    """Return rows and, if only some fit, a last one with the number of omitted rows and where to find them."""
    if len(rows) in {0, count}:
        return tuple(rows)
    where = f"task.export_params.{name}" if name in _TYPED else "task.raw"
    return *rows, Row("…", f"{count - len(rows):,} more", f"in {where}")


def _length(value: object) -> int:
    return len(value) if isinstance(value, (str, list, dict)) else 0


def _range(rows: tuple[Row, ...], first: int) -> Row:
    numbered = len(rows) - (rows[-1].name == "…")
    if numbered == 0:
        return rows[0]
    return Row(f"{first}–{first + numbered - 1}", children=rows)  # noqa: RUF001 - a range has an en dash


def _any_value(document: str, value: object) -> str:
    return "any value" if value is None and document == _VALUES else ""


def _count(value: dict[str, Any] | list[Any]) -> str:
    noun = "field" if isinstance(value, dict) else "item"
    return f"{len(value):,} {noun}{'' if len(value) == 1 else 's'}"
