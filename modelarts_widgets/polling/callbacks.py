"""`Callbacks`: the functions that a watch notifies, in order, one at a time, with the newest state; and its waiters."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol
from weakref import ref

from ..api.models import ExportTask
from . import engine
from .state import State, Subject, Tasks

Callback = Callable[[Any], object]
_MOMENT = 0.1
"""Seconds that a call which changes something waits for the functions that it notifies."""
_logger = logging.getLogger(__name__)


class Waiter(Protocol):
    """A caller that waits for a condition."""

    def wake(self) -> None:
        """Let it look at its condition again. Never blocks."""


class ThreadWaiter:
    """A thread that waits."""

    def __init__(self) -> None:
        self._bell: SimpleQueue[None] = SimpleQueue()

    def wake(self) -> None:
        """Let it look at its condition again."""
        self._bell.put(None)

    def until(self, condition: Callable[[], bool], limit: float | None) -> bool:
        """Block until a condition holds, and return whether it does after `limit` seconds."""
        end = None if limit is None else time.monotonic() + limit
        while not condition():
            left = threading.TIMEOUT_MAX if end is None else min(end - time.monotonic(), threading.TIMEOUT_MAX)
            if left <= 0:
                return False
            with suppress(Empty):
                self._bell.get(timeout=left)
        return True


class LoopWaiter:
    """A coroutine that waits on the running event loop."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - a caller that awaits has it; for a plain script it is a fifth of the import time

        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()

    def wake(self) -> None:
        """Let it look at its condition again."""
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            self._loop.call_soon_threadsafe(self._woken.set)

    async def until(self, condition: Callable[[], bool], limit: float | None) -> bool:
        """Wait until a condition holds, and return whether it does after `limit` seconds. Other tasks run meanwhile."""
        import asyncio  # noqa: PLC0415 - as above

        async def waiting() -> None:
            while not condition():
                await self._woken.wait()
                self._woken.clear()

        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(waiting(), limit)
        return condition()


class Callbacks:
    """Listeners, callbacks and waiters of one watch. The engine owns it: its methods are acts, but where they say so.

    Functions run beside the engine, in one thread at a time. News that come meanwhile are delivered when it is done.

    Parameters
    ----------
    subject : Subject
        The subject of the watch.
    read : callable
        Returns the newest state, in any thread.
    """

    def __init__(self, subject: Subject[Any], read: Callable[[], State]) -> None:
        self.waiters: dict[int, ref[Waiter]] = {}
        """Weak, so that a wait ends with its frame, wherever an interrupt has hit it."""
        self._subject = subject
        self._read = read
        self._listeners: tuple[Callback, ...] = ()
        self._functions: dict[str, tuple[Callback, ...]] = {"update": (), "done": ()}
        self._late: tuple[Callback, ...] = ()
        """Functions that were registered after the end."""
        self._seen: Tasks | None = None
        """The last answer that the functions know."""
        self._ended: set[str | None] = set()
        """Exports whose end is no news."""
        self._bells: SimpleQueue[SimpleQueue[None]] = SimpleQueue()
        """For callers that wait a moment for the delivery of news."""
        self._version = self._delivered = 0
        self._delivery: object = None
        """The epoch of the engine in which a delivery is under way."""
        self._thread: int | None = None
        """The thread that delivers."""

    # From any thread.

    @property
    def are_wanted(self) -> bool:
        """Whether a function is registered."""
        return any(self._functions.values())

    def are_called_here(self) -> bool:
        """Return whether this thread is calling them, further up."""
        return self._thread == threading.get_ident()

    def are_up_to_date(self) -> bool:
        """Return whether all news have been delivered."""
        return self._delivered >= self._version

    def listen(self, listener: Callable[[State], object]) -> None:
        """Add a listener, which gets each state before the callbacks do."""
        self._listeners = (*self._listeners, listener)

    def settle(self) -> None:
        """Wait a moment for the delivery of news, so that a widget is up to date when a call returns."""
        if self.are_called_here() or self.are_up_to_date() or engine.ENGINE.is_here:
            return
        bell: SimpleQueue[None] = SimpleQueue()
        self._bells.put(bell)
        if not self.are_up_to_date():  # else it may have been too late
            with suppress(Empty):
                bell.get(timeout=_MOMENT)

    # Acts.

    def register(self, kind: str, fn: Callback, *, remove: bool) -> None:
        """Register or remove a function for ``update`` or ``done``; raise `ValueError` for one that is not there."""
        functions = self._functions[kind]
        if not self._is_heard:
            self._look(self._read().tasks)
        if remove:
            place = functions.index(fn)
            self._functions[kind] = functions[:place] + functions[place + 1 :]
        elif fn not in functions:
            self._functions[kind] = (*functions, fn)
            if kind == "done" and self._ended and not self._subject.is_endless:
                self._late += (fn,)
                self.changed()

    def admit(self, waiter: Waiter, on_gone: Callable[[], object]) -> None:
        """Wake a waiter at each change, as long as it exists; call `on_gone` when it does no more."""
        key = id(waiter)

        def forget(gone: ref[Waiter]) -> None:
            if self.waiters.get(key) is gone:
                del self.waiters[key]
                on_gone()

        self.waiters[key] = ref(waiter, lambda gone: engine.ENGINE.post(lambda: forget(gone)))

    def changed(self) -> None:
        """Deliver the newest state, and wake the waiters."""
        self._version += 1
        self._begin()
        if self.waiters:
            self._wake()

    def forget(self) -> None:
        """Forget the threads of the parent, in a forked child."""
        self.waiters.clear()
        self._thread, self._delivered = None, self._version

    @property
    def _is_heard(self) -> bool:
        return bool(self._listeners) or self.are_wanted

    def _begin(self) -> None:
        if not self._is_heard:
            self._delivered = self._version
        elif self._delivery is not engine.ENGINE.epoch:
            self._delivery = engine.ENGINE.epoch
            engine.ENGINE.beside(self._deliver, self._on_delivered, calls_out=True)

    def _wake(self) -> None:
        for waiting in list(self.waiters.values()):
            if (waiter := waiting()) is not None:
                waiter.wake()

    def _look(self, tasks: Tasks | None) -> None:
        """Take an answer for known."""
        self._seen = tasks
        self._ended |= {task.task_id for task in tasks or () if task.is_done}

    def _on_delivered(self, version: int) -> None:
        self._delivery = None
        self._delivered = max(version, self._delivered)
        if self._delivered < self._version:
            self._begin()
        else:
            while not self._bells.empty():
                self._bells.get().put(None)
        if self.waiters:
            self._wake()

    def _take_ends(self, ended: Iterable[ExportTask]) -> tuple[Iterable[Callback], Iterable[Callback]]:
        """Return the functions for these ends, and those that were registered too late for them."""
        self._ended.update(task.task_id for task in ended)
        late, self._late = self._late, ()
        return [fn for fn in self._functions["done"] if fn not in late], late

    # Beside the engine.

    def _deliver(self) -> int:
        """Call the functions with the newest state, and return its version."""
        self._thread = threading.get_ident()
        try:
            version, state = self._version, self._read()
            self._call(self._listeners, state)
            if state.tasks is not None and (state.tasks is not self._seen or self._late):
                self._deliver_tasks(state.tasks)
            return version
        finally:
            self._thread = None

    def _deliver_tasks(self, tasks: Tasks) -> None:
        before, self._seen = self._seen, tasks
        if tasks is not before:
            self._call(self._functions["update"], self._subject.result(tasks))
        ended = [task for task in tasks if task.is_done]
        if before is None and self._subject.is_endless:
            self._ended.update(task.task_id for task in ended)
        news = [task for task in ended if task.task_id not in self._ended]
        if not (news or self._late):
            return
        functions, late = engine.ENGINE.do(lambda: self._take_ends(news))
        for task in news:
            self._call(functions, task)
        for task in tasks if late else ():
            self._call(late, task)

    def _call(self, functions: Iterable[Callback], value: object) -> None:
        for fn in functions:
            guarded(self._subject.title, fn, value)


def guarded(name: str, act: Callable[..., object], *arguments: object) -> None:
    """Call a function that reacts to a poll: an exception, `SystemExit` too, is logged and ends nothing.

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
        _logger.exception("%s failed", name)
