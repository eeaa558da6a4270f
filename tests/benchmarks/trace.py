"""Follows one answer from the socket to the screen: ``python -m tests.benchmarks.trace [-v]``.

Prints how many calls of this package's functions one poll of a shown card takes, in how many modules, and how often
they cross from one room into another. ``-v`` prints the calls themselves.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import modelarts_widgets
from modelarts_widgets import ExportMonitor

from .services import connected

ROOT = Path(modelarts_widgets.__file__).parent
POLLS = 12
"""Polls that are traced; the median one counts, since the first ones find nothing in their caches."""


class Trace:
    """The calls of a time, those of all threads together."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        """Module, function, and the module of the nearest caller in this package; none at the bottom of a thread."""

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401 - as sys.setprofile has it
        if event != "call" or (module := module_of(frame)) is None:
            return
        caller = frame.f_back
        while caller is not None and module_of(caller) is None:
            caller = caller.f_back
        origin = module_of(caller) if caller is not None else None
        self.calls.append((module, frame.f_code.co_name, origin or ""))

    @property
    def modules(self) -> set[str]:
        """The modules in which something was called."""
        return {module for module, _, _ in self.calls}

    @property
    def functions(self) -> set[tuple[str, str]]:
        """The functions that were called."""
        return {(module, name) for module, name, _ in self.calls}

    @property
    def crossings(self) -> int:
        """Calls from one room into another."""
        return sum(bool(origin) and room(module) != room(origin) for module, _, origin in self.calls)


def module_of(frame: FrameType) -> str | None:
    """Return the path of a frame's module within the package, ``None`` outside it and in the simulator."""
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT) or path.is_relative_to(ROOT / "simulator"):
        return None
    return str(path.relative_to(ROOT))


def room(module: str) -> str:
    """Return the room of a module."""
    return module.partition("/")[0]


@contextmanager
def traced() -> Iterator[list[Trace]]:
    """Yield a list, to whose last trace the calls of all threads that begin from now on are added."""
    traces = [Trace()]

    def note(frame: FrameType, event: str, value: Any) -> None:  # noqa: ANN401 - as sys.setprofile has it
        traces[-1](frame, event, value)

    threading.setprofile(note)
    try:
        yield traces
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


def polls(count: int = POLLS) -> list[Trace]:
    """Return the trace of each poll of a card whose export moves."""
    with connected(1) as (at, client), traced() as traces:
        monitor = ExportMonitor(at["dataset_id"], "t0", client=client, interval=1.2)
        seen = threading.Semaphore(0)
        monitor.on_update(lambda _: seen.release())
        monitor.start()
        for _ in range(count):
            assert seen.acquire(timeout=60), "no answer came"
            time.sleep(0.3)
            traces.append(Trace())
        monitor.close()
    return traces[:count]


def main() -> None:
    """Print the figures of the median poll."""
    median = sorted(polls(), key=lambda trace: len(trace.calls))[POLLS // 2]
    if "-v" in sys.argv:
        for module, name, origin in median.calls:
            sys.stdout.write(f"{module:28} {name:28} {'' if room(module) == room(origin) else '<- ' + origin}\n")
    sys.stdout.write(
        f"{len(median.calls)} calls of {len(median.functions)} functions in {len(median.modules)} modules, "
        f"{median.crossings} crossings between rooms\n"
    )


if __name__ == "__main__":
    main()
