"""A tree of many rows: CPU time to build it, and the models, messages and bytes that it takes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from ipywidgets import HTML, Accordion

from modelarts_widgets import ExportTask
from modelarts_widgets.rendering import tree_html
from modelarts_widgets.rendering.tree import task_tree
from modelarts_widgets.widgets.parts import Html

from .figures import Effort, Figure, Side, cpu
from .recording import close_all, models, recorded, size

SIZES = (100, 1_000, 10_000)
BEARABLE = {"nested `Accordion`": 1_000}
"""Rows above which nobody would wait."""
FLOOR = "the bare values in one `HTML`"

Make = Callable[[ExportTask], object]
"""Shows the samples of a task as a tree."""


def measure(effort: Effort) -> list[Side]:
    """Compare our tree of parameters with trees of widgets, and with no tree at all."""
    kinds: dict[str, Make] = {"ours": _ours, FLOOR: _bare, "nested `Accordion`": _accordion}
    if not effort.is_smoke:
        kinds["`ipytree`"] = _ipytree
    sides = [
        _measured(kind, make, rows, effort)
        for rows in (SIZES[:1] if effort.is_smoke else SIZES)
        for kind, make in kinds.items()
        if rows <= BEARABLE.get(kind, rows)
    ]
    return [*sides, *([] if effort.is_smoke else _conditions(effort))]


def _measured(who: str, make: Make, rows: int, effort: Effort) -> Side:
    """Measure one side alone: each round begins and ends without a model. To read the answer is part of a poll."""
    task = ExportTask.from_json({"export_params": {"samples": [f"{number:032x}" for number in range(rows)]}})
    seconds = []
    for _ in range(effort.rounds if rows < SIZES[-1] or who in {"ours", FLOOR} else 1):
        with recorded() as sent:
            before = models()
            seconds.append(cpu(lambda: make(task)))
            count, messages, amount = models() - before, len(sent), size(sent)
            close_all()
    figures = {
        "CPU": Figure(1e3 * statistics.median(seconds), "ms of CPU"),
        "models": Figure(count, "models"),
        "messages": Figure(messages, "messages"),
        "bytes": Figure(amount / 1e3, "kB"),
    }
    return Side(f"a tree of {rows:,} rows", who, figures, is_reference=who == FLOOR)


def _samples(task: ExportTask) -> Sequence[str]:
    return (task.export_params and task.export_params.samples) or ()


def _ours(task: ExportTask) -> object:
    return Html(tree_html(task_tree(task)))


def _bare(task: ExportTask) -> object:
    return HTML("\n".join(_samples(task)))


def _accordion(task: ExportTask) -> object:
    """Return the parameter with its values one level deeper, each a text of its own."""
    samples = _samples(task)
    rows = Accordion([HTML(value) for value in samples], titles=[str(number) for number in range(len(samples))])
    return Accordion([rows], titles=["samples"])


def _ipytree(task: ExportTask) -> object:
    module: Any = import_module("ipytree")
    tree = module.Tree()
    tree.add_node(module.Node("samples", [module.Node(value) for value in _samples(task)]))
    return tree


def _conditions(effort: Effort) -> list[Side]:
    """Measure our tree where each row is a search condition with rows of its own."""
    condition: dict[str, Any] = {"hard": "1", "label_list": {"op": "OR", "labels": [{"name": "cat"}, {"name": "dog"}]}}
    task = ExportTask.from_json({"export_params": {"search_conditions": [condition] * 1_000}})
    seconds = statistics.median(cpu(lambda: tree_html(task_tree(task))) for _ in range(effort.rounds))
    figures = {"CPU": Figure(1e3 * seconds, "ms of CPU"), "bytes": Figure(len(tree_html(task_tree(task))) / 1e3, "kB")}
    return [Side("the markup of 1,000 search conditions", "ours", figures)]
