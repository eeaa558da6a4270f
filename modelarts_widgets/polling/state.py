"""`State`: what is known of something that is polled, and the one lock under which it changes."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..api.models import ExportTask
from .speed import SpeedEstimator

Phase = Literal["idle", "polling", "retrying", "paused", "needs-auth", "done", "stopped"]
"""``paused``: for now, by us or the user; ``needs-auth``: credentials refused; ``stopped``: polling cannot succeed."""

Tasks = tuple[ExportTask, ...]
"""An answer: one export is a tuple of one."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """All that is known at a moment. Replaced whole, never changed."""

    phase: Phase = "idle"
    """What the polling does."""
    tasks: Tasks | None = None
    """The last good answer; the same object as before where it was equal. ``None`` before the first."""
    serial: int = 0
    """Number of the request that brought it, from 1."""
    answered_at: datetime | None = None
    """When it came, in UTC."""
    error: Exception | None = None
    """What went wrong since then."""
    ended_by: Exception | None = None
    """The error for which polling paused or ended; ``None`` where the user or the last answer ended it."""
    failures: int = 0
    """Failed requests in a row."""
    max_failures: int = 0
    """Failed requests in a row after which polling ends, for the last error."""
    delay: float | None = None
    """Seconds until the next request, before jitter; ``None`` where there is none."""
    speeds: Mapping[str | None, SpeedEstimator] = field(default_factory=dict, repr=False)
    """How fast each export moves that has not ended, by task ID."""

    @property
    def is_active(self) -> bool:
        """Whether polling goes on by itself."""
        return self.phase in {"polling", "retrying"}

    @property
    def is_done(self) -> bool:
        """Whether every export of the last good answer has ended."""
        return self.tasks is not None and all(task.is_done for task in self.tasks)


_lock = threading.RLock()
_later: deque[Callable[[], None]] = deque()


@contextmanager
def changing() -> Iterator[None]:
    """Hold the lock that all polls share, so that one may act on another; then do what was put off.

    Nothing blocks while it is held, no thread is started, and no code of others runs: a new thread may collect
    garbage, and an object that closes its monitor as it dies would wait for this lock, in vain.
    """
    try:
        with _lock:
            yield
    finally:
        _do_later()


def put_off(act: Callable[[], None]) -> None:
    """Do something as soon as this thread does not hold the shared lock; at once where it does not."""
    _later.append(act)
    _do_later()


def _do_later() -> None:
    while _later and not _lock._is_owned():  # type: ignore[attr-defined] # the outermost `changing` sees to it
        try:
            act = _later.popleft()
        except IndexError:
            return  # another thread was faster
        act()


def forget_locks() -> None:
    """Begin anew in a forked child."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it, and is not here to let go
    _lock = threading.RLock()
    _later.clear()


def guarded(what: str, act: Callable[..., object], *arguments: object) -> None:
    """Call what reacts to a poll: what it raises, `SystemExit` too, is logged and disturbs nobody.

    Raises
    ------
    KeyboardInterrupt
        In the main thread, where it is the user who interrupts.
    """
    try:
        act(*arguments)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise
        _logger.exception("%s failed", what)
