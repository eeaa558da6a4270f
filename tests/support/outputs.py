"""A kernel and its front end without either: the output of one cell."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ipywidgets import Widget

from modelarts_widgets.widgets import display


class Outputs:
    """Stands in for a kernel and its front end: holds what one output has shown, and the hooks of cells."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bundles: list[dict[str, Any]] = []
        self._hooks: dict[str, Callable[[], None]] = {}
        shell = SimpleNamespace(kernel=self, events=SimpleNamespace(register=self._hooks.__setitem__))
        handle = SimpleNamespace(display=self._show, update=self._show)
        monkeypatch.setattr(display, "get_ipython", lambda: shell)
        monkeypatch.setattr(display, "DisplayHandle", lambda: handle)
        monkeypatch.setattr(display.FRONT_END, "has_shown", False)
        monkeypatch.setattr(display.FRONT_END, "has_refused", False)
        monkeypatch.setattr(Widget, "_control_comm", None)

    def _show(self, bundle: dict[str, Any], *, raw: bool) -> None:
        assert raw
        self.bundles.append(bundle)

    def cell(self, hook: str) -> None:
        """Begin or end a cell."""
        self._hooks[f"{hook}_run_cell"]()

    @property
    def texts(self) -> list[str]:
        """What a front end without widgets has shown."""
        return [bundle["text/plain"] for bundle in self.bundles]
