"""`Membership`: the part that a watch has in a poll, while it has one, and what it knows when it has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .poller import Poller, Subscriber, join
from .state import Phase, State


class Membership:
    """Joins and leaves the poll of one subscriber's subject. All is done under the shared lock.

    Parameters
    ----------
    subscriber : Subscriber
        Whose part it is.
    changed : callable
        Called after each change.
    """

    def __init__(self, subscriber: Subscriber, changed: Callable[[], None]) -> None:
        self.is_closed = False
        """Whether no poll is to be joined any more."""
        self._subscriber = subscriber
        self._changed = changed
        self._poller: Poller | None = None
        self._own = State()

    @property
    def state(self) -> State:
        """The state of the poll, or what was known when it was left."""
        return self._poller.state if self._poller is not None else self._own

    @property
    def begun(self) -> int:
        """Requests that the poll has begun so far."""
        return self._poller.begun if self._poller is not None else 0

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        return self._poller is not None and self._poller.is_asking

    def start(self) -> None:
        """Join the poll, unless it has been joined already, whatever became of it."""
        if self.state.phase == "idle" and not self.is_closed:
            self.join()

    def join(self) -> None:
        """Join the poll of the subject, or begin one, and leave one that has other credentials by now."""
        before, self._poller = self._poller, join(self._subscriber)
        if before is not None and before is not self._poller:
            before.leave(self._subscriber)
        self._changed()

    def leave(self, phase: Phase) -> None:
        """Leave the poll, and keep what is known in a phase of one's own."""
        self._own = replace(self.state, phase=phase, delay=None, ended_by=None)
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.leave(self._subscriber)
        self._changed()

    def forget(self, phase: Phase) -> None:
        """Keep what is known, and leave the poll to the parent process."""
        self._own = replace(self.state, phase=phase, delay=None)
        self._poller = None

    def adjust(self) -> None:
        """Adjust the poll to the pace that the subscriber wants now."""
        if self._poller is not None:
            self._poller.adjust()

    def expedite(self) -> None:
        """Ask now, or as soon as the request under way has ended."""
        if self._poller is not None:
            self._poller.expedite()
