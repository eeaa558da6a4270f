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
from support.virtual import VirtualScheduler

from modelarts_widgets import (
    AkSkAuth,
    ConnectionFailedError,
    ExportHistory,
    ExportMonitor,
    ExportTask,
    ModelArtsClient,
    ModelArtsError,
    NotFoundError,
    ServiceError,
    TokenAuth,
)
from modelarts_widgets.polling import FEEDS, MAX_QUIET_DELAY, SCHEDULER
from modelarts_widgets.simulator import Clock, Simulator
from modelarts_widgets.widgets.card import View

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
    assert not FEEDS


def task_of(widget: Widget) -> ExportTask | None:
    """Give the only export that a widget knows of."""
    if isinstance(widget, ExportHistory):
        return next(iter(widget.tasks), None)
    task: ExportTask | None = widget.task
    return task


def progress(widget: Widget) -> float | None:
    task = task_of(widget)
    return task.progress if task else None


def finish(scheduler: VirtualScheduler, *widgets: Widget) -> None:
    """Run until all that is followed has ended."""
    while not all(widget.done() for widget in widgets):
        scheduler.step()


@pytest.fixture
def scheduler(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> VirtualScheduler:
    """Let time pass only when somebody waits, and nothing by chance."""
    monkeypatch.setattr("modelarts_widgets.polling.poller.JITTER", 0.0)
    return VirtualScheduler(clock, monkeypatch)


def view(monitor: Widget, count: int) -> None:
    """Say what the front end says when views come and go."""
    monitor.set_state({"_view_count": count})


# Together


@both
def test_monitors_of_the_same_export_share_one_poll(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(RUNNING, FURTHER)
    monitors = [watch(client) for _ in range(5)]
    for monitor in monitors:
        monitor.start()
    scheduler.step()
    scheduler.step()
    assert client.asked == 2
    assert [progress(monitor) for monitor in monitors] == [43.0] * 5
    assert len(FEEDS) == 1


@pytest.mark.parametrize("difference", ["task_id", "dataset_id", "client"])
def test_monitors_of_different_exports_do_not(watch: Watch, scheduler: VirtualScheduler, difference: str) -> None:
    one = watch(Script(RUNNING))
    other = watch(Script(ENDED)) if difference == "client" else watch(one.client, **{difference: "other"})
    one.start()
    other.start()
    assert len(FEEDS) == 2
    scheduler.cancel(one._feed.poll)  # type: ignore[union-attr]


def test_clients_of_the_same_project_count_as_one(watch: Watch, scheduler: VirtualScheduler) -> None:
    clients = [ModelArtsClient("https://example.com/", "p", auth=TokenAuth(token)) for token in ("a", "b")]
    for client in clients:
        watch(client).start()
    assert len(FEEDS) == 1
    assert scheduler.delays == []


@both
def test_one_pauses_stops_and_closes_for_itself_alone(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(RUNNING)
    monitors = [watch(client) for _ in range(4)]
    for monitor in monitors:
        monitor.start()
    scheduler.step()
    pausing, stopping, closing, staying = monitors
    pausing.pause()
    stopping.stop()
    closing.close()
    client.answers = [FURTHER]
    scheduler.step()
    assert [monitor.phase for monitor in monitors] == ["paused", "stopped", "stopped", "polling"]
    assert [progress(monitor) for monitor in monitors] == [42.0, 42.0, 42.0, 43.0]
    pausing.resume()
    assert progress(pausing) == 43.0, "at once, from what the other one knows"
    staying.close()
    assert len(FEEDS) == 1
    pausing.stop()
    assert not FEEDS


@both
def test_the_shortest_interval_holds_for_all(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": count} for count in range(50)])
    slow, quick = watch(client, interval=60.0), watch(client, interval=5.0)
    slow.start()
    scheduler.step()
    quick.start()
    scheduler.step()
    scheduler.step()
    assert scheduler.delays == [60.0, 5.0, 5.0]
    quick.close()
    scheduler.step()
    assert scheduler.delays[-1] == 60.0


def test_the_freshest_credentials_do_the_asking(simulator: Simulator, watch: Watch) -> None:
    export = simulator.add_export()
    clients = [
        ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth)
        for auth in (AkSkAuth(simulator.access_key, "wrong"), AkSkAuth(simulator.access_key, simulator.secret_key))
    ]
    old, new = (watch(client, export.dataset_id, export.task_id) for client in clients)
    old.start()
    until(lambda: old.phase == "needs-auth")
    new.start()
    until(lambda: new.status == "INIT")
    assert old.phase == "needs-auth"
    old.resume()
    until(lambda: old.status == "INIT")
    for client in clients:
        client.close()


def test_new_credentials_wake_all_who_have_been_waiting_for_some(simulator: Simulator, watch: Watch) -> None:
    exports = [simulator.add_export(seconds=0.0) for _ in range(20)]
    wrong = AkSkAuth(simulator.access_key, "wrong")
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=wrong) as client:
        monitors = [watch(client, export.dataset_id, export.task_id) for export in exports]
        for monitor in monitors:
            monitor.start()
        until(lambda: {monitor.phase for monitor in monitors} == {"needs-auth"})
        until(lambda: SCHEDULER.threads == 0)
        asked = simulator.requests
        monitors[3].resume(auth=TokenAuth("wrong again"))
        until(lambda: SCHEDULER.threads == 0)
        assert simulator.requests - asked <= 4, "no more than there are threads"
        monitors[3].resume(auth=AkSkAuth(simulator.access_key, simulator.secret_key))
        assert all(monitor.wait(20.0).succeeded for monitor in monitors)


@both
def test_all_who_follow_hear_of_trouble_and_of_the_end(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(RUNNING, ServiceError(status_code=503), ENDED)
    monitors = [watch(client) for _ in range(3)]
    for monitor in monitors:
        monitor.start()
    scheduler.step()
    scheduler.step()
    assert {monitor.phase for monitor in monitors} == {"retrying"}
    assert all("HTTP 503" in monitor.to_text() for monitor in monitors)
    finish(scheduler, *monitors)
    assert all("✓ SUCCESSED" in monitor.to_text() for monitor in monitors)


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
def test_twenty_reruns_leave_one_poll_and_one_set_of_models(
    watch: Watch, scheduler: VirtualScheduler, when: str
) -> None:
    client = Script(RUNNING)
    monitor = rerun(watch, client, None)
    scheduler.step()
    models, first = len(_instances), monitor
    for _ in range(20):
        monitor = rerun(watch, client, monitor, when)
        scheduler.step()
        assert len(FEEDS) == 1
        assert len(_instances) == models
    assert (monitor.phase, progress(monitor)) == ("polling", 42.0)
    assert first.phase == "idle"
    assert client.asked == 21


@both
def test_reruns_after_the_end_leave_one_set_of_models(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(ENDED)
    monitor = rerun(watch, client, None)
    finish(scheduler, monitor)
    models = len(_instances)
    for _ in range(20):
        monitor = rerun(watch, client, monitor)
        finish(scheduler, monitor)
        assert len(_instances) == models
    assert monitor.done()


@both
def test_a_superseded_monitor_lives_on_when_it_is_shown_again(
    watch: Watch, scheduler: VirtualScheduler, messages: list[Message]
) -> None:
    client = Script(RUNNING)
    old = rerun(watch, client, None)
    scheduler.step()
    models = len(_instances)
    rerun(watch, client, old)
    assert old.comm is None
    messages.clear()
    assert "application/vnd.jupyter.widget-view+json" in old._repr_mimebundle_()
    opened = [data["state"] for _, kind, data in messages if kind == "comm_open"]
    assert len(opened) == models
    view(old, 1)
    client.answers = [ENDED]
    finish(scheduler, old)
    assert progress(old) == 100.0
    assert any("✓ SUCCESSED" in str(data) for _, kind, data in messages if kind == "comm_msg")


@both
def test_a_superseded_monitor_that_is_waited_for_stays_awake(watch: Watch) -> None:
    client = Script(RUNNING)
    old = rerun(watch, client, None)
    ended: list[Any] = []
    waiting = threading.Thread(target=lambda: ended.append(old.wait(20.0)))
    waiting.start()
    until(lambda: old._attention)
    rerun(watch, client, old)
    assert old.comm is not None
    client.answers = [ENDED]
    waiting.join()
    assert ended
    assert progress(old) == 100.0


@both
def test_a_monitor_whose_view_goes_keeps_its_models_unless_another_takes_its_place(
    watch: Watch, scheduler: VirtualScheduler
) -> None:
    monitor = rerun(watch, Script(RUNNING), None)
    scheduler.step()
    view(monitor, 0)
    assert (monitor.phase, monitor.comm is None) == ("polling", False)


@both
def test_monitors_that_nobody_holds_are_garbage(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(ENDED)
    kept = watch(client)
    names = ("d",) if isinstance(kept, ExportHistory) else ("d", "t")
    for _ in range(3):
        monitor = type(kept)(*names, client=client)
        monitor.start()
        finish(scheduler, monitor)
        monitor.close()
        del monitor
    gc.collect()
    left = [thing for thing in gc.get_objects() if isinstance(thing, type(kept)) and thing.client is client]
    assert left == [kept]


# Who is looking


@both
def test_the_wait_grows_with_the_silence_and_shrinks_at_a_change(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(RUNNING)
    watch(client, interval=2.0).start()
    for _ in range(120):
        scheduler.step()
    assert scheduler.delays[:10] == [2.0] * 10
    assert scheduler.delays == sorted(scheduler.delays)
    assert all(new <= 1.2 * old for old, new in zip(scheduler.delays, scheduler.delays[1:], strict=False)), "smoothly"
    assert scheduler.delays[-1] == MAX_QUIET_DELAY
    client.answers = [FURTHER]
    scheduler.step()
    assert scheduler.delays[-1] == 2.0


@both
def test_without_a_view_the_heart_beats_slowly_and_with_one_it_is_asked_at_once(
    watch: Watch, scheduler: VirtualScheduler, clock: Clock
) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": count} for count in range(50)])
    monitor = watch(client, interval=2.0)
    monitor._repr_mimebundle_()
    view(monitor, 1)
    scheduler.step()
    view(monitor, 0)
    scheduler.step()
    scheduler.step()
    assert scheduler.delays == [2.0, 30.0, 30.0]
    before = clock()
    view(monitor, 1)
    scheduler.step()
    assert (clock() - before, scheduler.delays[-1]) == (0.0, 2.0)
    view(monitor, 0)
    monitor.heartbeat = 7.0
    scheduler.step()
    assert scheduler.delays[-1] == 7.0


@both
def test_a_monitor_that_nobody_has_seen_yet_goes_at_full_speed(watch: Watch, scheduler: VirtualScheduler) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": count} for count in range(50)])
    watch(client, interval=2.0).start()
    for _ in range(3):
        scheduler.step()
    assert scheduler.delays == [2.0] * 3


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
@pytest.mark.parametrize("name", ["interval", "heartbeat"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_that_cannot_be_is_refused(watch: Watch, name: str, value: float) -> None:
    with pytest.raises(traitlets.TraitError, match=f"{name} must be 0.1 to 86400 seconds"):
        setattr(watch(Script(RUNNING)), name, value)


def test_a_task_that_was_created_just_now_may_be_unknown_at_first(watch: Watch, scheduler: VirtualScheduler) -> None:
    unknown = NotFoundError(status_code=400, error_code="ModelArts.4359")
    monitor = watch(Script(unknown, unknown, ENDED), interval=2.0)
    monitor.start()
    scheduler.step()
    assert "attempt 1 of 3 failed, next in 2 s" in monitor.to_text()
    scheduler.run()
    assert (monitor.phase, scheduler.delays) == ("done", [2.0, 4.0])


# Waiting


async def seen(monitor: Widget) -> None:
    """Wait for the first answer."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    monitor.on_update(lambda _: loop.call_soon_threadsafe(event.set))
    if task_of(monitor) is None:
        await event.wait()


@both
def test_a_coroutine_waits_while_others_run(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)

    async def together() -> None:
        waiting = asyncio.ensure_future(monitor.wait_async(20.0))
        await seen(monitor)
        client.answers = [ENDED]
        await waiting

    asyncio.run(together())
    assert progress(monitor) == 100.0


@both
def test_a_coroutine_need_not_wait_for_what_has_ended(watch: Watch) -> None:
    monitor = watch(Script(ENDED))
    monitor.wait(20.0)
    assert asyncio.run(monitor.wait_async())


@both
def test_a_coroutine_runs_out_of_time_and_leaves_the_polling_alone(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.05 s"):
        asyncio.run(monitor.wait_async(0.05))
    assert monitor.phase == "polling"
    assert not monitor._waiters


@both
@pytest.mark.parametrize("error", [NotFoundError(), ZeroDivisionError("oops")], ids=repr)
def test_a_coroutine_hears_the_monitors_own_error(watch: Watch, error: Exception) -> None:
    with pytest.raises(type(error)):
        asyncio.run(watch(Script(error)).wait_async(20.0))


def test_a_coroutine_hears_that_polling_was_paused(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))
    monitor.observe(lambda _: monitor.pause(), "task")
    with pytest.raises(ModelArtsError, match="Polling is paused"):
        asyncio.run(monitor.wait_async(20.0))


@both
def test_a_coroutine_that_is_cancelled_leaves_the_polling_alone(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))

    async def cancel() -> None:
        waiting = asyncio.ensure_future(monitor.wait_async())
        await seen(monitor)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancel())
    assert (monitor.phase, monitor._waiters, monitor._attention) == ("polling", [], 0)


def test_callbacks_hear_of_what_is_new_and_once_of_the_end(watch: Watch, scheduler: VirtualScheduler) -> None:
    monitor = watch(Script(RUNNING, RUNNING, FURTHER, ServiceError(status_code=500), FURTHER, ENDED))
    updates: list[float | None] = []
    ends: list[str | None] = []
    monitor.on_update(lambda task: updates.append(task.progress))
    monitor.on_done(lambda task: ends.append(task.status))
    monitor.start()
    scheduler.run()
    assert updates == [42.0, 43.0, 100.0]
    assert ends == ["SUCCESSED"]
    monitor.on_done(lambda task: ends.append(f"{task.status} at once"))
    assert ends == ["SUCCESSED", "SUCCESSED at once"]


@both
def test_a_callback_that_raises_is_logged_and_disturbs_nobody(
    watch: Watch, scheduler: VirtualScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = watch(Script(RUNNING, ENDED))
    heard: list[Any] = []
    monitor.on_update(lambda _: 1 / 0)
    monitor.on_update(heard.append)
    monitor.start()
    finish(scheduler, monitor)
    assert len(heard) == 2
    assert caplog.text.count("ZeroDivisionError: ") == 2


@both
def test_a_callback_is_registered_once_and_can_be_taken_away(watch: Watch, scheduler: VirtualScheduler) -> None:
    monitor = watch(Script(RUNNING, FURTHER, ENDED))
    heard: list[Any] = []
    for _ in range(3):
        monitor.on_update(heard.append)
    monitor.start()
    scheduler.step()
    assert len(heard) == 1
    monitor.on_update(heard.append, remove=True)
    finish(scheduler, monitor)
    assert len(heard) == 1


# Figures


def count(messages: list[Message]) -> int:
    return len([kind for _, kind, _ in messages if kind == "comm_msg"])


@both
def test_the_figures_are_those_of_the_wire(
    watch: Watch, scheduler: VirtualScheduler, messages: list[Message], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(View, "clock", clock)
    client = Script(RUNNING, ConnectionFailedError(), FURTHER, FURTHER, ServiceError(status_code=500), ENDED)
    monitor = watch(client, interval=2.0)
    monitor.start()
    scheduler.step()
    assert (monitor.stats.interval, monitor.stats.threads) == (2.0, 0)
    finish(scheduler, monitor)
    stats = monitor.stats
    assert (stats.polls, stats.polls) == (client.asked, 6)
    assert (stats.changes, stats.retries) == (3, 2)
    assert stats.errors == {"ConnectionFailedError": 1, "ServiceError": 1}
    assert stats.messages == count(messages) > 0
    assert (stats.interval is None) == isinstance(monitor, ExportMonitor)


def test_a_change_of_status_is_four_messages_at_most(
    watch: Watch, scheduler: VirtualScheduler, messages: list[Message]
) -> None:
    begun = EXAMPLE | {"status": "INIT"}
    client = Script(begun)
    monitor = watch(client)
    monitor.start()
    scheduler.step()
    for answer in (RUNNING, ENDED):
        messages.clear()
        client.answers = [answer]
        scheduler.step()
        assert 1 <= count(messages) <= 4


@pytest.mark.parametrize("interval", [0.1, 0.25])
def test_the_bar_ticks_once_a_second_at_most_whatever_the_interval(
    watch: Watch,
    scheduler: VirtualScheduler,
    messages: list[Message],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    interval: float,
) -> None:
    monkeypatch.setattr(ExportMonitor, "clock", clock)
    client = Script(*[RUNNING | {"finished_sample_count": number} for number in range(1_000)])
    watch(client, interval=interval).start()
    scheduler.step()
    messages.clear()
    begin = clock()
    while clock() - begin < 20.0:
        scheduler.step()
    assert 10 <= count(messages) <= 21
    client.answers = [RUNNING | {"finished_sample_count": 7_777}]
    for _ in range(30):
        scheduler.step()
    assert "7,777 of 20,000" in messages[-1][2]["state"]["value"], "what was held back comes later"


def test_a_thousand_monitors_are_polled_by_four_threads_to_their_end(
    simulator: Simulator, clock: Clock, client: ModelArtsClient, watch: Watch
) -> None:
    exports = [simulator.add_export(task_id=f"t{number}", seconds=60.0) for number in range(1_000)]
    monitors = [watch(client, export.dataset_id, export.task_id, interval=86_400.0) for export in exports]
    threads, made = set(), [monitor.stats.messages for monitor in monitors]
    for monitor in monitors:
        monitor.observe(lambda _: threads.add(SCHEDULER.threads), "task")
        monitor.start()
    until(lambda: all(monitor.status == "INIT" for monitor in monitors), 60.0)
    clock.advance(60.0)
    for monitor in monitors:
        monitor.refresh()
    assert all(monitor.wait(60.0).succeeded for monitor in monitors)
    assert max(threads) <= 4
    stats = [monitor.stats for monitor in monitors]
    assert {(each.polls, each.changes, each.retries) for each in stats} == {(2, 2, 0)}
    assert simulator.requests == 2_000
    sent = [each.messages - before for each, before in zip(stats, made, strict=True)]
    assert max(sent) <= 8, "four for each of two changes of the status"
