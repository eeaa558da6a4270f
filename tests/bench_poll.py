"""What a poll costs beside a bare ``Session.get(...).json()`` of the same document: ``python tests/bench_poll.py``.

CPU time of this process, the service being another one; both sides in turn, the ratio of their medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import requests

from modelarts_widgets import ExportMonitor, ModelArtsClient, TokenAuth
from modelarts_widgets.polling import scheduler
from modelarts_widgets.polling.poller import Poller

ROUNDS, CALLS = 15, 200
SERVER = """
import json
from modelarts_widgets.simulator import Simulator
with Simulator() as simulator:
    export = simulator.add_export(seconds=86_400, samples=20_000)
    print(json.dumps([simulator.endpoint, simulator.project_id, simulator.token, export.dataset_id, export.task_id]))
    print(flush=True)
    input()
"""


class StepByStep(scheduler.Scheduler):
    """Runs nothing by itself. Its clock goes two seconds a poll, so that each answer is drawn."""

    now = 0.0

    @staticmethod
    def clock() -> float:
        """Return seconds."""
        return StepByStep.now

    def schedule(self, job: scheduler.Job, delay: float = 0.0) -> None:
        """Leave the job to whoever measures."""


def cost(call: Callable[[], object]) -> float:
    """Return microseconds of CPU time a call."""
    begin = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - begin) / CALLS * 1e6


def drawn_step(poll: Poller) -> None:
    """Ask once, late enough for the answer to be drawn."""
    StepByStep.now += 2.0
    poll.step()


def main() -> None:
    """Measure and print."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        endpoint, project, token, dataset, task = json.loads(server.stdout.readline())  # type: ignore[union-attr]
        url = f"{endpoint}/v2/{project}/datasets/{dataset}/export-tasks/{task}"
        with (
            requests.Session() as session,
            # A session of its own, as for https: the default one for plain http looks at no environment.
            ModelArtsClient(endpoint, project, auth=TokenAuth(token), session=requests.Session()) as client,
        ):
            headers = {"X-Auth-Token": token}
            sides: dict[str, Callable[[], object]] = {
                "Session.get(...).json()": lambda: session.get(url, headers=headers, timeout=(5.0, 30.0)).json(),
                "client.get_export_task(...)": lambda: client.get_export_task(dataset, task),
                "the same, heard and drawn": lambda: drawn_step(poll),
            }
            scheduler.SCHEDULER = StepByStep()
            monitor = ExportMonitor(dataset, task, client=client)
            monitor.start()
            poll = monitor.watch._membership._poller
            assert poll is not None
            seen: dict[str, list[float]] = {name: [] for name in sides}
            for _ in range(ROUNDS):
                for name, call in sides.items():
                    seen[name].append(cost(call))
        server.communicate("\n")
    bare = statistics.median(seen["Session.get(...).json()"])
    for name, figures in seen.items():
        ours = statistics.median(figures)
        sys.stdout.write(f"{name:30} {ours:7.0f} µs of CPU, ratio {ours / bare:.2f}\n")


if __name__ == "__main__":
    main()
