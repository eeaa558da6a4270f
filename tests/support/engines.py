"""The two kinds of scheduler, driven alike: one works by itself, the other while its event loop runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from modelarts_widgets.polling.loop import LoopScheduler
from modelarts_widgets.polling.scheduler import Scheduler

from . import until
from .watches import HANGS

ResultT = TypeVar("ResultT")


class Engine(Protocol):
    """A scheduler, and what lets it work."""

    @property
    def scheduler(self) -> Scheduler | LoopScheduler:
        """What runs the steps."""

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until a condition holds."""

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let it work until a coroutine has ended."""

    def rest(self) -> None:
        """Let it work until nothing is left to do."""

    def close(self) -> None:
        """Free what it holds."""


class ThreadEngine:
    """Works by itself."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until a condition holds."""
        until(condition)

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let it work until a coroutine has ended."""
        return asyncio.run(coroutine)

    def rest(self) -> None:
        """Let it work until nothing is left to do."""
        until(lambda: self.scheduler.threads == 0)

    def close(self) -> None:
        """Free nothing."""


class LoopEngine:
    """Works while its loop runs. No loop runs otherwise: what is scheduled meanwhile has to wait for one."""

    def __init__(self, scheduler: LoopScheduler) -> None:
        self.scheduler = scheduler
        self._loop = asyncio.new_event_loop()

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until a condition holds."""
        self.run(self._until(condition))

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let it work until a coroutine has ended."""
        return self._loop.run_until_complete(coroutine)

    def rest(self) -> None:
        """Let it work until nothing is left to do."""
        self.until(lambda: self.scheduler._agenda.next_due() is None)  # no public way shows it

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()

    async def _until(self, condition: Callable[[], object]) -> None:
        self.scheduler.wake()
        end = time.monotonic() + HANGS / 2
        while not condition():
            if time.monotonic() > end:
                pytest.fail("the condition did not come true")
            await asyncio.sleep(0.001)
