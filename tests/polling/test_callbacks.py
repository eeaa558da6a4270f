"""Who calls whom, and when: callbacks without any lock, whatever they do, and whatever they raise."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support import Script, until
from support.engines import Driver
from support.watches import ENDED, HANGS, RUNNING, Gate, run

from modelarts_widgets import AuthenticationError, ModelArtsClient, ModelArtsError, TokenAuth, Watch
from modelarts_widgets.polling import engine
from modelarts_widgets.simulator import Simulator

Follow = Callable[..., Watch[Any]]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what callbacks that block wait for; they are let go after the test."""
    event = threading.Event()
    yield event
    event.set()


def blocked(watch: Watch[Any], release: threading.Event) -> None:
    """Let a callback of a watch block, and see that it has begun to."""
    begun = threading.Event()
    watch.on_update(lambda _: (begun.set(), release.wait(HANGS)))
    watch.start()
    until(begun.is_set)


def test_a_callback_may_wait_for_another_thread_that_uses_another_watch(follow: Follow) -> None:
    one, other = follow(Script(RUNNING)), follow(Script(RUNNING))
    other.start()
    done: list[None] = []
    with ThreadPoolExecutor() as executor:
        one.on_update(lambda _: done.append(executor.submit(other.refresh).result(HANGS)))
        one.start()
        until(lambda: done)


def test_callbacks_of_four_watches_may_wait_for_a_fifth(follow: Follow) -> None:
    fifth = Script(RUNNING)
    last, begun, ends = follow(fifth), [], []
    for _ in range(4):
        watch = follow(Script(ENDED))
        watch.on_done(lambda _: (begun.append(1), ends.append(last.wait(HANGS).status)))
        watch.start()
    until(lambda: len(begun) == 4)
    fifth.answers = [ENDED]
    until(lambda: ends == ["SUCCESSED"] * 4)


def test_a_callback_that_blocks_does_not_delay_another_watch(follow: Follow, release: threading.Event) -> None:
    blocked(follow(Script(RUNNING)), release)
    assert follow(Script(ENDED)).wait(HANGS).succeeded


def test_a_callback_that_blocks_does_not_delay_those_of_another_watch_of_the_same_export(
    follow: Follow, release: threading.Event
) -> None:
    client, ends = Gate(ENDED), []
    watches = [follow(client) for _ in range(3)]
    for watch in watches:
        watch.on_done(lambda _, watch=watch: (ends.append(watch), release.wait(HANGS)))
        watch.start()
    client.opened.set()
    until(lambda: set(ends) == set(watches))
    assert not release.is_set()


def test_no_more_than_the_callbacks_themselves_wait_for_one_that_blocks(
    follow: Follow, release: threading.Event
) -> None:
    watch, heard = follow(Script(RUNNING)), []
    blocked(watch, release)
    watch.on_done(heard.append)
    watch.pause()
    assert (watch.phase, watch.stats.polls > 0) == ("paused", True)
    follow(Script(RUNNING)).start()
    assert not release.is_set()


def test_a_callback_that_blocks_does_not_delay_the_event_loop(follow: Follow) -> None:
    watch, begun, release, outcome = follow(Script(ENDED)), threading.Event(), threading.Event(), []

    async def let_go() -> None:
        await asyncio.to_thread(begun.wait, HANGS)
        release.set()

    async def both() -> None:
        await asyncio.gather(watch.wait_async(HANGS), let_go())

    watch.on_done(lambda _: (begun.set(), outcome.append(release.wait(HANGS))))
    asyncio.run(both())
    until(lambda: outcome == [True])


def test_answers_are_told_in_polling_threads_whoever_else_is_busy_with_watches(follow: Follow) -> None:
    names: list[str] = []
    for number in range(50):
        watch = follow(Script(ENDED), f"t{number}")
        watch.on_update(lambda _: names.append(threading.current_thread().name))
        watch.start()
    until(lambda: len(names) == 50)
    assert set(names) == {"modelarts-poll"}


def test_callbacks_are_called_one_at_a_time_in_order_and_with_the_newest_answer(follow: Follow) -> None:
    last = 30
    client = Script(*(RUNNING | {"progress": float(number)} for number in range(last)), ENDED)
    watch, turn, seen, overlaps = follow(client), threading.Lock(), [], []

    def note(task: Any) -> None:  # noqa: ANN401 - a task
        if not turn.acquire(blocking=False):
            overlaps.append(task)
            return
        seen.append(task.progress)
        threading.Event().wait(0.005)
        turn.release()

    watch.on_update(note)
    watch.start()
    while not watch.done():
        watch.refresh()
        threading.Event().wait(0.001)
    until(lambda: seen[-1] == 100.0)
    assert seen == sorted(set(seen))
    assert not overlaps


def test_what_came_while_a_callback_ran_is_told_as_one_the_newest(follow: Follow, release: threading.Event) -> None:
    client = Script(RUNNING)
    watch, seen = follow(client), []
    watch.on_update(lambda task: (seen.append(task.progress), release.wait(HANGS)))
    watch.start()
    until(lambda: seen)
    for progress in (50.0, 60.0, 70.0):
        client.answers = [RUNNING | {"progress": progress}]
        until(lambda progress=progress: watch.answer.progress == progress)
    release.set()
    until(lambda: len(seen) == 2)
    assert seen == [42.0, 70.0]


@pytest.mark.parametrize("when", ["in a callback", "meanwhile", "afterwards"])
def test_a_function_for_the_end_that_comes_while_it_is_told_is_called_once(follow: Follow, when: str) -> None:
    watch, begun, release, ends = follow(Script(ENDED)), threading.Event(), threading.Event(), []
    register = {"in a callback": lambda _: watch.on_done(ends.append)}.get(when, lambda _: None)
    watch.on_done(lambda task: (register(task), begun.set(), release.wait(HANGS)))
    watch.start()
    until(begun.is_set)
    if when == "meanwhile":
        watch.on_done(ends.append)
    release.set()
    until(watch._callbacks.are_up_to_date)  # no other way shows that all have been told
    if when == "afterwards":
        watch.on_done(ends.append)
    until(lambda: ends)
    until(watch._callbacks.are_up_to_date)
    assert len(ends) == 1


def test_as_many_watches_of_one_export_as_there_are_are_told(follow: Follow) -> None:
    client, ends = Gate(ENDED), []
    for _ in range(400):
        watch = follow(client)
        watch.on_done(lambda _: ends.append(1))
        watch.start()
    client.opened.set()
    until(lambda: len(ends) == 400)


# Whatever is raised


def failing(kind: type[BaseException]) -> Callable[..., Any]:
    def fail(*_: object) -> Any:  # noqa: ANN401 - never returns
        raise kind

    return fail


raised = pytest.mark.parametrize(
    "kind", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError], ids=lambda kind: kind.__name__
)


@raised
@pytest.mark.parametrize("place", ["on_update", "on_done", "subscribe"])
def test_a_watch_goes_on_whatever_is_raised_by_one_who_is_told(
    follow: Follow, kind: type[BaseException], place: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = Gate(RUNNING, ENDED)
    watch, heard = follow(client), []
    watch.start()
    until(lambda: client.begun)  # from now on, news come in a polling thread
    getattr(watch, place)(failing(kind))
    watch.on_done(heard.append)
    client.opened.set()
    assert watch.wait(HANGS).succeeded
    until(lambda: heard)
    assert kind.__name__ in caplog.text


@raised
def test_a_token_function_that_raises_it_ends_the_polling_in_an_error(
    follow: Follow, kind: type[BaseException], simulator: Simulator
) -> None:
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(failing(kind))) as client:
        watch = follow(client)
        with pytest.raises(AuthenticationError, match=kind.__name__):
            watch.wait(HANGS)
    assert watch.phase == "needs-auth"


@raised
def test_a_client_that_raises_it_ends_the_polling_in_an_error(
    follow: Follow, driver: Driver, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    client = Script(RUNNING)
    client.get_export_task = failing(kind)  # type: ignore[method-assign]
    watch = follow(client)
    with pytest.raises(ModelArtsError, match=kind.__name__):
        driver.run(watch.wait_async(HANGS))
    assert watch.phase in {"paused", "stopped"}
    assert kind.__name__ in caplog.text


# What is held meanwhile


def test_the_owner_of_all_polling_calls_no_function_of_anybody(follow: Follow) -> None:
    owned = []
    watches = [follow(Script(RUNNING, ENDED)), follow(Script(ENDED)), follow(Script(ENDED), None)]
    for watch in watches:
        for place in (watch.subscribe, watch.on_update, watch.on_done):
            place(lambda _: owned.append(engine.ENGINE.is_here))
        watch.start()
    for watch in watches:
        watch.wait(HANGS)
    assert owned
    assert not any(owned)


def test_garbage_that_closes_its_watch_stops_nobody() -> None:
    run(
        """
import gc, threading
from support import Script
from support.engines import Driver
from support.watches import ENDED, RUNNING
from modelarts_widgets import watch_export

class Job:
    def __init__(self, number):
        self.me, self.watch = self, watch_export("d", f"t{number}", client=Script(RUNNING), interval=0.1)
        self.watch.start()
    def __del__(self):
        closed.append(1)
        self.watch.close()

closed = []
gc.set_threshold(20, 2, 2)

def work(first):
    for number in range(first, first + 300):
        Job(number)
        watch_export("d", f"e{number}", client=Script(ENDED), interval=0.1).wait(60)

threads = [threading.Thread(target=work, args=(1_000 * number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
gc.collect()
assert len(closed) == 900, len(closed)
"""
    )
