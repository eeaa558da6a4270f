"""The two kinds of engine, driven alike: one works by itself, the other while its event loop runs."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from modelarts_widgets.polling.engine import Engine, LoopEngine
from modelarts_widgets.polling.threads import ThreadEngine

from . import until
from .watches import HANGS

ResultT = TypeVar("ResultT")


class Driver(Protocol):
    """An engine, and what lets it work."""

    @property
    def engine(self) -> Engine:
        """The engine."""

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until a condition holds."""

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let it work until a coroutine has ended."""

    def rest(self) -> None:
        """Let it work until nothing is left to do."""

    def close(self) -> None:
        """Free what it holds."""


class ThreadDriver:
    """Works by itself."""

    def __init__(self, engine: ThreadEngine) -> None:
        self.engine = engine

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until a condition holds."""
        until(condition)

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let it work until a coroutine has ended."""
        return asyncio.run(coroutine)

    def rest(self) -> None:
        """Let it work until nothing is left to do."""
        until(lambda: self.engine.threads == 0)

    def close(self) -> None:
        """Free nothing."""


class LoopDriver:
    """Works while its loop runs. No loop runs otherwise: what is scheduled meanwhile has to wait for one."""

    def __init__(self, engine: LoopEngine) -> None:
        self.engine = engine
        self._loop = asyncio.new_event_loop()

    def until(self, condition: Callable[[], object]) -> None:
        """Let it work until a condition holds."""
        self.run(self._until(condition))

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let it work until a coroutine has ended."""
        return self._loop.run_until_complete(coroutine)

    def rest(self) -> None:
        """Let it work until nothing is left to do."""
        self.until(lambda: not self.engine._jobs and self.engine._fire(0) == math.inf)  # no public way shows it

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()

    async def _until(self, condition: Callable[[], object]) -> None:
        self.engine.wake()
        end = time.monotonic() + HANGS / 2
        while not condition():
            if time.monotonic() > end:
                pytest.fail("the condition did not come true")
            await asyncio.sleep(0.001)
