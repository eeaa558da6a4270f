"""`Feed`: one poll, and all who follow it. Whoever wants to know the same thing joins the poll that is under way."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic

from ..api.errors import ModelArtsError
from .poller import LOCK, AnswerT, Poll, log_exceptions
from .scheduler import SCHEDULER

FEEDS: dict[Hashable, Feed[Any]] = {}
"""Those that go on, by what they ask for."""


@dataclass(eq=False)
class Follower(Generic[AnswerT]):
    """One who wants to know."""

    fetch: Callable[[], AnswerT]
    """Ask once; the last one to join does it for all, since it has the freshest credentials."""
    updated: Callable[[AnswerT], None]
    """Called with each answer, under the lock of all polls."""
    failed: Callable[[Exception], None]
    """Called with each error, under that lock."""
    interval: float
    """Seconds between two answers that are soon enough."""


class Feed(Generic[AnswerT]):
    """A poll that several may follow. It begins with the first follower, and ends when the last one leaves.

    Parameters
    ----------
    key : hashable
        What is asked for.
    pulse : callable
        As for `Poll`.
    """

    def __init__(self, key: Hashable, pulse: Callable[[AnswerT], object]) -> None:
        self.poll: Poll[AnswerT] = Poll(self._fetch, self._updated, self._failed, pulse=pulse)
        self.latest: AnswerT | None = None
        self._key = key
        self._followers: list[Follower[AnswerT]] = []

    def join(self, follower: Follower[AnswerT]) -> None:
        """Follow, and ask at once. Whoever follows already becomes the one who asks."""
        with LOCK:
            if follower in self._followers:
                self._followers.remove(follower)
                self.poll.begin()  # with what is new about it; an answer under way is dropped
            self._followers.append(follower)
            if self.poll.phase == "idle":
                self.poll.begin()
            self.adjust()
            SCHEDULER.schedule(self.poll)

    def leave(self, follower: Follower[AnswerT]) -> None:
        """Follow no more."""
        with LOCK:
            if follower in self._followers:
                self._followers.remove(follower)
            if self._followers:
                self.adjust()
            elif self.poll.is_active:
                self.poll.end("stopped")
                SCHEDULER.cancel(self.poll)
                self._forget()

    def adjust(self) -> None:
        """Take up what the followers want now."""
        with LOCK:
            wanted = min((follower.interval for follower in self._followers), default=self.poll.interval)
            due = self.poll.attend(wanted)
            if due is not None:
                SCHEDULER.hasten(self.poll, due)

    def _fetch(self) -> AnswerT:
        with LOCK:
            fetch = self._followers[-1].fetch if self._followers else None
        if fetch is None:
            raise ModelArtsError("Nobody wants to know any more")  # left as this step began: its outcome is dropped
        return fetch()

    def _updated(self, answer: AnswerT) -> None:
        self.latest = answer
        self._tell(lambda follower: follower.updated(answer))

    def _failed(self, error: Exception) -> None:
        self._tell(lambda follower: follower.failed(error))

    def _tell(self, tell: Callable[[Follower[AnswerT]], None]) -> None:
        if not self.poll.is_active:
            self._forget()
        for follower in list(self._followers):
            if follower in self._followers:  # it may have left because of what another one heard
                with log_exceptions():
                    tell(follower)

    def _forget(self) -> None:
        if FEEDS.get(self._key) is self:
            del FEEDS[self._key]


def follow(key: Hashable, follower: Follower[AnswerT], pulse: Callable[[AnswerT], object]) -> Feed[AnswerT]:
    """Join the feed of something, or begin one. Does not block for a request."""
    with LOCK:
        feed: Feed[AnswerT] = FEEDS.get(key) or Feed(key, pulse)
        FEEDS[key] = feed
        feed.join(follower)
        return feed
