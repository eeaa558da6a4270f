"""A storm of interrupts: ``python tests/storm.py [RUNS [KIND]]``, 20 runs of each kind unless told.

``interrupts``: `KeyboardInterrupt` at 1,000 random moments of making, starting, refreshing, waiting, calling back and
closing. ``handler``: a signal handler that pauses and resumes instead. ``garbage``: destructors that close their
monitors, in any thread. Beside them, one monitor must reach its end, and a watch must poll on after it.

Each run is a process of its own. Prints what became of it, and fails if one stands still or shows any exception but
`KeyboardInterrupt`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 240.0
"""Seconds after which a run stands still."""
KINDS = ("interrupts", "handler", "garbage")

_PROGRAM = """
import faulthandler, gc, logging, random, signal, sys, threading, time
faulthandler.dump_traceback_later(PATIENCE - 20, exit=True)
from ipywidgets import Widget
from support import Script, until
from support.watches import ENDED, RUNNING
from modelarts_widgets import ExportMonitor, watch_export

kind, chance = sys.argv[1], random.Random(int(sys.argv[2]))
problems, counts = [], {"interrupts": 0, "rounds": 0, "called": 0, "raised": 0}
threading.excepthook = lambda hook: problems.append(hook.exc_value)

def unraisable(hook):
    # ipywidgets' own destructor fails on a widget whose construction was interrupted: a bare Button does so, too.
    if not isinstance(hook.exc_value, KeyboardInterrupt) and hook.object is not Widget.__del__:
        problems.append(hook.exc_value)

sys.unraisablehook = unraisable

class Noted(logging.Handler):
    def emit(self, record):
        error = record.exc_info and record.exc_info[1]
        if not isinstance(error, KeyboardInterrupt):
            problems.append(record.getMessage() if error is None else error)
logging.getLogger("modelarts_widgets").addHandler(Noted())

steps = [RUNNING | {"progress": number / 10} for number in range(900)]
beside = ExportMonitor("d", "beside", client=Script(*steps[:60], ENDED), interval=0.1)
beside.start()
other = watch_export("d", "other", client=Script(*steps), interval=0.1)
other.start()

class Garbage:
    def __init__(self, number):
        self.me = self
        self.monitor = ExportMonitor("d", f"g{number}", client=Script(*steps), interval=0.1)
        self.monitor.start()
    def __del__(self):
        self.monitor.close()
        counts["called"] += 1
        if self.monitor.watch.phase != "stopped":
            problems.append(f"{self.monitor.watch.phase} after close()")

def called(_):
    counts["called"] += 1

def round_of(number):
    monitor = ExportMonitor("d", f"t{number % 7}", client=Script(*steps), interval=0.1)
    try:
        monitor.on_update(called)
        monitor.start()
        monitor.refresh()
        try:
            monitor.wait(0.02)
        except TimeoutError:
            pass
        monitor.pause()
        monitor.resume()
    finally:
        monitor.close()
    counts["rounds"] += 1

def interrupt(*_):
    counts["interrupts"] += 1
    if kind == "interrupts":
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0001, chance.choice((0.01, 0.05))))
        raise KeyboardInterrupt
    other.pause()
    if other.phase != "paused":
        problems.append(f"{other.phase} after pause()")
    other.resume()
    if other.phase != "polling":
        problems.append(f"{other.phase} after resume()")
    signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0001, 0.005))

def storm():
    number = 0
    while counts["interrupts"] < INTERRUPTS:
        try:
            while counts["interrupts"] < INTERRUPTS:
                number += 1
                round_of(number)
        except KeyboardInterrupt:
            counts["raised"] += 1

if kind == "garbage":
    gc.set_threshold(50, 2, 2)
    def litter(first):
        for number in range(first, first + max(10, INTERRUPTS // 10)):
            Garbage(number)
            round_of(number)
    threads = [threading.Thread(target=litter, args=(1_000 * number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    litter(10_000)
    for thread in threads:
        thread.join()
    gc.collect()
else:
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    while True:
        try:
            storm()
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            break
        except KeyboardInterrupt:
            pass

assert beside.wait(60).succeeded
assert beside.status == "SUCCESSED", beside.status
other.resume()
polls = other.stats.polls
until(lambda: other.stats.polls > polls + 3, 60)
other.close()
beside.close()
new = ExportMonitor("d", "new", client=Script(RUNNING, ENDED), interval=0.1)
assert new.wait(60).succeeded
new.close()
assert not problems, [repr(problem) for problem in problems[:5]]
print(counts, flush=True)
"""


def run(kind: str, seed: int, interrupts: int = 1_000) -> str | None:
    """Run one storm, and return why it has failed, if it has."""
    here = Path(__file__).parent
    setting = f"PATIENCE, INTERRUPTS = {PATIENCE}, {interrupts}"
    program = f"{setting}\nimport sys\nsys.path[:0] = {[str(here), str(here.parent)]}\n{_PROGRAM}"
    begin = time.monotonic()
    try:
        command = [sys.executable, "-c", program, kind, str(seed)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return "it stands still"
    sys.stdout.write(f"{kind} {seed}: {ended.stdout.strip()} {time.monotonic() - begin:.1f} s\n")
    # What else stands there is of the hooks above, which an interrupt may hit, too.
    return ended.stderr if ended.returncode else None


def main(runs: int, kinds: tuple[str, ...]) -> None:
    """Run all storms, and exit with what has failed."""
    failed = 0
    for kind in kinds:
        for seed in range(runs):
            if (why := run(kind, seed)) is not None:
                failed += 1
                sys.stdout.write(f"{kind} {seed} FAILED\n{why}\n")
    raise SystemExit(f"{failed} failed" if failed else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, (sys.argv[2],) if len(sys.argv) > 2 else KINDS)
