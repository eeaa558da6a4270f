"""Watches without a front end: together, at a pace of their own, with callbacks and three ways to wait.

What holds for one export and for all exports of a dataset is tested on both, by the same code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as some
from support import EXAMPLE, Script, until
from support.engines import Driver
from support.virtual import VirtualEngine
from support.watches import HANGS

from modelarts_widgets import (
    AkSkAuth,
    ExportTask,
    ModelArtsClient,
    NotFoundError,
    ServiceError,
    TokenAuth,
    Watch,
    watch_export,
    watch_exports,
)
from modelarts_widgets.polling import engine as engines
from modelarts_widgets.polling.backoff import MAX_QUIET_DELAY
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.poll import POLLS
from modelarts_widgets.simulator import Clock, Simulator

RUNNING = EXAMPLE | {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
FURTHER = RUNNING | {"progress": 43.0, "finished_sample_count": 8_600}
ENDED = FURTHER | {"status": "SUCCESSED", "progress": 100.0, "finished_sample_count": 20_000}

Make = Callable[..., Any]
both = pytest.mark.parametrize("make", ["export", "exports"], indirect=True)


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Return a function that makes watches of one kind, which are closed after the test."""
    made: list[Watch[Any]] = []
    are_all = getattr(request, "param", "export") == "exports"

    def one(client: Any, dataset_id: str = "d", task_id: str = "t", interval: float = 0.1) -> Watch[Any]:  # noqa: ANN401
        if are_all:
            made.append(watch_exports(dataset_id, client=client, interval=interval))
        else:
            made.append(watch_export(dataset_id, task_id, client=client, interval=interval))
        return made[-1]

    yield one
    for watch in made:
        watch.close()
    assert not POLLS


@pytest.fixture
def virtual(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> VirtualEngine:
    """Let time pass only when somebody waits, and nothing by chance."""
    return VirtualEngine(clock, monkeypatch)


def progress(watch: Watch[Any]) -> float | None:
    """Return the progress of the only export that a watch knows of."""
    return watch.state.tasks[0].progress if watch.state.tasks else None


def status(watch: Watch[Any]) -> str | None:
    """Return its status."""
    return watch.state.tasks[0].status if watch.state.tasks else None


def finish(virtual: VirtualEngine, *watches: Watch[Any]) -> None:
    """Run until all that is watched has ended."""
    while not all(watch.done() for watch in watches):
        virtual.step()


@both
def test_watches_of_the_same_export_share_one_poll(make: Make, virtual: VirtualEngine) -> None:
    client = Script(RUNNING, FURTHER)
    watches = [make(client) for _ in range(5)]
    for watch in watches:
        watch.start()
    virtual.step()
    virtual.step()
    assert client.asked == 2
    assert [progress(watch) for watch in watches] == [43.0] * 5
    assert len(POLLS) == 1


@pytest.mark.parametrize("difference", ["task_id", "dataset_id", "client"])
@pytest.mark.usefixtures("virtual")
def test_watches_of_different_exports_do_not(make: Make, difference: str) -> None:
    one = make(Script(RUNNING))
    client = one._subject.client
    other = make(Script(ENDED)) if difference == "client" else make(client, **{difference: "other"})
    one.start()
    other.start()
    assert len(POLLS) == 2


def test_clients_of_one_project_with_equal_credentials_count_as_one_and_with_others_do_not(
    make: Make, virtual: VirtualEngine
) -> None:
    for token, polls in [("a", 1), ("a", 1), ("b", 2)]:
        make(ModelArtsClient("https://example.com/", "p", auth=TokenAuth(token))).start()
        assert len(POLLS) == polls
    assert virtual.delays == []


@both
def test_one_pauses_stops_and_closes_for_itself_alone(make: Make, virtual: VirtualEngine) -> None:
    client = Script(RUNNING)
    watches = [make(client) for _ in range(4)]
    for watch in watches:
        watch.start()
    virtual.step()
    pausing, stopping, closing, staying = watches
    pausing.pause()
    stopping.stop()
    closing.close()
    client.answers = [FURTHER]
    virtual.step()
    assert [watch.phase for watch in watches] == ["paused", "stopped", "stopped", "polling"]
    assert [progress(watch) for watch in watches] == [42.0, 42.0, 42.0, 43.0]
    pausing.resume()
    assert progress(pausing) == 43.0, "at once, from what the other one knows"
    staying.close()
    assert len(POLLS) == 1
    pausing.stop()
    assert not POLLS


@both
def test_the_shortest_interval_holds_for_all(make: Make, virtual: VirtualEngine) -> None:
    client = Script(*[RUNNING | {"finished_sample_count": count} for count in range(50)])
    slow, quick = make(client, interval=60.0), make(client, interval=5.0)
    slow.start()
    virtual.step()
    quick.start()
    virtual.step()
    virtual.step()
    assert virtual.delays == [60.0, 5.0, 5.0]
    quick.close()
    virtual.step()
    assert virtual.delays[-1] == 60.0


def test_other_credentials_neither_stop_a_watch_nor_show_what_they_may_not_see(
    simulator: Simulator, make: Make
) -> None:
    export = simulator.add_export()
    clients = [
        ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth)
        for auth in (TokenAuth(simulator.token), TokenAuth("wrong"))
    ]
    good, bad = (make(client, export.dataset_id, export.task_id) for client in clients)
    good.start()
    until(lambda: status(good) == "INIT")
    bad.start()
    until(lambda: bad.phase == "needs-auth")
    assert (good.phase, bad.answer) == ("polling", None)
    for client in clients:
        client.close()


def test_new_credentials_wake_all_who_have_been_waiting_for_some(simulator: Simulator, make: Make) -> None:
    exports = [simulator.add_export(seconds=0.0) for _ in range(20)]
    wrong = AkSkAuth(simulator.access_key, "wrong")
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=wrong) as client:
        watches = [make(client, export.dataset_id, export.task_id) for export in exports]
        for watch in watches:
            watch.start()
        until(lambda: {watch.phase for watch in watches} == {"needs-auth"})
        until(lambda: ENGINE.threads == 0)
        asked = simulator.requests
        watches[3].resume(auth=TokenAuth("wrong again"))
        until(lambda: ENGINE.threads == 0)
        assert simulator.requests - asked <= 4, "no more than there are threads"
        watches[3].resume(auth=AkSkAuth(simulator.access_key, simulator.secret_key))
        assert all(watch.wait(20.0).succeeded for watch in watches)


@both
def test_all_who_follow_hear_of_trouble_and_of_the_end(make: Make, virtual: VirtualEngine) -> None:
    client = Script(RUNNING, ServiceError(status_code=503), ENDED)
    watches = [make(client) for _ in range(3)]
    for watch in watches:
        watch.start()
    virtual.step()
    virtual.step()
    assert {watch.phase for watch in watches} == {"retrying"}
    assert all("HTTP 503" in str(watch.error) for watch in watches)
    finish(virtual, *watches)
    assert {status(watch) for watch in watches} == {"SUCCESSED"}


@both
def test_the_wait_grows_with_the_silence_and_shrinks_at_a_change(make: Make, virtual: VirtualEngine) -> None:
    client = Script(RUNNING)
    make(client, interval=2.0).start()
    for _ in range(120):
        virtual.step()
    assert virtual.delays[:10] == [2.0] * 10
    assert virtual.delays == sorted(virtual.delays)
    assert all(new <= 1.2 * old for old, new in zip(virtual.delays, virtual.delays[1:], strict=False)), "smoothly"
    assert virtual.delays[-1] == MAX_QUIET_DELAY
    client.answers = [FURTHER]
    virtual.step()
    assert virtual.delays[-1] == 2.0


def test_a_task_that_was_created_just_now_may_be_unknown_at_first(make: Make, virtual: VirtualEngine) -> None:
    unknown = NotFoundError(status_code=400, error_code="ModelArts.4359")
    watch = make(Script(unknown, unknown, ENDED), interval=2.0)
    watch.start()
    virtual.step()
    assert (watch.state.failures, watch.state.max_failures, watch.state.delay) == (1, 3, 2.0)
    virtual.run()
    assert (watch.phase, virtual.delays) == ("done", [2.0, 4.0])


class Listing:
    """A client of a dataset with some exports."""

    def __init__(self, tasks: list[ExportTask]) -> None:
        self.tasks = tasks

    def list_export_tasks(self, dataset_id: str) -> list[ExportTask]:
        assert dataset_id
        return self.tasks


@given(some.lists(some.none() | some.integers(-(10**18), 10**18)))
def test_the_newest_come_first_and_those_without_a_date_last(times: list[int | None]) -> None:
    tasks = [ExportTask.from_json({"create_time": time, "task_id": str(n)}) for n, time in enumerate(times)]
    found = watch_exports("d", client=Listing(tasks))._subject.fetch()  # type: ignore[arg-type]
    dates = [task.create_time for task in found]
    known = [date for date in dates if date is not None]
    assert dates == sorted(known, reverse=True) + [None] * (len(dates) - len(known))
    assert sorted(map(id, found)) == sorted(map(id, tasks))


class Noted(ExportTask):
    """A task that notes whether the owner of all polling looks at it, for which others would wait."""

    owned: ClassVar[list[bool]] = []

    @property
    def is_done(self) -> bool:
        self.owned.append(engines.ENGINE.is_here)
        return super().is_done


def test_a_long_list_is_looked_through_beside_the_owner_that_others_wait_for() -> None:
    tasks = [Noted.from_json(ENDED | {"task_id": f"t{number}"}) for number in range(100)]
    watch = watch_exports("d", client=Listing([*tasks]))
    watch.on_done(lambda _: None)
    watch.wait(HANGS)
    watch.close()
    assert len(Noted.owned) > 200
    assert sum(Noted.owned) <= 2 * len(tasks), "whether it is over"


# Waiting


async def seen(watch: Watch[Any]) -> None:
    """Wait for the first answer."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    watch.on_update(lambda _: loop.call_soon_threadsafe(event.set))
    if watch.answer is None:
        await event.wait()


@both
def test_a_coroutine_waits_while_others_run(make: Make, driver: Driver) -> None:
    client = Script(RUNNING)
    watch = make(client)

    async def together() -> None:
        waiting = asyncio.ensure_future(watch.wait_async(20.0))
        await seen(watch)
        client.answers = [ENDED]
        await waiting

    driver.run(together())
    assert progress(watch) == 100.0


@both
def test_a_coroutine_need_not_wait_for_what_has_ended(make: Make, driver: Driver) -> None:
    watch = make(Script(ENDED))
    driver.run(watch.wait_async(20.0))
    assert driver.run(watch.wait_async())


@both
def test_a_coroutine_runs_out_of_time_and_leaves_the_polling_alone(make: Make, driver: Driver) -> None:
    watch = make(Script(RUNNING))
    watch.start()
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.05 s"):
        driver.run(watch.wait_async(0.05))
    assert watch.phase == "polling"
    assert watch._is_awaited == 0


@both
@pytest.mark.parametrize("error", [NotFoundError(), ZeroDivisionError("oops")], ids=repr)
def test_a_coroutine_hears_the_watches_own_error(make: Make, driver: Driver, error: Exception) -> None:
    with pytest.raises(type(error)):
        driver.run(make(Script(error)).wait_async(20.0))


@both
def test_a_coroutine_that_is_cancelled_leaves_the_polling_alone(make: Make, driver: Driver) -> None:
    watch = make(Script(RUNNING))

    async def cancel() -> None:
        waiting = asyncio.ensure_future(watch.wait_async())
        await seen(watch)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    driver.run(cancel())
    assert (watch.phase, watch._is_awaited) == ("polling", 0)


def test_callbacks_hear_of_what_is_new_and_once_of_the_end(make: Make, virtual: VirtualEngine) -> None:
    watch = make(Script(RUNNING, RUNNING, FURTHER, ServiceError(status_code=500), FURTHER, ENDED))
    updates: list[float | None] = []
    ends: list[str | None] = []
    watch.on_update(lambda task: updates.append(task.progress))
    watch.on_done(lambda task: ends.append(task.status))
    watch.start()
    virtual.run()
    assert updates == [42.0, 43.0, 100.0]
    assert ends == ["SUCCESSED"]
    watch.on_done(lambda task: ends.append(f"{task.status} at once"))
    assert ends == ["SUCCESSED", "SUCCESSED at once"]


@both
def test_a_callback_that_raises_is_logged_and_disturbs_nobody(
    make: Make, virtual: VirtualEngine, caplog: pytest.LogCaptureFixture
) -> None:
    watch = make(Script(RUNNING, ENDED))
    heard: list[Any] = []
    watch.on_update(lambda _: 1 / 0)
    watch.on_update(heard.append)
    watch.start()
    finish(virtual, watch)
    assert len(heard) == 2
    assert caplog.text.count("ZeroDivisionError: ") == 2


@both
def test_a_callback_is_registered_once_and_can_be_taken_away(make: Make, virtual: VirtualEngine) -> None:
    watch = make(Script(RUNNING, FURTHER, ENDED))
    heard: list[Any] = []
    for _ in range(3):
        watch.on_update(heard.append)
    watch.start()
    virtual.step()
    assert len(heard) == 1
    watch.on_update(heard.append, remove=True)
    finish(virtual, watch)
    assert len(heard) == 1
