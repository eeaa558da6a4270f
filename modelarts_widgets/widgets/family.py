"""All widgets of this process: those of one subject make room for each other, and all take leave at the end."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet, WeakValueDictionary

from ..polling.state import changing, guarded
from .display import on_exit

_LAST_LOOK = 1.0
"""Seconds that the end of the process waits for somebody who draws."""

ALL: WeakSet[Any] = WeakSet()
"""Each a `WatchWidget`."""
_FAMILIES: WeakValueDictionary[tuple[str, ...], WeakSet[Any]] = WeakValueDictionary()
"""Those of each path, so that nobody has to look through all; credentials, which may change, are looked at then."""


def join(widget: Any) -> WeakSet[Any]:  # noqa: ANN401 - a WatchWidget
    """Add a widget, and return those of its path, which last as long as one of them holds them."""
    with changing():
        family: WeakSet[Any] = _FAMILIES.setdefault(widget.watch._subject.path, WeakSet())
        family.add(widget)
        ALL.add(widget)
    return family


def let_go(widget: Any) -> None:  # noqa: ANN401 - a WatchWidget
    """Free the widgets of one subject that nobody looks at.

    The old view of a cell that is run again goes before or after the new one comes, as it happens.
    """
    with changing():
        family = list(widget._family)
    key = widget.watch._subject.key  # comparing may call code of the user's
    family = [each for each in family if each.watch._subject.key == key]
    is_seen = any(each._view_count for each in family)
    for each in family:
        if each._was_seen and not each._view_count and not each.watch._waits.count:
            each._let_go(is_superseded=is_seen)


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
