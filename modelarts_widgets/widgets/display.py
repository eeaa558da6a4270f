"""`Display`: the outputs of cells in which something has been shown, and which can be given other content later."""

from __future__ import annotations

from collections import deque
from functools import partial
from operator import is_
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display
from ipywidgets import Widget

from ..polling import engine
from ..polling.callbacks import guarded

GRACE = 2.5
"""Seconds in which a view comes where there will be one; a bundle that is sent earlier could race it."""
PACE = 1.5
"""Seconds between two static forms that stand in for a view, at least."""
_BYTES_PER_SECOND = 50_000
"""More of them are not sent on average, which slows down what stands in for a card with thousands of rows."""
_MAX_OUTPUTS = 100
"""The oldest ones are likely to be gone."""


class FrontEnd:
    """What is known of the front end: whether it shows widgets, and whether we would have heard of a view."""

    def __init__(self) -> None:
        self.has_shown = False
        """Whether there has been a view of any of our widgets."""
        self.has_refused = False
        """Whether it has closed the channel of a widget of ours: those of ipywidgets 7 know no model of version 8."""
        self._shell: object = None
        self._idle_since = float("inf")

    @property
    def may_show_widgets(self) -> bool:
        """Whether it has shown one, or what shows them has asked for a channel of its own and refused none of ours."""
        return self.has_shown or (Widget._control_comm is not None and not self.has_refused)

    @property
    def is_heard(self) -> bool:
        """Whether the kernel has been idle for long enough: while a cell runs, most hear of no view."""
        return engine.ENGINE.clock() - self._idle_since >= GRACE

    def refuse(self, _: object) -> None:
        """Note that a channel was closed, which no front end does that can show what is behind it."""
        self.has_refused = True

    def listen(self) -> None:
        """Begin to note when cells run, in one of them, once in each shell."""
        shell = get_ipython()
        if shell is not None and shell is not self._shell:
            self._shell = shell
            shell.events.register("pre_run_cell", lambda *_: self._note(float("inf")))
            shell.events.register("post_run_cell", lambda *_: self._note(engine.ENGINE.clock()))

    def _note(self, idle_since: float) -> None:
        self._idle_since = idle_since


FRONT_END = FrontEnd()


class Display:
    """Outputs of cells, known by their display IDs, which are not saved with a notebook. Is told what to show."""

    def __init__(self) -> None:
        self._handles: deque[DisplayHandle] = deque(maxlen=_MAX_OUTPUTS)
        self._content: dict[str, Any] | None = None
        self.is_static = False
        """Whether the outputs hold no view any more, by our doing."""
        self.is_stand_in = False
        """Whether they hold something without a view, which stands in for one that has not come."""
        self._shown_at = self._next_at = float("inf")
        self._key: tuple[object, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there are any outputs."""
        return bool(self._handles)

    def show(self, bundle: dict[str, Any], *, is_static: bool) -> None:
        """Show something in the cell that runs. Where there is no front end to update, it is only printed."""
        if getattr(get_ipython(), "kernel", None) is None:
            display(bundle, raw=True)
            return
        handle = DisplayHandle()
        handle.display(bundle, raw=True)
        self._handles.append(handle)
        self._content = bundle if len(self._handles) == 1 else None
        self.is_static, self.is_stand_in = is_static, False
        self._shown_at, self._next_at = engine.ENGINE.clock(), float("-inf")
        FRONT_END.listen()

    def seen(self) -> None:
        """Note that there is a view: nothing stands in for it, until something is shown anew."""
        FRONT_END.has_shown = True
        self._shown_at, self.is_stand_in = float("inf"), False

    def lacks_view(self, *key: object) -> bool:
        """Return whether no view has come in time, and there is news: one object of the key is another one."""
        now = engine.ENGINE.clock()
        is_known = len(key) == len(self._key) and all(map(is_, key, self._key))
        return not is_known and now - self._shown_at >= GRACE and now >= self._next_at

    def stand_in(self, bundle: dict[str, Any], *key: object, has_view: bool) -> None:
        """Show in place of a view what the objects of the key stand for."""
        self.replace(bundle, is_static=False)
        self.is_stand_in, self._key = not has_view, key
        size = len(bundle["text/html"])
        self._next_at = engine.ENGINE.clock() + max(PACE, size / _BYTES_PER_SECOND)

    def replace(self, bundle: dict[str, Any], *, is_static: bool, again: bool = False) -> None:
        """Show something else in all outputs that the front end still knows. Works from any thread.

        A page that has been loaded again does not know them any more: what is live there stays as it is, and
        keeps its models until its view goes. What the outputs have already is not sent, unless it is to be sent
        `again`.
        """
        self.is_static, self.is_stand_in = is_static and bool(self), False
        if bundle == self._content and not again:
            return
        self._content = dict(bundle)
        for handle in self._handles:
            guarded("Showing a card again", partial(handle.update, bundle, raw=True))

    def leave(self, bundle: dict[str, Any]) -> None:
        """Show the last thing, and nothing after it, though polling goes on for a moment."""
        self.replace(bundle, is_static=True)
        self._handles.clear()
