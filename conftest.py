"""How the tests are dealt out to processes: the long ones first, what shares a kernel or a page together."""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["support.final_outputs"]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes share the tests: three for each core, as most tests wait; none for a single test."""
    if any("::" in argument for argument in config.args):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(3 * cores, 8)


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
