"""All widgets of this process: those of one subject make room for each other, and all take leave at the end."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from weakref import WeakSet

from ..polling.state import guarded
from .display import on_exit

_LAST_LOOK = 1.0
"""Seconds that the end of the process waits for somebody who draws."""

ALL: WeakSet[Any] = WeakSet()
"""Each a `WatchWidget`."""


def let_go(key: Hashable) -> None:
    """Free the widgets of one subject that nobody looks at.

    The old view of a cell that is run again goes before or after the new one comes, as it happens.
    """
    family = [widget for widget in ALL if widget.watch._subject.key == key]
    is_seen = any(widget._view_count for widget in family)
    for widget in family:
        if widget._was_seen and not widget._view_count and not widget.watch._waits.count:
            widget._let_go(is_superseded=is_seen)


def _take_leave() -> None:
    """Leave something readable in all outputs: the process ends."""
    for widget in list(ALL):
        if widget._lock.acquire(timeout=_LAST_LOOK):
            try:
                guarded("The last look of a card", _make_static, widget)
            finally:
                widget._lock.release()


def _make_static(widget: Any) -> None:  # noqa: ANN401 - a WatchWidget
    if widget._display and not widget._display.is_static:
        widget._display.leave(widget._render(widget._exit_note()))


on_exit(_take_leave)
