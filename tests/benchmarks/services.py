"""The simulated service in a process of its own, so that its work is not counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelarts_widgets import ModelArtsClient, TokenAuth

_PROGRAM = """
import json, sys
from modelarts_widgets.simulator import Simulator
with Simulator() as simulator:
    for number in range(int(sys.argv[1])):
        simulator.add_export(task_id=f"t{number}", seconds=86_400, samples=20_000)
    names = "endpoint", "project_id", "token", "dataset_id", "iam_endpoint", "username", "password", "domain_name"
    print(json.dumps({name: getattr(simulator, name) for name in (*names, "project_name")}), flush=True)
    input()
"""


@contextmanager
def service(exports: int) -> Iterator[dict[str, Any]]:
    """Run a service with so many exports, ``t0`` and so on, that take a day; yield its attributes."""
    command = [sys.executable, "-c", _PROGRAM, str(exports)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate("\n")


@contextmanager
def connected(exports: int) -> Iterator[tuple[dict[str, Any], ModelArtsClient]]:
    """Run such a service, and yield a client of ours with it."""
    with service(exports) as at, ModelArtsClient(at["endpoint"], at["project_id"], auth=TokenAuth(at["token"])) as ours:
        yield at, ours
