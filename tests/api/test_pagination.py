"""Pages of a list, from a plain function and over HTTP: every task once, in few requests, whatever offset means."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from support import DATA

from modelarts_widgets import MalformedResponseError, ModelArtsClient, NotFoundError, TokenAuth
from modelarts_widgets.api.models import ExportTask
from modelarts_widgets.api.pagination import MAX_PAGES, SIZE, Page, Paging
from modelarts_widgets.simulator import Clock, Simulator

SIZES = [0, 1, 99, 100, 101, 200, 250, 1_000]


def tasks(count: int) -> list[ExportTask]:
    return [ExportTask.from_json({"task_id": f"t{number}"}) for number in range(count)]


class Service:
    """A list that is served in pages, honestly unless told otherwise."""

    def __init__(self, count: int, unit: str = "pages", total: Any = len) -> None:  # noqa: ANN401 - what there is, a function of it, or nothing
        self.tasks = tasks(count)
        self.unit, self.total = unit, total
        self.asked: list[int] = []
        self.meanwhile: list[Callable[[list[ExportTask]], None]] = []
        """What happens to the list after each request."""

    def __call__(self, offset: int) -> Page:
        self.asked.append(offset)
        start = offset * SIZE if self.unit == "pages" else offset
        total = self.total(self.tasks) if callable(self.total) else self.total
        page = Page(tuple(self.tasks[start : start + SIZE]), total)
        if self.meanwhile:
            self.meanwhile.pop(0)(self.tasks)
        return page


def names(found: list[ExportTask]) -> list[str | None]:
    return [task.task_id for task in found]


@pytest.mark.parametrize("unit", ["pages", "rows"])
@pytest.mark.parametrize("total", [len, None], ids=["told", "not told"])
@pytest.mark.parametrize("count", SIZES)
def test_every_task_comes_once_and_in_order(count: int, unit: str, total: Any) -> None:  # noqa: ANN401 - see Service
    service = Service(count, unit, total)
    assert list(Paging().walk(service)) == service.tasks


@pytest.mark.parametrize("unit", ["pages", "rows"])
@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (1_000, 10)])
def test_no_request_is_in_vain_once_the_unit_is_known(count: int, requests: int, unit: str) -> None:
    paging = Paging()
    list(paging.walk(Service(1_000, unit)))
    assert paging.counts_rows == (unit == "rows")
    service = Service(count, unit)
    assert list(paging.walk(service)) == service.tasks
    assert len(service.asked) == requests


def test_rows_cost_one_request_more_the_first_time() -> None:
    service = Service(1_000, "rows")
    list(Paging().walk(service))
    assert service.asked[:3] == [0, 1, 101]
    assert len(service.asked) == 11


@pytest.mark.parametrize("units", [("pages", "rows"), ("rows", "pages")])
def test_a_unit_that_has_changed_is_found_out(units: tuple[str, str]) -> None:
    paging = Paging()
    for unit in (*units, *units):
        service = Service(350, unit)
        assert list(paging.walk(service)) == service.tasks


@pytest.mark.parametrize("unit", ["pages", "rows"])
@pytest.mark.parametrize("count", [100, 101, 350])
@pytest.mark.parametrize(
    "lie", [-1, 0, 1, 99, 10**9, lambda rows: len(rows) + 1], ids=["-1", "0", "1", "99", "huge", "one more"]
)
def test_a_total_that_is_not_true_is_survived(count: int, unit: str, lie: Any) -> None:  # noqa: ANN401 - see Service
    service = Service(count, unit, lie)
    assert list(Paging().walk(service)) == service.tasks
    assert len(service.asked) <= count // SIZE + 4


def test_a_total_that_fits_is_believed_since_another_request_each_time_would_be_the_price_of_doubt() -> None:
    service = Service(101, total=100)
    assert list(Paging().walk(service)) == service.tasks[:100]


def test_a_service_that_repeats_a_page_is_an_error_and_not_the_end() -> None:
    page, asked = Page(tuple(tasks(SIZE)), 10**6), []

    def ask(offset: int) -> Page:
        asked.append(offset)
        return page

    with pytest.raises(MalformedResponseError, match="repeats itself or has no end, after 100 tasks"):
        list(Paging().walk(ask))
    assert len(asked) == 3


def test_a_service_that_repeats_its_last_page_is_an_error_while_it_promises_more() -> None:
    service = Service(250, total=10**6)
    with pytest.raises(MalformedResponseError, match="after 250 tasks"):
        list(Paging().walk(lambda offset: service(min(offset, 2))))
    assert len(service.asked) == 5


def test_a_service_that_never_ends_is_an_error() -> None:
    asked = []

    def ask(offset: int) -> Page:
        asked.append(offset)
        return Page((ExportTask.from_json({"task_id": f"t{len(asked)}"}),), 10**9)

    with pytest.raises(MalformedResponseError, match="has no end, after 1,000 tasks"):
        list(Paging().walk(ask))
    assert len(asked) == MAX_PAGES


@pytest.mark.parametrize("unit", ["pages", "rows"])
def test_a_service_that_gives_fifty_a_page_is_read_to_the_end_whatever_it_counts(unit: str) -> None:
    everything = tasks(5_000)

    def ask(offset: int) -> Page:
        start = offset * 50 if unit == "pages" else offset
        return Page(tuple(everything[start : start + 50]), 5_000)

    assert list(Paging().walk(ask)) == everything


def test_a_service_with_smaller_pages_than_asked_for_is_read_to_the_end() -> None:
    service = Service(130)
    found = list(Paging().walk(lambda offset: Page(tuple(service.tasks[offset * 50 : offset * 50 + 50]), 130)))
    assert found == service.tasks


@given(
    count=st.integers(0, 450),
    times=st.integers(1, 9),
    unit=st.sampled_from([1, 10, 20, 34, 50, 90, 95, SIZE]),
    known=st.sampled_from([None, True, False]),
)
@example(count=334, times=3, unit=SIZE, known=None)
@example(count=334, times=3, unit=1, known=None)
@example(count=334, times=120, unit=SIZE, known=True)
@example(count=450, times=1, unit=40, known=True)
def test_a_list_that_repeats_rows_is_gathered_completely_or_is_an_error(
    *, count: int, times: int, unit: int, known: bool | None
) -> None:
    """However often a row comes, and however many rows ``offset`` counts."""
    rows, paging = [task for task in tasks(count) for _ in range(times)], Paging()
    paging.counts_rows = known

    def ask(offset: int) -> Page:
        return Page(tuple(rows[offset * unit : offset * unit + SIZE]), count)

    found: list[ExportTask] = []
    with suppress(MalformedResponseError):
        found += paging.walk(ask)
        assert found == rows[::times]


@pytest.mark.parametrize("unit", [1, SIZE])
@pytest.mark.parametrize("total", [334, None])
def test_a_list_with_each_row_three_times_is_gathered_completely(unit: int, total: int | None) -> None:
    rows = [task for task in tasks(334) for _ in range(3)]
    found = list(Paging().walk(lambda offset: Page(tuple(rows[offset * unit : offset * unit + SIZE]), total)))
    assert found == rows[::3]


def test_tasks_without_an_id_go_by_what_they_say() -> None:
    document = {"status": "RUNNING"}
    found = list(Paging().walk(lambda _: Page((ExportTask.from_json(document),) * SIZE, None)))
    assert [task.raw for task in found] == [document]


@given(
    count=st.integers(0, 450),
    unit=st.sampled_from(["pages", "rows"]),
    known=st.booleans(),
    changes=st.lists(st.integers(-3, 3), max_size=6),
)
@example(count=393, unit="rows", known=True, changes=[3, 3, 3, -1, 0, 2])
def test_tasks_that_come_and_go_meanwhile_do_no_harm(*, count: int, unit: str, known: bool, changes: list[int]) -> None:
    """Nothing twice, nothing made up, and only as many missed as have vanished."""
    service, paging = Service(count, unit), Paging()
    paging.counts_rows = (unit == "rows") if known else None
    before = list(service.tasks)

    def change(by: int) -> Callable[[list[ExportTask]], None]:
        def act(rows: list[ExportTask]) -> None:
            new = [ExportTask.from_json({"task_id": f"new {len(service.asked)} {number}"}) for number in range(by)]
            rows[:0] = new
            del rows[: max(0, -by)]

        return act

    service.meanwhile = [change(by) for by in changes]
    found = names(list(paging.walk(service)))
    assert len(found) == len(set(found))
    vanished = sum(max(0, -by) for by in changes)
    missed = set(names(before)) - set(found)
    assert len(missed) <= vanished
    assert len(service.asked) <= (count + 18) // SIZE + 4 + len(changes), "each may bring a page of its own at the end"
    assert paging.counts_rows in {None, unit == "rows"}


def test_the_documented_list_is_read() -> None:
    page = Page.from_json(json.loads((DATA / "list_succeeded.json").read_text()))
    assert (page.total, names(list(page.tasks))) == (2, ["rF9NNoB56k5rtYKg2Y7", "TZMuy7OKbClkGCAc3gb"])


@pytest.mark.parametrize(
    "document", [{}, {"total_count": 3}, {"export_tasks": {}}, {"export_tasks": [7]}, {"export_tasks": None}]
)
def test_an_answer_without_a_list_is_no_empty_list(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedResponseError, match="no list of export tasks"):
        Page.from_json(document)


def test_a_dataset_without_exports_may_have_no_list_at_all() -> None:
    assert Page.from_json({"total_count": 0}) == Page((), 0)


@pytest.mark.parametrize("unit", ["pages", "rows"])
@pytest.mark.parametrize("count", [0, 1, 100, 101, 1_000])
def test_all_exports_are_listed_over_http(clock: Clock, count: int, unit: Any) -> None:  # noqa: ANN401 - a literal
    with Simulator(clock=clock, offset_unit=unit) as simulator:
        made = [simulator.add_export(seconds=0.0).task_id for _ in range(count)]
        auth = TokenAuth(simulator.token)
        with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client:
            for _ in range(2):
                asked = simulator.requests
                found = names(list(client.list_export_tasks(simulator.dataset_id)))
                assert found == made[::-1], "the newest first"
            assert simulator.requests - asked == max(1, -(-count // SIZE))


def test_only_one_type_of_exports_is_listed(simulator: Simulator, client: ModelArtsClient) -> None:
    export = simulator.add_export()
    assert names(list(client.list_export_tasks(export.dataset_id, export_type=3))) == [export.task_id]
    assert list(client.list_export_tasks(export.dataset_id, export_type=0)) == []


def test_pages_are_asked_for_as_they_are_needed(simulator: Simulator, client: ModelArtsClient) -> None:
    for _ in range(250):
        simulator.add_export()
    found = client.list_export_tasks(simulator.dataset_id)
    assert simulator.requests == 0
    next(found)
    assert simulator.requests == 1


def test_a_dataset_that_does_not_exist_is_an_error(client: ModelArtsClient) -> None:
    with pytest.raises(NotFoundError, match="no such dataset"):
        list(client.list_export_tasks("unknown"))


def test_bad_input_is_refused_before_anything_is_sent(simulator: Simulator, client: ModelArtsClient) -> None:
    with pytest.raises(ValueError, match="dataset_id"):
        client.list_export_tasks("..")
    for wrong in ("3", 1.0, True):
        with pytest.raises(TypeError, match="export_type must be an integer"):
            client.list_export_tasks("d", export_type=wrong)  # type: ignore[arg-type]
    assert simulator.requests == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=1.5"])
def test_the_simulator_refuses_what_the_page_does_not_allow(simulator: Simulator, query: str) -> None:
    url = f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/{simulator.dataset_id}/export-tasks?{query}"
    answer = requests.get(url, headers={"X-Auth-Token": simulator.token}, timeout=5)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ModelArts.4384")
