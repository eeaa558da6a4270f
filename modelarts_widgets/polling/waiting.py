"""`Waiting`: the ways to hear of the end. Blocking, as a coroutine, and by callback; all agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import TIMEOUT_MAX, Condition
from typing import Any

from ..api.errors import ModelArtsError
from . import LOCK, Phase, log_exceptions


class Waiting:
    """Gives `wait`, `wait_async`, `on_update`, `on_done` and `done` to what a child follows."""

    _subject: str
    """What is waited for, in words."""
    _answer: Any
    """The last one."""

    @property
    def _phase(self) -> Phase:
        """What the polling does."""
        raise NotImplementedError

    @property
    def _is_active(self) -> bool:
        """Whether polling goes on by itself."""
        raise NotImplementedError

    @property
    def _is_heard_here(self) -> bool:
        """Whether this thread is the one that brings the answers, right now."""
        raise NotImplementedError

    @property
    def _reason(self) -> Exception | None:
        """Why polling does not go on."""
        raise NotImplementedError

    def _freeze_again(self) -> None:
        """Show the end from the cell that runs, too."""

    def _settlement(self) -> Callable[[], bool]:
        """Give what tells that the waiting is over; called as it begins."""
        return lambda: not self._is_active

    def _has_come_out(self) -> bool:
        """Say whether a wait that is over has brought what it was for."""
        return self.done()

    def _told(self, answer: Any) -> Any:  # noqa: ANN401 - the child knows
        """Give an answer as those who wait and the callbacks get it."""
        return answer

    def _begin_waiting(self) -> None:
        self._settled = Condition(LOCK)
        self._waiters: list[Callable[[], None]] = []
        self._attention = 0
        self._callbacks: dict[str, list[Callable[[Any], object]]] = {"update": [], "done": []}

    def start(self) -> None:
        """Begin to poll."""
        raise NotImplementedError

    def _adjust(self) -> None:
        """Take up how many are waiting."""
        raise NotImplementedError

    def done(self) -> bool:
        """Say whether the export has ended, well or badly. Does not block."""
        return self._answer is not None and bool(self._answer.is_done)

    def wait(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - the child knows
        """Block until the export has ended. Interrupting ends the waiting only, never the export.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. Default: as long as it takes.

        Returns
        -------
        ExportTask
            FAILED tasks too: ``monitor.wait().raise_for_status()`` raises for those.

        Raises
        ------
        TimeoutError
            When the export has not ended in time. Polling goes on.
        ModelArtsError
            When polling is paused or has ended before the export did: `error`, where that is the reason.
        RuntimeError
            When an observer of this monitor calls it: the answer could never come.
        Exception
            Anything else that `error` holds: a fault in the auth object, or in this package.
        """
        if self._is_heard_here:
            raise RuntimeError("wait() was called by an observer, in the thread that it would wait for")
        limit = None if timeout is None else min(timeout, TIMEOUT_MAX)
        with self._settled, self._attended():
            is_settled = self._settlement()
            self.start()
            if not self._settled.wait_for(is_settled, limit):
                raise self._timed_out(timeout)
            return self._outcome()

    async def wait_async(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - the child knows
        """Wait like `wait`, without blocking the kernel: buttons go on working, other tasks run.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. Default: as long as it takes.

        Returns
        -------
        ExportTask
            FAILED tasks too.

        Raises
        ------
        TimeoutError, ModelArtsError, Exception
            As `wait` does.
        """
        loop, settled = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(settled.set)

        with self._attended():
            self._waiters.append(tell)
            try:
                with LOCK:
                    is_settled = self._settlement()
                    self.start()
                await asyncio.wait_for(_until(is_settled, settled), timeout)
            except asyncio.TimeoutError:
                raise self._timed_out(timeout) from None
            finally:
                self._waiters.remove(tell)
            with LOCK:
                return self._outcome()

    def on_update(self, fn: Callable[[Any], object], *, remove: bool = False) -> None:
        """Have a function called with each answer that brings something new; see `on_done`."""
        self._register("update", fn, remove=remove)

    def on_done(self, fn: Callable[[Any], object], *, remove: bool = False) -> None:
        """Have a function called with the last answer when the export has ended, at once if it has already.

        It is called in the polling thread, never twice at the same time. What it raises is logged and
        disturbs nobody. Do not wait in it, and do not print: a thread's output lands in any cell.

        Parameters
        ----------
        fn : callable
            Takes an `ExportTask`.
        remove : bool, default False
            Take the function away instead.
        """
        self._register("done", fn, remove=remove)
        if self.done() and not remove:
            fn(self._answer)

    def _register(self, kind: str, fn: Callable[[Any], object], *, remove: bool) -> None:
        with LOCK:
            callbacks = self._callbacks[kind]
            if remove:
                callbacks.remove(fn)
            elif fn not in callbacks:
                callbacks.append(fn)

    def _call(self, kind: str, answer: Any) -> None:  # noqa: ANN401 - the child knows
        for fn in list(self._callbacks[kind]):
            with log_exceptions():
                fn(answer)

    def _settle(self) -> None:
        """Tell those who wait, in whatever way, that something has changed."""
        self._settled.notify_all()
        for tell in list(self._waiters):
            tell()

    @contextmanager
    def _attended(self) -> Iterator[None]:
        self._attend(1)
        try:
            yield
        finally:
            self._attend(-1)

    def _attend(self, change: int) -> None:
        with LOCK:
            self._attention += change
            self._adjust()

    def _timed_out(self, timeout: float | None) -> TimeoutError:
        return TimeoutError(f"{self._subject} has not ended within {timeout:g} s")

    def _outcome(self) -> Any:  # noqa: ANN401 - the child knows
        self._freeze_again()
        if self._has_come_out():
            return self._told(self._answer)
        if self._reason is not None:
            raise self._reason.with_traceback(None)  # or each waiting would make it longer
        raise ModelArtsError(f"Polling is {self._phase}: call resume() to go on")


async def _until(is_settled: Callable[[], bool], something: asyncio.Event) -> None:
    while not is_settled():
        await something.wait()
        something.clear()
