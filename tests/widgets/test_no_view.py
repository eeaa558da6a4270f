"""Outputs of front ends that show no widget: their static form moves, and stops where a view comes after all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ipywidgets import Widget
from support import EXAMPLE, Script
from support.outputs import Outputs
from support.virtual import VirtualEngine

from modelarts_widgets import ExportHistory, ExportMonitor
from modelarts_widgets.simulator import Clock
from modelarts_widgets.widgets import family

VIEW = "application/vnd.jupyter.widget-view+json"
Shown = Callable[..., Any]


def answers(first: int, last: int) -> list[dict[str, Any]]:
    """Return answers of an export that moves by one percent each time."""
    return [EXAMPLE | {"progress": float(share), "finished_sample_count": share} for share in range(first, last)]


@pytest.fixture
def virtual(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> VirtualEngine:
    """Let time pass only when somebody waits, and nothing by chance."""
    return VirtualEngine(clock, monkeypatch)


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """Return the output of the cell that runs."""
    return Outputs(monkeypatch)


@pytest.fixture(params=[ExportMonitor, ExportHistory])
def shown(request: pytest.FixtureRequest, outputs: Outputs) -> Iterator[Shown]:
    """Return a function that shows a widget of either kind in a cell that ends, and closes it after the test."""
    made: list[Any] = []

    def show(client: Script, interval: float = 1.0) -> Any:  # noqa: ANN401 - either kind
        names = ("d", "t") if request.param is ExportMonitor else ("d",)
        made.append(request.param(*names, client=client, interval=interval))
        made[-1]._ipython_display_()
        outputs.cell("post")
        return made[-1]

    yield show
    for widget in made:
        widget.close()


def run(virtual: VirtualEngine, clock: Clock, seconds: float) -> None:
    """Let some seconds pass."""
    end = clock() + seconds
    while clock() < end:
        virtual.step()


def test_the_static_form_moves_where_no_view_comes(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock
) -> None:
    widget = shown(Script(*answers(1, 90)), 0.5)
    run(virtual, clock, 2.0)
    assert len(outputs.bundles) == 1, "a view may still come"
    run(virtual, clock, 18.0)
    assert 8 <= len(outputs.bundles) <= 14, "at a gentle pace"
    assert all(VIEW not in bundle for bundle in outputs.bundles[1:])
    assert "live where widgets work: trust this notebook, or show it again" in outputs.texts[-1]
    assert set(virtual.delays) == {0.5}, "it counts as watched"
    widget.close()
    assert "live where" not in outputs.texts[-1]


def test_what_brings_nothing_new_is_not_sent(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock
) -> None:
    shown(Script(EXAMPLE))
    run(virtual, clock, 20.0)
    assert len(outputs.bundles) == 2


def test_a_view_ends_it(shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock) -> None:
    widget = shown(Script(*answers(1, 90)))
    widget.set_state({"_view_count": 1})
    run(virtual, clock, 20.0)
    assert len(outputs.bundles) == 1


def test_a_view_that_comes_late_gets_its_output_back(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock
) -> None:
    widget = shown(Script(*answers(1, 90)))
    run(virtual, clock, 5.0)
    widget.set_state({"_view_count": 1})
    count = len(outputs.bundles)
    assert VIEW in outputs.bundles[-1]
    widget.set_state({"_view_count": 0})
    run(virtual, clock, 60.0)
    assert len(outputs.bundles) == count


def test_a_front_end_that_shows_widgets_is_heard_first(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Widget, "_control_comm", object())
    shown(Script(*answers(1, 90)))
    outputs.cell("pre")
    run(virtual, clock, 10.0)
    assert len(outputs.bundles) == 1, "the cell still runs: a view would not have been heard of"
    outputs.cell("post")
    outputs.cell("pre")
    run(virtual, clock, 10.0)
    assert len(outputs.bundles) == 1, "the next one does"
    outputs.cell("post")
    run(virtual, clock, 10.0)
    assert len(outputs.bundles) > 3
    assert all(VIEW in bundle for bundle in outputs.bundles), "the view may be out of sight for now"


def test_a_front_end_that_refuses_our_models_is_not_waited_for(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Widget, "_control_comm", object())  # that of ipywidgets 7 asks for it, too
    widget = shown(Script(*answers(1, 90)))
    widget.comm.handle_close({})
    run(virtual, clock, 10.0)
    assert len(outputs.bundles) > 3
    assert all(VIEW not in bundle for bundle in outputs.bundles[1:])


def test_while_cells_run_nothing_is_sent_until_it_is_known_that_there_is_no_view(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock
) -> None:
    shown(Script(*answers(1, 90)))
    outputs.cell("pre")
    run(virtual, clock, 20.0)
    assert len(outputs.bundles) == 1, "a view would not have been heard of"
    outputs.cell("post")
    run(virtual, clock, 5.0)
    known = len(outputs.bundles)
    assert known > 1
    outputs.cell("pre")
    run(virtual, clock, 10.0)
    assert len(outputs.bundles) > known + 2, "now it is known"


def test_what_nobody_brings_up_to_date_stays_true(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock
) -> None:
    shown(Script(*answers(1, 90)))
    assert "waiting for the first answer" not in outputs.texts[0]
    assert "followed since 20" in outputs.texts[0]
    run(virtual, clock, 5.0)
    assert "as of 20" in outputs.texts[-1]


def test_a_card_of_many_rows_is_sent_less_often(virtual: VirtualEngine, outputs: Outputs, clock: Clock) -> None:
    samples = {"export_params": {"samples": [f"sample-{number:09}" for number in range(20_000)]}}
    monitor = ExportMonitor("d", "t", client=Script(*[answer | samples for answer in answers(1, 90)]), interval=1.0)
    monitor._ipython_display_()
    outputs.cell("post")
    run(virtual, clock, 30.0)
    assert 2 <= len(outputs.bundles) <= 5
    monitor.close()


def test_nothing_comes_after_the_last_words_of_a_process(
    shown: Shown, virtual: VirtualEngine, outputs: Outputs, clock: Clock
) -> None:
    shown(Script(*answers(1, 90)))
    run(virtual, clock, 10.0)
    family._take_leave()  # as at the end of a process, of which there is one only
    last = outputs.texts[-1]
    assert "before the kernel ended" in last
    run(virtual, clock, 20.0)
    assert outputs.texts[-1] == last, "though polling went on for a moment"
