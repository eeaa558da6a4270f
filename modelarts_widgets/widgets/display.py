"""`Outputs`: the places in a notebook where something has been shown, and can be given other content later."""

from __future__ import annotations

import atexit
from collections import deque
from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from ..polling import LOCK, log_exceptions

_MAX_OUTPUTS = 100
"""The oldest ones are likely to be gone."""
_LAST_LOOK = 1.0
"""Seconds that the end of the process waits for the lock."""


class Outputs:
    """Outputs of cells, known by their display IDs, which are not saved with a notebook."""

    def __init__(self) -> None:
        self._handles: deque[DisplayHandle] = deque(maxlen=_MAX_OUTPUTS)
        self._content: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._handles)

    def show(self, bundle: dict[str, Any]) -> None:
        """Show something in the cell that runs. Where there is no front end to update, it is only printed."""
        if getattr(get_ipython(), "kernel", None) is None:
            display(bundle, raw=True)
            return
        handle = DisplayHandle()
        handle.display(bundle, raw=True)
        self._handles.append(handle)
        self._content = bundle if len(self._handles) == 1 else None

    def replace(self, bundle: dict[str, Any], *, again: bool = False) -> None:
        """Put something else into all outputs that the front end still knows. Works from any thread.

        What they have already is not sent, unless it is to be sent `again`.
        """
        if bundle == self._content and not again:
            return
        self._content = bundle
        for handle in self._handles:
            handle.update(bundle, raw=True)


def at_the_end(act: Callable[[], None]) -> None:
    """Have something done when the process ends in an orderly way, while the front end can still be reached."""

    def last_words() -> None:
        if LOCK.acquire(timeout=_LAST_LOOK):
            try:
                with log_exceptions():
                    act()
            finally:
                LOCK.release()

    atexit.register(last_words)
