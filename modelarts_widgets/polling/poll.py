"""`Poll`: the polling of one subject, for all its subscribers: sends requests, decides on the next, keeps the state.

Its methods are acts of the engine, so that nothing here needs a lock.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..api.auth.standing import Deferred
from ..api.errors import AuthenticationError, ModelArtsError
from ..api.transport import Cancellation
from . import engine
from .backoff import MAX_INTERVAL, after_answer, after_error
from .forecast import Forecaster
from .speed import SpeedEstimator
from .state import State, Subject, Tasks

if TYPE_CHECKING:
    from .subscriber import Subscriber

JITTER = 0.1
"""Share of a delay that chance may add, so that a hundred polls do not tick together."""
REFRESH_INTERVAL = 1.0
"""Seconds between two requests on behalf of `Poll.refresh`: a callback may call it with each answer."""

_logger = logging.getLogger(__name__)


class _Answer(NamedTuple):
    """An answer, and its parts that take long to compute: there may be thousands of tasks."""

    tasks: Tasks
    running: Tasks
    """Tasks that have not ended."""

    @classmethod
    def of(cls, tasks: Tasks, before: Tasks | None) -> _Answer:
        """Return the answer with the tasks of the one before if they are equal."""
        with suppress(RecursionError):  # JSON can be deeper than Python compares
            tasks = before if before is not None and tasks == before else tasks
        return cls(tasks, tuple(task for task in tasks if not task.is_done))

    @property
    def moving(self) -> object:
        """The values that change while an export makes progress."""
        details = [(task.task_id, task.status, task.progress, task.finished_sample_count) for task in self.running]
        return len(self.tasks), details


class Poll:
    """Begins with its first subscriber, and ends when the last one leaves."""

    def __init__(self, key: Hashable, subject: Subject[object]) -> None:
        self.state = State()
        self.begun = 0
        """Requests so far."""
        self.subscribers: dict[Subscriber, None] = {}
        """In the order in which they have joined."""
        self._key = key
        self._subject = subject
        """That of the last subscriber to join, whose client sends the requests."""
        self.is_asking = False
        """Whether a request is under way."""
        self._request = Cancellation()
        """The latest request. The outcome of one that is cancelled does not count."""
        self._timer: engine.Timer | None = None
        """When the next request is due."""
        self._is_urgent = False
        """Whether the next request is due as soon as the one under way has ended."""
        self._refresh_due = math.inf
        self._refreshed_at = -math.inf
        self._quiet = 0.0
        self._moving: object = None
        self._forecaster = Forecaster()

    def join(self, subscriber: Subscriber) -> None:
        """Add a subscriber, and ask at once. One that has joined before becomes the one who asks."""
        is_known = subscriber in self.subscribers
        self.subscribers.pop(subscriber, None)
        self.subscribers[subscriber] = None
        self._subject = subscriber.subject
        if is_known or not self.state.is_active:
            self._quiet = 0.0
            self._turn(replace(self.state, phase="polling", delay=0.0, error=None, ended_by=None, failures=0))
        self.adjust()
        self.expedite()

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber; polling ends with the last one."""
        self.subscribers.pop(subscriber, None)
        if (last := next(reversed(list(self.subscribers)), None)) is not None:
            self._subject = last.subject
            self.adjust()
        elif self.state.is_active:
            self._turn(replace(self.state, phase="stopped", delay=None))
            self._forget()

    def adjust(self) -> None:
        """Take up the pace that the subscribers want now. A delay after a failure stays: the service may want it."""
        if self.state.phase == "polling" and (self.state.delay or 0.0) > self._pace:
            self._quiet = 0.0
            self.state = replace(self.state, delay=self._pace)
            self._hasten(self._pace)

    def expedite(self) -> None:
        """Ask now, or as soon as the request under way has ended."""
        if self.is_asking:
            self._is_urgent = True
        elif self.state.is_active:
            self._schedule(0.0)

    def refresh(self) -> None:
        """Ask now, or as soon as a second has passed since the last request that was asked for like this."""
        if not self.state.is_active:
            return
        now = engine.ENGINE.clock()
        self._refresh_due = max(now, self._refreshed_at + REFRESH_INTERVAL)
        if not self.is_asking:
            self._hasten(self._refresh_due - now)

    @property
    def _pace(self) -> float:
        # Why a list, and a default? A destructor may close the last watch at any time, here too.
        return min((subscriber.pace for subscriber in list(self.subscribers)), default=MAX_INTERVAL)

    def _schedule(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = engine.ENGINE.at(delay, self._ask)

    def _hasten(self, delay: float) -> None:
        if self._timer is not None and self._timer.due > engine.ENGINE.clock() + delay:
            self._schedule(delay)

    def _turn(self, state: State) -> None:
        """Enter a state in which the request under way does not count any more."""
        self.state = state
        self._request.cancel()
        if self._timer is not None and not state.is_active:
            self._timer.cancel()

    def _ask(self) -> None:
        """Send a request beside the engine."""
        self._timer = None
        if self.is_asking or not self.state.is_active or not self.subscribers:
            return
        if self._refresh_due <= engine.ENGINE.clock():
            self._refreshed_at = self._refresh_due
        self._refresh_due, self._is_urgent = math.inf, False
        self.begun += 1
        request = self._request = Cancellation(partial(self._hear_of_trial, self.begun))
        self.is_asking = True
        asking = partial(_ask, self._subject, self.state.tasks, request)
        engine.ENGINE.beside(asking, partial(self._on_outcome, request))

    def _hear_of_trial(self, serial: int, error: Exception | None) -> None:
        """Learn in any thread how the request went that has tried the credentials."""
        engine.ENGINE.post(lambda: self._on_trial(serial, error))

    def _on_trial(self, serial: int, error: Exception | None) -> None:
        """Go on after another request has tried the credentials. If it had an error, a request would have the same."""
        if serial != self.begun or self._request.is_cancelled:
            return
        if error is None:
            self.expedite()
        else:
            self._keep(error)
            self._go_on()

    def _on_outcome(self, request: Cancellation, outcome: _Answer | Exception | None) -> None:
        """Keep the outcome of a request; ``None`` if another one tries the credentials first."""
        self.is_asking = False
        if not request.is_cancelled and outcome is not None:
            self._keep(outcome)
        if outcome is not None or self._is_urgent or request.is_cancelled:
            self._go_on()
        else:
            self._forget()  # if the trial has had an error meanwhile

    def _keep(self, outcome: _Answer | Exception) -> None:
        before, error = self.state.tasks, outcome if isinstance(outcome, Exception) else None
        self.state = self._after_error(outcome) if isinstance(outcome, Exception) else self._after_answer(outcome)
        if isinstance(error, AuthenticationError):
            self._subject.when_accepted(self._revive)
        for subscriber in list(self.subscribers):
            subscriber.on_step(error, is_new=error is None and self.state.tasks is not before)

    def _revive(self) -> None:
        """Resume for all subscribers that wait for credentials. Called in any thread."""
        for subscriber in list(self.subscribers):
            engine.ENGINE.post(partial(subscriber.rejoin, subscriber.subject.key))

    def _after_answer(self, answer: _Answer) -> State:
        moving = answer.moving
        self._quiet = self._quiet + (self.state.delay or 0.0) if moving == self._moving else 0.0
        self._moving = moving
        if answer.tasks:
            self._forecaster.on_answer(answer.tasks[0], self._earlier)
        is_final = not answer.running and not self._subject.is_endless
        phase, delay, _ = after_answer(is_final=is_final, interval=self._pace, quiet=self._quiet)
        return State(
            phase,
            answer.tasks,
            serial=self.begun,
            answered_at=datetime.now(timezone.utc),
            delay=delay,
            speeds=_speeds(answer.running, self.state),
            forecast=self._forecaster.forecast,
        )

    @property
    def _earlier(self) -> Callable[[], Tasks] | None:
        """The request of a subscriber that wants a forecast."""
        return next((asker.subject.earlier for asker in list(self.subscribers) if asker.subject.earlier), None)

    def _after_error(self, error: Exception) -> State:
        failures = self.state.failures + 1
        has_answer = self.state.tasks is not None
        phase, delay, limit = after_error(error, failures=failures, interval=self._pace, has_answer=has_answer)
        ended_by = error if delay is None else None
        return replace(
            self.state, phase=phase, delay=delay, error=error, ended_by=ended_by, failures=failures, max_failures=limit
        )

    def _go_on(self) -> None:
        if self.state.is_active and self.subscribers and self.state.delay is not None:
            jitter = 1 + JITTER * random.random()  # noqa: S311 - added, never taken: the service may want the delay
            delay = 0.0 if self._is_urgent else self.state.delay * jitter
            self._schedule(max(0.0, min(delay, self._refresh_due - engine.ENGINE.clock())))
        else:
            self._forget()

    def _forget(self) -> None:
        """Leave the registry when this poll has ended, so that later subscribers begin another one.

        Not while a request is under way, or there would be two at once.
        """
        if self.state.is_active and self.subscribers:
            return
        self._forecaster.cancel()
        if not self.is_asking and POLLS.get(self._key) is self:
            del POLLS[self._key]


POLLS: dict[Hashable, Poll] = {}
"""Polls that go on, by the keys of their subjects."""


def join(subscriber: Subscriber, key: Hashable) -> Poll:
    """Return the poll of a subscriber's subject, joined or begun. An act."""
    poll = POLLS.setdefault(key, Poll(key, subscriber.subject))
    poll.join(subscriber)
    return poll


def begin_anew() -> None:
    """Leave all polls to the parent, in a forked child, to which none of its threads has come along."""
    engine.ENGINE.reset()
    polls = list(POLLS.values())
    POLLS.clear()
    for poll in polls:
        for subscriber in list(poll.subscribers):
            subscriber.forget_parent()


def _ask(subject: Subject[object], before: Tasks | None, request: Cancellation) -> _Answer | Exception | None:
    """Return an answer or an error; ``None`` if another request tries the credentials first. Blocks."""
    try:
        with request:
            return _Answer.of(subject.fetch(), before)
    except Deferred:
        return None
    except ModelArtsError as error:
        return error
    except Exception as error:
        _logger.exception("%s: polling ended by a fault of its own", subject.title)
        return error
    except BaseException as error:  # from a client or an auth object of the user's
        _logger.exception("%s: polling ended", subject.title)
        return ModelArtsError(f"Polling was ended by {type(error).__name__}")


def _speeds(running: Tasks, before: State) -> dict[str | None, SpeedEstimator]:
    seen = engine.ENGINE.clock()
    speeds = {task.task_id: before.speeds.get(task.task_id) or SpeedEstimator() for task in running}
    for task in running:
        speeds[task.task_id].add(*task.reached, seen)
    return speeds
