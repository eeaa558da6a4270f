"""How widgets follow: together, at a pace that goes by who is looking, and with three ways to wait.

What holds for both kinds is tested on both, by the same code.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import traitlets
from ipywidgets.widgets.widget import _instances
from support import EXAMPLE, Script, until
from support.virtual import VirtualEngine

from modelarts_widgets import (
    ConnectionFailedError,
    ExportHistory,
    ExportMonitor,
    ExportTask,
    ModelArtsClient,
    ModelArtsError,
    ServiceError,
)
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.poll import POLLS
from modelarts_widgets.polling.threads import MAX_THREADS
from modelarts_widgets.simulator import Clock, Simulator

RUNNING = EXAMPLE | {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
FURTHER = RUNNING | {"progress": 43.0, "finished_sample_count": 8_600}
ENDED = FURTHER | {"status": "SUCCESSED", "progress": 100.0, "finished_sample_count": 20_000}

Widget = ExportMonitor | ExportHistory
Watch = Callable[..., Any]
Message = tuple[str, str, dict[str, Any]]
both = pytest.mark.parametrize("watch", ["monitor", "history"], indirect=True)


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Iterator[Watch]:
    """Return a function that makes widgets of one kind, which are closed after the test."""
    made: list[Widget] = []
    is_history = getattr(request, "param", "monitor") == "history"

    def make(client: Any, dataset_id: str = "d", task_id: str = "t", interval: float = 0.1) -> Widget:  # noqa: ANN401
        if is_history:
            made.append(ExportHistory(dataset_id, client=client, interval=interval))
        else:
            made.append(ExportMonitor(dataset_id, task_id, client=client, interval=interval))
        return made[-1]

    yield make
    for widget in made:
        widget.close()
    assert not POLLS


def task_of(widget: Widget) -> ExportTask | None:
    """Give the only export that a widget knows of."""
    if isinstance(widget, ExportHistory):
        return next(iter(widget.tasks), None)
    task: ExportTask | None = widget.task
    return task


def progress(widget: Widget) -> float | None:
    task = task_of(widget)
    return task.progress if task else None


def finish(virtual: VirtualEngine, *widgets: Widget) -> None:
    """Run until all that is followed has ended."""
    while not all(widget.done() for widget in widgets):
        virtual.step()


@pytest.fixture
def virtual(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> VirtualEngine:
    """Let time pass only when somebody waits, and nothing by chance."""
    return VirtualEngine(clock, monkeypatch)


def view(monitor: Widget, count: int) -> None:
    """Say what the front end says when views come and go."""
    monitor.set_state({"_view_count": count})


# Run again


def rerun(watch: Watch, client: Any, old: Widget | None, when: str = "between") -> Any:  # noqa: ANN401
    """Do what running a cell again does: a new monitor is shown, and the view of the old one goes at some time."""
    if when == "before":
        view(old, 0)  # type: ignore[arg-type]
    new = watch(client)
    new._repr_mimebundle_()
    if old is not None and when == "between":
        view(old, 0)
    view(new, 1)
    if when == "after":
        view(old, 0)  # type: ignore[arg-type]
    return new


@both
@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_twenty_reruns_leave_one_poll_and_one_set_of_models(watch: Watch, virtual: VirtualEngine, when: str) -> None:
    client = Script(RUNNING)
    monitor = rerun(watch, client, None)
    virtual.step()
    models, first = len(_instances), monitor
    for _ in range(20):
        monitor = rerun(watch, client, monitor, when)
        virtual.step()
        assert len(POLLS) == 1
        assert len(_instances) == models
    assert (monitor.phase, progress(monitor)) == ("polling", 42.0)
    assert first.phase == "idle"
    assert client.asked == 21


@both
def test_reruns_after_the_end_leave_one_set_of_models(watch: Watch, virtual: VirtualEngine) -> None:
    client = Script(ENDED)
    monitor = rerun(watch, client, None)
    finish(virtual, monitor)
    models = len(_instances)
    for _ in range(20):
        monitor = rerun(watch, client, monitor)
        finish(virtual, monitor)
        assert len(_instances) == models
    assert monitor.done()


@both
def test_a_superseded_monitor_lives_on_when_it_is_shown_again(
    watch: Watch, virtual: VirtualEngine, messages: list[Message]
) -> None:
    client = Script(RUNNING)
    old = rerun(watch, client, None)
    virtual.step()
    models = len(_instances)
    rerun(watch, client, old)
    assert old.comm is None
    messages.clear()
    assert "application/vnd.jupyter.widget-view+json" in old._repr_mimebundle_()
    opened = [data["state"] for _, kind, data in messages if kind == "comm_open"]
    assert len(opened) == models
    view(old, 1)
    client.answers = [ENDED]
    finish(virtual, old)
    assert progress(old) == 100.0
    assert any("✓ SUCCESSED" in str(data) for _, kind, data in messages if kind == "comm_msg")


@both
def test_a_superseded_monitor_that_is_waited_for_stays_awake(watch: Watch) -> None:
    client = Script(RUNNING)
    old = rerun(watch, client, None)
    ended: list[Any] = []
    waiting = threading.Thread(target=lambda: ended.append(old.wait(20.0)))
    waiting.start()
    until(lambda: old.watch._is_awaited)
    rerun(watch, client, old)
    assert old.comm is not None
    client.answers = [ENDED]
    waiting.join()
    assert ended
    assert progress(old) == 100.0


@both
def test_a_monitor_whose_view_goes_keeps_its_models_unless_another_takes_its_place(
    watch: Watch, virtual: VirtualEngine
) -> None:
    monitor = rerun(watch, Script(RUNNING), None)
    virtual.step()
    view(monitor, 0)
    assert (monitor.phase, monitor.comm is None) == ("polling", False)


@both
def test_monitors_that_nobody_holds_are_garbage(watch: Watch, virtual: VirtualEngine) -> None:
    client = Script(ENDED)
    kept = watch(client)
    names = ("d",) if isinstance(kept, ExportHistory) else ("d", "t")
    for _ in range(3):
        monitor = type(kept)(*names, client=client)
        monitor.start()
        finish(virtual, monitor)
        monitor.close()
        del monitor
    gc.collect()
    alive = [thing for thing in gc.get_objects() if isinstance(thing, type(kept))]
    left = [thing for thing in alive if thing.watch._subject.client is client]
    assert left == [kept]


# Who is looking


@both
def test_without_a_view_the_heart_beats_slowly_and_with_one_it_is_asked_at_once(
    watch: Watch, virtual: VirtualEngine, clock: Clock
) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": count} for count in range(50)])
    monitor = watch(client, interval=2.0)
    monitor._repr_mimebundle_()
    view(monitor, 1)
    virtual.step()
    view(monitor, 0)
    virtual.step()
    virtual.step()
    assert virtual.delays == [2.0, 30.0, 30.0]
    before = clock()
    view(monitor, 1)
    virtual.step()
    assert (clock() - before, virtual.delays[-1]) == (0.0, 2.0)
    view(monitor, 0)
    monitor.background_interval = 7.0
    virtual.step()
    assert virtual.delays[-1] == 7.0


@both
def test_a_monitor_that_nobody_has_seen_yet_goes_at_full_speed(watch: Watch, virtual: VirtualEngine) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": count} for count in range(50)])
    watch(client, interval=2.0).start()
    for _ in range(3):
        virtual.step()
    assert virtual.delays == [2.0] * 3


@both
def test_who_waits_is_served_at_full_speed(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    monitor._repr_mimebundle_()
    view(monitor, 1)
    until(lambda: task_of(monitor))
    view(monitor, 0)
    client.answers = [ENDED]
    assert monitor.wait(10.0), "long before the heart beats"
    assert progress(monitor) == 100.0


@both
@pytest.mark.parametrize("name", ["interval", "background_interval"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_that_cannot_be_is_refused(watch: Watch, name: str, value: float) -> None:
    with pytest.raises(traitlets.TraitError, match=f"{name} must be 0.1 to 86400 seconds"):
        setattr(watch(Script(RUNNING)), name, value)


def test_a_coroutine_hears_that_polling_was_paused(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))
    monitor.observe(lambda _: monitor.pause(), "task")
    with pytest.raises(ModelArtsError, match="Polling is paused"):
        asyncio.run(monitor.wait_async(20.0))


# Figures


def count(messages: list[Message]) -> int:
    return len([kind for _, kind, _ in messages if kind == "comm_msg"])


@both
def test_the_figures_are_those_of_the_wire(watch: Watch, virtual: VirtualEngine, messages: list[Message]) -> None:
    client = Script(RUNNING, ConnectionFailedError(), FURTHER, FURTHER, ServiceError(status_code=500), ENDED)
    monitor = watch(client, interval=2.0)
    monitor.start()
    virtual.step()
    assert (monitor.stats.interval, monitor.stats.threads) == (2.0, 0)
    finish(virtual, monitor)
    stats = monitor.stats
    assert (stats.polls, stats.polls) == (client.asked, 6)
    assert (stats.changes, stats.retries) == (3, 2)
    assert stats.errors == {"ConnectionFailedError": 1, "ServiceError": 1}
    assert stats.messages == count(messages) > 0
    assert (stats.interval is None) == isinstance(monitor, ExportMonitor)


def test_a_change_of_status_is_four_messages_at_most(
    watch: Watch, virtual: VirtualEngine, messages: list[Message]
) -> None:
    begun = EXAMPLE | {"status": "INIT"}
    client = Script(begun)
    monitor = watch(client)
    monitor.start()
    virtual.step()
    for answer in (RUNNING, ENDED):
        messages.clear()
        client.answers = [answer]
        virtual.step()
        assert 1 <= count(messages) <= 4


@pytest.mark.parametrize("interval", [0.1, 0.25])
def test_the_bar_ticks_once_a_second_at_most_whatever_the_interval(
    watch: Watch,
    virtual: VirtualEngine,
    messages: list[Message],
    clock: Clock,
    interval: float,
) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": number} for number in range(1_000)])
    watch(client, interval=interval).start()
    virtual.step()
    messages.clear()
    begin = clock()
    while clock() - begin < 20.0:
        virtual.step()
    assert 10 <= count(messages) <= 21
    client.answers = [RUNNING | {"finished_sample_count": 7_777}]
    for _ in range(30):
        virtual.step()
    assert "7,777 of 20,000" in messages[-1][2]["state"]["value"], "what was held back comes later"


def test_a_thousand_monitors_are_polled_by_few_threads_to_their_end(
    simulator: Simulator, clock: Clock, client: ModelArtsClient, watch: Watch
) -> None:
    exports = [simulator.add_export(task_id=f"t{number}", seconds=60.0) for number in range(1_000)]
    monitors = [watch(client, export.dataset_id, export.task_id, interval=86_400.0) for export in exports]
    threads, made = set(), [monitor.stats.messages for monitor in monitors]
    for monitor in monitors:
        monitor.observe(lambda _: threads.add(ENGINE.threads), "task")
        monitor.start()
    until(lambda: all(monitor.status == "INIT" for monitor in monitors), 60.0)
    clock.advance(60.0)
    for monitor in monitors:
        monitor.refresh()
    assert all(monitor.wait(60.0).succeeded for monitor in monitors)
    assert max(threads) <= MAX_THREADS
    stats = [monitor.stats for monitor in monitors]
    assert {(each.polls, each.changes, each.retries) for each in stats} == {(2, 2, 0)}
    assert simulator.requests == 2_000
    sent = [each.messages - before for each, before in zip(stats, made, strict=True)]
    assert max(sent) <= 8, "four for each of two changes of the status"
