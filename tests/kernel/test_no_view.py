"""What a front end that shows no widget gets from a real kernel: an output that moves, then in a busy cell, too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from support.kernels import Kernel, running_kernel

SETUP = """
    import threading, time
    from modelarts_widgets import ExportMonitor, ModelArtsClient, TokenAuth
    from modelarts_widgets.simulator import Clock, Simulator

    clock = Clock(time.time())
    simulator = Simulator(clock=clock).start()
    client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))
    export = simulator.add_export(samples=1_000, seconds=600.0)
    clock.advance(60.0)
    monitor = ExportMonitor(export.dataset_id, export.task_id, client=client, interval=0.1)
"""
BUSY = """
    sent, enough = [], threading.Event()
    replace = monitor._display.replace
    def note(bundle, **options):
        sent.append(bundle)
        if len(sent) == 3:
            enough.set()
        replace(bundle, **options)
    monitor._display.replace = note
    assert enough.wait(120)
    clock.advance(600.0)
    task = monitor.wait(120)
    while not monitor._display.is_static:
        time.sleep(0.01)
"""


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Start a kernel."""
    with running_kernel() as running:
        running.run(SETUP)
        yield running


def test_without_a_view_the_output_moves_while_a_cell_is_busy_and_ends_well(kernel: Kernel) -> None:
    messages = kernel.run("monitor") + kernel.hear("update_display_data") + kernel.run(BUSY)
    (shown,) = [message["content"] for message in messages if message["msg_type"] == "display_data"]
    updates = [message["content"] for message in messages if message["msg_type"] == "update_display_data"]
    assert {update["transient"]["display_id"] for update in updates} == {shown["transient"]["display_id"]}
    shares = [float(re.findall(r"([\d.]+) %", update["data"]["text/plain"])[0]) for update in updates[:3]]
    assert shares == sorted(set(shares)), "the bar moves"
    assert all(set(update["data"]) == {"text/plain", "text/html"} for update in updates)
    assert "✓ SUCCESSED" in updates[-1]["data"]["text/plain"]
