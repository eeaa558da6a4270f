"""All exports of a dataset at once: what only a table of many does. The rest is tested with the monitor's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pandas as pd
import pytest
import traitlets
from ipywidgets import VBox
from ipywidgets.widgets.widget import _instances
from support import EXAMPLE, until
from support.virtual import VirtualEngine

from modelarts_widgets import (
    ConfigurationError,
    ConnectionFailedError,
    ExportHistory,
    ExportMonitor,
    ExportTask,
    ModelArtsClient,
    ModelArtsError,
    TokenAuth,
)
from modelarts_widgets.polling.poll import POLLS
from modelarts_widgets.simulator import Clock, Simulator

Watch = Callable[..., ExportHistory]
Message = tuple[str, str, dict[str, Any]]


class Dataset:
    """A client of a dataset whose exports are what a test says."""

    def __init__(self, *tasks: dict[str, Any]) -> None:
        self.tasks = list(tasks)
        self.asked = 0
        self.auth = self.last_auth_error = None
        self.endpoint, self.project_id = f"dataset {id(self)}", "p"
        self.error: Exception | None = None

    def list_export_tasks(self, dataset_id: str) -> Iterator[ExportTask]:
        """Give all exports."""
        assert dataset_id
        self.asked += 1
        if self.error:
            raise self.error
        yield from map(ExportTask.from_json, self.tasks)


class Either(Dataset):
    """Knows each export alone, too."""

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Give one."""
        return next(task for task in self.list_export_tasks(dataset_id) if task.task_id == task_id)


def task(number: int, status: str = "SUCCESSED", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return EXAMPLE | {"task_id": f"t{number}", "status": status, "create_time": 1_606_000_000_000 + number} | changes


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Return a function that makes tables which are closed after the test."""
    made: list[ExportHistory] = []

    def make(client: Any, dataset_id: str = "d", interval: float = 0.1) -> ExportHistory:  # noqa: ANN401
        made.append(ExportHistory(dataset_id, client=client, interval=interval))
        return made[-1]

    yield make
    for history in made:
        history.close()
    assert not POLLS


@pytest.fixture
def virtual(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> VirtualEngine:
    """Let time pass only when somebody waits, and nothing by chance."""
    return VirtualEngine(clock, monkeypatch)


def count(messages: list[Message]) -> int:
    return len([kind for _, kind, _ in messages if kind == "comm_msg"])


def names(history: ExportHistory) -> list[str | None]:
    return [task.task_id for task in history.tasks]


def drawn(history: ExportHistory) -> str:
    value: str = history._parts._list.value
    return value


def choose(history: ExportHistory, row: int) -> None:
    """Do what the front end does when a mark is chosen."""
    history._parts._marks.set_state({"index": row})


# What it shows


def test_all_exports_are_there_the_newest_first(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1), task(3, "RUNNING"), task(2, "FAILED")))
    assert history.tasks == []
    history.start()
    virtual.step()
    assert names(history) == ["t3", "t2", "t1"]
    assert "3 exports: 1 running, 1 succeeded, 1 failed" in drawn(history)
    assert "3 exports: 1 running" in repr(history)


def test_the_list_of_tasks_is_ones_own(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1)))
    history.start()
    virtual.step()
    history.tasks.clear()
    assert names(history) == ["t1"]


def test_an_export_that_is_created_appears_by_itself(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset(task(1))
    history = watch(dataset)
    history.start()
    for _ in range(500):
        virtual.step()
    assert (history.phase, virtual.delays[-1]) == ("polling", 30.0), "nothing runs: no hurry"
    dataset.tasks.append(task(2, "RUNNING"))
    virtual.step()
    assert names(history) == ["t2", "t1"]
    assert virtual.delays[-1] == 0.1


def test_a_dataset_without_exports_says_so(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset())
    history.start()
    virtual.step()
    assert "no exports yet" in drawn(history)
    assert history.done()


def test_rows_are_flat_and_pandas_takes_them(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1, total_sample_count=20), task(2, "FAILED", error_code="ModelArts.4401")))
    assert history.to_dicts() == []
    history.start()
    virtual.step()
    frame = pd.DataFrame(history.to_dicts()).set_index("task_id")
    assert list(frame.index) == ["t2", "t1"]
    assert frame.loc["t1", "total_sample_count"] == 20
    assert frame.loc["t2", "error_code"] == "ModelArts.4401"
    assert str(frame["created_at"].dtype).endswith("UTC]")
    assert frame.loc["t1", "created_at"].year == 2020
    assert set(frame["mode"]) == {"OBS"}


def test_the_rows_of_an_empty_dataset_make_a_frame_with_its_columns(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset())
    history.start()
    virtual.step()
    frame = pd.DataFrame(history.to_dicts(), columns=ExportHistory.COLUMNS)
    assert list(frame.columns) == list(ExportHistory.COLUMNS)
    assert frame[frame["status"] == "FAILED"].empty


def test_the_columns_are_the_keys_of_a_row(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1)))
    history.start()
    virtual.step()
    assert tuple(history.to_dicts()[0]) == ExportHistory.COLUMNS


# Choosing


def test_a_chosen_row_is_shown_in_full_below(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1), task(2, "FAILED", error_msg="No space is left.")))
    history.start()
    virtual.step()
    choose(history, 0)
    assert history.selected == "t2"
    assert "No space is left." in history._parts._card._summary.value  # type: ignore[union-attr]
    assert history._parts._box in history.children
    choose(history, 1)
    assert history.selected == "t1"
    history._parts._close.click()
    assert history.selected is None
    assert history._parts._box not in history.children
    assert history._parts._marks.index is None


def test_a_chosen_export_stays_chosen_and_its_tree_as_it_is(
    watch: Watch, virtual: VirtualEngine, messages: list[Message]
) -> None:
    dataset = Dataset(task(1, "RUNNING"))
    history = watch(dataset, interval=5.0)
    history.start()
    virtual.step()
    choose(history, 0)
    tree = history._parts._card._tree.comm.comm_id  # type: ignore[union-attr]
    messages.clear()
    for number in range(2, 12):
        dataset.tasks = [task(1, "RUNNING", progress=float(number)), *(task(other) for other in range(2, number + 1))]
        virtual.step()
        assert history.selected == "t1"
        assert history._parts._marks.index == (number - 1 if number <= 10 else None), (
            "it moves down, and to the next page"
        )
    assert tree not in [model for model, _, _ in messages], "or its open branches would close"
    assert "11.0 %" in history._parts._card._bar.value  # type: ignore[union-attr]
    history.page = 2
    assert history._parts._marks.index == 0


def test_an_export_can_be_chosen_before_it_appears(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset(task(1))
    history = watch(dataset)
    history.selected = "t2"
    history.start()
    virtual.step()
    assert history._parts._card is None
    dataset.tasks.append(task(2, "RUNNING"))
    virtual.step()
    assert history._parts._box in history.children
    dataset.tasks.pop()
    virtual.step()
    assert history._parts._box not in history.children, "it has vanished"


def test_the_chosen_card_has_speed_and_time_left(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset()
    history = watch(dataset, interval=5.0)
    history.selected = "t1"
    history.start()
    for number in range(1, 6):
        counts = {"finished_sample_count": 100 * number, "total_sample_count": 1_000}
        dataset.tasks = [task(1, "RUNNING", update_time=1_606_000_000_000 + 5_000 * number, **counts)]
        virtual.step()
    assert "20 samples/s · about 25 s left" in history._parts._card._bar.value  # type: ignore[union-attr]


# Filters and pages


def test_filters_and_pages_change_what_is_shown(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(*(task(number, "FAILED" if number % 5 == 0 else "SUCCESSED") for number in range(25))))
    history.start()
    virtual.step()
    assert "1 to 10 of 25" in drawn(history)
    older = history._parts.older
    older.click()
    older.click()
    older.click()
    assert (history.page, history._parts._marks.options[0]) == (3, "21")
    assert "21 to 25 of 25" in drawn(history)
    history._parts.status_box.set_state({"index": 3})
    assert (history.status_filter, history.page) == ("failed", 1)
    assert "5 of 25 exports" in drawn(history)
    history._parts.filter_box.set_state({"value": "T20"})
    assert history.filter == "T20"
    assert "1 of 25 exports" in drawn(history)
    history.filter, history.status_filter = "", "all"
    history._parts.newer.click()
    assert history.page == 1
    assert names(history) == [f"t{number}" for number in range(24, -1, -1)], "all the time"


@pytest.mark.parametrize(
    ("word", "group"), [("SUCCESSED", "succeeded"), ("FAILED", "failed"), ("INIT", "running"), ("All", "all")]
)
def test_a_status_may_be_a_word_of_the_service(watch: Watch, word: str, group: str) -> None:
    history = watch(Dataset(task(1)))
    history.status_filter = word
    assert history.status_filter == group


def test_a_selection_that_the_filter_hides_says_so(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1, "FAILED"), task(2)))
    history.start()
    virtual.step()
    history.selected = "t2"
    words = "the selected export is hidden by the filter"
    assert words not in drawn(history)
    history.status_filter = "failed"
    assert words in drawn(history)
    history.selected = None
    assert words not in drawn(history)


def test_the_card_of_a_selection_has_the_button_that_closes_it(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1)))
    history.start()
    virtual.step()
    history.selected = "t1"
    (card,) = [part for part in history.children if isinstance(part, VBox)]
    (button,) = [part for part in card.children if getattr(part, "description", "") == "Close"]
    button.click()
    assert history.selected is None


def test_a_page_that_is_no_more_falls_back_to_the_last(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset(*map(task, range(30)))
    history = watch(dataset)
    history.page = 99
    history.start()
    virtual.step()
    assert "21 to 30 of 30" in drawn(history)
    dataset.tasks = dataset.tasks[:5]
    virtual.step()
    assert drawn(history).count("<tr") == 6
    history._parts.newer.click()
    assert history.page == 1


@pytest.mark.parametrize(
    ("name", "value"), [("status_filter", "odd"), ("page", 0), ("idle_timeout", -1.0), ("selected", 7)]
)
def test_settings_that_make_no_sense_are_refused(watch: Watch, name: str, value: object) -> None:
    with pytest.raises(traitlets.TraitError):
        setattr(watch(Dataset()), name, value)


# What it costs


def test_a_thousand_exports_cost_ten_requests_and_one_message_at_most(
    simulator: Simulator, client: ModelArtsClient, clock: Clock, virtual: VirtualEngine, watch: Watch,
    messages: list[Message],
) -> None:  # fmt: skip
    for number in range(1_000):
        simulator.add_export(seconds=0.0 if number < 990 else 60.0 + number, samples=1_000)
    history = watch(client, simulator.dataset_id, interval=5.0)
    history.start()
    virtual.step()
    assert (simulator.requests, len(history.tasks)) == (10, 1_000)
    models = len(_instances)
    clock.advance(200.0)  # they run by now
    for _ in range(10):
        messages.clear()
        virtual.step()
        assert count(messages) <= 1
    assert count(messages) == 1, "they move"
    assert simulator.requests == 110
    assert len(_instances) == models
    clock.advance(3_600.0)
    messages.clear()
    virtual.step()
    assert history.done()
    assert count(messages) == 1, "ten ends at once"
    simulator.add_export(seconds=60.0)
    messages.clear()
    virtual.step()
    assert count(messages) == 1, "a new one, and all others a row further down"


def test_an_answer_that_brings_nothing_new_sends_nothing(
    watch: Watch, virtual: VirtualEngine, messages: list[Message]
) -> None:
    history = watch(Dataset(*map(task, range(30)), task(30, "RUNNING")))
    history.start()
    virtual.step()
    choose(history, 0)
    messages.clear()
    for _ in range(5):
        virtual.step()
    assert count(messages) == 0


def test_bars_tick_once_a_second_at_most(
    watch: Watch, virtual: VirtualEngine, clock: Clock, messages: list[Message]
) -> None:
    dataset = Dataset()
    watch(dataset).start()
    begin = clock()
    while clock() - begin < 20.0:
        dataset.tasks = [task(1, "RUNNING", progress=(clock() - begin) * 5)]
        virtual.step()
    assert 15 <= count(messages) <= 22


def test_two_tables_of_a_dataset_share_one_poll_and_a_monitor_has_its_own(
    simulator: Simulator, client: ModelArtsClient, virtual: VirtualEngine, watch: Watch
) -> None:
    export = simulator.add_export(dataset_id="list", task_id="list")
    for _ in range(2):
        watch(client, export.dataset_id).start()
    monitor = ExportMonitor(export.dataset_id, export.task_id, client=client)
    monitor.start()
    assert len(POLLS) == 2
    virtual.step()
    virtual.step()
    assert simulator.requests == 2
    monitor.close()


def test_closing_frees_all_models_the_chosen_card_among_them(
    watch: Watch, virtual: VirtualEngine, messages: list[Message]
) -> None:
    before = set(_instances)
    history = watch(Dataset(task(1)))
    history.start()
    virtual.step()
    choose(history, 0)
    history.close()
    assert set(_instances) == before
    kinds = [kind for _, kind, _ in messages]
    assert kinds.count("comm_open") == kinds.count("comm_close") > 20
    assert "✓ SUCCESSED" in history.to_text()
    assert set(history._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_what_is_closed_opens_no_more_models(watch: Watch, virtual: VirtualEngine) -> None:
    before = set(_instances)
    history = watch(Dataset(task(1)))
    history.start()
    virtual.step()
    history.close()
    history.selected = "t1"
    assert set(_instances) == before
    assert "Dataset export t1" in history.to_text()


# Waiting


def test_waiting_is_for_all_exports_that_run(simulator: Simulator, client: ModelArtsClient, clock: Clock) -> None:
    for seconds in (0.0, 60.0, 600.0):
        simulator.add_export(seconds=seconds)
    history = ExportHistory(simulator.dataset_id, client=client, interval=0.1)
    with pytest.raises(TimeoutError, match=r"An export of dataset .* has not ended within 0\.2 s"):
        history.wait(0.2)
    clock.advance(60.0)
    with pytest.raises(TimeoutError):
        history.wait(0.2)
    clock.advance(600.0)
    assert [task.succeeded for task in history.wait(20.0)] == [True] * 3
    history.close()


def test_an_export_that_was_created_since_the_last_answer_is_waited_for(
    simulator: Simulator, client: ModelArtsClient, clock: Clock
) -> None:
    history = ExportHistory(simulator.dataset_id, client=client, interval=600.0)
    assert history.wait(20.0) == []
    export = simulator.add_export(seconds=60.0)
    threading.Timer(0.2, clock.advance, [60.0]).start()
    history.interval = 0.1
    assert [task.task_id for task in history.wait(20.0)] == [export.task_id]
    assert history.done()
    history.close()


def test_a_coroutine_waits_for_all_exports_too(simulator: Simulator, client: ModelArtsClient, clock: Clock) -> None:
    simulator.add_export(seconds=60.0)
    history = ExportHistory(simulator.dataset_id, client=client, interval=0.1)
    history.on_update(lambda _: clock.advance(60.0))
    assert [task.succeeded for task in asyncio.run(history.wait_async(20.0))] == [True]
    history.close()


def test_waiting_ends_with_the_polling(watch: Watch) -> None:
    dataset = Dataset(task(1, "RUNNING"))
    history = watch(dataset)
    history.on_update(lambda _: history.pause())
    with pytest.raises(ModelArtsError, match=r"Polling is paused: call resume\(\) to go on"):
        history.wait(20.0)
    dataset.tasks = [task(1)]
    with pytest.raises(ModelArtsError, match="Polling is paused"):
        history.wait(20.0)


def test_waiting_in_an_observer_is_refused(watch: Watch) -> None:
    history = watch(Dataset(task(1, "RUNNING")))
    heard: list[str] = []

    def wait(_: object) -> None:
        with pytest.raises(RuntimeError, match="in the thread that it would wait for"):
            history.wait()
        heard.append("refused")

    history.on_update(wait)
    history.start()
    until(lambda: heard)


def test_each_end_is_told_once(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset(task(1), task(2, "RUNNING"), task(3, "RUNNING"))
    history = watch(dataset)
    ends: list[tuple[str | None, str | None]] = []
    history.on_done(lambda task: ends.append((task.task_id, task.status)))
    history.start()
    virtual.step()
    assert ends == [], "what had ended before is no news"
    dataset.tasks[1] = task(2)
    virtual.step()
    dataset.tasks += [task(4, "FAILED")]
    virtual.step()
    dataset.tasks[1] = task(2, "RUNNING")
    virtual.step()
    dataset.tasks[1:3] = [task(2), task(3)]
    virtual.step()
    assert ends == [("t2", "SUCCESSED"), ("t4", "FAILED"), ("t3", "SUCCESSED")]


def test_ends_during_a_pause_are_told_when_it_is_over(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset(task(1, "RUNNING"))
    history = watch(dataset)
    ends: list[ExportTask] = []
    history.on_done(ends.append)
    history.start()
    virtual.step()
    history.pause()
    dataset.tasks = [task(1)]
    history.resume()
    virtual.step()
    assert [task.task_id for task in ends] == ["t1"]


# Its buttons, and what goes wrong


def test_pause_and_resume_are_one_button(watch: Watch, virtual: VirtualEngine) -> None:
    history = watch(Dataset(task(1, "RUNNING")))
    history.start()
    virtual.step()
    history._pause_button.click()
    assert (history.phase, history._pause_button.description) == ("paused", "Resume")
    assert "modelarts-paused" in drawn(history)
    history._pause_button.click()
    assert (history.phase, history._pause_button.description) == ("polling", "Pause")
    asked = history.watch._subject.client.asked
    history._controls[0].click()
    virtual.step()
    assert history.watch._subject.client.asked == asked + 1


def test_an_error_stands_over_the_last_good_table(watch: Watch, virtual: VirtualEngine) -> None:
    dataset = Dataset(task(1))
    history = watch(dataset)
    history.start()
    virtual.step()
    dataset.error = ConnectionFailedError("There is no connection to somewhere")
    virtual.step()
    assert history.phase == "retrying"
    for text in (drawn(history), history.to_text()):
        assert "There is no connection to somewhere" in text
        assert "1 of 10" in text
        assert "t1" in text


@pytest.mark.parametrize("name", ["", ".."])
def test_an_id_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="dataset_id"):
        ExportHistory(name, client=Dataset())  # type: ignore[arg-type]


def test_without_a_client_the_environment_is_asked(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError):
        ExportHistory("d")
    client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))
    monkeypatch.setattr(ModelArtsClient, "from_env", lambda: client)
    simulator.add_export(seconds=0.0)
    history = ExportHistory(simulator.dataset_id)
    assert len(history.wait(20.0)) == 1
    history.close()
    assert not client._transport.session.adapters["http://"].poolmanager.pools  # type: ignore[attr-defined]


# Plain HTML while nothing runs


def test_a_table_in_which_nothing_runs_comes_to_rest_when_nobody_touches_it(
    watch: Watch, virtual: VirtualEngine, clock: Clock
) -> None:
    dataset = Dataset(task(1, "RUNNING"))
    history = watch(dataset, interval=5.0)
    history.start()
    virtual.step()
    clock.advance(600.0)
    assert not history._is_static, "something runs"
    dataset.tasks = [task(1)]
    virtual.step()
    assert history._is_static
    history.filter = "t"
    assert not history._is_static, "somebody is there"
    clock.advance(59.0)
    assert not history._is_static
    clock.advance(1.0)
    assert history._is_static
    assert "application/vnd.jupyter.widget-view+json" in history._repr_mimebundle_(), "shown again, it is alive"
    clock.advance(60.0)
    dataset.tasks.append(task(2, "RUNNING"))
    virtual.step()
    assert not history._is_static


# Models of those that nobody sees


@pytest.mark.parametrize("status", ["SUCCESSED", "RUNNING"])
@pytest.mark.parametrize("how", ["wait", "wait_async"])
@pytest.mark.parametrize(
    "make",
    [lambda client: ExportHistory("d", client=client), lambda client: ExportMonitor("d", "t1", client=client)],
    ids=["table", "card"],
)
def test_thirty_that_were_awaited_and_dropped_leave_no_model_behind(
    make: Callable[[Any], Any], how: str, status: str
) -> None:
    before = set(_instances)
    for _ in range(30):
        dropped = make(Either(task(1, status)))
        with suppress(TimeoutError):
            limit = 0 if status == "RUNNING" else 120.0
            dropped.wait(limit) if how == "wait" else asyncio.run(dropped.wait_async(limit))
    assert set(_instances) == before


def test_one_that_was_awaited_opens_again_when_it_is_shown(watch: Watch) -> None:
    history = watch(Dataset(task(1)))
    history.wait(120.0)
    assert history.comm is None
    history.selected = "t1"
    bundle = history._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == history.model_id
    assert history.comm is not None
    assert all(model.comm is not None for model in history._models)
    assert history._parts._card is not None, "the card, too"


def test_one_in_a_container_keeps_its_models_when_it_was_awaited(watch: Watch) -> None:
    history = watch(Dataset(task(1)))
    box = VBox([history])
    history.wait(120.0)
    assert history.comm is not None
    box.close()
    box.layout.close()
