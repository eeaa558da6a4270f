"""Many exports as a table: order, counts, filters, pages, and both forms of a saved notebook."""

from __future__ import annotations

import json
import re
from typing import Any

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as some
from support import DATA, EXAMPLE, assert_approved

from modelarts_widgets import ExportTask, ModelArtsError
from modelarts_widgets.rendering import PAGE, Card, Table, history_html, history_text, table_html
from modelarts_widgets.rendering.summary import GROUPS, group, select, summary

LISTED = json.loads((DATA / "list_succeeded.json").read_text())["export_tasks"]
STATUSES = ["INIT", "RUNNING", "SUCCESSED", "FAILED", "THINKING", None]


def export(number: int = 0, **changes: Any) -> ExportTask:  # noqa: ANN401 - any JSON
    return ExportTask.from_json(EXAMPLE | {"task_id": f"t{number}", "create_time": number} | changes)


def table(*tasks: ExportTask, page: int = 0, **facts: Any) -> Table:  # noqa: ANN401 - of Table
    return Table(Card("dataset", phase="polling"), tasks, facts.pop("matching", tasks), page, **facts)


DOCUMENTED = table(*map(ExportTask.from_json, LISTED))
BUSY = table(
    export(4, status="RUNNING", progress=42.0, finished_sample_count=8_400, total_sample_count=20_000),
    export(3),
    export(2, status="FAILED", error_code="ModelArts.4401", error_msg="No space is left."),
    export(1, status="THINKING", export_params={"export_dest": "ELSEWHERE"}, path=None),
    selected=Card("t2", export(2, status="FAILED", error_code="ModelArts.4401", error_msg="No space is left.")),
)


def rows(markup: str) -> list[list[str]]:
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(markup)
    return [["".join(cell.itertext()).strip() for cell in row] for row in tree.iter("tr")]


@pytest.mark.parametrize("name", ["documented", "busy"])
@pytest.mark.parametrize(("kind", "draw"), [("txt", history_text), ("html", history_html)])
def test_a_table_is_drawn_as_a_reader_has_approved_it(name: str, kind: str, draw: Any) -> None:  # noqa: ANN401
    assert_approved(f"table-{name}.{kind}", draw({"documented": DOCUMENTED, "busy": BUSY}[name]))


@pytest.mark.parametrize("draw", [table_html, history_html])
def test_the_documented_list_has_the_columns_of_the_console(draw: Any) -> None:  # noqa: ANN401 - a function
    head, newest, oldest = rows(draw(DOCUMENTED))
    assert head == ["Task ID", "Created (UTC)", "Mode", "Path", "Samples", "Status", "Progress"]
    shared = ["20", "✓ SUCCESSED", "100.0 %"]
    path = "obs://test-obs/classify/input/"
    assert newest == ["rF9NNoB56k5rtYKg2Y7", "2020-11-23 03:57", "new dataset", path, *shared]
    assert oldest == ["TZMuy7OKbClkGCAc3gb", "2020-11-23 03:50", "OBS", "obs://test-obs/daoChu/", *shared]


def test_the_text_has_the_same_rows() -> None:
    lines = history_text(DOCUMENTED).splitlines()
    assert [re.split(r"\s{2,}", line) for line in lines[1:]] == rows(history_html(DOCUMENTED))


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([], "no exports yet"),
        (["RUNNING"], "1 export, running"),
        (["INIT", "RUNNING", *["SUCCESSED"] * 9, "FAILED"], "12 exports: 2 running, 9 succeeded, 1 failed"),
        (["THINKING", None], "2 exports, all in another state"),
        (["RUNNING", None], "2 exports: 1 running, 1 in another state"),
        (["SUCCESSED"] * 1_000, "1,000 exports, all succeeded"),
    ],
)
def test_exports_are_counted_by_what_became_of_them(statuses: list[str | None], words: str) -> None:
    assert summary([export(status=status) for status in statuses]) == words


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("SUCCESSED", None, "1 export, succeeded"),
        ("RUNNING", None, "1 export, running · stopped"),
        ("SUCCESSED", ModelArtsError("gone"), "1 export, succeeded · stopped"),
    ],
)
def test_a_table_that_was_stopped_says_so_only_where_something_may_be_missing(
    status: str, error: ModelArtsError | None, words: str
) -> None:
    assert Table(Card("d", phase="stopped", error=error), (export(status=status),)).headline() == words


tasks = some.lists(
    some.builds(
        lambda number, time, status: export(number, create_time=time, status=status),
        some.integers(0, 50),
        some.none() | some.integers(-(10**400), 10**400),
        some.sampled_from(STATUSES),
    ),
    max_size=30,
)


@given(tasks)
def test_each_export_is_in_one_group_and_the_groups_are_all(found: list[ExportTask]) -> None:
    parts = [select(found, name) for name in GROUPS]
    assert sum(map(len, parts)) == len(found)
    assert all(group(task) == name for name, part in zip(GROUPS, parts, strict=True) for task in part)
    assert not any(task.is_done for task in select(found, "running"))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["rF9NNoB56k5rtYKg2Y7", "TZMuy7OKbClkGCAc3gb"]),
        ("tzmuy", ["TZMuy7OKbClkGCAc3gb"]),
        ("new dataset", ["rF9NNoB56k5rtYKg2Y7"]),
        ("dataset-export-test", ["rF9NNoB56k5rtYKg2Y7"]),
        ("obs://test-obs/DAOCHU", ["TZMuy7OKbClkGCAc3gb"]),
        ("/classify/", ["rF9NNoB56k5rtYKg2Y7"]),
        ("2020-11-23 03:57", ["rF9NNoB56k5rtYKg2Y7"]),
        ("successed", ["rF9NNoB56k5rtYKg2Y7", "TZMuy7OKbClkGCAc3gb"]),
        ("20", ["rF9NNoB56k5rtYKg2Y7", "TZMuy7OKbClkGCAc3gb"]),
        ("100.0 %", ["rF9NNoB56k5rtYKg2Y7", "TZMuy7OKbClkGCAc3gb"]),
        ("nothing holds this", []),
    ],
)
def test_a_row_is_found_by_what_it_says(query: str, names: list[str]) -> None:
    assert [task.task_id for task in select(DOCUMENTED.matching, "", query)] == names


@pytest.mark.parametrize(
    ("count", "page", "words"),
    [
        (0, 0, ""),
        (1, 0, ""),
        (10, 0, ""),
        (11, 0, "1 to 10 of 11 exports"),
        (11, 1, "11 to 11 of 11 exports"),
        (1_000, 99, "991 to 1,000 of 1,000 exports"),
    ],
)
def test_long_tables_are_paged(count: int, page: int, words: str) -> None:
    drawn = table(*map(export, range(count)), page=page)
    assert drawn.position() == words
    assert len(rows(table_html(drawn))) == (len(drawn.rows) + 1 if count else 0)
    assert len(drawn.rows) <= PAGE
    assert ("modelarts-pages" in table_html(drawn)) == (count > PAGE)


def test_a_filtered_table_says_how_many_there_are_in_all() -> None:
    many = [*map(export, range(30))]
    assert table(*many, matching=tuple(many[:1])).position() == "1 of 30 exports"
    assert table(*many, matching=tuple(many[:25])).position() == "1 to 10 of 25 found in 30 exports"
    assert table(*many, matching=()).position() == "no export matches the filter"


def test_a_saved_table_has_the_newest_and_all_that_have_not_succeeded_and_counts_the_rest() -> None:
    many = [export(number, status="SUCCESSED") for number in range(100, 0, -1)]
    many[40], many[60], many[80] = export(1, status="RUNNING"), export(2, status="FAILED"), export(3, status="ODD")
    drawn = table(*many)
    for text in (history_html(drawn), history_text(drawn)):
        assert "87 more exports in history.tasks: 87 succeeded" in text
    shown = [row[0] for row in rows(history_html(drawn))[1:]]
    assert shown == [*(f"t{number}" for number in range(100, 90, -1)), "t1", "t2", "t3"]


def test_a_saved_table_has_a_bound_though_all_have_failed() -> None:
    drawn = table(*(export(number, status="FAILED") for number in range(1_000)))
    assert len(rows(history_html(drawn))) == 51
    assert "950 more exports in history.tasks: 950 failed" in history_html(drawn)


def test_numbers_stand_under_heads_that_are_aligned_like_them() -> None:
    cells = re.findall(r'<t[hd][^>]*modelarts-samples[^>]*style="([^"]*)"', history_html(DOCUMENTED))
    assert len(cells) == 3
    assert all("text-align:right" in cell and "white-space:nowrap" in cell for cell in cells)


def test_a_saved_table_shows_all_rows_whatever_the_filter_and_the_page() -> None:
    many = tuple(map(export, range(30)))
    assert len(rows(history_html(table(*many, matching=many[:3], page=1)))) == 31


def test_a_saved_table_needs_no_script_and_no_id() -> None:
    markup = history_html(BUSY)
    assert not re.search(r"<script|\s(id|on\w+)=", markup)
    assert "var(--" not in re.sub(r"<style>.*?</style>", "", markup)


def test_the_selected_row_is_marked_and_stands_in_full_below() -> None:
    assert table_html(BUSY).count('<tr class="modelarts-line modelarts-selected">') == 1
    assert "No space is left. (ModelArts.4401)" in history_html(BUSY)
    assert "No space is left. (ModelArts.4401)" in history_text(BUSY)


def test_before_the_first_answer_the_table_says_so() -> None:
    drawn = Table(Card("dataset", phase="polling"))
    assert "waiting for the first answer" in table_html(drawn)
    assert rows(table_html(drawn)) == []


def test_an_export_without_a_share_has_a_bar_that_moves_in_the_live_table_only() -> None:
    drawn = table(export(1))
    assert "<progress" in table_html(drawn)
    assert "<progress" not in history_html(drawn)
