"""Many monitors at once: what one of them costs, and whether that depends on how many there are.

``python -m tests.benchmarks.many KIND SIZE`` measures one number of one kind, and prints it as JSON.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable

from ipywidgets import HTML, Button, ButtonStyle, Layout, Text, VBox, Widget
from ipywidgets.widgets.widget_string import HTMLStyle, TextStyle

from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient

from .figures import Effort, Figure, Side, cpu
from .recording import ByHand, by_hand, models
from .services import connected

SIZES = (10, 100, 1_000, 5_000)
FEW = 1_000
"""Above that, one round is enough."""
_GROWING = {"make", "memory", "poll", "close"}
WAIT = 600.0
"""Seconds that all may take to be answered once."""
FLOOR = "a bare `VBox` of as many models"
UNITS = {
    "make": "ms to make",
    "memory": "kB",
    "poll": "ms a poll",
    "close": "ms to close",
    "threads": "threads",
    "models": "models",
}


def measure(effort: Effort) -> list[Side]:
    """Measure each number in a process of its own, so that nothing is left of the one before."""
    sizes = (2,) if effort.is_smoke else SIZES
    found: dict[int, dict[str, dict[str, float]]] = {}
    for size in sizes:
        rounds = min(effort.rounds, 3) if size <= FEW else 1
        seen: dict[str, list[dict[str, float]]] = {"ours": [], FLOOR: []}
        for number in range(rounds):
            for who in list(seen)[:: -1 if number % 2 else 1]:
                seen[who].append(_apart(who, size))
        found[size] = {who: _medians(values) for who, values in seen.items()}
    sides = [_side(f"each of {size:,}", who, values) for size in sizes for who, values in found[size].items()]
    if len(sizes) > 1:
        sides += _growth(found[sizes[0]], found[sizes[-1]])
    return [*sides, *_history(10 if effort.is_smoke else FEW)]


def _apart(who: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", f"{__package__}.many", who, str(size)]
    document: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return document


def _medians(seen: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(values[name] for values in seen) for name in seen[0]}


def _side(case: str, who: str, values: dict[str, float]) -> Side:
    figures = {name: Figure(value, UNITS[name]) for name, value in values.items()}
    return Side(case, who, figures, is_reference=who == FLOOR)


def _growth(few: dict[str, dict[str, float]], many: dict[str, dict[str, float]]) -> list[Side]:
    """Return how much more each costs where there are most than where there are fewest."""
    return [
        Side(
            f"each of {SIZES[-1]:,}, beside each of {SIZES[0]}",
            who,
            {
                name: Figure(value / few[who][name], f"times the {UNITS[name]}")
                for name, value in values.items()
                if name in _GROWING
            },
        )
        for who, values in many.items()
    ]


def ours(size: int) -> dict[str, float]:
    """Make monitors, let each be answered once over HTTP and be drawn, and close them."""
    with connected(size) as (at, client):

        def make(number: int = size) -> list[ExportMonitor]:
            return _monitors(number, at["dataset_id"], client, interval=3_600.0)

        _answered(make(1))  # what only the first one has to do
        gc.collect()
        before = models()
        monitors: list[ExportMonitor] = []
        figures = {"make": 1e3 * cpu(lambda: monitors.extend(make())) / size, "models": (models() - before) / size}
        figures |= _answered(monitors)
        monitors.clear()
        figures["memory"] = _memory(lambda: monitors.extend(make()), size)
        for monitor in monitors:
            monitor.close()
    return figures


def _answered(monitors: list[ExportMonitor]) -> dict[str, float]:
    """Let each be answered once and be drawn, and close them."""
    begin, threads = time.process_time(), 0
    for monitor in monitors:
        monitor.start()
    end, pause = time.monotonic() + WAIT, threading.Event()
    while any(monitor.task is None for monitor in monitors):
        assert time.monotonic() < end, "not all have been answered"
        threads = max(threads, monitors[0].stats.threads)
        pause.wait(0.05)
    polled = time.process_time()
    closing = cpu(lambda: [monitor.close() for monitor in monitors])
    each = 1e3 / len(monitors)
    return {"poll": each * (polled - begin), "threads": threads, "close": each * closing}


def bare(size: int) -> dict[str, float]:
    """Make boxes of the same widgets, and close them."""
    for model in _bare():
        model.close()  # what only the first one has to do
    boxes: list[list[Widget]] = []
    figures = {
        "make": 1e3 * cpu(lambda: boxes.extend(_bare() for _ in range(size))) / size,
        "models": models() / size,
    }
    figures["close"] = 1e3 * cpu(lambda: [model.close() for box in boxes for model in box]) / size
    boxes.clear()
    figures["memory"] = _memory(lambda: boxes.extend(_bare() for _ in range(size)), size)
    return figures


def _bare() -> list[Widget]:
    """Return the models of a box as a monitor has them: it shares a layout and the styles between its parts."""
    layout, style, push, text = Layout(), HTMLStyle(), ButtonStyle(), TextStyle()
    texts = [HTML("", layout=layout, style=style) for _ in range(4)]
    parts = [*texts, Text(layout=layout, style=text), *(Button(layout=layout, style=push) for _ in range(2))]
    return [layout, style, push, text, *parts, VBox(parts, layout=layout)]


def _memory(make: Callable[[], object], size: int) -> float:
    """Return kB that stay in use for each of what is made; a pass of its own, since counting takes time."""
    gc.collect()
    tracemalloc.start()
    make()
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return used / size / 1e3


def _history(size: int) -> list[Side]:
    """Compare one table of many exports with as many cards: a round of polls for all of them."""
    with connected(size) as (at, client), by_hand() as hand:
        case = f"one round of polls for {size:,} exports"
        return [
            Side(case, "one `ExportHistory`", _polled(hand, [ExportHistory(at["dataset_id"], client=client)])),
            Side(
                case, f"{size:,} monitors", _polled(hand, _monitors(size, at["dataset_id"], client)), is_reference=True
            ),
        ]


def _monitors(size: int, dataset_id: str, client: ModelArtsClient, **options: float) -> list[ExportMonitor]:
    return [ExportMonitor(dataset_id, f"t{number}", client=client, **options) for number in range(size)]


def _polled(hand: ByHand, widgets: list[ExportHistory] | list[ExportMonitor]) -> dict[str, Figure]:
    opened = sum(len(widget._models) + 1 for widget in widgets)
    polls = [hand.begin(widget) for widget in widgets]
    for poll in polls:
        hand.step(poll)  # the first answer is drawn with all its parts
    seconds = cpu(lambda: [hand.step(poll) for poll in polls])
    for widget in widgets:
        widget.close()
    return {"CPU": Figure(1e3 * seconds, "ms of CPU"), "models": Figure(opened, "models")}


if __name__ == "__main__":
    kind, number = sys.argv[1:]
    json.dump((ours if kind == "ours" else bare)(int(number)), sys.stdout)
