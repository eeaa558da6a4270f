"""`Display`: the outputs of cells in which something has been shown, and which can be given other content later."""

from __future__ import annotations

import atexit
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from ..polling.state import guarded

_MAX_OUTPUTS = 100
"""The oldest ones are likely to be gone."""


class Display:
    """Outputs of cells, known by their display IDs, which are not saved with a notebook. Is told what to show."""

    def __init__(self) -> None:
        self._handles: deque[DisplayHandle] = deque(maxlen=_MAX_OUTPUTS)
        self._content: dict[str, Any] | None = None
        self.is_static = False
        """Whether the outputs hold no view any more, by our doing."""

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
        self.is_static = is_static

    def replace(self, bundle: dict[str, Any], *, is_static: bool, again: bool = False) -> None:
        """Show something else in all outputs that the front end still knows. Works from any thread.

        A page that has been loaded again does not know them any more: what is live there stays as it is, and
        keeps its models until its view goes. What the outputs have already is not sent, unless it is to be sent
        `again`.
        """
        self.is_static = is_static and bool(self)
        if bundle == self._content and not again:
            return
        self._content = dict(bundle)
        for handle in self._handles:
            guarded("Showing a card again", partial(handle.update, bundle, raw=True))


def on_exit(act: Callable[[], None]) -> None:
    """Register what is done when the process ends in an orderly way, while the front end can still be reached."""
    atexit.register(guarded, "The end", act)
