from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support import EXAMPLE

from modelarts_widgets import ExportTask, SearchCondition
from modelarts_widgets.rendering import Card, card_html, card_text, tree_html
from modelarts_widgets.rendering.conditions import condition_text
from modelarts_widgets.rendering.tree import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ROWS,
    MAX_VALUE,
    Row,
    filter_rows,
    same_tree,
    size,
    task_tree,
)

CONDITIONS = [{"hard": "1"}, {"hard": "0"}]


def of(**document: Any) -> dict[str, Row]:  # noqa: ANN401 - any JSON
    return {row.name: row for row in task_tree(ExportTask.from_json(document))}


def of_params(**params: Any) -> dict[str, Row]:  # noqa: ANN401 - any JSON
    return {row.name: row for row in of(export_params=params)["Export parameters"].children}


def leaves(rows: tuple[Row, ...]) -> Iterator[Row]:
    for row in rows:
        yield from leaves(row.children) if row.children else [row]


def test_the_documented_example_has_its_parameters_and_the_rest_of_the_task() -> None:
    params, task = task_tree(ExportTask.from_json(EXAMPLE))
    assert [(row.name, row.value, row.meaning) for row in params.children] == [
        ("clear_hard_property", "true", "hard-example marks are removed (default)"),
        ("export_dest", "DIR", "to OBS (default)"),
        ("ratio_sample_usage", "false", "no training and validation sets are allocated (default)"),
        ("sample_state", "", "(not set)"),
        ("train_sample_ratio", "1.0", "all samples are in the training set (default)"),
    ]
    assert [row.name for row in task.children] == ["export_format", "export_type", "path", "version_format"]


def test_what_moves_while_an_export_runs_leaves_the_tree_alone() -> None:
    later = {"status": "SUCCESSED", "progress": 100.0, "update_time": 1, "finished_sample_count": 20, "error_msg": ""}
    assert task_tree(ExportTask.from_json(EXAMPLE)) == task_tree(ExportTask.from_json(EXAMPLE | later))


def test_undeclared_keys_are_shown_after_the_declared_ones() -> None:
    assert list(of_params(clear_difficult=False, samples=["a"])) == ["samples", "clear_difficult"]
    assert of_params(clear_difficult=False)["clear_difficult"].value == "false"


def test_every_scalar_of_a_document_is_a_leaf() -> None:
    document = {"export_params": {"a": {"b": ["c", {"d": 1.5}]}, "samples": ["x", "y"], "null": None}, "zzz": [[True]]}
    assert [row.value for row in leaves(task_tree(ExportTask.from_json(document)))] == [*"xyc", "1.5", "null", "true"]


@pytest.mark.parametrize("odd", [7, "text", None, [], ["odd"]], ids=repr)
def test_parameters_that_are_no_object_are_still_shown(odd: object) -> None:
    assert [row.name for row in of(export_params=odd)["Task"].children] == ["export_params"]


@pytest.mark.parametrize("odd", [7, "text", None, {}, {"hard": "1"}, []], ids=repr)
def test_conditions_that_are_no_list_or_none_are_still_shown(odd: object) -> None:
    assert list(of_params(search_conditions=odd)) == ["search_conditions"]


@pytest.mark.parametrize("empty", ["", [], {}], ids=repr)
def test_what_is_empty_is_shown_as_not_set(empty: object) -> None:
    assert of_params(samples=empty)["samples"] == Row("samples", "", "(not set)", "IDs of the exported samples")


def test_several_conditions_are_alternatives() -> None:
    row = of(export_params={"search_conditions": [{"hard": "1"}, {"hard": "0"}, "odd"]})["Search conditions"]
    assert row.value == "3, any may match"
    assert [child.value for child in row.children] == ["hard samples", "non-hard samples", "odd"]


def test_labels_go_by_their_names_and_attributes_by_their_values() -> None:
    labels = {"labels": [{"name": "cat", "type": 1, "property": {"color": ["red", "blue"], "tail": None}}, {}]}
    (condition,) = of(export_params={"search_conditions": [{"label_list": labels}]})["Search conditions"].children
    assert [(row.name, row.value, row.meaning) for row in leaves(condition.children)] == [
        ("name", "cat", ""),
        ("color", "red or blue", ""),
        ("tail", "null", "any value"),
        ("type", "1", "object detection"),
        ("2", "0 fields", ""),
    ]


def test_a_long_list_is_folded_into_ranges_that_tell_the_numbers() -> None:
    samples = of_params(samples=[f"s{number}" for number in range(250)])["samples"]
    assert samples.value == "250 items"
    assert [row.name for row in samples.children] == ["1–100", "101–200", "201–250"]  # noqa: RUF001 - en dashes
    assert samples.children[1].first_number == 101
    assert samples.children[1].children[0] == Row("101", "s100")


@pytest.mark.parametrize("count", [0, 1, 99, 100])
def test_a_short_list_is_not_folded(count: int) -> None:
    assert len(of_params(samples=["s"] * count)["samples"].children) == count


def test_many_conditions_are_folded_and_numbered_from_one() -> None:
    row = of(export_params={"search_conditions": [{"hard": "1"}] * 1_000})["Search conditions"]
    assert row.value == "1,000, any may match"
    assert [child.name for child in row.children][::9] == ["1–100", "901–1000"]  # noqa: RUF001 - en dashes


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"samples": ["s"] * (MAX_ROWS + 5_000)}, "in task.export_params.samples"),
        ({"search_conditions": ["odd"] * (MAX_ROWS + 5_000)}, "in task.export_params.search_conditions"),
        ({"undeclared": [[0]] * (MAX_ROWS + 5_000)}, "in task.raw"),
        ({str(number): 0 for number in range(MAX_ROWS + 5_000)}, "in task.raw"),
    ],
    ids=["samples", "conditions", "lists", "fields"],
)
def test_past_a_limit_the_rest_is_counted_with_the_place_to_find_it(params: dict[str, Any], where: str) -> None:
    rows = task_tree(ExportTask.from_json({"export_params": params, "version_id": "v"}))
    assert size(rows) < 1.05 * MAX_ROWS
    rest = [row for row in leaves(rows) if row.name == "…"]
    assert any(row.meaning == where and row.value.endswith("more") for row in rest)


@pytest.mark.parametrize("crowd", [["s" * 32] * 25_000, ["s" * 30_000] * 1_000], ids=["many", "long"])
def test_a_long_list_leaves_room_for_what_stands_beside_it(crowd: list[str]) -> None:
    params = {"samples": crowd, "train_sample_ratio": "0.8", "undeclared": 1, "search_conditions": CONDITIONS}
    sections = of(export_params=params, version_id="v", path="/b/")
    assert [row.value for row in sections["Search conditions"].children] == ["hard samples", "non-hard samples"]
    assert [row.name for row in sections["Task"].children] == ["path", "version_id"]
    names = [row.name for row in sections["Export parameters"].children]
    assert names == ["samples", "train_sample_ratio", "undeclared"]


@pytest.mark.parametrize("crowd", ["search_conditions", "undeclared"])
def test_no_section_takes_the_rows_of_another(crowd: str) -> None:
    document = {"export_params": {"samples": ["s"] * 50, crowd: [{"hard": "1"}] * 25_000}, "version_id": "v"}
    sections = task_tree(ExportTask.from_json(document | {"more": [[1]] * 25_000}))
    (samples,) = [row for row in sections[0].children if row.name == "samples"]
    assert len(samples.children) == 50
    assert "version_id" in [row.name for row in sections[-1].children]
    assert size(sections) < 1.05 * MAX_ROWS


@pytest.mark.parametrize(
    "params",
    [
        {"samples": ["x" * 5_000] * 2_000},
        {"x" * 200 + str(number): number for number in range(6_000)},
        {"search_conditions": [{"sample_name": "x" * 5_000}] * 2_000},
        {"deep": [{"deep": ["x" * 5_000] * 20}] * 100},
    ],
    ids=["samples", "names", "conditions", "deep"],
)
def test_characters_have_a_bound_and_what_is_left_out_is_counted(params: dict[str, Any]) -> None:
    rows = task_tree(ExportTask.from_json({"export_params": params}))
    assert sum(len(row.name[:200]) + len(row.value[:MAX_VALUE]) for row in leaves(rows)) < 1.05 * MAX_BYTES
    rest = [row for row in leaves(rows) if row.name == "…" or row.meaning == "in task.raw"]
    assert rest


@pytest.mark.parametrize("letter", ['"', "\x01", "\N{HEBREW LETTER ALEF}"], ids=ascii)
@pytest.mark.parametrize("length", [20, 2_000, 28_000_000])
def test_the_bound_holds_for_what_is_drawn_whatever_escaping_makes_of_it(letter: str, length: int) -> None:
    many = 28_000_000 // length
    texts = [letter * length] * min(many, MAX_ROWS)
    names = {letter * length + str(number): text for number, text in enumerate(texts)}
    task = ExportTask.from_json(EXAMPLE | {"export_params": {"samples": texts}, "novel": texts, "names": names})
    assert len(card_html(Card("t", task)).encode()) < 2_000_000
    assert len(tree_html(task_tree(task)).encode()) < 2_000_000
    assert len(card_text(Card("t", task)).encode()) < 1_000_000


def test_a_filter_keeps_what_matches_with_all_above_unfolded() -> None:
    rows = task_tree(
        ExportTask.from_json({"export_params": {"samples": ["cat", "dog"], "export_dest": "DIR"}, "path": "/"})
    )
    (section,) = filter_rows(rows, "CAT")
    (samples,) = section.children
    assert (section.is_open, samples.is_open) == (True, True)
    assert samples.children == (Row("1", "cat"),)


def test_a_filter_looks_at_names_values_and_words_alike() -> None:
    rows = task_tree(ExportTask.from_json(EXAMPLE))
    for query in ("clear_hard", "DIR", "to obs"):
        (section,) = filter_rows(rows, query)
        assert len(section.children) == 1
    assert filter_rows(rows, "nowhere") == ()


def test_a_branch_that_matches_by_itself_keeps_all_below_it() -> None:
    rows = task_tree(ExportTask.from_json({"export_params": {"samples": ["cat", "dog"]}}))
    ((samples,),) = [section.children for section in filter_rows(rows, "samples")]
    assert [row.value for row in samples.children] == ["cat", "dog"]


@pytest.mark.parametrize(
    "keys",
    [["7", "3"], ["1", "3"], ["007"], ["9" * 5_000], ["\u0667"]],
    ids=["down", "gap", "zeros", "huge", "foreign"],
)
def test_keys_that_look_like_numbers_are_no_indexes(keys: list[str]) -> None:
    row = of_params(undeclared=dict.fromkeys(keys, "value"))["undeclared"]
    assert [child.name for child in row.children] == keys
    assert row.first_number is None


@pytest.mark.parametrize("query", [".*", "(", "[a", "\\"])
def test_a_filter_is_text_and_no_pattern(query: str) -> None:
    rows = task_tree(ExportTask.from_json({"export_params": {"samples": [query, "cat"]}}))
    assert [row.value for row in leaves(filter_rows(rows, query))] == [query]


def test_trees_are_compared_without_being_laid_out() -> None:
    one = ExportTask.from_json(EXAMPLE)
    assert same_tree(one, ExportTask.from_json(EXAMPLE | {"progress": 50.0, "status": "FAILED"}))
    assert not same_tree(one, ExportTask.from_json(EXAMPLE | {"path": "/elsewhere/"}))
    assert not same_tree(one, ExportTask.from_json(EXAMPLE | {"export_params": {}}))


def test_nesting_stops_at_a_stated_depth() -> None:
    deep: object = "bottom"
    for _ in range(3 * MAX_DEPTH):
        deep = [deep]
    (leaf,) = leaves(task_tree(ExportTask.from_json({"deep": deep})))
    assert leaf.meaning == "deeper levels are in task.raw"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, "samples"),
        ({"hard": "1"}, "hard samples"),
        ({"hard": 0}, "non-hard samples"),
        ({"frame_in_video": 0}, "samples at video frame 0"),
        (
            {"label_list": {"labels": [{"name": "cat", "property": {"@modelarts:color": ["red"]}}]}},
            "samples labeled cat (color red)",
        ),
        ({"sample_name": ".png"}, 'samples with a name that contains ".png"'),
        ({"sample_time": "day"}, "samples added since yesterday"),
        ({"sample_time": "20190901-20190915"}, "samples added from 2019-09-01 to 2019-09-15"),
        ({"sample_time": "20190901-2019091501"}, "samples added from 2019-09-01 to 2019091501"),
        ({"sample_time": "soon"}, "samples added soon"),
        ({"label_list": {"labels": [{"name": "cat"}]}}, "samples labeled cat"),
        ({"label_list": {"op": "AND", "labels": [{"name": "cat"}, {}]}}, "samples labeled cat and anything"),
        (
            {"label_list": {"labels": [{"name": "cat", "op": "AND", "property": {"color": ["#3399ff"], "x": None}}]}},
            "samples labeled cat (color #3399ff and any x)",
        ),
        ({"metadata": {"op": "OR", "props": {"a": ["1", "2"], "b": ["3"]}}}, "samples with a 1 or 2 or b 3"),
        (
            {"hard": "1", "sample_dir": "/b/d/", "labeler": "ann", "score": "0.5", "frame_in_video": 7},
            "hard samples in /b/d/, labeled by ann, with confidence 0.5, at video frame 7",
        ),
    ],
    ids=str,
)
def test_a_condition_is_one_phrase(condition: dict[str, Any], words: str) -> None:
    assert condition_text(SearchCondition.from_json(condition)) == words


def test_a_tree_depends_on_nothing_but_the_document() -> None:
    copy = json.loads(json.dumps(EXAMPLE))
    assert task_tree(ExportTask.from_json(EXAMPLE)) == task_tree(ExportTask.from_json(copy))
