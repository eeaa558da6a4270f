"""`State`: what is known of something that is polled, and the one lock under which it changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..api.models import ExportTask
from .forecast import Forecast
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
    forecast: Forecast | None = None
    """What earlier exports took, where a single one does not say how far it is."""

    @property
    def is_active(self) -> bool:
        """Whether polling goes on by itself."""
        return self.phase in {"polling", "retrying"}

    @property
    def is_done(self) -> bool:
        """Whether every export of the last good answer has ended."""
        return self.tasks is not None and all(task.is_done for task in self.tasks)


@dataclass(frozen=True, eq=False)
class _PutOff:
    """What is to be done without the lock, by the thread that has put it off, on the same level of calls."""

    act: Callable[[], None]
    thread: int
    depth: int


class _Here(threading.local):
    depth = 0
    """How many of those acts this thread is in."""


_lock = threading.RLock()
_later: list[_PutOff] = []
_here = _Here()


@contextmanager
def changing() -> Iterator[None]:
    """Hold the lock that all polls share, so that one may act on another; then do what was put off.

    Nothing blocks while it is held, no thread is started, and no code of others runs, but for that of garbage: an
    object that closes its monitor as it dies may do so at any time. So whoever holds it takes no other lock.
    """
    try:
        with _lock:
            yield
    finally:
        catch_up()


def shared_condition() -> threading.Condition:
    """Return a condition of the shared lock."""
    return threading.Condition(_lock)


def put_off(act: Callable[[], None]) -> None:
    """Do something as soon as this thread does not hold the shared lock; at once where it does not."""
    _later.append(_PutOff(act, threading.get_ident(), _here.depth))
    catch_up()


def is_behind(*, anybody: bool = False) -> bool:
    """Return whether this thread, or any, has put off something that is not done yet."""
    me = threading.get_ident()
    return any(anybody or put_off.thread == me for put_off in tuple(_later))


def do_for_others() -> None:
    """Do what other threads have put off, and are kept from by code that takes long."""
    _do(lambda _: True)


def catch_up() -> None:
    """Do what this thread has put off, unless it holds the shared lock."""
    if _later and not _lock._is_owned():  # type: ignore[attr-defined] # the outermost `changing` sees to it
        me, depth = threading.get_ident(), _here.depth
        _do(lambda put_off: put_off.thread == me and put_off.depth >= depth)


def _do(is_wanted: Callable[[_PutOff], bool]) -> None:
    depth, errors = _here.depth, list[BaseException]()
    while (found := next(filter(is_wanted, tuple(_later)), None)) is not None:
        try:
            _later.remove(found)
        except ValueError:
            continue  # another thread was faster
        _here.depth = depth + 1
        try:
            found.act()
        except BaseException as error:  # noqa: BLE001 - raised when the others have been done
            errors.append(error)
        finally:
            _here.depth = depth
    if errors:
        raise errors[0]


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
