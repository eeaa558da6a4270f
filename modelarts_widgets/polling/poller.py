"""`Poll`: what a step does and when the next is due. It knows no thread, no clock and no HTTP: a list tests it."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Literal, Protocol, TypeVar

from ..api.errors import (
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)

Phase = Literal["idle", "polling", "retrying", "paused", "needs-auth", "done", "stopped"]
"""``paused``: for now, by us or the user; ``needs-auth``: credentials refused; ``stopped``: asking makes no sense."""

MAX_FAILURES = 10
"""Failed requests in a row after which a poll pauses."""
MAX_DELAY = 60.0
"""Seconds; no wait that we choose ourselves after a failure is longer."""
MAX_NOT_FOUND = 3
"""Times in a row that something is not found until that is believed: it may have been created just now."""
QUIET_SHARE = 0.1
"""While answers bring nothing new, the wait grows to this share of the silence so far …"""
MAX_QUIET_DELAY = 30.0
"""… and no further than this, in seconds."""
JITTER = 0.1
"""Share of a wait that chance may add, so that a hundred polls do not tick together."""

LOCK = threading.RLock()
"""One lock for all polls, so that an observer of one may act on another without a deadlock."""

_BAD_REQUEST, _TIMED_OUT, _FIRST_SERVER_ERROR = 400, 408, 500
_logger = logging.getLogger(__name__)


class Pollable(Protocol):
    """What a poll wants to know of an answer."""

    @property
    def is_done(self) -> bool:
        """Whether nothing will change any more."""


AnswerT = TypeVar("AnswerT", bound=Pollable)


class Poll(Generic[AnswerT]):
    """One thing that is asked for until it is done.

    Parameters
    ----------
    fetch : callable
        Ask once; return the answer or raise `ModelArtsError`. May block; called without `lock`.
    on_update : callable
        Called with each answer, under `lock`.
    on_error : callable
        Called with each error, under `lock`. `phase`, `failures` and `delay` then say what happens next.
    interval : float, default 2.0
        Seconds between two answers while they bring something new.
    pulse : callable, optional
        What of an answer shows that something moves. Default: the whole answer.
    chance : callable, optional
        Number from 0 to 1, for the jitter. Default: `random.random`.
    """

    def __init__(
        self,
        fetch: Callable[[], AnswerT],
        on_update: Callable[[AnswerT], None],
        on_error: Callable[[Exception], None],
        *,
        interval: float = 2.0,
        pulse: Callable[[AnswerT], object] = lambda answer: answer,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.interval = interval
        self.phase: Phase = "idle"
        self.failures = 0
        """Failed requests in a row."""
        self.budget = MAX_FAILURES
        """Failed requests in a row that end the polling, for the last error."""
        self.delay: float | None = None
        """Seconds until the next step, before jitter; ``None`` where there is none."""
        self.ended_by: Exception | None = None
        """The error for which polling paused or ended; ``None`` where the user or the last answer ended it."""
        self.lock = LOCK
        """Held while a step reports and while a phase changes; never while a request is under way."""
        self._turn = 0
        self._stepping: int | None = None
        self._pulse = pulse
        self._chance = chance
        self._last_pulse: object = None
        self._quiet = 0.0
        self._fetch = fetch
        self._on_update = on_update
        self._on_error = on_error

    @property
    def is_active(self) -> bool:
        """Whether the poll goes on by itself."""
        return self.phase in {"polling", "retrying"}

    @property
    def is_stepping(self) -> bool:
        """Whether an answer is under way."""
        return self._stepping is not None

    @property
    def is_stepping_here(self) -> bool:
        """Whether this thread is in the middle of a step."""
        return self._stepping == threading.get_ident()

    def begin(self) -> None:
        """Go to phase ``polling`` with a fresh count of failures; an answer still under way is dropped."""
        with self.lock:
            self.failures, self._quiet = 0, 0.0
            self._turn_to("polling", 0.0)

    def end(self, phase: Phase) -> None:
        """Go to a phase in which nothing is asked for; an answer still under way is dropped."""
        with self.lock:
            self._turn_to(phase, None)

    def attend(self, interval: float) -> float | None:
        """Set the interval; return the seconds after which the next step is due at the latest, if that is sooner.

        A wait after a failure stays as it is: the service may have asked for it.
        """
        with self.lock:
            self.interval = interval
            if self.phase != "polling" or (self.delay or 0.0) <= interval:
                return None
            self._quiet, self.delay = 0.0, interval
            return interval

    def _turn_to(self, phase: Phase, delay: float | None) -> None:
        self.phase, self.delay, self.ended_by = phase, delay, None
        self._turn += 1

    def step(self) -> float | None:
        """Ask once and report. Blocks for the request.

        Returns
        -------
        float or None
            Seconds until the next step is due; ``None`` when there is none.
        """
        with self.lock:
            if not self.is_active:
                return None
            turn, self._stepping = self._turn, threading.get_ident()
        try:
            answer = self._fetch()
        except ModelArtsError as error:
            return self._report_error(turn, error, *self._after(error))
        except Exception as error:
            _logger.exception("A poll ended by a fault of its own")
            return self._report_error(turn, error, "stopped", None)
        return self._report(turn, answer)

    def _report(self, turn: int, answer: AnswerT) -> float | None:
        with self.lock:
            if turn == self._turn:
                self.phase, self.failures = ("done" if answer.is_done else "polling"), 0
                self.delay = None if answer.is_done else self._pause_after(answer)
                with log_exceptions():
                    self._on_update(answer)
            self._stepping = None
            return self._jittered()

    def _pause_after(self, answer: AnswerT) -> float:
        """Wait for the interval while things move, and longer the longer they stand still."""
        pulse = self._pulse(answer)
        self._quiet = self._quiet + (self.delay or 0.0) if pulse == self._last_pulse else 0.0
        self._last_pulse = pulse
        return max(self.interval, min(MAX_QUIET_DELAY, QUIET_SHARE * self._quiet))

    def _jittered(self) -> float | None:
        """Add to the wait, never take from it: the service may have asked for it."""
        return None if self.delay is None else self.delay * (1 + JITTER * self._chance())

    def _report_error(self, turn: int, error: Exception, phase: Phase, delay: float | None) -> float | None:
        with self.lock:
            if turn == self._turn:
                self.phase, self.delay, self.ended_by = phase, delay, None if delay else error
                self.failures += 1
                with log_exceptions():
                    self._on_error(error)
            self._stepping = None
            return self._jittered()

    def _after(self, error: ModelArtsError) -> tuple[Phase, float | None]:
        """Decide what an error means for the polling: wait, ask for help, or end."""
        if isinstance(error, (AuthenticationError, PermissionDeniedError)):
            return "needs-auth", None  # refused keys are locked if we insist
        is_unknown = isinstance(error, NotFoundError) and error.status_code == _BAD_REQUEST
        if not (is_unknown or _is_transient(error)):
            return "stopped", None
        self.budget = MAX_NOT_FOUND if is_unknown else MAX_FAILURES
        if self.failures + 1 >= self.budget:
            return ("stopped" if is_unknown else "paused"), None
        backoff = min(MAX_DELAY, self.interval * 2**self.failures)
        asked = error.retry_after
        return "retrying", max(backoff, asked or 0.0)


def _is_transient(error: ModelArtsError) -> bool:
    if isinstance(error, (ConnectionFailedError, ThrottledError, MalformedResponseError)):
        return True
    status = error.status_code or 0
    return isinstance(error, ServiceError) and (status == _TIMED_OUT or status >= _FIRST_SERVER_ERROR)


@contextmanager
def log_exceptions() -> Iterator[None]:
    """Run what reacts to a poll: what it raises is logged and disturbs nobody."""
    try:
        yield
    except Exception:
        _logger.exception("What reacts to a poll has failed")
