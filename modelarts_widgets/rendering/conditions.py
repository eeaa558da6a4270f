"""Search conditions in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..api.models import SearchCondition, SearchLabel, SearchLabels, SearchProp
from .labels import code_label

_PREFIX = "@modelarts:"
"""Prefix of the attributes that the service defines."""

_CLAUSES = {
    "sample_name": 'with a name that contains "{}"',
    "sample_dir": "in {}",
    "labeler": "labeled by {}",
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


def condition_text(condition: SearchCondition) -> str:
    """Return a condition as a phrase: ``hard samples labeled cat or dog``."""
    subject = {"1": "hard samples", "0": "non-hard samples"}.get(condition.hard or "", "samples")
    clauses = [
        _with_labels(condition.label_list),
        _with_attributes(condition.metadata),
        code_label("SearchCondition", "sample_time", condition.sample_time),
    ]
    values = {field: getattr(condition, field) for field in _CLAUSES}
    clauses += [_CLAUSES[field].format(value) for field, value in values.items() if value not in {None, ""}]
    return " ".join([subject, ", ".join(filter(None, clauses))]).rstrip()


def _with_labels(criteria: SearchLabels | None) -> str:
    if criteria is None or not criteria.labels:
        return ""
    return "labeled " + _joined(map(_label, criteria.labels), criteria.op)


def _label(label: SearchLabel) -> str:
    attributes = _attributes(label.property, label.op)
    return f"{label.name or 'anything'} ({attributes})" if attributes else label.name or "anything"


def _with_attributes(criteria: SearchProp | None) -> str:
    attributes = _attributes(criteria.props, criteria.op) if criteria is not None else ""
    return f"with {attributes}" if attributes else ""


def _attributes(properties: Mapping[str, tuple[str, ...] | None] | None, op: str | None) -> str:
    return _joined((_attribute(*item) for item in (properties or {}).items()), op)


def _attribute(name: str, values: tuple[str, ...] | None) -> str:
    name = name.removeprefix(_PREFIX)
    return f"{name} {' or '.join(values)}" if values else f"any {name}"


def _joined(words: Iterable[str], op: str | None) -> str:
    return (" and " if op == "AND" else " or ").join(words)
