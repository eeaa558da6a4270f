"""Waiting: with odd limits, for nothing, on loops that close; and what only a wait has started."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from support import Script
from support.engines import Driver
from support.watches import ENDED, HANGS, RUNNING, Gate

from modelarts_widgets import ServiceError, Watch, watch_export, watch_exports
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
