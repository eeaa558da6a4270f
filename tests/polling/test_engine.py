from __future__ import annotations

import contextvars
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from support import until
from support.engines import Driver
from support.watches import HANGS, run

from modelarts_widgets.polling.engine import Engine, Timer
from modelarts_widgets.polling.threads import MAX_BUSY, MAX_THREADS, ThreadEngine

Act = Callable[[], object]


def nothing() -> None:
    """Be an act."""


def refuse(*_: object) -> None:
    raise RuntimeError("can't start new thread")


def begin(engine: Engine, work: Act, then: Callable[[object], object] = lambda _: None, **options: bool) -> None:
    """Begin a job."""
    engine.do(lambda: engine.beside(work, then, **options))


class Steps:
    """A job that counts how often it is done, and is done again after each of its delays."""

    def __init__(self, engine: Engine, *delays: float, work: Act = nothing, calls_out: bool = False) -> None:
        self.engine, self.delays, self.work, self.calls_out = engine, list(delays), work, calls_out
        self.done = 0

    def begin(self, delay: float = 0.0) -> Timer:
        return self.engine.do(lambda: self.engine.at(delay, self.ask))

    def ask(self) -> None:
        self.engine.beside(self.once, self.go_on, calls_out=self.calls_out)

    def once(self) -> None:
        try:
            self.work()
        finally:
            self.done += 1

    def go_on(self, _: object) -> None:
        if self.delays:
            self.engine.at(self.delays.pop(0), self.ask)


class Garbage:
    """Does something when it goes."""

    def __init__(self, act: Act) -> None:
        self.act = act

    def __del__(self) -> None:
        self.act()


@pytest.fixture
def threaded() -> Iterator[ThreadEngine]:
    """Return an engine with threads, and see that they end."""
    running = ThreadEngine()
    yield running
    until(lambda: running.threads == 0)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what jobs wait for that hang, and let them go in the end."""
    event = threading.Event()
    yield event
    event.set()


# Acts.


def test_acts_run_in_order_and_one_at_a_time(driver: Driver) -> None:
    order: list[tuple[str, int]] = []

    def act(number: int) -> None:
        order.append(("begins", number))
        driver.engine.post(lambda: order.append(("later", number)))  # not amid this one
        order.append(("ends", number))

    for number in range(100):
        driver.engine.post(lambda number=number: act(number))
    driver.until(lambda: len(order) == 300)
    acts = [step for step in order if step[0] != "later"]
    assert acts == [(name, number) for number in range(100) for name in ("begins", "ends")]
    assert [number for name, number in order if name == "later"] == list(range(100))
    assert all(order[place + 1] == ("ends", step[1]) for place, step in enumerate(order) if step[0] == "begins")


def test_acts_of_many_threads_run_one_at_a_time(threaded: ThreadEngine) -> None:
    inside, most, done = 0, 0, 0

    def act() -> None:
        nonlocal inside, most, done
        inside += 1
        time.sleep(0)  # a chance for others
        most, inside, done = max(most, inside), inside - 1, done + 1

    threads = [threading.Thread(target=lambda: [threaded.do(act) for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (1, 800)


def in_thread(_: Engine, ask: Act) -> None:
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()


def in_cycle(ask: Act) -> None:
    garbage = Garbage(ask)
    garbage.me = garbage  # type: ignore[attr-defined]


def in_handler(raising: Act, ask: Act) -> None:
    before = signal.signal(signal.SIGINT, lambda *_: ask())
    try:
        raising()
    finally:
        time.sleep(0)  # handlers run in this thread, between two of its steps
        signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def collected(engine: Engine, ask: Act) -> None:
    in_cycle(ask)
    engine.do(gc.collect)


def collected_in_thread(engine: Engine, ask: Act) -> None:
    in_cycle(ask)
    in_thread(engine, gc.collect)


ANYWHERE: dict[str, Callable[[Engine, Act], object]] = {
    "here": lambda _, ask: ask(),
    "nested in an act": lambda engine, ask: engine.do(ask),
    "nested twice": lambda engine, ask: engine.do(lambda: engine.do(ask)),
    "in an act that is posted": lambda engine, ask: engine.post(ask),
    "in a timer": lambda engine, ask: engine.do(lambda: engine.at(0.0, ask)),
    "in a job": begin,
    "in a job that calls out": lambda engine, ask: begin(engine, ask, calls_out=True),
    "in what takes the result of a job": lambda engine, ask: begin(engine, nothing, lambda _: ask()),
    "in a destructor": lambda _, ask: Garbage(ask) and None,
    "in a destructor in the owner": lambda engine, ask: engine.do(lambda: Garbage(ask) and None),
    "in the collector in the owner": collected,
    "in a signal handler": lambda _, ask: in_handler(interrupt, ask),
    "in a signal handler while an act is waited for": lambda engine, ask: in_handler(lambda: engine.do(interrupt), ask),
}
IN_THREADS: dict[str, Callable[[Engine, Act], object]] = {
    "in another thread": in_thread,
    "in another thread, nested in an act": lambda engine, ask: in_thread(engine, lambda: engine.do(ask)),
    "in a destructor in another thread": lambda engine, ask: in_thread(engine, lambda: Garbage(ask) and None),
    "in the collector in another thread": collected_in_thread,
}


def ask_and_post(engine: Engine, heard: list[object]) -> None:
    """Hear of a result, of an error, and of something posted."""
    heard.append(engine.do(lambda: 42))
    try:
        engine.do(lambda: 1 / 0)
    except ZeroDivisionError as error:
        heard.append(type(error))
    engine.post(lambda: heard.append("posted"))


@pytest.mark.parametrize("place", ANYWHERE)
def test_an_act_gives_its_result_or_error_to_whoever_asks_from_anywhere(driver: Driver, place: str) -> None:
    heard: list[object] = []
    ANYWHERE[place](driver.engine, lambda: ask_and_post(driver.engine, heard))
    driver.until(lambda: "posted" in heard)
    assert heard == [42, ZeroDivisionError, "posted"]


@pytest.mark.parametrize("place", IN_THREADS)
def test_an_act_gives_its_result_or_error_to_whoever_asks_from_any_thread(threaded: ThreadEngine, place: str) -> None:
    heard: list[object] = []
    IN_THREADS[place](threaded, lambda: ask_and_post(threaded, heard))
    until(lambda: "posted" in heard)
    assert heard == [42, ZeroDivisionError, "posted"]


def test_to_post_never_blocks(threaded: ThreadEngine, release: threading.Event) -> None:
    order: list[int] = []
    threaded.post(lambda: release.wait(HANGS))
    for number in range(1_000):
        threaded.post(lambda number=number: order.append(number))
    assert not order
    release.set()
    until(lambda: len(order) == 1_000)
    assert order == list(range(1_000))


def test_nothing_is_lost_while_the_owner_is_just_ending(
    threaded: ThreadEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelarts_widgets.polling.threads.LINGER", 0.0)
    posted: list[int] = []

    def burst() -> None:
        for number in range(300):
            threaded.post(lambda: posted.append(1))
            if number % 3 == 0:
                threaded.do(nothing)

    threads = [threading.Thread(target=burst) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    until(lambda: len(posted) == 1_200)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no thread can be interrupted from outside here")
def test_who_is_interrupted_while_waiting_for_an_act_disturbs_nobody(
    threaded: ThreadEngine, release: threading.Event
) -> None:
    done: list[int] = []

    def act() -> None:
        while not release.wait(0.01):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        done.append(1)

    def once(*_: object) -> None:
        if not release.is_set():
            release.set()
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, once)
    try:
        with pytest.raises(KeyboardInterrupt):
            threaded.do(act)
        assert threaded.do(lambda: 42) == 42
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == [1]


def test_a_process_may_end_in_the_middle_of_everything() -> None:
    run("""
import atexit, threading, time
from modelarts_widgets.polling.engine import ENGINE

class Garbage:
    def __del__(self):
        assert ENGINE.do(lambda: 42) == 42
        ENGINE.post(lambda: None)

ENGINE.do(lambda: ENGINE.at(3_600.0, lambda: None))
ENGINE.do(lambda: ENGINE.beside(threading.Event().wait, print))
ENGINE.kept = Garbage()
atexit.register(lambda: ENGINE.do(lambda: None))
ENGINE.post(lambda: time.sleep(0.1))
""")


# Timers.


def test_timers_fire_in_order_and_those_that_are_cancelled_do_not(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, order = driver.engine, []

    def act() -> None:
        now = time.monotonic()
        with monkeypatch.context() as patch:
            patch.setattr(engine, "clock", lambda: now)  # however busy this machine is
            timers = [engine.at(delay, lambda delay=delay: order.append(delay)) for delay in (0.03, 0.01, 0.02, 0.015)]
            engine.at(0.02, lambda: order.append("as soon, but later"))
            timers[-1].cancel()

    engine.do(act)
    driver.rest()
    assert order == [0.01, 0.02, "as soon, but later", 0.03]


def test_a_timer_that_is_cancelled_is_forgotten_at_once_and_nothing_is_left_to_do(driver: Driver) -> None:
    steps = Steps(driver.engine)
    timer = steps.begin(3_600.0)
    driver.engine.do(timer.cancel)
    driver.rest()
    assert steps.done == 0


def test_a_timer_that_garbage_cancels_while_it_is_taken_does_not_fire(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, fired = driver.engine, []

    def act() -> None:
        timer = engine.at(0.0, lambda: fired.append(1))

        def clock() -> float:
            timer.cancel()
            return time.monotonic()

        monkeypatch.setattr(engine, "clock", clock)

    engine.do(act)
    driver.rest()
    assert not fired


@pytest.mark.parametrize("delay", [3_600.0, 1e11, sys.float_info.max])
def test_a_delay_longer_than_a_clock_can_measure_harms_nobody(driver: Driver, delay: float) -> None:
    never, quick = Steps(driver.engine), Steps(driver.engine, *[0.01] * 3)
    timer = never.begin(delay)
    quick.begin(0.01)
    driver.until(lambda: quick.done == 4)
    assert never.done == 0
    driver.engine.do(timer.cancel)


# Jobs.


def test_jobs_are_done_until_there_is_none(driver: Driver) -> None:
    steps = Steps(driver.engine, 0.0, 0.01, 0.0)
    steps.begin()
    driver.rest()
    assert steps.done == 4


def test_the_result_of_a_job_is_taken_in_the_owner(driver: Driver) -> None:
    taken: list[object] = []
    begin(driver.engine, lambda: 42, lambda result: taken.extend([result, driver.engine.is_here]))
    driver.until(lambda: len(taken) == 2)
    assert taken == [42, True]


FAILING: dict[str, Callable[[Engine, Act], object]] = {
    "an act": lambda engine, fail: engine.post(fail),
    "a timer": lambda engine, fail: engine.do(lambda: engine.at(0.0, fail)),
    "a job": begin,
    "a job that calls out": lambda engine, fail: begin(engine, fail, calls_out=True),
    "what takes a result": lambda engine, fail: begin(engine, nothing, lambda _: fail()),
}


@pytest.mark.parametrize("fail", [lambda: 1 / 0, lambda: sys.exit(3)], ids=["error", "exit"])
@pytest.mark.parametrize("which", FAILING)
def test_what_fails_is_logged_and_ends_nothing_else(
    driver: Driver, caplog: pytest.LogCaptureFixture, which: str, fail: Act
) -> None:
    before, after = Steps(driver.engine, 0.01, 0.01), Steps(driver.engine, 0.01)
    before.begin()
    FAILING[which](driver.engine, fail)
    after.begin()
    driver.rest()
    assert (before.done, after.done) == (3, 2)
    assert "ZeroDivisionError" in caplog.text or "SystemExit" in caplog.text


@pytest.mark.parametrize("calls_out", [False, True])
def test_a_job_runs_in_a_copy_of_the_context_that_polling_began_in(driver: Driver, *, calls_out: bool) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen: list[str] = []
    variable.set("from the cell")
    begin(driver.engine, lambda: seen.append(variable.get("nothing")), calls_out=calls_out)
    driver.until(lambda: seen)
    assert seen == ["from the cell"]


def test_no_thread_starts_before_there_is_work() -> None:
    before = threading.active_count()
    engine = ThreadEngine()
    assert (engine.threads, threading.active_count()) == (0, before)


def test_threads_are_daemons_and_say_what_they_are_for(threaded: ThreadEngine) -> None:
    seen: set[tuple[str, bool]] = set()

    def look(*_: object) -> None:
        seen.add((threading.current_thread().name, threading.current_thread().daemon))

    done = threading.Event()
    begin(threaded, look, lambda _: (look(), done.set()))
    assert done.wait(HANGS / 2)
    assert seen == {("modelarts-poll", True)}


def test_many_jobs_share_few_threads(threaded: ThreadEngine) -> None:
    most: list[int] = []
    jobs = [Steps(threaded, *[0.0] * 5, work=lambda: most.append(threaded.threads)) for _ in range(50)]
    for job in jobs:
        job.begin()
    until(lambda: threaded.threads == 0)
    assert [job.done for job in jobs] == [6] * 50
    assert max(most) <= MAX_THREADS == 8


def test_jobs_that_are_quick_need_no_more_than_four_threads() -> None:
    engine, threads = ThreadEngine(lambda: 0.0), []  # no job takes any time
    jobs = [Steps(engine, *[0.0] * 9, work=lambda: threads.append(engine.threads)) for _ in range(20)]
    for job in jobs:
        job.begin()
    until(lambda: all(job.done == 10 for job in jobs))
    assert max(threads) <= MAX_BUSY + 1 == 4
    until(lambda: engine.threads == 0)


def hang(engine: ThreadEngine, number: int, release: threading.Event, *, calls_out: bool = False) -> list[Steps]:
    """Begin jobs that hang, one after the other."""
    begun: list[int] = []
    jobs = [
        Steps(engine, work=lambda: (begun.append(1), release.wait(HANGS)), calls_out=calls_out) for _ in range(number)
    ]
    for count, job in enumerate(jobs, 1):
        job.begin()
        until(lambda count=count: len(begun) == count)
    return jobs


@pytest.mark.parametrize("number", [1, MAX_BUSY, MAX_THREADS - 2])
def test_nobody_waits_for_jobs_that_hang(threaded: ThreadEngine, release: threading.Event, number: int) -> None:
    hanging = hang(threaded, number, release)
    quick = [Steps(threaded, *[0.0] * 9) for _ in range(3)]
    for job in quick:
        job.begin()
    until(lambda: all(job.done == 10 for job in quick))
    assert [job.done for job in hanging] == [0] * number
    assert threaded.threads <= MAX_THREADS


def test_jobs_that_come_together_and_hang_keep_nobody_waiting(threaded: ThreadEngine, release: threading.Event) -> None:
    for _ in range(MAX_THREADS - 2):
        begin(threaded, lambda: release.wait(HANGS))
    quick = Steps(threaded)
    quick.begin()
    until(lambda: quick.done)


def test_more_jobs_that_hang_than_there_are_threads_wait_their_turn(
    threaded: ThreadEngine, release: threading.Event
) -> None:
    hanging = hang(threaded, MAX_THREADS - 1, release)
    late = [Steps(threaded) for _ in range(5)]
    for job in late:
        job.begin()
    threaded.do(nothing)
    assert ([job.done for job in late], threaded.threads) == ([0] * 5, MAX_THREADS)
    release.set()
    until(lambda: [job.done for job in (*hanging, *late)] == [1] * (len(hanging) + 5))


def test_code_of_others_that_hangs_takes_no_thread_from_anybody(
    threaded: ThreadEngine, release: threading.Event
) -> None:
    hang(threaded, 3 * MAX_THREADS, release, calls_out=True)
    hang(threaded, MAX_THREADS - 2, release)
    quick = Steps(threaded, 0.0)
    quick.begin()
    until(lambda: quick.done == 2)


def test_threads_that_are_not_needed_any_more_end_while_others_go_on(
    threaded: ThreadEngine, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    monkeypatch.setattr("modelarts_widgets.polling.threads.CALM", 0.0)
    later = Steps(threaded).begin(3_600.0)
    hang(threaded, MAX_THREADS - 1, release)
    release.set()
    until(lambda: threaded.do(lambda: threaded.threads) == 2)  # the owner, and one for the next job
    threaded.do(later.cancel)


# Where no thread can be started.


def test_all_is_done_here_where_no_thread_can_start_at_all(
    threaded: ThreadEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelarts_widgets.polling.threads.start_new_thread", refuse)
    heard: list[object] = []
    begin(threaded, lambda: ask_and_post(threaded, heard))
    assert heard == [42, ZeroDivisionError, "posted"]
    assert threaded.do(lambda: threaded.do(lambda: 42)) == 42
    assert threaded.threads == 0


def test_who_leaves_something_for_a_thread_that_cannot_start_is_told_and_it_is_done_later(
    threaded: ThreadEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [Steps(threaded, 0.0) for _ in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr("modelarts_widgets.polling.threads.start_new_thread", refuse)
        for job in steps:
            with pytest.raises(RuntimeError, match="can't start new thread"):
                job.begin()
        assert threaded.threads == 0
    threaded.post(nothing)
    until(lambda: all(job.done == 2 for job in steps))


def test_one_thread_does_all_the_work_where_no_second_can_start(
    threaded: ThreadEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[tuple[int, int]] = set()
    jobs = [
        Steps(threaded, 0.0, 0.01, work=lambda: threads.add((threading.get_ident(), threaded.threads)))
        for _ in range(5)
    ]
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        timer = Steps(threaded).begin(3_600.0)  # so that it is the same one all the time
        for job in jobs:
            job.begin()
        until(lambda: all(job.done == 3 for job in jobs))
        assert threaded.threads == 1
        threaded.do(timer.cancel)
        until(lambda: threaded.threads == 0)
    assert len(threads) == 1
    assert {count for _, count in threads} == {1}


def test_the_threads_that_there_are_do_all_the_work_where_no_further_one_can_start(
    threaded: ThreadEngine, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    hang(threaded, 2, release)
    jobs = [Steps(threaded, 0.0, 0.0) for _ in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for job in jobs:
            job.begin()
        assert threaded.do(lambda: 42) == 42  # the owner is there for all
        assert threaded.threads == 3
        release.set()
        until(lambda: all(job.done == 3 for job in jobs))


# In a forked child.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("kind", ["ThreadEngine", "LoopEngine"])
def test_a_forked_process_leaves_the_jobs_to_its_parent_and_begins_anew(kind: str) -> None:
    run(f"""
import os, threading, warnings
from support.engines import LoopDriver, ThreadDriver
from modelarts_widgets.polling import engine, poll
from modelarts_widgets.polling.engine import LoopEngine
from modelarts_widgets.polling.threads import ThreadEngine
warnings.simplefilter("ignore")  # forking beside threads is what this is about
driver = {kind.replace("Engine", "Driver")}({kind}())
engine.ENGINE = driver.engine

class Again:
    done = 0
    def begin(self):
        engine.ENGINE.beside(self.once, lambda _: engine.ENGINE.at(0.01, self.begin))
    def once(self):
        self.done += 1

inherited, own = Again(), Again()
engine.ENGINE.do(inherited.begin)
driver.until(lambda: inherited.done > 1)
child = os.fork()
if child == 0:
    threading.Timer(60, os._exit, (2,)).start()  # if it hangs
    before = inherited.done
    assert engine.ENGINE.threads == 0
    engine.ENGINE.do(own.begin)
    driver.until(lambda: own.done > 5)
    os._exit(0 if engine.ENGINE.threads <= 2 and inherited.done == before else 1)
seen = inherited.done
driver.until(lambda: inherited.done > seen)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""")
