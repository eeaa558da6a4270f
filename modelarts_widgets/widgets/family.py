"""All widgets of this process: those of one subject make room for each other, and all take leave at the end."""

from __future__ import annotations

import atexit
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from ..polling.callbacks import guarded

_LAST_LOOK = 1.0
"""Seconds that the end of the process waits for somebody who draws."""

Family: TypeAlias = "WeakValueDictionary[int, Any]"
"""Widgets by their IDs. Why not a `WeakSet`? No thread may add to one while another iterates over it."""

ALL: Family = WeakValueDictionary()
"""Every `WatchWidget`."""
_FAMILIES: WeakValueDictionary[tuple[str, ...], Family] = WeakValueDictionary()
"""The widgets of each path, so that a view need not look through all; credentials, which may change, are compared then."""


def join(widget: Any) -> Family:  # noqa: ANN401 - a WatchWidget
    """Add a widget, and return the widgets of its path, which last as long as one of them holds them."""
    family: Family = _FAMILIES.setdefault(widget.watch._subject.path, WeakValueDictionary())
    family[id(widget)] = ALL[id(widget)] = widget
    return family


def members(family: Family) -> list[Any]:
    """Return the widgets of a family that are alive."""
    return [widget for known in family.valuerefs() if (widget := known()) is not None]


def let_go(widget: Any) -> None:  # noqa: ANN401 - a WatchWidget
    """Free the widgets of one subject that nobody looks at.

    The old view of a cell that is run again goes before or after the new one comes, as it happens.
    """
    key = widget.watch._subject.key
    family = [each for each in members(widget._family) if each.watch._subject.key == key]
    is_seen = any(each._view_count for each in family)
    for each in family:
        if each._was_seen and not each._view_count and not each.watch._is_awaited:
            each._let_go(is_superseded=is_seen)


def _take_leave() -> None:
    """Leave something readable in all outputs: the process ends."""
    for widget in members(ALL):
        if widget._lock.acquire(timeout=_LAST_LOOK):
            try:
                guarded("The last look of a card", _make_static, widget)
            finally:
                widget._lock.release()


def _make_static(widget: Any) -> None:  # noqa: ANN401 - a WatchWidget
    if widget._display and not widget._display.is_static:
        widget._display.leave(widget._render(widget._exit_note()))


atexit.register(guarded, "The end", _take_leave)
