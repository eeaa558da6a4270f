"""Fields and codes of the API page in words: the page's own terms, which users know from there and from the console.

Keyed by the name of the document (the table of the page), then by field. A code is looked up by its
JSON text, so that ``3``, ``"3"`` and ``3.0`` mean the same; an unknown code has no label and is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "ExportTask": {
        "create_time": "When the task was created",
        "error_code": "Code of the failure",
        "error_msg": "The service's words on the failure",
        "export_format": "Layout of the exported directory",
        "export_params": "What was asked of this export",
        "export_type": "Which samples are exported",
        "finished_sample_count": "Samples exported so far",
        "path": "Where the export is written",
        "progress": "Share of the work that is done, in percent",
        "status": "State of the task",
        "task_id": "ID of the export task",
        "total_sample_count": "Samples to export",
        "update_time": "When the task last changed",
        "version_format": "Format of the dataset version",
        "version_id": "ID of the dataset version",
    },
    "ExportParams": {
        "clear_hard_property": "Whether hard-example marks are removed from the exported samples",
        "export_dataset_version_format": "Format of the dataset version that is exported to",
        "export_dataset_version_name": "Name of the dataset version that is exported to",
        "export_dest": "Kind of destination",
        "export_new_dataset_name": "Name of the new dataset",
        "export_new_dataset_work_path": "Working directory of the new dataset",
        "ratio_sample_usage": "Whether samples are allocated at random to a training and a validation set",
        "sample_state": "State of the samples that are exported",
        "samples": "IDs of the exported samples",
        "search_conditions": "Samples that meet any one of these conditions are exported",
        "train_sample_ratio": "Share of the samples that becomes the training set",
    },
    "SearchCondition": {
        "coefficient": "Coefficient of difficulty",
        "frame_in_video": "Frame of a video",
        "hard": "Whether the sample is a hard one",
        "import_origin": "Where the sample came from",
        "kvp": "Dosage of a CT scan",
        "label_list": "Labels of the sample",
        "labeler": "Who labeled the sample",
        "metadata": "Attributes of the sample",
        "parent_sample_id": "ID of the sample that this one was made from",
        "sample_dir": "Directory of the sample, without its subdirectories",
        "sample_name": "Name of the sample, with its extension",
        "sample_time": "When the sample was added, to the day",
        "score": "Confidence",
        "slice_thickness": "Thickness of a DICOM slice",
        "study_date": "When the DICOM scan was made",
        "time_in_video": "Moment in a video",
    },
    "SearchLabels": {
        "labels": "The labels that are searched for",
        "op": "How several labels combine",
    },
    "SearchLabel": {
        "name": "Name of the label",
        "op": "How several attributes combine",
        "property": "Attributes of the label, each with the values that match",
        "type": "Kind of label",
    },
    "SearchProp": {
        "op": "How several attributes combine",
        "props": "Attributes of the sample, each with the values that match",
    },
}
"""Document and field to a short description (Tables 2 to 7)."""

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
