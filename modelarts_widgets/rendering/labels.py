"""Fields and codes of the API page in words: the page's own terms, which users know from there and from the console.

Keyed by the name of the document (the table of the page), then by field. A code is looked up by its
JSON text, so that ``3``, ``"3"`` and ``3.0`` mean the same; an unknown code has no label and is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from ..api.models import ExportParams, ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp

_DOCUMENTS = (ExportTask, ExportParams, SearchCondition, SearchLabels, SearchLabel, SearchProp)
DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    document.__name__: {field.name: field.metadata["about"] for field in fields(document) if field.metadata}
    for document in _DOCUMENTS
}
"""Document and field to its description, in the order of the page; declared with the fields in `api.models`."""

_ALL_OR_ANY = {"AND": "all must match", "OR": "any may match"}

CODES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "ExportTask": {
        "export_format": {
            "1": "tree structure, a directory for each label",
            "2": "tile structure, samples and labels side by side",
        },
        "export_type": {
            "0": "labeled samples",
            "1": "unlabeled samples",
            "2": "all samples",
            "3": "conditional search",
        },
        "status": {
            "INIT": "initialized",
            "RUNNING": "running",
            "SUCCESSED": "completed",
            "FAILED": "failed",
        },
        "version_format": {
            "Default": "default format",
            "CarbonData": "CarbonData, for table datasets only",
            "CSV": "comma-separated values",
        },
    },
    "ExportParams": {
        "clear_hard_property": {
            "true": "hard-example marks are removed (default)",
            "false": "hard-example marks are kept",
        },
        "export_dest": {"DIR": "to OBS (default)", "NEW_DATASET": "to a new dataset"},
        "ratio_sample_usage": {
            "true": "training and validation sets are allocated at random",
            "false": "no training and validation sets are allocated (default)",
        },
        "sample_state": {
            "__ALL__": "labeled",
            "__NONE__": "not marked",
            "__UNCHECK__": "to be accepted",
            "__ACCEPTED__": "acceptance passed",
            "__REJECTED__": "rejected",
            "__UNREVIEWED__": "to be reviewed",
            "__REVIEWED__": "approved",
            "__WORKFORCE_SAMPLED__": "sampled",
            "__WORKFORCE_SAMPLED_UNCHECK__": "sampling to be accepted",
            "__WORKFORCE_SAMPLED_CHECKED__": "sampling accepted",
            "__WORKFORCE_SAMPLED_ACCEPTED__": "sampling passed",
            "__WORKFORCE_SAMPLED_REJECTED__": "sampling rejected",
            "__AUTO_ANNOTATION__": "to be confirmed",
        },
        "train_sample_ratio": {"1": "all samples are in the training set (default)"},
    },
    "SearchCondition": {
        "hard": {"0": "non-hard sample", "1": "hard sample"},
        "sample_time": {"month": "added in the last 30 days", "day": "added since yesterday"},
    },
    "SearchLabels": {"op": _ALL_OR_ANY},
    "SearchLabel": {
        "op": _ALL_OR_ANY,
        "type": {
            "0": "image classification",
            "1": "object detection",
            "3": "image segmentation",
            "100": "text classification",
            "101": "named entity recognition",
            "102": "text triplet relationship",
            "103": "text triplet entity",
            "200": "sound classification",
            "201": "speech content",
            "202": "speech paragraph labeling",
            "600": "video labeling",
        },
    },
    "SearchProp": {"op": _ALL_OR_ANY},
}
"""Document, field and code to its label."""


def field_description(document: str, field: str) -> str:
    """Return what a field is for; empty for a field that the page does not declare."""
    return DESCRIPTIONS.get(document, {}).get(field, "")


def code_label(document: str, field: str, value: object) -> str:
    """Return what a value means; empty where the page lists no such code."""
    label = CODES.get(document, {}).get(field, {}).get(_code(value), "")
    if not label and (document, field) == ("SearchCondition", "sample_time") and isinstance(value, str):
        return _period(value)
    return label


def _period(text: str) -> str:
    """Return a range such as ``20190901-20190915`` in words; the page's own example has ten digits for a day."""
    first, dash, last = text.partition("-")
    if not dash:
        return f"added {text}" if text else ""
    return f"added from {_day(first)} to {_day(last)}"


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == len("yyyyMMdd") and text.isdecimal() else text


def _code(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
