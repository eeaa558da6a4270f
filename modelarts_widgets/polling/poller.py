"""`Poller`: one poll of a subject, shared by all who watch it: asks, decides what comes next, keeps the state."""

from __future__ import annotations

import logging
import random
from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import NamedTuple, Protocol

from ..api.errors import AuthenticationError, ModelArtsError
from ..api.transport import Cancellation
from . import scheduler
from .backoff import after_answer, after_error
from .forecaster import Forecaster
from .speed import SpeedEstimator
from .state import State, Tasks, changing, put_off
from .subject import Subject

JITTER = 0.1
"""Share of a delay that chance may add, so that a hundred polls do not tick together."""

_logger = logging.getLogger(__name__)


class Subscriber(Protocol):
    """One who watches."""

    @property
    def _subject(self) -> Subject[object]:
        """What it watches; the last one to join asks for all."""

    @property
    def _pace(self) -> float:
        """Seconds between two requests that are soon enough."""

    def _on_step(self, error: Exception | None, *, is_new: bool) -> None:
        """Take note of the outcome of a step, under the shared lock. Blocks for nothing."""

    def _rejoin(self) -> None:
        """Go on after refused credentials have been accepted."""


def _is_same(tasks: Tasks, before: Tasks) -> bool:
    try:
        return tasks == before
    except RecursionError:  # JSON can be deeper than Python compares
        return False


class _Answer(NamedTuple):
    """An answer, and what is made of it without holding a lock: there may be thousands of tasks."""

    tasks: Tasks
    running: Tasks
    """Those that have not ended."""

    @classmethod
    def of(cls, tasks: Tasks, before: Tasks | None) -> _Answer:
        """Return the answer with the tasks of the one before where they are equal."""
        same = before if before is not None and _is_same(tasks, before) else tasks
        return cls(same, tuple(task for task in same if not task.is_done))

    @property
    def moving(self) -> object:
        """What shows that an export moves."""
        details = [(task.task_id, task.status, task.progress, task.finished_sample_count) for task in self.running]
        return len(self.tasks), details


class Poller:
    """A poll that several may watch. It begins with the first of them, and ends when the last one leaves."""

    def __init__(self, key: Hashable) -> None:
        self.state = State()
        self.begun = 0
        """Requests so far."""
        self._key = key
        self._subscribers: list[Subscriber] = []
        self._generation = 0
        """What is under way from an earlier generation is dropped."""
        self._under_way: Cancellation | None = None
        self._borrowed: Exception | None = None
        """The error of another request with the same credentials, to be taken for one's own."""
        self._is_urgent = False
        """Whether the next request is due as soon as the one under way has ended."""
        self._quiet = 0.0
        self._moving: object = None
        self._forecaster = Forecaster()

    def join(self, subscriber: Subscriber) -> None:
        """Add a subscriber, and ask at once. Whoever watches already becomes the one who asks."""
        is_known = subscriber in self._subscribers
        if is_known:
            self._subscribers.remove(subscriber)
        self._subscribers.append(subscriber)
        if is_known or not self.state.is_active:
            self._quiet = 0.0
            self._turn(replace(self.state, phase="polling", delay=0.0, error=None, ended_by=None, failures=0))
        self.adjust()
        self.expedite()

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber; polling ends with the last one."""
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)
        if self._subscribers:
            self.adjust()
        elif self.state.is_active:
            self._turn(replace(self.state, phase="stopped", delay=None))
            scheduler.SCHEDULER.cancel(self)
            self._forget()

    def adjust(self) -> None:
        """Take up the pace that the subscribers want now. A delay after a failure stays: the service may want it."""
        pace = self._pace
        if self.state.phase == "polling" and (self.state.delay or 0.0) > pace:
            self._quiet = 0.0
            self.state = replace(self.state, delay=pace)
            scheduler.SCHEDULER.hasten(self, pace)

    def expedite(self) -> None:
        """Ask now, or as soon as the request under way has ended."""
        if self._under_way is not None:
            self._is_urgent = True
        elif self.state.is_active:
            scheduler.SCHEDULER.schedule(self)

    def step(self) -> None:
        """Ask once, keep what came, and schedule the next step. Blocks for the request."""
        with changing():
            if self._under_way is not None or not self.state.is_active or not self._subscribers:
                return
            subject, generation = self._subscribers[-1]._subject, self._generation
            self._under_way = cancellation = Cancellation()
            self._is_urgent = False
            self.begun += 1
            borrowed, self._borrowed = self._borrowed, None
        with cancellation:
            outcome = borrowed or self._outcome(subject, generation)
        with changing():
            self._under_way = None
            is_current = generation == self._generation
            if is_current and outcome is not None:
                self._keep(outcome)
            if outcome is not None or self._is_urgent or not is_current:
                self._go_on()

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        return self._under_way is not None

    @property
    def _pace(self) -> float:
        return min(subscriber._pace for subscriber in self._subscribers)

    def _turn(self, state: State) -> None:
        """Enter a state in which what is under way counts no more."""
        self.state, self._borrowed = state, None
        self._generation += 1
        if self._under_way is not None:
            put_off(self._under_way.cancel)

    def _outcome(self, subject: Subject[object], generation: int) -> _Answer | Exception | None:
        """Return an answer or an error; ``None`` where another request tries the credentials first."""
        try:
            tasks = subject.ask(subject.fetch, partial(self._on_trial, generation))
        except ModelArtsError as error:
            return error
        except Exception as error:
            _logger.exception("%s: polling ended by a fault of its own", subject.title)
            return error
        except BaseException as error:  # from a client or an auth object of somebody else's
            _logger.exception("%s: polling ended", subject.title)
            return ModelArtsError(f"Polling was ended by {type(error).__name__}")
        return None if tasks is None else _Answer.of(tasks, self.state.tasks)

    def _on_trial(self, generation: int, error: Exception | None) -> None:
        """Go on after another request has tried the credentials: with its error, if it had one."""
        with changing():
            if generation == self._generation:
                self._borrowed = error
                self.expedite()

    def _keep(self, outcome: _Answer | Exception) -> None:
        before, error = self.state.tasks, outcome if isinstance(outcome, Exception) else None
        self.state = self._after_error(outcome) if isinstance(outcome, Exception) else self._after_answer(outcome)
        if isinstance(error, AuthenticationError):
            put_off(partial(self._subscribers[-1]._subject.when_accepted, self._revive))  # which has a lock of its own
        for subscriber in list(self._subscribers):
            subscriber._on_step(error, is_new=error is None and self.state.tasks is not before)

    def _revive(self) -> None:
        """Resume for all who have been waiting for credentials."""
        with changing():
            for subscriber in list(self._subscribers):
                subscriber._rejoin()

    def _after_answer(self, answer: _Answer) -> State:
        moving, now = answer.moving, scheduler.SCHEDULER.clock()
        self._quiet = self._quiet + (self.state.delay or 0.0) if moving == self._moving else 0.0
        self._moving = moving
        self._forecaster.on_answer(answer.tasks, self._uncertain)
        is_final = not answer.running and not self._subscribers[-1]._subject.is_endless
        phase, delay, _ = after_answer(is_final=is_final, interval=self._pace, quiet=self._quiet)
        return State(
            phase,
            answer.tasks,
            serial=self.begun,
            answered_at=datetime.now(timezone.utc),
            delay=delay,
            speeds=_speeds(answer.running, self.state, now),
            forecast=self._forecaster.forecast,
        )

    @property
    def _uncertain(self) -> Subject[object] | None:
        """The subject of one who wants a forecast."""
        subjects = (subscriber._subject for subscriber in reversed(self._subscribers))
        return next((subject for subject in subjects if subject.earlier is not None), None)

    def _after_error(self, error: Exception) -> State:
        failures = self.state.failures + 1
        phase, delay, limit = after_error(error, failures=failures, interval=self._pace)
        ended_by = error if delay is None else None
        return replace(
            self.state, phase=phase, delay=delay, error=error, ended_by=ended_by, failures=failures, max_failures=limit
        )

    def _go_on(self) -> None:
        if self.state.is_active and self.state.delay is not None:
            jitter = 1 + JITTER * random.random()  # noqa: S311 - added, never taken: the service may want the delay
            scheduler.SCHEDULER.schedule(self, 0.0 if self._is_urgent else self.state.delay * jitter)
        self._forget()

    def _forget(self) -> None:
        """Leave the registry where this poll has ended, so that others begin anew.

        Not while a request is under way, or there would be two at once.
        """
        if self.state.is_active:
            return
        put_off(self._forecaster.cancel)
        if self._under_way is None and POLLERS.get(self._key) is self:
            del POLLERS[self._key]


POLLERS: dict[Hashable, Poller] = {}
"""Those that go on, by what they ask for."""


def join(subscriber: Subscriber) -> Poller:
    """Return the poll of a subscriber's subject, joined or begun. Does not block."""
    key = subscriber._subject.key
    poller = POLLERS.setdefault(key, Poller(key))
    poller.join(subscriber)
    return poller


def _speeds(running: Tasks, before: State, seen: float) -> dict[str | None, SpeedEstimator]:
    speeds = {task.task_id: before.speeds.get(task.task_id) or SpeedEstimator() for task in running}
    for task in running:
        speeds[task.task_id].add(*task.reached, seen)
    return speeds
