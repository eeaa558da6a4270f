"""Where no thread can be started: polls run on the event loop, nobody blocks it, and nothing is lost between loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import Script
from support.engines import LoopDriver
from support.watches import ENDED, HANGS, RUNNING, run

from modelarts_widgets import ModelArtsError, ServiceError, Watch
from modelarts_widgets.polling import engine
from modelarts_widgets.polling.engine import LoopEngine

Follow = Callable[..., Watch[Any]]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopDriver]:
    """Put an engine without threads in place, and let nobody start one."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    running = LoopDriver(LoopEngine())
    monkeypatch.setattr(engine, "ENGINE", running.engine)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr("modelarts_widgets.polling.threads.start_new_thread", refuse)
    yield running
    running.close()


def begin(engine: LoopEngine, work: Callable[[], object]) -> None:
    """Begin a job."""
    engine.do(lambda: engine.beside(work, lambda _: None))


@pytest.mark.parametrize("task_id", ["t", None])
@pytest.mark.parametrize("begin", ["start", "done"])
def test_a_wait_that_would_keep_the_loop_from_polling_is_refused_at_once(
    follow: Follow, loop: LoopDriver, task_id: str | None, begin: str
) -> None:
    watch = follow(Script(ENDED), task_id)
    getattr(watch, begin)()
    phase = watch.phase

    async def block() -> None:
        with pytest.raises(RuntimeError, match=r"use await wait_async\(\)"):
            watch.wait(HANGS)

    loop.run(block())
    assert (watch.phase, watch._is_awaited) == (phase, 0)


def test_a_wait_for_what_is_over_returns_or_raises_as_anywhere(follow: Follow, loop: LoopDriver) -> None:
    ended, failed, paused = (
        follow(Script(ENDED)),
        follow(Script(ServiceError(status_code=400))),
        follow(Script(RUNNING)),
    )
    loop.run(ended.wait_async(HANGS))
    assert ended.wait().succeeded
    failed.start()
    loop.until(lambda: failed.phase == "stopped")
    with pytest.raises(ServiceError):
        failed.wait()
    paused.pause()
    paused.start()
    paused.pause()
    with pytest.raises(ModelArtsError, match="Polling is paused"):
        paused.wait()


def test_polls_go_on_while_a_cell_awaits_anything(follow: Follow, loop: LoopDriver) -> None:
    watch, seen = follow(Script(*(RUNNING | {"progress": float(number)} for number in range(3)), ENDED)), []
    watch.on_update(lambda task: seen.append(task.progress))
    watch.start()

    loop.until(watch.done)
    assert seen == [0.0, 1.0, 2.0, 100.0]
    assert watch.stats.threads == 0


def test_a_hundred_watches_are_waited_for_together(follow: Follow, loop: LoopDriver) -> None:
    watches = [follow(Script(RUNNING, ENDED), f"t{number}") for number in range(100)]

    async def cell() -> list[Any]:
        return await asyncio.gather(*(watch.wait_async(HANGS) for watch in watches))

    assert all(task.succeeded for task in loop.run(cell()))


def test_what_was_begun_before_there_was_a_loop_goes_on_with_the_first_wait(follow: Follow, loop: LoopDriver) -> None:
    watch, heard = follow(Script(RUNNING, ENDED)), []
    watch.on_done(heard.append)
    watch.start()
    assert (watch.phase, watch.stats.polls) == ("polling", 0)
    loop.run(watch.wait_async(HANGS))
    assert len(heard) == 1


def test_a_poll_whose_loop_is_closed_goes_on_with_the_next(follow: Follow, loop: LoopDriver) -> None:
    client = Script(RUNNING)
    watch = follow(client)
    watch.start()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            asyncio.run(watch.wait_async(0.3))
    assert watch.phase == "polling"
    watch.refresh()  # there is no loop at all
    asked, client.answers = client.asked, [ENDED]
    assert loop.run(watch.wait_async(HANGS)).succeeded
    assert client.asked > asked > 2


def test_a_loop_that_is_run_again_goes_on_by_itself(loop: LoopDriver) -> None:
    running, done = loop.engine, asyncio.Event()
    loop.until(lambda: True)
    late = running.do(lambda: running.at(3_600.0, lambda: None))
    loop.run(asyncio.sleep(0))
    begin(running, done.set)  # while no loop runs

    loop.run(asyncio.wait_for(done.wait(), HANGS / 2))  # which does not wake the engine
    running.do(late.cancel)


@pytest.mark.parametrize("timed", [False, True])
def test_tasks_have_their_turn_between_two_jobs(loop: LoopDriver, *, timed: bool) -> None:
    running, order = loop.engine, []

    def job() -> None:
        running.beside(lambda: order.append("job"), lambda _: None)

    async def both() -> None:
        for _ in range(10):
            running.do(lambda: running.at(0.0, job) if timed else job())
        while order.count("job") < 10:
            order.append("task")
            await asyncio.sleep(0)

    loop.run(both())
    assert "job job" not in " ".join(order)


def test_jobs_that_call_out_wait_for_no_loop_and_other_jobs_do(loop: LoopDriver) -> None:
    running, order = loop.engine, []

    def act() -> None:
        running.beside(lambda: order.append("request"), lambda _: None)
        running.beside(lambda: order.append("callback"), lambda _: order.append("taken"), calls_out=True)
        order.append("act")

    running.do(act)
    assert order == ["act", "callback", "taken"]
    loop.until(lambda: "request" in order)


def test_a_job_that_runs_the_loop_itself_holds_up_nobody(loop: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    running, other = loop.engine, threading.Event()
    ready: list[Callable[[], None]] = []

    def nested() -> None:
        begin(running, other.set)
        while not other.is_set() and ready:  # what a nested loop does
            ready.pop(0)()

    async def cell() -> None:
        current = asyncio.get_running_loop()
        monkeypatch.setattr(current, "call_later", lambda _, act, *given: ready.append(lambda: act(*given)))
        begin(running, nested)
        ready.pop(0)()

    loop.run(cell())
    assert other.is_set()


def test_a_job_that_runs_the_loop_itself_keeps_no_other_that_was_there_before_from_running(
    loop: LoopDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, others = loop.engine, []
    ready: list[Callable[[], None]] = []

    def nested() -> None:
        while len(others) < 3 and ready:
            ready.pop(0)()

    async def cell() -> None:
        current = asyncio.get_running_loop()
        monkeypatch.setattr(current, "call_later", lambda _, act, *given: ready.append(lambda: act(*given)))
        begin(running, nested)
        for _ in range(3):
            begin(running, lambda: others.append(1))
        ready.pop(0)()

    loop.run(cell())
    assert len(others) == 3


def test_callbacks_may_use_every_watch_and_are_told_in_order(follow: Follow, loop: LoopDriver) -> None:
    one, other, heard = follow(Script(RUNNING, ENDED)), follow(Script(RUNNING)), []
    one.on_update(lambda task: (other.pause(), heard.append((task.status, other.phase)), other.resume()))
    other.on_update(lambda _: one.refresh())
    other.start()
    loop.run(one.wait_async(HANGS))
    assert heard == [("RUNNING", "paused"), ("SUCCESSED", "paused")]


def test_a_python_without_threads_takes_the_event_loop_by_itself() -> None:
    run(
        """
import asyncio, sys, threading, types
sys.thread_info = types.SimpleNamespace(name="pthread-stubs")

def refuse(_):
    raise RuntimeError("can't start new thread")

threading.Thread.start = refuse
from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient, TokenAuth
from modelarts_widgets.simulator import Simulator

simulator = Simulator()
try:
    simulator.start()
except RuntimeError as error:
    assert "session=simulator.session()" in str(error)
else:
    raise SystemExit("there is a thread")
auth = TokenAuth(simulator.token)
client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth, session=simulator.session())

async def cell():
    export = simulator.add_export(samples=300, seconds=1.5)
    monitor = ExportMonitor(export.dataset_id, export.task_id, client=client, interval=0.1)
    history = ExportHistory(export.dataset_id, client=client, interval=0.1)
    shares = []
    monitor.observe(lambda change: shares.append(change["new"]), "progress")
    try:
        monitor.wait()
    except RuntimeError as error:
        assert "await wait_async()" in str(error)
    else:
        raise SystemExit("it has waited")
    task = await monitor.wait_async(60)
    assert task.succeeded and monitor.wait() == task and len(shares) > 3, shares
    assert [task.status for task in await history.wait_async(60)] == ["SUCCESSED"]
    monitor.close()
    history.close()

asyncio.run(cell())
"""
    )
