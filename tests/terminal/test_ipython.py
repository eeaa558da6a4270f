"""The magics in IPython's terminal, as a process: typed, shown as text, and mistakes without a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelarts_widgets.simulator import Simulator


@pytest.fixture
def typed(simulator: Simulator, tmp_path: Path) -> str:
    """Return what IPython shows when all this is typed into it."""
    export = simulator.add_export(samples=200, seconds=0)
    keys = f"""
from modelarts_widgets import ModelArtsClient, TokenAuth
client = ModelArtsClient({simulator.endpoint!r}, {simulator.project_id!r}, auth=TokenAuth({simulator.token!r}))
dataset_id, task_ids = {export.dataset_id!r}, [{export.task_id!r}]
%load_ext modelarts_widgets
monitor = %export_monitor $dataset_id {{task_ids[0]}} --client client
monitor.wait(120).status
monitor
%export_monitor $datset_id t --client client
%export_history
history = %export_history $dataset_id --client client
len(history.wait(120))
"""
    run = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"]
    run += [f"--ipython-dir={tmp_path}", "--HistoryManager.enabled=False"]
    ended = subprocess.run(run, input=keys, capture_output=True, check=True, timeout=240, encoding="utf-8")
    return re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout + ended.stderr)


def test_magics_work_in_the_terminal_of_ipython(typed: str) -> None:
    assert "'SUCCESSED'" in typed
    assert "200 of 200 samples" in typed, "the card as text"
    assert re.search(r"Out\[\d+\]: 1\b", typed)
    assert "UsageError: $datset_id cannot be expanded: there is no such variable" in typed
    assert "UsageError: the following arguments are required: DATASET" in typed
    assert "Traceback" not in typed
