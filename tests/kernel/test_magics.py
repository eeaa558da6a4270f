"""The magics in a real kernel: shown as a card, and mistakes without a traceback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.kernels import Kernel, running_kernel

SETUP = """
    from modelarts_widgets import ModelArtsClient, TokenAuth
    from modelarts_widgets.simulator import Simulator

    simulator = Simulator().start()
    client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))
    export = simulator.add_export(seconds=0)
    %load_ext modelarts_widgets
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running_kernel() as kernel:
        kernel.run(SETUP)
        yield kernel


@pytest.mark.parametrize(
    "line", ["%export_monitor {export.dataset_id} {export.task_id}", "%export_history $export.dataset_id"]
)
def test_a_magic_at_the_end_of_a_cell_shows_its_widget(kernel: Kernel, line: str) -> None:
    messages = kernel.run(f"{line} --client client")
    shown = [message["content"]["data"] for message in messages if message["msg_type"] == "display_data"]
    assert WIDGET in shown[0]
    assert kernel.read("_.dataset_id == export.dataset_id") == "True"
    kernel.run("_.close()")


def test_a_monitor_of_a_magic_can_be_waited_for(kernel: Kernel) -> None:
    kernel.run("monitor = %export_monitor {export.dataset_id} {export.task_id} --interval 0.1 --client client")
    assert kernel.read("monitor.wait(120).status") == "SUCCESSED"
    kernel.run("monitor.close()")


@pytest.mark.parametrize("line", ["%export_monitor d", "%export_history d --client nobody"])
def test_a_mistake_is_one_line(kernel: Kernel, line: str) -> None:
    messages = list(kernel.published(kernel.start_cell(line)))
    told = [message["content"].get("text") for message in messages if message["msg_type"] == "stream"]
    assert "".join(filter(None, told)).count("\n") == 1
    assert "UsageError: " in "".join(filter(None, told))
    assert not [message for message in messages if message["msg_type"] == "error"]
