"""One refresh: messages to the front end and their bytes, of one that changes something and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from ipywidgets import FloatProgress
from support import Script
from support.watches import RUNNING

from modelarts_widgets import ExportMonitor

from .figures import Effort, Figure, Side
from .recording import by_hand, close_all, recorded, size

SAMPLES = 20_000
SECONDS = 2.0
"""How much later each refresh is than the one before: some show that, too."""
FLOOR = "`ipywidgets.FloatProgress`: a bar without words"
Refresh = Callable[[int], object]
"""Shows how many samples are done."""


def measure(effort: Effort) -> list[Side]:
    """Compare our card with bars."""
    times = 4 if effort.is_smoke else 100
    sides = {"ours: a card with words, bar and facts": _ours, FLOOR: _floor}
    if not effort.is_smoke:
        sides |= {"`tqdm.notebook`": _tqdm, "`distributed`: `ProgressWidget`": _distributed}
    found: dict[str, list[Side]] = {}
    for who, prepared in sides.items():
        with recorded() as sent, prepared() as refresh:
            refresh(1)
            for case, change in (("a refresh that changes something", 1), ("a refresh that changes nothing", 0)):
                sent.clear()
                for number in range(times):
                    refresh(2 + number * change + times * (1 - change))
                    if not (number or change):
                        sent.clear()  # the first of those is news
                rounds = times if change else times - 1
                figures = {
                    "messages": Figure(len(sent) / rounds, "messages"),
                    "bytes": Figure(size(sent) / rounds, "bytes"),
                }
                found.setdefault(case, []).append(Side(case, who, figures, is_reference=who == FLOOR))
            close_all()
    return [side for compared in found.values() for side in compared]


@contextmanager
def _ours() -> Iterator[Refresh]:
    client = Script(RUNNING)
    with by_hand() as hand:
        monitor = ExportMonitor("d", "t", client=client)
        poll = hand.begin(monitor)

        def refresh(done: int) -> None:
            client.answers = [RUNNING | {"finished_sample_count": done, "progress": 100 * done / SAMPLES}]
            hand.step(poll)

        yield refresh
        monitor.close()


@contextmanager
def _floor() -> Iterator[Refresh]:
    bar = FloatProgress(max=SAMPLES)

    def refresh(done: int) -> None:
        bar.value = done

    yield refresh


@contextmanager
def _tqdm() -> Iterator[Refresh]:
    with import_module("tqdm.notebook").tqdm(total=SAMPLES) as bar:

        def refresh(done: int) -> None:
            bar.start_t -= SECONDS
            bar.n = done
            bar.refresh()

        yield refresh


@contextmanager
def _distributed() -> Iterator[Refresh]:
    widget = import_module("distributed.diagnostics.progressbar").ProgressWidget([], "127.0.0.1:1")

    def refresh(done: int) -> None:
        widget._start_time -= SECONDS
        widget._draw_bar(SAMPLES - done, SAMPLES)

    yield refresh
