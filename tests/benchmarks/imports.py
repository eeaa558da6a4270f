"""Import time and installed size, on top of ipywidgets and requests."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .environment import COMMON
from .figures import Effort, Figure, Side, in_turn

KINDS = {
    "ours": ("modelarts-widgets", "import modelarts_widgets"),
    "`otcextensions`": ("otcextensions", "import openstack, otcextensions.sdk"),
    "`huaweicloudsdkcore`": (
        "huaweicloudsdkcore",
        "from huaweicloudsdkcore.auth.credentials import BasicCredentials; import huaweicloudsdkcore.client",
    ),
}
_PROGRAM = "import ipywidgets, requests, time; begin = time.process_time(); {}; print(time.process_time() - begin)"


def measure(effort: Effort) -> list[Side]:
    """Import in processes of their own, and add up files."""
    kinds = {"ours": KINDS["ours"]} if effort.is_smoke else KINDS
    measures = {who: lambda line=line: _import_time(line) for who, (_, line) in kinds.items()}
    medians = in_turn(measures, effort.rounds)
    base = _needed(*COMMON)
    sides = []
    for who, (name, _) in kinds.items():
        added = _needed(name) - base
        size = sum(map(_size, added))
        figures = {"CPU": Figure(1e3 * medians[who], "ms of CPU"), "size": Figure(size / 1e6, "MB")}
        count = "1 distribution" if len(added) == 1 else f"{len(added)} distributions"
        sides.append(Side("importing it, and its size on disk", who, figures, who == "ours", count))
    return sides


def _import_time(line: str) -> float:
    """Return seconds of CPU time; the program sees what is installed only, not this folder."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _PROGRAM.format(line)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _needed(*names: str) -> set[str]:
    """Return distributions and what they need in turn, without extras; those that are not here count nothing."""
    found: set[str] = set()
    todo = [canonicalize_name(name) for name in names]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        try:
            wanted = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found.add(name)
        needs = map(Requirement, wanted)
        todo += [
            canonicalize_name(need.name) for need in needs if not need.marker or need.marker.evaluate({"extra": ""})
        ]
    return found


def _size(name: str) -> int:
    """Return the bytes of the files of a distribution, without byte code."""
    files = distribution(name).files or []
    return sum(file.size or 0 for file in files if file.suffix != ".pyc")
