"""What widgets send and leave: a front end that only writes down, and an engine that is driven by hand."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any
from unittest.mock import patch

import comm
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
from support import RecordingComm

from modelarts_widgets import ExportHistory, ExportMonitor
from modelarts_widgets.polling import engine
from modelarts_widgets.polling.engine import Act, LoopEngine, Timer
from modelarts_widgets.polling.poll import Poll

Messages = list[tuple[str, str, dict[str, Any]]]


@contextmanager
def recorded() -> Iterator[Messages]:
    """Yield a list of all that widgets send in this block; what is displayed as text meanwhile is dropped."""
    sent: Messages = []

    def create(*args: object, **kwargs: object) -> RecordingComm:
        channel = RecordingComm.__new__(RecordingComm)
        channel.sent = sent
        channel.__init__(*args, **kwargs)  # type: ignore[misc]
        return channel

    with patch.object(comm, "create_comm", create), redirect_stdout(io.StringIO()):
        yield sent


def size(messages: Messages) -> int:
    """Return how many bytes of JSON the messages carry."""
    return sum(len(json.dumps(content).encode()) for _, _, content in messages)


def models() -> int:
    """Return how many widget models are open."""
    return len(_instances)


def close_all() -> None:
    """Close what others have left open."""
    Widget.close_all()


class ByHand(LoopEngine):
    """Runs no timer by itself. Its clock goes two seconds a poll, so that each answer is drawn."""

    needs_loop = False

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(lambda: self.now)

    def wake(self) -> None:
        """Go on by `step` alone."""

    def at(self, delay: float, act: Act) -> Timer:
        """Leave the act to whoever measures."""
        return Timer(self.now + delay, act)

    def begin(self, widget: ExportMonitor | ExportHistory) -> Poll:
        """Start a widget, and return its poll."""
        widget.start()
        begun = widget.watch._subscriber.poll
        assert begun is not None
        return begun

    def step(self, poll: Poll) -> None:
        """Ask once, late enough for the answer to be drawn, and draw it."""
        self.now += 2.0
        assert poll._timer is not None
        assert poll._timer.act is not None
        self.do(poll._timer.act)
        while self._jobs:
            self.turn()


@contextmanager
def by_hand() -> Iterator[ByHand]:
    """Poll by hand in this block: with `ByHand.step`."""
    driven = ByHand()
    logging.disable()
    with patch.object(engine, "ENGINE", driven):
        yield driven
    logging.disable(logging.NOTSET)
