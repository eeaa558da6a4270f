from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from support import DATA

from modelarts_widgets import ExportParams, ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp
from modelarts_widgets.rendering.labels import CODES, DESCRIPTIONS, code_label, field_description

MODELS = [ExportTask, ExportParams, SearchCondition, SearchLabels, SearchLabel, SearchProp]


PAGE = {
    title: re.findall(r"^   ([a-z]\w+)  +(\S.*?)  +(\S.*)$", body, flags=re.MULTILINE)
    for title, body in re.findall(
        r"\*\*Table \d\*\* (.+)\n((?:\n|   .*\n?)*)", (DATA / "tables.rst").read_text(encoding="utf-8")
    )
}
"""The tables of the API page: title to (field, type, codes)."""
TABLES = dict(zip(PAGE, MODELS, strict=True))


def test_all_tables_of_the_page_were_read() -> None:
    assert [len(rows) for rows in PAGE.values()] == [15, 11, 16, 2, 4, 2]
    assert list(TABLES)[1:] == [model.__name__ for model in MODELS[1:]]


@pytest.mark.parametrize("table", PAGE)
def test_every_field_of_the_page_has_a_field_of_a_model_and_a_description(table: str) -> None:
    model = TABLES[table]
    assert {field for field, _, _ in PAGE[table]} == {field.name for field in dataclasses.fields(model)} - {"raw"}
    assert all(field_description(model.__name__, field) for field, _, _ in PAGE[table])


@pytest.mark.parametrize(
    ("model", "field", "code"),
    [
        (TABLES[table], field, code)
        for table in PAGE
        for field, _, codes in PAGE[table]
        for code in codes.replace("\\", "").split()
    ],
)
def test_every_code_of_the_page_has_words(model: type[Any], field: str, code: str) -> None:
    assert code_label(model.__name__, field, code)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("month", "added in the last 30 days"),
        ("day", "added since yesterday"),
        ("20190901-20190915", "added from 2019-09-01 to 2019-09-15"),
        ("20190901-2019091501", "added from 2019-09-01 to 2019091501"),
        ("soon", "added soon"),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_time_of_a_sample_is_said_in_words(value: object, words: str) -> None:
    assert code_label("SearchCondition", "sample_time", value) == words


@pytest.mark.parametrize("model", MODELS)
def test_every_field_of_a_model_is_described_and_no_other(model: type[Any]) -> None:
    assert set(DESCRIPTIONS[model.__name__]) == {field.name for field in dataclasses.fields(model)} - {"raw"}
    assert all(field_description(model.__name__, field) for field in DESCRIPTIONS[model.__name__])


def test_codes_belong_to_described_fields() -> None:
    for document, fields in CODES.items():
        assert set(fields) <= set(DESCRIPTIONS[document])


@pytest.mark.parametrize("value", [3, "3", 3.0], ids=repr)
def test_a_code_means_the_same_in_every_json_type(value: object) -> None:
    assert code_label("ExportTask", "export_type", value) == "conditional search"


@pytest.mark.parametrize("value", [9, "", None, [], {}])
def test_an_unknown_code_has_no_words(value: object) -> None:
    assert code_label("ExportTask", "export_type", value) == ""


def test_a_field_of_the_same_name_elsewhere_means_nothing_known() -> None:
    assert code_label("", "sample_time", "noon") == ""


def test_booleans_are_codes_too() -> None:
    assert code_label("ExportParams", "clear_hard_property", value=True) == "hard-example marks are removed (default)"


TERMS = {
    ("ExportTask", "export_format"): {1: "tree structure", 2: "tile structure"},
    ("ExportTask", "export_type"): {0: "labeled", 1: "unlabeled", 2: "all", 3: "conditional search"},
    ("ExportTask", "version_format"): {"Default": "default format", "CarbonData": "table datasets"},
    ("ExportParams", "export_dest"): {"DIR": "to OBS", "NEW_DATASET": "to a new dataset"},
    ("ExportParams", "ratio_sample_usage"): {True: "training and validation sets", False: "allocated"},
    ("ExportParams", "sample_state"): {
        "__ALL__": "labeled",
        "__NONE__": "not marked",
        "__UNCHECK__": "to be accepted",
        "__ACCEPTED__": "acceptance passed",  # there: The acceptance is passed.
        "__REJECTED__": "rejected",
        "__UNREVIEWED__": "to be reviewed",
        "__REVIEWED__": "approved",
        "__WORKFORCE_SAMPLED__": "sampled",
        "__WORKFORCE_SAMPLED_UNCHECK__": "sampling to be accepted",  # there: Sampling is to be accepted.
        "__WORKFORCE_SAMPLED_CHECKED__": "sampling accepted",  # there: Sampling has been accepted.
        "__WORKFORCE_SAMPLED_ACCEPTED__": "sampling passed",  # there: The sampling is passed.
        "__WORKFORCE_SAMPLED_REJECTED__": "sampling rejected",  # there: The sampling has been rejected.
        "__AUTO_ANNOTATION__": "to be confirmed",
    },
    ("SearchCondition", "hard"): {0: "non-hard sample", 1: "hard sample"},
    ("SearchLabel", "type"): {
        0: "image classification",
        1: "object detection",
        3: "image segmentation",
        100: "text classification",
        101: "named entity recognition",
        102: "text triplet relationship",
        103: "text triplet entity",
        200: "sound classification",
        201: "speech content",
        202: "speech paragraph labeling",
        600: "video labeling",
    },
}
"""Terms of Tables 2, 3, 4 and 6 of *Querying the Status of a Dataset Export Task*; sentences are cut to their terms."""
STATUSES = {"INIT": "initialized", "RUNNING": "running", "SUCCESSED": "completed", "FAILED": "failed"}
"""From *Creating a Dataset Export Task*, the one page that lists them."""


@pytest.mark.parametrize(
    ("document", "field", "code", "term"),
    [(*place, code, term) for place, terms in TERMS.items() for code, term in terms.items()]
    + [("ExportTask", "status", code, term) for code, term in STATUSES.items()],
)
def test_a_code_is_spelled_with_the_terms_of_the_page(document: str, field: str, code: object, term: str) -> None:
    assert term in code_label(document, field, code)
