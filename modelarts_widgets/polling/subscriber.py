"""`Subscriber`: the part that a watch has in a poll, and the state it keeps without one. Its methods are acts."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import replace

from . import poll
from .callbacks import Callbacks, Waiter
from .state import Phase, State, Stats, Subject

ACTIVE: Collection[Phase] = ("polling", "retrying")
"""Phases in which requests go on."""
OPEN: Collection[Phase] = ("idle", "polling", "retrying", "paused", "needs-auth")
"""Phases in which a watch can be stopped."""


class Subscriber:
    """Joins and leaves the poll of a subject.

    Parameters
    ----------
    subject : Subject
        The subject of the watch.
    interval : float
        Seconds between two requests while answers bring something new.
    """

    def __init__(self, subject: Subject[object], interval: float) -> None:
        self.subject = subject
        self.intervals: tuple[float, float | None] = interval, None
        """Seconds between two requests, and those that hold while no caller waits, if they are more."""
        self.poll: poll.Poll | None = None
        self.callbacks = Callbacks(subject, lambda: self.state)
        self.stats = Stats()
        self.is_closed = False
        self._own = State()
        """The state without a poll."""
        self._is_only_awaited = False
        """Whether polling was started by waiting, and by nothing else since."""

    # In any thread.

    @property
    def state(self) -> State:
        """The state of the poll, or the last one before it was left."""
        joined = self.poll
        return self._own if joined is None else joined.state

    @property
    def is_awaited(self) -> bool:
        """Whether a caller waits."""
        return any(waiting() is not None for waiting in list(self.callbacks.waiters.values()))

    @property
    def pace(self) -> float:
        """Seconds between two requests that are soon enough at present."""
        interval, unattended = self.intervals
        return interval if unattended is None or self.is_awaited else max(interval, unattended)

    # Acts of the watch.

    def start(self, key: Hashable) -> None:
        """Join the poll, unless polling has started before."""
        self._is_only_awaited = False
        if self.state.phase == "idle" and not self.is_closed:
            self._join(key)

    def resume(self, key: Hashable) -> None:
        """Join the poll again, unless polling goes on, or has reached its end."""
        if not (self.is_closed or self.state.is_active or self.state.phase == "done"):
            self._is_only_awaited = False
            self._join(key)

    def leave(self, phase: Phase, phases: Collection[Phase] = ACTIVE) -> None:
        """Leave the poll if the phase is one of `phases`, and keep its state in another phase."""
        if self.state.phase not in phases:
            return
        self._own = replace(self.state, phase=phase, delay=None, ended_by=None)
        joined, self.poll = self.poll, None
        if joined is not None:
            joined.leave(self)
        self.callbacks.changed()

    def close(self) -> bool:
        """Stop for good, and return whether this is the first time."""
        self.leave("stopped", OPEN)
        is_first, self.is_closed = not self.is_closed, True
        return is_first

    def refresh(self, *, politely: bool = False) -> None:
        """Ask now; if `politely`, unless a request is under way or the service has asked for a delay."""
        if self.poll is not None and not (politely and (self.poll.is_asking or self.state.phase != "polling")):
            self.poll.refresh()

    def adjust(self) -> None:
        """Let the poll take up another pace."""
        if self.poll is not None:
            self.poll.adjust()

    def begin_wait(self, waiter: Waiter, key: Hashable) -> int:
        """Admit a waiter, and return the number of the first request whose answer counts for it."""
        is_only_awaited = self._is_only_awaited or self.state.phase == "idle"
        self.callbacks.admit(waiter, self.end_wait)
        self.start(key)
        self._is_only_awaited = is_only_awaited
        self.adjust()
        if self.poll is None or not self.subject.is_endless:
            return 0
        self.poll.expedite()
        return self.poll.begun + 1  # the answer to one under way may be older

    def end_wait(self) -> None:
        """End the polling if it was started for waiters that are gone."""
        if self._is_only_awaited and not (self.is_awaited or self.callbacks.are_wanted):
            self.leave("idle")
        self.adjust()

    def dismiss(self, waiter: Waiter) -> None:
        """Forget a waiter whose wait is over."""
        self.callbacks.waiters.pop(id(waiter), None)
        self.end_wait()

    # Acts of the poll.

    def on_step(self, error: Exception | None, *, is_new: bool) -> None:
        """Take note of the outcome of a request."""
        polls, changes, _, errors, retries, *_ = self.stats
        if error is not None:
            kind = type(error).__name__
            errors, retries = {**errors, kind: errors.get(kind, 0) + 1}, retries + self.state.is_active
        self.stats = Stats(polls + 1, changes + is_new, 0, errors, retries)
        self.callbacks.changed()

    def rejoin(self, key: Hashable) -> None:
        """Go on with credentials that have changed, if polling goes on or waits for some."""
        if self.state.is_active or self.state.phase == "needs-auth":
            self._join(key)

    def forget_parent(self) -> None:
        """Leave the poll to the parent process, in a forked child; another one may begin there."""
        self._own = replace(self.state, phase="idle", delay=None)
        self.poll = None
        self.callbacks.forget()

    def _join(self, key: Hashable) -> None:
        """Join the poll of the subject, or begin one; leave one that has other credentials by now."""
        before, self.poll = self.poll, poll.join(self, key)
        if before is not None and before is not self.poll:
            before.leave(self)
        self.callbacks.changed()
