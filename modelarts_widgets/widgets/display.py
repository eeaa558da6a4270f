"""`Display`: the outputs of cells that show a widget, whose content can be replaced later."""

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
"""Seconds to wait for a view before static HTML is sent; sent earlier, it could replace a view that is being built."""
PACE = 1.5
"""Minimum seconds between two updates with static HTML."""
_BYTES_PER_SECOND = 50_000
"""Limit of the average rate of such updates, so that large cards are updated less often."""
_MAX_OUTPUTS = 100
"""Outputs to update at most; older ones are likely to have been cleared."""


class FrontEnd:
    """Records whether the front end shows widgets, and since when the kernel has been idle."""

    def __init__(self) -> None:
        self.has_shown = False
        """Whether any widget of this package has had a view."""
        self.has_refused = False
        """Whether it has closed the comm of a widget: front ends for ipywidgets 7 do so with models of version 8."""
        self._shell: object = None
        self._idle_since = float("inf")

    @property
    def may_show_widgets(self) -> bool:
        """Whether it has shown a widget, or its widget manager has opened its control comm and closed none of ours."""
        return self.has_shown or (Widget._control_comm is not None and not self.has_refused)

    @property
    def is_heard(self) -> bool:
        """Whether the kernel has been idle for `GRACE` seconds: while a cell runs, most learn of no view."""
        return engine.ENGINE.clock() - self._idle_since >= GRACE

    def refuse(self, _: object) -> None:
        """Record that the front end has closed the comm of a widget, which means that it cannot show the model."""
        self.has_refused = True

    def listen(self) -> None:
        """Start recording when cells begin and end, once for each IPython shell."""
        shell = get_ipython()
        if shell is not None and shell is not self._shell:
            self._shell = shell
            shell.events.register("pre_run_cell", lambda *_: self._note(float("inf")))
            shell.events.register("post_run_cell", lambda *_: self._note(engine.ENGINE.clock()))

    def _note(self, idle_since: float) -> None:
        self._idle_since = idle_since


FRONT_END = FrontEnd()
"""Why one for all widgets? A kernel does not know which of its front ends shows which output."""


class Display:
    """The outputs of one widget, updated by display ID. Display IDs are not saved with a notebook."""

    def __init__(self) -> None:
        self._handles: deque[DisplayHandle] = deque(maxlen=_MAX_OUTPUTS)
        self._content: dict[str, Any] | None = None
        self.is_static = False
        """Whether the outputs have been replaced by static HTML because polling has ended."""
        self.is_stand_in = False
        """Whether the outputs hold only static HTML because no view has appeared."""
        # Infinity: nothing has been shown, so no view is missing.
        self._shown_at = self._next_at = float("inf")
        self._key: tuple[object, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there are any outputs."""
        return bool(self._handles)

    def show(self, bundle: dict[str, Any], *, is_static: bool) -> None:
        """Display a MIME bundle in the cell that runs. In IPython without a kernel, print it, without later updates."""
        if getattr(get_ipython(), "kernel", None) is None:
            display(bundle, raw=True)
            return
        handle = DisplayHandle()
        handle.display(bundle, raw=True)
        self._handles.append(handle)
        # With several outputs, the older ones have other content: the next update must not be skipped.
        self._content = bundle if len(self._handles) == 1 else None
        self.is_static, self.is_stand_in = is_static, False
        self._shown_at, self._next_at = engine.ENGINE.clock(), float("-inf")
        FRONT_END.listen()  # why only here? On a terminal nothing would be done with the times

    def seen(self) -> None:
        """Record that there is a view: no static HTML is sent in its place, until the widget is shown again."""
        FRONT_END.has_shown = True
        self._shown_at, self.is_stand_in = float("inf"), False

    def lacks_view(self, *key: object) -> bool:
        """Return whether static HTML is due: no view has appeared in time, and an object of `key` has changed."""
        now = engine.ENGINE.clock()
        # Why not ==? The states are immutable, and comparing thousands of tasks takes long.
        is_known = len(key) == len(self._key) and all(map(is_, key, self._key))
        return not is_known and now - self._shown_at >= GRACE and now >= self._next_at

    def stand_in(self, bundle: dict[str, Any], *key: object, has_view: bool) -> None:
        """Update the outputs with static HTML in place of a view, and record its `key` for `lacks_view`."""
        self.replace(bundle, is_static=False)
        self.is_stand_in, self._key = not has_view, key
        # Why not a fixed pace? A card with thousands of rows has megabytes of HTML.
        size = len(bundle["text/html"])
        self._next_at = engine.ENGINE.clock() + max(PACE, size / _BYTES_PER_SECOND)

    def replace(self, bundle: dict[str, Any], *, is_static: bool, again: bool = False) -> None:
        """Update all outputs with another MIME bundle; skipped if they have it already, unless `again`. Thread-safe.

        A page that has been reloaded ignores it, since display IDs are lost there: a live widget in it stays live,
        and keeps its models until its view is removed.
        """
        # Without outputs, there is nothing to make live again.
        self.is_static, self.is_stand_in = is_static and bool(self), False
        if bundle == self._content and not again:
            return
        self._content = dict(bundle)
        for handle in self._handles:  # one that fails must not keep the others from their update
            guarded("Showing a card again", partial(handle.update, bundle, raw=True))

    def leave(self, bundle: dict[str, Any]) -> None:
        """Update the outputs for the last time; later updates, while polling goes on for a moment, change nothing."""
        self.replace(bundle, is_static=True)
        self._handles.clear()
