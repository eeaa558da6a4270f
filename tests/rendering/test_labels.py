from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from support import DATA

from modelarts_widgets import ExportParams, ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp
from modelarts_widgets.rendering.labels import CODES, DESCRIPTIONS, describe, meaning

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
    assert all(describe(model.__name__, field) for field, _, _ in PAGE[table])


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
    assert meaning(model.__name__, field, code)


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
    assert meaning("SearchCondition", "sample_time", value) == words


@pytest.mark.parametrize("model", MODELS)
def test_every_field_of_a_model_is_described_and_no_other(model: type[Any]) -> None:
    assert set(DESCRIPTIONS[model.__name__]) == {field.name for field in dataclasses.fields(model)} - {"raw"}
    assert all(describe(model.__name__, field) for field in DESCRIPTIONS[model.__name__])


def test_codes_belong_to_described_fields() -> None:
    for document, fields in CODES.items():
        assert set(fields) <= set(DESCRIPTIONS[document])


@pytest.mark.parametrize("value", [3, "3", 3.0], ids=repr)
def test_a_code_means_the_same_in_every_json_type(value: object) -> None:
    assert meaning("ExportTask", "export_type", value) == "samples that meet the search conditions"


@pytest.mark.parametrize("value", [9, "", None, [], {}])
def test_an_unknown_code_has_no_words(value: object) -> None:
    assert meaning("ExportTask", "export_type", value) == ""


def test_a_field_of_the_same_name_elsewhere_means_nothing_known() -> None:
    assert meaning("", "sample_time", "noon") == ""


def test_booleans_are_codes_too() -> None:
    assert meaning("ExportParams", "clear_hard_property", value=True) == "marks are removed (default)"
