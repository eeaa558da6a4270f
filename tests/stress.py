"""Does all that could make polling stand still, at once: ``python tests/stress.py [SECONDS]``, 60 unless told.

Callbacks that block and raise whatever there is, clicks, garbage that closes its monitor, servers that are silent
or drip, and waits. Prints counts, and fails when a thread stands still: when nothing comes of a kind of work for
a third of the time, or a thread is left at the end.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from support import Script
from support.sockets import Peer, RawServer
from support.watches import ENDED, RUNNING

from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient, ModelArtsError
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.threads import MAX_THREADS

COUNTS: Counter[str] = Counter()
RAISED = [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, ValueError]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
chance = random.Random(12)


class Job:
    """Closes its monitor when it is collected, as part of a reference cycle."""

    def __init__(self) -> None:
        self.me, self.monitor = self, ExportMonitor("d", f"g{chance.random()}", client=Script(RUNNING), interval=0.1)
        self.monitor.start()

    def __del__(self) -> None:
        self.monitor.close()
        COUNTS["collected"] += 1


def moving() -> Script:
    """Return a client that brings something new each time, for a while."""
    return Script(*(RUNNING | {"progress": 0.5 * number} for number in range(100)), ENDED)


def listen(monitors: list[ExportMonitor]) -> None:
    """Block, raise, and use other monitors, in callbacks and observers."""

    def react(_: object) -> None:
        COUNTS["called"] += 1
        time.sleep(chance.choice([0.0, 0.0, 0.01, 0.3]))
        other = chance.choice(monitors)
        chance.choice([other.refresh, other.pause, other.resume, lambda: quiet_wait(other)])()
        if chance.random() < 0.3:
            raise chance.choice(RAISED)

    for monitor in monitors:
        monitor.observe(react, "progress")
        monitor.on_update(react)
        monitor.on_done(react)


def quiet_wait(monitor: ExportMonitor) -> None:
    """Wait for a moment; who is told in this thread may not."""
    with suppress(TimeoutError, ModelArtsError, RuntimeError):
        monitor.wait(0.2)


def follow() -> None:
    """Follow an export to its end while others are busy."""
    monitor = ExportMonitor("d", f"e{chance.random()}", client=Script(RUNNING, ENDED), interval=0.1)
    monitor.wait(60)
    monitor.close()
    ExportHistory("d", client=Script(ENDED), interval=0.1).wait(60)


def collect() -> None:
    """Leave garbage."""
    Job()
    time.sleep(0.01)


def click(monitors: list[ExportMonitor]) -> Callable[[], None]:
    """Return what clicks on any of some monitors."""

    def act() -> None:
        chance.choice(monitors)._toggle()
        time.sleep(0.005)

    return act


def work(name: str, act: Callable[[], None], over: threading.Event, seen: dict[str, float]) -> None:
    """Do something again and again, and note when."""
    while not over.is_set():
        act()
        COUNTS[name] += 1
        seen[name] = time.monotonic()


def silent(peer: Peer) -> None:
    """Answer nothing."""
    while True:
        peer.request()


def dripping(peer: Peer) -> None:
    """Answer without end."""
    peer.request()
    peer.drip(HEAD + b" " * 100_000, pause=1.0)


def run(seconds: float, stack: ExitStack) -> str:
    """Do it all; return what stood still, if anything."""
    busy = [ExportMonitor("d", f"m{number}", client=moving(), interval=0.1) for number in range(8)]
    servers = [stack.enter_context(RawServer(talk)) for talk in (silent, silent, dripping, dripping)]
    clients = [stack.enter_context(ModelArtsClient(server.url, "p", timeout=5.0)) for server in servers]
    hung = [ExportMonitor("d", "t", client=client) for client in clients]
    listen(busy)
    for monitor in [*busy, *hung]:
        monitor.start()
    kinds: dict[str, Callable[[], Any]] = {
        "followed": follow, "dropped": collect, "clicked": click(hung), "clicked busy ones": click(busy)
    }  # fmt: skip
    over, seen, most, stuck = threading.Event(), dict.fromkeys(kinds, time.monotonic()), 0, ""
    threads = [threading.Thread(target=work, args=(*kind, over, seen)) for kind in kinds.items()]
    for thread in threads:
        thread.daemon = True
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stuck:
        time.sleep(0.1)
        most = max(most, ENGINE.threads)
        stuck = next((name for name, at in seen.items() if time.monotonic() - at > seconds / 3), "")
    over.set()
    for thread in threads:
        thread.join(seconds / 3)
    for monitor in [*busy, *hung]:
        monitor.close()
    sys.stdout.write(f"{dict(COUNTS)}, at most {most} polling threads ({MAX_THREADS}, and those in callbacks)\n")
    return stuck or ", ".join(thread.name for thread in threads if thread.is_alive())


def main(seconds: float) -> None:
    """Run, report, and judge."""
    logging.disable()  # what callbacks raise
    gc.set_threshold(200, 5, 5)
    with ExitStack() as stack:
        stuck = run(seconds, stack)
    gc.collect()
    end = time.monotonic() + seconds / 3
    while ENGINE.threads and time.monotonic() < end:
        time.sleep(0.05)
        gc.collect()
    sys.stdout.write(f"{ENGINE.threads} polling threads are left\n")
    if stuck or ENGINE.threads:
        raise SystemExit(f"something stands still: {stuck or 'polling'}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
