"""Leaks: models that are left when what is shown has been closed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from support import Script
from support.watches import RUNNING

from modelarts_widgets import ExportHistory, ExportMonitor

from .figures import Effort, Figure, Side
from .recording import by_hand, close_all, models, recorded

CASE = "models left after `close()`"
NODES = 200


def measure(effort: Effort) -> list[Side]:
    """Open, close, and count."""
    kinds: dict[str, Callable[[], Any]] = {"ours: `ExportMonitor`": _monitor, "ours: `ExportHistory`": _history}
    if not effort.is_smoke:
        kinds |= {"`tqdm.notebook`": _tqdm, f"`ipytree` of {NODES} nodes": _ipytree}
    sides = []
    for who, make in kinds.items():
        with recorded(), by_hand():
            before = models()
            shown = make()
            opened = models() - before
            shown.close()
            left = models() - before
            sides.append(Side(CASE, who, {"opened": Figure(opened, "opened"), "left": Figure(left, "left")}))
            close_all()
    return sides


def _monitor() -> object:
    return ExportMonitor("d", "t", client=Script(RUNNING))


def _history() -> object:
    return ExportHistory("d", client=Script(RUNNING))


def _tqdm() -> object:
    return import_module("tqdm.notebook").tqdm(total=100)


def _ipytree() -> object:
    module: Any = import_module("ipytree")
    return module.Tree([module.Node(str(number)) for number in range(NODES)])
