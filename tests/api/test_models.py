from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime, timezone
from typing import Any

import pytest
from support import DATA, EXAMPLE

from modelarts_widgets import ExportFailedError, ExportParams, ExportTask, SearchCondition, SearchLabel


def test_the_documented_example_is_read_whole() -> None:
    task = ExportTask.from_json(EXAMPLE)
    assert task.task_id == "TZMuy7OKbClkGCAc3gb"
    assert (task.status, task.progress, task.export_type, task.export_format) == ("RUNNING", 0.0, 3, 2)
    assert task.created_at == datetime(2020, 11, 23, 3, 50, 24, 662_000, timezone.utc)
    assert task.updated_at == datetime(2020, 11, 23, 3, 51, 34, 124_000, timezone.utc)
    assert task.obs_uri == "obs://test-obs/daoChu/"
    assert task.export_params == ExportParams.from_json(EXAMPLE["export_params"])
    assert task.raw == EXAMPLE
    assert repr(task) == "<ExportTask TZMuy7OKbClkGCAc3gb RUNNING>"


def test_the_documented_list_shows_two_exports_that_succeeded() -> None:
    documents = json.loads((DATA / "list_succeeded.json").read_text())["export_tasks"]
    for task in map(ExportTask.from_json, documents):
        assert (task.is_done, task.succeeded, task.failed, task.fraction) == (True, True, False, 1.0)
        assert (task.finished_sample_count, task.total_sample_count) == (20, 20)


@pytest.mark.parametrize("model", [ExportTask, ExportParams, SearchCondition, SearchLabel])
@pytest.mark.parametrize(
    "value", [None, True, -1, 1.5, math.nan, 10**400, "x", "", [], [[]], [1, None, {}], {}, {"a": 1}]
)
def test_no_value_of_any_type_breaks_a_document(model: type[Any], value: object) -> None:
    names = [field.name for field in dataclasses.fields(model)]
    document = model.from_json(dict.fromkeys(names, value))
    assert document.raw == dict.fromkeys(names, value)
    assert isinstance(repr(document), str)


def test_equal_documents_are_equal_tasks_with_equal_hashes() -> None:
    one, other = ExportTask.from_json(EXAMPLE), ExportTask.from_json(json.loads(json.dumps(EXAMPLE)))
    assert one == other
    assert hash(one) == hash(other)
    assert one != ExportTask.from_json(EXAMPLE | {"clear_difficult": False})


@pytest.mark.parametrize(
    ("field", "sent", "read"),
    [
        ("export_type", "3", 3),
        ("export_type", 3.0, 3),
        ("export_type", 3.5, None),
        ("export_type", True, None),
        ("progress", "42.5", 42.5),
        ("progress", 42, 42.0),
        ("progress", math.inf, None),
        ("progress", "soon", None),
        ("task_id", 7, "7"),
        ("task_id", ["7"], None),
    ],
)
def test_values_of_another_type_are_converted_where_nothing_is_lost(field: str, sent: object, read: object) -> None:
    assert getattr(ExportTask.from_json({field: sent}), field) == read


@pytest.mark.parametrize(("sent", "read"), [("1.00", 1.0), (1.0, 1.0), (0.8, 0.8), ("", None)])
def test_the_ratio_is_a_number_whether_sent_as_text_or_not(sent: object, read: float | None) -> None:
    assert ExportParams.from_json({"train_sample_ratio": sent}).train_sample_ratio == read


@pytest.mark.parametrize(("sent", "read"), [(True, True), ("true", True), ("False", False), (1, None), ("", None)])
def test_booleans_are_read_from_words(sent: object, read: bool | None) -> None:  # noqa: FBT001 - a table of booleans
    assert ExportParams.from_json({"clear_hard_property": sent}).clear_hard_property is read


def test_labels_and_their_attributes_are_read_in_depth() -> None:
    condition = SearchCondition.from_json(
        {"label_list": {"op": "AND", "labels": [{"name": "cat", "property": {"color": ["red"], "any": None}}, "stray"]}}
    )
    assert condition.label_list is not None
    assert condition.label_list.op == "AND"
    (label,) = condition.label_list.labels or ()
    assert (label.name, label.property) == ("cat", {"color": ("red",), "any": None})


@pytest.mark.parametrize(
    ("document", "fraction"),
    [
        ({}, None),
        ({"progress": 0.0}, None),
        ({"progress": 0.0, "finished_sample_count": 0, "total_sample_count": 20}, 0.0),
        ({"progress": 42.0}, 0.42),
        ({"progress": 42.0, "finished_sample_count": 1, "total_sample_count": 20}, 0.42),
        ({"finished_sample_count": 5, "total_sample_count": 20}, 0.25),
        ({"finished_sample_count": 10**400, "total_sample_count": 1}, None),
        ({"finished_sample_count": -(10**400), "total_sample_count": 10**400}, None),
        ({"finished_sample_count": -1, "total_sample_count": 20}, None),
        ({"finished_sample_count": 2**52, "total_sample_count": 2**53}, 0.5),
        ({"finished_sample_count": 1, "total_sample_count": 2**53 + 1}, None),
        ({"finished_sample_count": 25, "total_sample_count": 20}, 1.0),
        ({"finished_sample_count": 0, "total_sample_count": 0}, None),
        ({"progress": 250.0}, 1.0),
        ({"progress": -5.0}, 0.0),
    ],
)
def test_the_share_is_never_a_number_that_the_service_did_not_give(document: dict[str, Any], fraction: object) -> None:
    assert ExportTask.from_json(document).fraction == fraction


@pytest.mark.parametrize("status", ["INIT", "RUNNING", "successed", "COMPLETED", "", None])
def test_only_the_two_final_words_are_final(status: str | None) -> None:
    task = ExportTask.from_json({"status": status, "error_code": "ModelArts.4904"})
    assert not task.is_done
    assert task.status == status
    task.raise_for_status()


def test_a_failed_task_raises_with_the_words_of_the_service() -> None:
    task = ExportTask.from_json(
        {"task_id": "t", "status": "FAILED", "error_code": "ModelArts.4401", "error_msg": "full"}
    )
    with pytest.raises(ExportFailedError, match=r'Export t failed: the service says "full" \(ModelArts\.4401\)'):
        task.raise_for_status()


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/b/d/", "obs://b/d/"),
        ("obs://b/d/", "obs://b/d/"),
        ("s3://b/d/", "obs://b/d/"),
        ("b/d", "obs://b/d"),
        ("", None),
    ],
)
def test_the_path_is_an_obs_address_in_any_of_its_forms(path: str, uri: str | None) -> None:
    assert ExportTask.from_json({"path": path}).obs_uri == uri


@pytest.mark.parametrize("milliseconds", [10**30, -(10**30)])
def test_a_time_that_no_calendar_has_is_no_time(milliseconds: int) -> None:
    assert ExportTask.from_json({"create_time": milliseconds}).created_at is None


def test_a_task_at_the_end_of_a_cell_shows_its_card() -> None:
    bundle = ExportTask.from_json(EXAMPLE)._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "text/html"}
    assert all("TZMuy7OKbClkGCAc3gb" in drawn for drawn in bundle.values())


def test_a_repr_can_be_printed_whatever_the_service_sends() -> None:
    repr(
        ExportTask.from_json({"task_id": "\ud800", "finished_sample_count": 10**400, "total_sample_count": 1})
    ).encode()


def test_a_task_becomes_a_dictionary_for_json() -> None:
    document = ExportTask.from_json(EXAMPLE).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["task_id"], document["create_time"]) == ("TZMuy7OKbClkGCAc3gb", EXAMPLE["create_time"])
    assert document["created_at"] == "2020-11-23T03:50:24.662000+00:00"
    assert document["error_msg"] is None, "declared, but not sent"
    assert document["export_params"]["train_sample_ratio"] == 1.0, "in the declared type"


def test_a_dictionary_has_undeclared_keys_at_every_level() -> None:
    condition = {"hard": 1, "novel": [1, {"a": None}]}
    sent = {"colour": "red", "export_params": {"shade": {"b": True}, "search_conditions": [condition]}}
    document = ExportTask.from_json(sent).to_dict()
    (read,) = document["export_params"]["search_conditions"]
    assert (document["colour"], document["export_params"]["shade"]) == ("red", {"b": True})
    assert (read["hard"], read["novel"]) == ("1", [1, {"a": None}])


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("name", ["status", "path", "export_params", "create_time", "colour"])
@pytest.mark.parametrize(
    "value",
    [math.nan, -math.inf, 10**400, 10**9_000, "\ud800", "\x1b[2J\x00", {"\udfff": "\ud83d\ude00"}, deep(5_000), {1: 2}],
    ids=["nan", "infinity", "long", "too long", "surrogate", "controls", "keys", "deep", "number as key"],
)
def test_every_document_goes_through_json_and_a_file(name: str, value: object) -> None:
    document = ExportTask.from_json(EXAMPLE | {name: value}).to_dict()
    for ensure_ascii in (True, False):
        written = json.dumps(document, allow_nan=False, ensure_ascii=ensure_ascii)
        assert json.loads(written.encode()) == document
