"""What tests of all rooms use: documents, conditions to wait for, stand-ins for a client and for a front end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from comm.base_comm import BaseComm

from modelarts_widgets import AuthenticationError, ExportTask

deprecations_of_openstack = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::PendingDeprecationWarning",  # each release has others
)
DATA = Path(__file__).parents[1] / "data"
EXAMPLE = json.loads((DATA / "status_running.json").read_text())
"""The example document of the API page."""


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait for a condition that another thread brings about, on a busy machine, too."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail("the condition did not come true")
        pause.wait(0.01)


def assert_approved(name: str, drawn: str) -> None:
    """Compare with what a reader has approved; write it down where nobody has yet."""
    golden, lines = DATA / "golden" / name, drawn.replace("><", ">\n<") + "\n"
    if not golden.exists():
        golden.write_text(lines, encoding="utf-8")
        pytest.fail(f"{name} was missing and is written now: read it, then commit it")
    assert lines == golden.read_text(encoding="utf-8")


class Script:
    """A client that gives the answers it is told, the last one for ever, and raises those that are errors."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.auth: object = None
        self.endpoint, self.project_id = f"script {id(self)}", "p"
        self.last_auth_error: AuthenticationError | None = None

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Give the next answer."""
        assert dataset_id
        assert task_id
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return ExportTask.from_json(answer)

    def list_export_tasks(self, dataset_id: str) -> Iterator[ExportTask]:
        """Give the next answer as the only export of a dataset."""
        yield self.get_export_task(dataset_id, "t")


class RecordingComm(BaseComm):
    """A channel to a front end that only writes down what is sent."""

    sent: list[tuple[str, str, dict[str, Any]]]

    def publish_msg(self, msg_type: str, data: Any = None, **_: object) -> None:  # noqa: ANN401 - any JSON
        """Write a message down."""
        self.sent.append((self.comm_id, msg_type, data or {}))
