"""`Waiters`: threads and coroutines that wait for a condition, in one way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Waiters:
    """Those who wait until something that others bring about has come true."""

    def __init__(self) -> None:
        self._wakers: list[Callable[[], None]] = []

    def wake(self) -> None:
        """Wake all, to look at their condition again. Does not block; may be called from any thread."""
        for wake in list(self._wakers):
            wake()

    def wait(self, condition: Callable[[], bool], limit: float | None) -> bool:
        """Block until a condition holds, and return whether it does after `limit` seconds."""
        woken = threading.Event()
        end = None if limit is None else time.monotonic() + limit
        with self._registered(woken.set):
            while not condition():
                left = threading.TIMEOUT_MAX if end is None else min(end - time.monotonic(), threading.TIMEOUT_MAX)
                if left <= 0:
                    return False
                woken.wait(left)
                woken.clear()
            return True

    async def wait_async(self, condition: Callable[[], bool], limit: float | None) -> bool:
        """Wait until a condition holds, and return whether it does after `limit` seconds. Other tasks run meanwhile."""
        import asyncio  # noqa: PLC0415 - whoever awaits has it; for a plain script it is a fifth of our import time

        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(woken.set)

        async def until() -> None:
            while not condition():
                await woken.wait()
                woken.clear()

        with self._registered(wake):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(until(), limit)
            return condition()

    @contextmanager
    def _registered(self, wake: Callable[[], None]) -> Iterator[None]:
        self._wakers.append(wake)
        try:
            yield
        finally:
            self._wakers.remove(wake)
