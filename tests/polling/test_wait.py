"""Waiting: with odd limits, for nothing, on loops that close; and what only a wait has started."""

from __future__ import annotations

import asyncio
import math
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import Script, until
from support.engines import Driver
from support.watches import ENDED, HANGS, RUNNING, Gate

from modelarts_widgets import (
    ExportHistory,
    ExportMonitor,
    ExportTask,
    ServiceError,
    Watch,
    watch_export,
    watch_exports,
)
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.poll import POLLS

Follow = Callable[..., Watch[Any]]
ODD = [
    ("2", TypeError, "must be a number of seconds, not str"),
    (True, TypeError, "must be a number of seconds, not bool"),
    ([1], TypeError, "must be a number of seconds, not list"),
    (math.nan, ValueError, "not nan"),
    (-1, ValueError, "not -1"),
    (-math.inf, ValueError, "not -inf"),
]


@pytest.mark.parametrize(("value", "kind", "message"), ODD)
@pytest.mark.parametrize("how", ["wait", "wait_async", "watch_export", "watch_exports", "set_interval"])
def test_a_number_of_seconds_that_makes_no_sense_is_refused_everywhere_alike(
    follow: Follow,
    how: str,
    value: Any,  # noqa: ANN401 - anything
    kind: type[Exception],
    message: str,
) -> None:
    watch = follow(Script(RUNNING))
    calls: dict[str, Callable[[], object]] = {
        "wait": lambda: watch.wait(value),
        "wait_async": lambda: asyncio.run(watch.wait_async(value)),
        "watch_export": lambda: watch_export("d", "t", client=Script(RUNNING), interval=value),
        "watch_exports": lambda: watch_exports("d", client=Script(RUNNING), interval=value),
        "set_interval": lambda: watch.set_interval(value),
    }
    with pytest.raises(kind, match=message):
        calls[how]()
    assert (watch.phase, watch.stats.polls) == ("idle", 0)


@pytest.mark.parametrize("value", [math.inf, 0, 0.05, 86_401])
def test_an_interval_out_of_bounds_says_what_the_bounds_are(value: float) -> None:
    with pytest.raises(ValueError, match=f"interval must be 0.1 to 86400 seconds, not {value}"):
        watch_export("d", "t", client=Script(RUNNING), interval=value)


@pytest.mark.parametrize("limit", [None, math.inf, 1e300])
def test_no_limit_and_one_that_no_clock_can_measure_are_taken(
    follow: Follow, driver: Driver, limit: float | None
) -> None:
    watch = follow(Script(ENDED))
    assert driver.run(watch.wait_async(limit)).succeeded
    assert watch.wait(limit).succeeded


@pytest.mark.parametrize("limit", [None, math.inf, 1e300])
def test_a_thread_takes_them_too(follow: Follow, limit: float | None) -> None:
    assert follow(Script(ENDED)).wait(limit).succeeded


def test_waiting_for_no_time_returns_what_is_known(follow: Follow, driver: Driver) -> None:
    watch = follow(Script(ENDED))
    driver.run(watch.wait_async(HANGS))
    assert watch.wait(0).succeeded
    assert driver.run(watch.wait_async(0)).succeeded
    driver.rest()
    assert watch.stats.polls == 1


def test_waiting_for_no_time_many_times_holds_one_thread_at_most(follow: Follow) -> None:
    watch, most = follow(Gate(RUNNING)), []
    for _ in range(20):
        with pytest.raises(TimeoutError):
            watch.wait(0)
        most.append(ENGINE.threads)
    watch._subject.client.opened.set()
    assert max(most) <= 2


def test_running_out_of_time_names_what_went_wrong_last_as_the_cause(follow: Follow, driver: Driver) -> None:
    failure = ServiceError("away", status_code=503)
    watch = follow(Script(failure), interval=86_400.0)
    watch.start()
    driver.until(lambda: watch.error)
    with pytest.raises(TimeoutError, match=r"Export t has not ended within 0 s") as caught:
        driver.run(watch.wait_async(0))
    assert caught.value.__cause__ is failure
    if not driver.engine.needs_loop:
        with pytest.raises(TimeoutError, match=r"Export t has not ended within 0 s") as caught:
            watch.wait(0)
        assert caught.value.__cause__ is failure


@pytest.mark.parametrize("how", ["wait", "wait_async", "limit"])
def test_what_only_a_wait_has_started_ends_with_it(driver: Driver, how: str) -> None:
    if driver.engine.needs_loop and how == "wait":
        pytest.skip("nobody can wait so where there is but a loop")
    clients = [Script(RUNNING if how == "limit" else ENDED) for _ in range(30)]
    for client in clients:
        if how == "wait":
            watch_exports("d", client=client, interval=60.0).wait(HANGS)
        elif how == "wait_async":
            driver.run(watch_exports("d", client=client, interval=60.0).wait_async(HANGS))
        else:
            with pytest.raises(TimeoutError):
                driver.run(watch_exports("d", client=client, interval=60.0).wait_async(0))
    driver.rest()
    assert not POLLS
    assert sum(client.asked for client in clients) <= 30


@pytest.mark.parametrize("how", ["start", "on_update", "on_done", "resume"])
def test_what_somebody_else_wants_too_goes_on_after_a_wait(follow: Follow, driver: Driver, how: str) -> None:
    client = Script(ENDED)
    watch = follow(client, None)
    if how in {"start", "resume"}:
        getattr(watch, how)()
    else:
        getattr(watch, how)(lambda _: None)
    driver.run(watch.wait_async(HANGS))
    asked = client.asked
    driver.until(lambda: client.asked > asked)
    assert watch.phase == "polling"


def test_a_watch_that_was_only_waited_for_can_be_waited_for_again(follow: Follow, driver: Driver) -> None:
    watch = follow(Script(ENDED), None)
    for _ in range(3):
        assert [task.status for task in driver.run(watch.wait_async(HANGS))] == ["SUCCESSED"]
        assert watch.phase == "idle"


def test_a_loop_that_is_closed_while_it_waits_leaves_the_counts_right(follow: Follow) -> None:
    watch, loop = follow(Gate(ENDED), None), asyncio.new_event_loop()
    waiting = loop.create_task(watch.wait_async(HANGS))
    loop.run_until_complete(asyncio.sleep(0))
    assert watch._is_awaited == 1  # no public way shows it
    waiting.cancel()
    loop.close()
    waiting.get_coro().close()  # type: ignore[union-attr] # as the garbage collector does
    assert watch._is_awaited == 0
    watch._subject.client.opened.set()
    assert watch.phase == "idle"
    assert watch.wait(HANGS)


def test_news_for_a_loop_that_is_closed_disturb_nobody(follow: Follow) -> None:
    client = Gate(ENDED)
    watch, loop = follow(client), asyncio.new_event_loop()
    watch.start()
    waiting = loop.create_task(watch.wait_async(HANGS))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    client.opened.set()
    assert watch.wait(HANGS).succeeded
    waiting.get_coro().close()  # type: ignore[union-attr] # as the garbage collector does
    waiting._log_destroy_pending = False  # type: ignore[attr-defined] # that it was forgotten is what this is about
    assert watch._is_awaited == 0


class Interrupting(Script):
    """A client that interrupts the main thread once, as Ctrl-C does, while that waits for the third answer."""

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Interrupt the caller who waits, and answer."""
        if self.asked == 2:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return super().get_export_task(dataset_id, task_id)

    def list_export_tasks(self, dataset_id: str) -> Iterator[ExportTask]:
        """Do the same."""
        yield self.get_export_task(dataset_id, "t")


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no thread can be interrupted from outside here")
@pytest.mark.parametrize("progress", [None, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda client: watch_export("d", "t", client=client, interval=0.1),
        lambda client: watch_exports("d", client=client, interval=0.1),
        lambda client: ExportMonitor("d", "t", client=client, interval=0.1),
        lambda client: ExportHistory("d", client=client, interval=0.1),
    ],
    ids=["watch_export", "watch_exports", "ExportMonitor", "ExportHistory"],
)
def test_an_interrupt_shows_the_line_of_the_user_and_one_frame_of_ours(
    make: Callable[[Any], Any],
    progress: bool | None,  # noqa: FBT001 - a table of booleans
) -> None:
    waiting = make(Interrupting(RUNNING))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            waiting.wait(HANGS, progress=progress)
    finally:
        signal.signal(signal.SIGINT, before)
    told = traceback.format_exception(caught.value)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames[1:]] == ["wait"]
    assert frames[0].filename == __file__
    assert len([line for line in told if line.startswith("Traceback")]) == 1, "and none of what happened meanwhile"
    watch = waiting if isinstance(waiting, Watch) else waiting.watch
    until(lambda: not watch._is_awaited)  # at once if its own frame has dismissed it, else when that frame is gone
    waiting.close()
