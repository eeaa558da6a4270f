from __future__ import annotations

import contextvars
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from support import until

from modelarts_widgets import (
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from modelarts_widgets.polling import MAX_DELAY, MAX_FAILURES, Phase, Poll, Scheduler


@dataclass(frozen=True)
class Answer:
    is_done: bool = False


@dataclass(frozen=True)
class Counted:
    number: int
    is_done: bool = False


class Story:
    """A poll over a list of answers, and what it reported."""

    def __init__(self, *answers: Answer | Exception, interval: float = 2.0) -> None:
        self.reported: list[Answer | Exception] = []
        self._answers = iter(answers)
        self.poll = Poll(self._fetch, self.reported.append, self.reported.append, interval=interval, chance=lambda: 0.0)

    def _fetch(self) -> Answer:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def steps(self) -> Iterator[tuple[float | None, Phase]]:
        """Run to the end of the polling, giving delay and phase after each step."""
        self.poll.begin()
        while self.poll.is_active:
            yield self.poll.step(), self.poll.phase


GOING, ENDED = Answer(), Answer(is_done=True)
TRANSIENT = [
    ConnectionFailedError(),
    MalformedResponseError(),
    ThrottledError(status_code=429),
    ServiceError(status_code=408),
    ServiceError(status_code=500),
    ServiceError(status_code=503),
]


def test_a_poll_asks_at_its_interval_until_the_answer_is_final() -> None:
    story = Story(GOING, GOING, ENDED)
    assert list(story.steps()) == [(2.0, "polling"), (2.0, "polling"), (None, "done")]
    assert story.reported == [GOING, GOING, ENDED]


def test_a_poll_does_nothing_before_it_begins() -> None:
    story = Story()
    assert (story.poll.step(), story.poll.phase) == (None, "idle")


@pytest.mark.parametrize("error", TRANSIENT, ids=str)
def test_a_passing_fault_is_waited_out(error: ModelArtsError) -> None:
    story = Story(GOING, error, ENDED)
    assert list(story.steps()) == [(2.0, "polling"), (2.0, "retrying"), (None, "done")]
    assert story.reported == [GOING, error, ENDED]


def test_waits_double_up_to_a_cap_and_then_polling_pauses() -> None:
    steps = list(Story(*[ConnectionFailedError()] * MAX_FAILURES).steps())
    assert [delay for delay, _ in steps] == [2.0, 4.0, 8.0, 16.0, 32.0, *[MAX_DELAY] * 4, None]
    assert [phase for _, phase in steps] == ["retrying"] * (MAX_FAILURES - 1) + ["paused"]


def test_success_forgives_all_failures_before_it() -> None:
    faults: list[Answer | Exception] = [ConnectionFailedError()] * (MAX_FAILURES - 1)
    assert list(Story(*faults, GOING, *faults, ENDED).steps())[-1] == (None, "done")


@pytest.mark.parametrize(("asked", "delay"), [(30.0, 30.0), (0.5, 2.0), (None, 2.0), (600.0, 600.0)])
def test_the_wait_that_the_service_asks_for_is_kept(asked: float | None, delay: float) -> None:
    story = Story(ThrottledError(retry_after=asked), ENDED)
    assert next(story.steps()) == (delay, "retrying")


@pytest.mark.parametrize("error", [AuthenticationError(), PermissionDeniedError()], ids=repr)
def test_refused_credentials_are_not_tried_again(error: ModelArtsError) -> None:
    assert list(Story(error).steps()) == [(None, "needs-auth")]


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 2.0), (0.5, 2.1), (1.0, 2.2)])
def test_chance_adds_a_tenth_at_most_and_takes_nothing(chance: float, delay: float) -> None:
    poll: Poll[Answer] = Poll(lambda: GOING, lambda _: None, lambda _: None, chance=lambda: chance)
    poll.begin()
    assert poll.step() == pytest.approx(delay)
    assert poll.delay == 2.0


def test_what_shows_that_something_moves_can_be_told() -> None:
    numbers = itertools.count()
    poll: Poll[Counted] = Poll(
        lambda: Counted(next(numbers)), lambda _: None, lambda _: None, pulse=lambda _: 1, chance=int
    )
    poll.begin()
    assert [poll.step() for _ in range(30)][-1] > 2.0  # type: ignore[operator]


def test_a_change_of_pace_hastens_a_wait_and_never_cuts_short_one_after_a_failure() -> None:
    story = Story(*[GOING] * 100, ServiceError(status_code=500, retry_after=60.0), interval=10.0)
    steps = story.steps()
    for _ in range(100):
        next(steps)
    assert story.poll.delay == 30.0
    assert story.poll.attend(10.0) == 10.0
    assert story.poll.attend(20.0) is None
    assert story.poll.attend(5.0) == 5.0
    next(steps)
    assert (story.poll.attend(1.0), story.poll.delay) == (None, 60.0)


def test_what_is_not_found_is_believed_the_third_time() -> None:
    unknown = NotFoundError(status_code=400)
    assert list(Story(*[unknown] * 3).steps()) == [(2.0, "retrying"), (4.0, "retrying"), (None, "stopped")]
    assert list(Story(unknown, unknown, ENDED).steps())[-1] == (None, "done")


@pytest.mark.parametrize("error", [NotFoundError(), ServiceError(status_code=400), ModelArtsError()], ids=repr)
def test_a_lasting_fault_ends_the_polling(error: ModelArtsError) -> None:
    assert list(Story(error).steps()) == [(None, "stopped")]


def test_a_fault_of_ours_is_reported_and_logged_and_ends_that_poll_only(caplog: pytest.LogCaptureFixture) -> None:
    story = Story(ZeroDivisionError("oops"))
    assert list(story.steps()) == [(None, "stopped")]
    assert [type(reported) for reported in story.reported] == [ZeroDivisionError]
    assert "oops" in caplog.text


def test_an_observer_that_fails_is_logged_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([GOING, ENDED])
    poll: Poll[Answer] = Poll(lambda: next(answers), lambda _: 1 / 0 and None, lambda _: None, chance=int)  # type: ignore[func-returns-value]
    poll.begin()
    assert [poll.step(), poll.step()] == [2.0, None]
    assert poll.phase == "done"
    assert caplog.text.count("ZeroDivisionError") == 2


@pytest.mark.parametrize("answer", [GOING, ENDED, ConnectionFailedError(), ZeroDivisionError()], ids=repr)
def test_an_answer_that_comes_after_the_end_is_dropped(answer: Answer | Exception) -> None:
    reported: list[object] = []

    def fetch() -> Answer:
        poll.end("stopped")
        if isinstance(answer, Exception):
            raise answer
        return answer

    poll: Poll[Answer] = Poll(fetch, reported.append, reported.append)
    poll.begin()
    assert (poll.step(), poll.phase, reported) == (None, "stopped", [])


class Steps:
    """A poll that counts its steps, and does what it is told in each."""

    def __init__(self, *delays: float | None, work: Callable[[], object] = lambda: None) -> None:
        self.delays = list(delays)
        self.work = work
        self.done = 0

    def step(self) -> float | None:
        self.work()
        self.done += 1
        return self.delays.pop(0) if self.delays else None


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """Return a scheduler, and see that its threads end."""
    running = Scheduler(max_threads=2)
    yield running
    until(lambda: running.threads == 0)


def test_steps_are_run_until_there_is_none(scheduler: Scheduler) -> None:
    poll = Steps(0.0, 0.01, 0.0, None)
    scheduler.schedule(poll)
    until(lambda: scheduler.threads == 0)
    assert poll.done == 4


def test_no_thread_starts_before_there_is_work(scheduler: Scheduler) -> None:
    assert scheduler.threads == 0


def test_many_polls_share_few_threads(scheduler: Scheduler) -> None:
    names: set[str] = set()
    most: list[int] = []

    def work() -> None:
        names.add(threading.current_thread().name)
        most.append(scheduler.threads)

    polls = [Steps(*[0.0] * 5, work=work) for _ in range(50)]
    for poll in polls:
        scheduler.schedule(poll)
    until(lambda: scheduler.threads == 0)
    assert [poll.done for poll in polls] == [6] * 50
    assert max(most) <= 2
    assert names == {"modelarts-poll"}


def test_a_slow_poll_does_not_hold_up_another(scheduler: Scheduler) -> None:
    release = threading.Event()
    slow, quick = Steps(work=release.wait), Steps(*[0.0] * 9)
    scheduler.schedule(slow)
    scheduler.schedule(quick)
    until(lambda: quick.done == 10)
    assert slow.done == 0
    release.set()


def test_a_poll_that_waits_is_asked_at_once_when_scheduled_anew(scheduler: Scheduler) -> None:
    poll = Steps()
    scheduler.schedule(poll, 3_600.0)
    scheduler.schedule(poll)
    until(lambda: poll.done == 1)


def test_a_poll_can_be_hastened_but_not_put_off(scheduler: Scheduler) -> None:
    late, soon, gone = Steps(), Steps(0.0), Steps()
    scheduler.schedule(late, 3_600.0)
    scheduler.hasten(late, 0.0)
    scheduler.schedule(soon, 0.0)
    scheduler.hasten(soon, 3_600.0)
    scheduler.hasten(gone, 0.0)
    until(lambda: (late.done, soon.done) == (1, 2))
    assert gone.done == 0


def test_a_cancelled_poll_is_forgotten_at_once_and_its_thread_ends(scheduler: Scheduler) -> None:
    poll = Steps()
    scheduler.schedule(poll, 3_600.0)
    scheduler.cancel(poll)
    until(lambda: scheduler.threads == 0)
    assert poll.done == 0


def test_a_poll_cancelled_in_its_step_does_not_come_back(scheduler: Scheduler) -> None:
    poll = Steps(0.0, 0.0, work=lambda: scheduler.cancel(poll))
    scheduler.schedule(poll)
    until(lambda: scheduler.threads == 0)
    assert poll.done == 1


def test_a_poll_scheduled_in_its_step_runs_once_more_and_never_twice_at_once(scheduler: Scheduler) -> None:
    running = threading.Lock()

    def work() -> None:
        assert running.acquire(blocking=False)
        if poll.done == 0:
            scheduler.schedule(poll)
        running.release()

    poll = Steps(None, None, work=work)
    scheduler.schedule(poll)
    until(lambda: scheduler.threads == 0)
    assert poll.done == 2


def test_a_step_that_fails_is_logged_and_ends_that_poll_only(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = Steps(work=lambda: 1 / 0), Steps(0.01, 0.01)
    scheduler.schedule(broken)
    scheduler.schedule(sound)
    until(lambda: sound.done == 3)
    assert "ZeroDivisionError" in caplog.text


def test_a_thread_runs_in_a_copy_of_the_context_that_started_it(scheduler: Scheduler) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen: list[str] = []
    variable.set("from the cell")
    scheduler.schedule(Steps(work=lambda: seen.append(variable.get("nothing"))))
    until(lambda: seen)
    assert seen == ["from the cell"]


def test_threads_are_daemons(scheduler: Scheduler) -> None:
    seen: list[bool] = []
    scheduler.schedule(Steps(work=lambda: seen.append(threading.current_thread().daemon)))
    until(lambda: seen)
    assert seen == [True]


def test_a_quick_poll_does_not_wait_for_a_slow_neighbour(scheduler: Scheduler) -> None:
    pause = threading.Event()
    rare, quick = Steps(3_600.0), Steps(*[0.01] * 20, work=lambda: pause.wait(0.01))
    scheduler.schedule(quick)
    scheduler.schedule(rare)
    until(lambda: quick.done == 21)
    scheduler.cancel(rare)


def test_a_wait_longer_than_a_clock_can_measure_harms_nobody(scheduler: Scheduler) -> None:
    never, quick = Steps(), Steps()
    scheduler.schedule(never, 1e11)
    scheduler.schedule(quick, 0.01)
    until(lambda: quick.done == 1)
    scheduler.cancel(never)


def test_a_step_that_exits_takes_no_thread_along(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    scheduler.schedule(Steps(work=lambda: sys.exit(3)))
    until(lambda: scheduler.threads == 0)
    sound = Steps()
    scheduler.schedule(sound)
    until(lambda: sound.done == 1)
    assert "SystemExit" in caplog.text


def test_a_thread_that_cannot_start_is_not_counted(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    poll = Steps()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(5):
            with pytest.raises(RuntimeError):
                scheduler.schedule(poll)
    scheduler.schedule(poll)
    until(lambda: poll.done == 1)


@pytest.mark.parametrize("answer", [GOING, ENDED, AuthenticationError()], ids=repr)
def test_an_answer_from_before_a_new_beginning_is_dropped(answer: Answer | Exception) -> None:
    reported: list[object] = []

    def fetch() -> Answer:
        poll.end("paused")
        poll.begin()
        if isinstance(answer, Exception):
            raise answer
        return answer

    poll: Poll[Answer] = Poll(fetch, reported.append, reported.append)
    poll.begin()
    assert (poll.step(), poll.phase, reported) == (0.0, "polling", [])


def test_a_poll_remembers_the_error_that_ended_it_and_no_other() -> None:
    story = Story(ConnectionFailedError(), NotFoundError())
    endings = [story.poll.ended_by for _ in story.steps()]
    assert [type(error) for error in endings] == [type(None), NotFoundError]
    story.poll.end("stopped")
    assert story.poll.ended_by is None


def test_one_thread_does_all_the_work_where_no_second_can_start(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    polls = [Steps(0.0, 0.0, work=begun.wait) for _ in range(5)]
    scheduler.schedule(polls[0])
    until(lambda: polls[0] in scheduler._running)

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
from modelarts_widgets.polling import Scheduler
warnings.simplefilter("ignore")  # forking beside threads is what this is about

class Steps:
    def __init__(self): self.done = threading.Event()
    def step(self): self.done.set(); return 0.01

scheduler, inherited, own = Scheduler(), Steps(), Steps()
scheduler.schedule(inherited)
assert inherited.done.wait(20)
if os.fork() == 0:
    inherited.done.clear()
    scheduler.schedule(own)
    ok = own.done.wait(20) and scheduler.threads == 1 and not inherited.done.is_set()
    os._exit(0 if ok else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
