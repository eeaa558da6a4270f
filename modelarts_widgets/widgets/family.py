"""Registries of widgets, to close models of those without a view and to leave static HTML when the kernel ends."""

from __future__ import annotations

import atexit
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from ..polling.callbacks import guarded

_LAST_LOOK = 1.0
"""Seconds that the end of the process waits for the lock of a widget that is being drawn."""

Family: TypeAlias = "WeakValueDictionary[int, Any]"
"""Widgets by `id`. Why not a `WeakSet`? No thread may add to one while another iterates over it."""

ALL: Family = WeakValueDictionary()
"""Every `WatchWidget`."""
_FAMILIES: WeakValueDictionary[tuple[str, ...], Family] = WeakValueDictionary()
"""Widgets by path of their subject, so that a new view is not compared with every widget of the process.

Why not by key? It contains the credentials, which may change; see `let_go`.
"""


def join(widget: Any) -> Family:  # noqa: ANN401 - a WatchWidget
    """Register a widget, and return the widgets of its path; the entry lasts as long as one of them refers to it."""
    family: Family = _FAMILIES.setdefault(widget.watch._subject.path, WeakValueDictionary())
    family[id(widget)] = ALL[id(widget)] = widget
    return family


def members(family: Family) -> list[Any]:
    """Return the widgets of a family that have not been garbage-collected."""
    return [widget for known in family.valuerefs() if (widget := known()) is not None]


def let_go(widget: Any) -> None:  # noqa: ANN401 - a WatchWidget
    """Close the models of all widgets of the same subject that have lost their last view.

    Why all of them, at each change of a view? When a cell is run again, its old view may be removed before or after
    the new one appears.
    """
    # Why compare keys here, and not in `join`? The client may have got other credentials since.
    key = widget.watch._subject.key
    family = [each for each in members(widget._family) if each.watch._subject.key == key]
    is_seen = any(each._view_count for each in family)
    for each in family:
        # One without a first view may get it soon, and a waiting caller needs the polling.
        if each._was_seen and not each._view_count and not each.watch._is_awaited:
            each._let_go(is_superseded=is_seen)


def _take_leave() -> None:
    """Replace live widgets in all outputs by static HTML; called when the process exits normally."""
    for widget in members(ALL):
        if widget._lock.acquire(timeout=_LAST_LOOK):  # why not `with`? A thread that hangs would prevent the exit
            try:
                guarded("The last look of a card", _make_static, widget)
            finally:
                widget._lock.release()


def _make_static(widget: Any) -> None:  # noqa: ANN401 - a WatchWidget
    if widget._display and not widget._display.is_static:
        widget._display.leave(widget._render(widget._exit_note()))


atexit.register(guarded, "The end", _take_leave)
