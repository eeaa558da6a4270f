"""What widgets send and leave: a front end that only writes down, and a scheduler that goes step by step."""

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
from modelarts_widgets.polling.poller import Poller
from support import RecordingComm

from modelarts_widgets import ExportHistory, ExportMonitor
from modelarts_widgets.polling import scheduler

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


class StepByStep(scheduler.Scheduler):
    """Runs nothing by itself. Its clock goes two seconds a poll, so that each answer is drawn."""

    now = 0.0

    @staticmethod
    def clock() -> float:
        """Return seconds."""
        return StepByStep.now

    def schedule(self, job: scheduler.Job, delay: float = 0.0) -> None:
        """Leave the job to whoever measures."""


@contextmanager
def step_by_step() -> Iterator[None]:
    """Poll by hand in this block: with `step`."""
    logging.disable()
    with patch.object(scheduler, "ENGINE", StepByStep()):
        yield
    logging.disable(logging.NOTSET)


def poller(widget: ExportMonitor | ExportHistory) -> Poller:
    """Start a widget, and return its poll."""
    widget.start()
    begun = widget.watch._membership._poller
    assert begun is not None
    return begun


def step(poll: Poller) -> None:
    """Ask once, late enough for the answer to be drawn."""
    StepByStep.now += 2.0
    poll.step()
