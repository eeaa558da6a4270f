"""A task as a tree of rows, and its search conditions in plain words. Pure: task in, rows out.

The tree holds what stays the same while an export runs. What moves (status, progress, counts,
times of change) is on the card itself, so that the tree need not be drawn again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .models import ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp
from .vocabulary import DESCRIPTIONS, describe, meaning

MAX_DEPTH = 20
"""Levels below a section that are drawn; deeper ones stay in ``task.raw``."""

_ON_THE_CARD = frozenset(
    {
        *("create_time", "error_code", "error_msg", "export_params", "finished_sample_count", "progress"),
        *("status", "task_id", "total_sample_count", "update_time"),
    }
)
_VALUES = "values"
_NESTED = {
    ("SearchCondition", "label_list"): "SearchLabels",
    ("SearchCondition", "metadata"): "SearchProp",
    ("SearchLabels", "labels"): "SearchLabel",
    ("SearchLabel", "property"): _VALUES,
    ("SearchProp", "props"): _VALUES,
}
_UNDECLARED = ""


class Row(NamedTuple):
    """One line of the tree. All strings are plain text as the service sent it, not escaped."""

    name: str
    """Field name, or the number of an element."""
    value: str = ""
    """The value as text; for a branch, what it holds."""
    meaning: str = ""
    """The value in words, where the API page gives any."""
    description: str = ""
    """What the field is for."""
    children: tuple[Row, ...] = ()
    is_open: bool = False
    """Whether a branch starts unfolded."""


def outline(task: ExportTask) -> tuple[Row, ...]:
    """Lay out a task as its sections: export parameters, search conditions, and the rest of the task."""
    params = task.raw.get("export_params")
    plain = dict(params) if isinstance(params, dict) else {}
    conditions = plain.pop("search_conditions") if isinstance(plain.get("search_conditions"), list) else []
    rest = {name: value for name, value in task.raw.items() if name not in _ON_THE_CARD}
    sections = [
        _section("Export parameters", _rows("ExportParams", plain)),
        _conditions(conditions),
        _section("Task", _rows("ExportTask", rest)),
    ]
    return tuple(section for section in sections if section.children)


def sentence(condition: SearchCondition) -> str:
    """Say in plain words which samples a condition finds."""
    subject = {"1": "hard samples", "0": "samples that are not hard"}.get(condition.hard or "", "samples")
    clauses = [_labelled(condition.label_list), _with_attributes(condition.metadata), _added(condition.sample_time)]
    clauses += [words.format(value) for field, words in _CLAUSES.items() if (value := getattr(condition, field))]
    return " ".join([subject, ", ".join(filter(None, clauses))]).rstrip()


_CLAUSES = {
    "sample_name": 'with a name that contains "{}"',
    "sample_dir": "in {}",
    "labeler": "labelled by {}",
    "score": "with confidence {}",
    "coefficient": "with difficulty {}",
    "import_origin": "from source {}",
    "parent_sample_id": "made from sample {}",
    "frame_in_video": "at video frame {}",
    "time_in_video": "at video time {}",
    "kvp": "with CT dosage {}",
    "slice_thickness": "with slice thickness {}",
    "study_date": "scanned {}",
}


def _section(name: str, children: tuple[Row, ...]) -> Row:
    return Row(name, str(len(children)), children=children)


def _conditions(documents: list[Any]) -> Row:
    value = f"{len(documents)}, any may match" if len(documents) > 1 else str(len(documents))
    children = tuple(_condition(str(number), document) for number, document in enumerate(documents, 1))
    return Row("Search conditions", value, children=children, is_open=True)


def _condition(name: str, document: object) -> Row:
    if not isinstance(document, dict):
        return _row(_UNDECLARED, name, document)
    return Row(name, sentence(SearchCondition.from_json(document)), children=_rows("SearchCondition", document))


def _rows(document: str, raw: Mapping[str, object], depth: int = 0) -> tuple[Row, ...]:
    """Lay out declared fields in the page's order, then undeclared ones as they came."""
    declared = [name for name in DESCRIPTIONS.get(document, ()) if name in raw]
    names = declared + [name for name in raw if name not in declared]
    return tuple(_row(document, name, raw[name], depth) for name in names)


def _row(document: str, name: str, value: object, depth: int = 0) -> Row:
    description = describe(document, name)
    if document == _VALUES and isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return Row(name, " or ".join(value), description=description)
    if isinstance(value, (dict, list)) and value:
        return Row(name, _size(value), description=description, children=_children(document, name, value, depth + 1))
    if value == "":
        return Row(name, meaning="empty", description=description)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Row(name, text, meaning(document, name, value) or _any_value(document, value), description)


def _children(document: str, name: str, value: dict[str, Any] | list[Any], depth: int) -> tuple[Row, ...]:
    if depth > MAX_DEPTH:
        return (Row("…", meaning="deeper levels are in task.raw"),)
    inner = _NESTED.get((document, name), _UNDECLARED)
    if isinstance(value, dict):
        return _rows(inner, value, depth)
    elements = enumerate(value, 1)
    if inner in DESCRIPTIONS:
        return tuple(_element(inner, str(number), element, depth) for number, element in elements)
    return tuple(_row(inner, str(number), element, depth) for number, element in elements)


def _element(document: str, name: str, value: object, depth: int) -> Row:
    """Lay out one object of a list under the name it carries itself."""
    if not isinstance(value, dict):
        return _row(_UNDECLARED, name, value, depth)
    return Row(name, str(value.get("name", _size(value))), children=_rows(document, value, depth))


def _any_value(document: str, value: object) -> str:
    return "any value" if value is None and document == _VALUES else ""


def _size(value: dict[str, Any] | list[Any]) -> str:
    noun = "field" if isinstance(value, dict) else "item"
    return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"


def _labelled(found: SearchLabels | None) -> str:
    if found is None or not found.labels:
        return ""
    return "labelled " + _joined(map(_label, found.labels), found.op)


def _label(label: SearchLabel) -> str:
    attributes = _attributes(label.property, label.op)
    return f"{label.name or 'anything'} ({attributes})" if attributes else label.name or "anything"


def _with_attributes(found: SearchProp | None) -> str:
    attributes = _attributes(found.props, found.op) if found is not None else ""
    return f"with {attributes}" if attributes else ""


def _attributes(properties: Mapping[str, tuple[str, ...] | None] | None, op: str | None) -> str:
    return _joined((_attribute(*item) for item in (properties or {}).items()), op)


def _attribute(name: str, values: tuple[str, ...] | None) -> str:
    return f"{name} {' or '.join(values)}" if values else f"any {name}"


def _joined(words: Iterable[str], op: str | None) -> str:
    return (" and " if op == "AND" else " or ").join(words)


def _added(when: str | None) -> str:
    if not when:
        return ""
    return meaning("SearchCondition", "sample_time", when) or f"added {_days(when)}"


def _days(when: str) -> str:
    first, dash, last = when.partition("-")
    return f"from {_day(first)} to {_day(last)}" if dash else when


def _day(text: str) -> str:
    """Spell ``20190901`` as ``2019-09-01``; leave anything else, such as the page's own ten digits, as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text  # noqa: PLR2004
