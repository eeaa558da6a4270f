from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from modelarts_widgets.polling.loop import LoopScheduler
from modelarts_widgets.polling.scheduler import MAX_BUSY, MAX_THREADS, Scheduler
from support import until
from support.engines import Engine, LoopEngine, ThreadEngine


class Steps:
    """A job that counts its steps, does what it is told in each, and schedules the next."""

    def __init__(
        self, scheduler: Scheduler | LoopScheduler, *delays: float | None, work: Callable[[], object] = lambda: None
    ) -> None:
        self.scheduler = scheduler
        self.delays = list(delays)
        self.work = work
        self.done = 0

    def step(self) -> None:
        delay = self.delays.pop(0) if self.delays else None
        try:
            self.work()
        finally:
            self.done += 1
        if delay is not None:
            self.scheduler.schedule(self, delay)


@pytest.fixture(params=["threads", "loop"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return a scheduler of each kind, and what lets it work; see that it comes to rest."""
    running: Engine = ThreadEngine(Scheduler()) if request.param == "threads" else LoopEngine(LoopScheduler())
    yield running
    running.rest()
    running.close()


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """Return a scheduler with threads, and see that they end."""
    running = Scheduler()
    yield running
    until(lambda: running.threads == 0)


def test_steps_are_run_until_there_is_none(engine: Driver) -> None:
    poll = Steps(engine.scheduler, 0.0, 0.01, 0.0, None)
    engine.engine.schedule(poll)
    engine.rest()
    assert poll.done == 4


def test_no_thread_starts_before_there_is_work(scheduler: Scheduler) -> None:
    assert scheduler.threads == 0


def test_many_polls_share_few_threads(scheduler: Scheduler) -> None:
    names: set[str] = set()
    most: list[int] = []

    def work() -> None:
        names.add(threading.current_thread().name)
        most.append(scheduler.threads)

    polls = [Steps(scheduler, *[0.0] * 5, work=work) for _ in range(50)]
    for poll in polls:
        scheduler.schedule(poll)
    until(lambda: scheduler.threads == 0)
    assert [poll.done for poll in polls] == [6] * 50
    assert max(most) <= MAX_THREADS
    assert names == {"modelarts-poll"}


def test_a_slow_poll_does_not_hold_up_another(scheduler: Scheduler) -> None:
    release = threading.Event()
    slow, quick = Steps(scheduler, work=release.wait), Steps(scheduler, *[0.0] * 9)
    scheduler.schedule(slow)
    scheduler.schedule(quick)
    until(lambda: quick.done == 10)
    assert slow.done == 0
    release.set()


def test_a_poll_that_waits_is_asked_at_once_when_scheduled_anew(engine: Driver) -> None:
    poll = Steps(engine.scheduler)
    engine.engine.schedule(poll, 3_600.0)
    engine.engine.schedule(poll)
    engine.until(lambda: poll.done == 1)


def test_a_poll_can_be_hastened_but_not_put_off(engine: Driver) -> None:
    late, soon, gone = Steps(engine.scheduler), Steps(engine.scheduler, 0.0), Steps(engine.scheduler)
    engine.engine.schedule(late, 3_600.0)
    engine.engine.hasten(late, 0.0)
    engine.engine.schedule(soon, 0.0)
    engine.engine.hasten(soon, 3_600.0)
    engine.engine.hasten(gone, 0.0)
    engine.until(lambda: (late.done, soon.done) == (1, 2))
    assert gone.done == 0


def test_a_cancelled_poll_is_forgotten_at_once_and_nothing_is_left_to_do(engine: Driver) -> None:
    poll = Steps(engine.scheduler)
    engine.engine.schedule(poll, 3_600.0)
    engine.engine.cancel(poll)
    engine.rest()
    assert poll.done == 0


def test_a_poll_that_garbage_cancels_while_a_thread_takes_it_is_forgotten(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = Steps(scheduler)

    def clock() -> float:
        if threading.current_thread().name == "modelarts-poll":
            scheduler.cancel(poll)
        return time.monotonic()

    monkeypatch.setattr(scheduler, "clock", clock)
    scheduler.schedule(poll)
    until(lambda: scheduler.threads == 0)
    assert poll.done == 0


def test_a_step_that_fails_is_logged_and_ends_that_poll_only(engine: Driver, caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = Steps(engine.scheduler, work=lambda: 1 / 0), Steps(engine.scheduler, 0.01, 0.01)
    engine.engine.schedule(broken)
    engine.engine.schedule(sound)
    engine.until(lambda: sound.done == 3)
    assert "ZeroDivisionError" in caplog.text


def test_a_step_runs_in_a_copy_of_the_context_that_it_was_scheduled_in(engine: Driver) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen: list[str] = []
    variable.set("from the cell")
    engine.engine.schedule(Steps(engine.scheduler, work=lambda: seen.append(variable.get("nothing"))))
    engine.until(lambda: seen)
    assert seen == ["from the cell"]


def test_threads_are_daemons(scheduler: Scheduler) -> None:
    seen: list[bool] = []
    scheduler.schedule(Steps(scheduler, work=lambda: seen.append(threading.current_thread().daemon)))
    until(lambda: seen)
    assert seen == [True]


def test_a_quick_poll_does_not_wait_for_a_slow_neighbour(engine: Driver) -> None:
    pause = threading.Event()
    rare, quick = Steps(engine.scheduler, 3_600.0), Steps(engine.scheduler, *[0.01] * 20, work=lambda: pause.wait(0.01))
    engine.engine.schedule(quick)
    engine.engine.schedule(rare)
    engine.until(lambda: quick.done == 21)
    engine.engine.cancel(rare)


def test_a_wait_longer_than_a_clock_can_measure_harms_nobody(engine: Driver) -> None:
    never, quick = Steps(engine.scheduler), Steps(engine.scheduler)
    engine.engine.schedule(never, 1e11)
    engine.engine.schedule(quick, 0.01)
    engine.until(lambda: quick.done == 1)
    engine.engine.cancel(never)


def test_a_step_that_exits_takes_nothing_along(engine: Driver, caplog: pytest.LogCaptureFixture) -> None:
    engine.engine.schedule(Steps(engine.scheduler, work=lambda: sys.exit(3)))
    engine.rest()
    sound = Steps(engine.scheduler)
    engine.engine.schedule(sound)
    engine.until(lambda: sound.done == 1)
    assert "SystemExit" in caplog.text


def test_a_thread_that_cannot_start_is_not_counted(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    poll = Steps(scheduler)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(5):
            with pytest.raises(RuntimeError):
                scheduler.schedule(poll)
    scheduler.schedule(poll)
    until(lambda: poll.done == 1)


def test_one_thread_does_all_the_work_where_no_second_can_start(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    polls = [Steps(scheduler, 0.0, 0.0, work=begun.wait) for _ in range(5)]
    scheduler.schedule(polls[0])
    until(lambda: scheduler._busy)  # no other way shows that its step has begun

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for poll in polls[1:]:
            with pytest.raises(RuntimeError):
                scheduler.schedule(poll)
        begun.set()
        until(lambda: all(poll.done == 3 for poll in polls))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_leaves_the_polls_to_its_parent_and_can_begin_its_own() -> None:
    program = """
import os, threading, warnings
import modelarts_widgets
from modelarts_widgets.polling.engine import ENGINE
warnings.simplefilter("ignore")  # forking beside threads is what this is about

class Steps:
    def __init__(self): self.done = threading.Event()
    def step(self):
        self.done.set()
        scheduler.schedule(self, 0.01)

scheduler, inherited, own = ENGINE, Steps(), Steps()
scheduler.schedule(inherited)
assert inherited.done.wait(20)
if os.fork() == 0:
    inherited.done.clear()
    scheduler.schedule(own)
    ok = own.done.wait(20) and scheduler.threads <= 2 and not inherited.done.is_set()
    os._exit(0 if ok else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def hang(scheduler: Scheduler, number: int, release: threading.Event) -> list[Steps]:
    """Begin steps that hang, one after the other."""
    begun: list[int] = []
    steps = [Steps(scheduler, work=lambda: (begun.append(1), release.wait())) for _ in range(number)]
    for count, job in enumerate(steps, 1):
        scheduler.schedule(job)
        until(lambda count=count: len(begun) == count)
    return steps


def test_nobody_waits_for_steps_that_hang(scheduler: Scheduler) -> None:
    release = threading.Event()
    hang(scheduler, MAX_THREADS - 1, release)
    assert scheduler.threads <= MAX_THREADS
    release.set()


def test_more_steps_that_hang_than_there_are_threads_wait_their_turn(scheduler: Scheduler) -> None:
    release = threading.Event()
    hanging = hang(scheduler, MAX_THREADS - 1, release)
    late = Steps(scheduler)
    scheduler.schedule(late)
    assert (late.done, scheduler.threads) == (0, MAX_THREADS)
    release.set()
    until(lambda: late.done == 1)
    assert [job.done for job in hanging] == [1] * len(hanging)


def test_steps_that_are_quick_need_no_more_than_four_threads(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "clock", lambda: 0.0)  # no step takes any time
    threads: list[int] = []
    jobs = [Steps(scheduler, *[0.0] * 9, work=lambda: threads.append(scheduler.threads)) for _ in range(20)]
    for job in jobs:
        scheduler.schedule(job)
    until(lambda: all(job.done == 10 for job in jobs))
    assert max(threads) <= MAX_BUSY + 1


def test_code_of_others_that_hangs_takes_no_thread_from_anybody(scheduler: Scheduler) -> None:
    release, begun = threading.Event(), []

    def lend() -> None:
        with scheduler.lent():
            begun.append(1)
            release.wait()

    for count in range(1, 3 * MAX_THREADS):
        scheduler.schedule(Steps(scheduler, work=lend))
        until(lambda count=count: len(begun) == count)
    release.set()
