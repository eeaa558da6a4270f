"""Polls for a long time and watches what grows: ``python tests/soak.py [POLLS]``, 100,000 unless told.

Nine monitors and a history follow nine exports over real HTTP, from a service in a process of its own; every
thousandth answer is spoiled. Prints resident memory, threads and open files on the way, and fails when they grow.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient, TokenAuth
from modelarts_widgets.polling import backoff, poll
from modelarts_widgets.polling.threads import MAX_THREADS

MONITORS, WARM_UP, REPORTS = 9, 0.1, 10
MAX_GROWTH = 2.0
"""MB of resident memory, from the end of the warm-up on."""
SERVER = """
import itertools, json, sys
from modelarts_widgets.simulator import FAULTS, Simulator
with Simulator() as simulator:
    exports = [simulator.add_export(task_id=f"t{n}", seconds=864_000, samples=10**9) for n in range(int(sys.argv[1]))]
    passing = itertools.cycle(["cut", "internal", "closed", "web page", "throttled", "wrong types", "reset", "empty"])
    simulator.inject(*(next(passing) if number % 1_000 == 999 else "" for number in range(int(sys.argv[2]))))
    print(json.dumps([simulator.endpoint, simulator.project_id, simulator.token, exports[0].dataset_id]), flush=True)
    input()
"""


def resident() -> float:
    """Return MB of resident memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def files() -> int:
    """Count open file descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


Widgets = list[ExportMonitor | ExportHistory]


def watch(polls: int, monitors: Widgets) -> list[tuple[float, int, int]]:
    """Report on the way; give memory, threads and files at the end of the warm-up and at the end."""
    figures: list[tuple[float, int, int]] = []
    pause = threading.Event()
    for step in range(REPORTS + 1):
        goal = polls * (WARM_UP + (1 - WARM_UP) * step / REPORTS)
        while sum(monitor.stats.polls for monitor in monitors) < goal:
            pause.wait(0.05)
        figures.append((resident(), threading.active_count(), files()))
        done = sum(monitor.stats.polls for monitor in monitors)
        sys.stdout.write(
            f"{done:8,} polls  {figures[-1][0]:7.2f} MB  {figures[-1][1]} threads  {figures[-1][2]} files\n"
        )
        sys.stdout.flush()
    return [figures[0], figures[-1]]


def main(polls: int) -> None:
    """Run, report, and judge."""
    command = [sys.executable, "-c", SERVER, str(MONITORS), str(2 * polls)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        endpoint, project, token, dataset = json.loads(server.stdout.readline())  # type: ignore[union-attr]
        with ModelArtsClient(endpoint, project, auth=TokenAuth(token)) as client:
            backoff.MIN_INTERVAL = backoff.QUIET_SHARE = poll.JITTER = 0.0  # nobody waits between two answers
            monitors: Widgets = [ExportMonitor(dataset, f"t{number}", client=client) for number in range(MONITORS)]
            monitors.append(ExportHistory(dataset, client=client))
            for monitor in monitors:
                monitor.interval = 0.0
                monitor.start()
            (before, threads, opened), (after, threads_left, left) = watch(polls, monitors)
            errors = sum(sum(monitor.stats.errors.values()) for monitor in monitors)
            for monitor in monitors:
                monitor.close()
        server.communicate("\n")
    sys.stdout.write(f"memory grew by {after - before:.2f} MB, {errors} errors on the way\n")
    if after - before > MAX_GROWTH or threads_left > threads + MAX_THREADS or left > opened + MAX_THREADS:
        raise SystemExit("something grows")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
