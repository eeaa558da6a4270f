from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from modelarts_widgets import ExportParams, ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp
from modelarts_widgets.vocabulary import CODES, DESCRIPTIONS, describe, meaning

MODELS = [ExportTask, ExportParams, SearchCondition, SearchLabels, SearchLabel, SearchProp]


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


def test_booleans_are_codes_too() -> None:
    assert meaning("ExportParams", "clear_hard_property", value=True) == "marks are removed (default)"
