"""Watches of stand-in clients, and clients that do not answer until they are told to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from modelarts_widgets import ExportTask

from . import EXAMPLE, Script

RUNNING = EXAMPLE | {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
ENDED = RUNNING | {"status": "SUCCESSED", "progress": 100.0, "finished_sample_count": 20_000}
HANGS = 240.0
"""Seconds after which what hangs is let go, so that a test fails instead of standing still; `until` is sooner."""


class Gate(Script):
    """A client that keeps everybody waiting until it is opened."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        super().__init__(*answers)
        self.begun = 0
        self.opened = threading.Event()

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Wait, then give the next answer."""
        self.begun += 1
        self.opened.wait(HANGS)
        return super().get_export_task(dataset_id, task_id)


def run(program: str, seconds: float = 120.0) -> None:
    """Run a program that may stand still in a process of its own."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([*sys.path, str(Path(__file__).parents[1])]))
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=seconds)
