"""How the tests are dealt out to processes, and what nbval compares.

The long ones first, what shares a kernel or a page together.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from nbformat import from_dict
from nbval.plugin import IPyNbFile
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes share the tests: two for each core, as most tests wait; none for a single test."""
    if any("::" in argument for argument in config.args):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(2 * cores, 8)


class Scheduling(LoadScopeScheduling):
    """Deals out tests one by one, but for the cells of a notebook and the cases of a story in the browser."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.endswith(".ipynb"):
            return path
        return nodeid.partition("[")[0] if "browser" in path else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Deal out tests by the rules above."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: ("browser" not in item.path.parts, "kernel" not in item.path.parts))


def _final(get_message: Any) -> Any:  # noqa: ANN401 - as nbval has it
    """Let nbval compare an output that is shown again by its final content, as a notebook saves it, not by its first."""
    shown: dict[str, dict[str, Any]] = {}

    def get_kernel_message(self: IPyNbFile, *args: object, **kwargs: object) -> dict[str, Any]:
        message: dict[str, Any] = get_message(self, *args, **kwargs)
        content = message["content"]
        name = content.get("transient", {}).get("display_id")
        if message["msg_type"] == "display_data" and name:
            shown[name] = content["data"] = from_dict(content["data"])  # which nbval makes of it, unless it is one
        elif message["msg_type"] == "update_display_data" and name in shown:
            shown[name].clear()
            shown[name].update(content["data"])
        return message

    return get_kernel_message


IPyNbFile.get_kernel_message = _final(IPyNbFile.get_kernel_message)
