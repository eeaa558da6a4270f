"""Front ends in environments of their own, beside kernels in ours: made by ``tests/fronts.sh``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import until
from support.browsers import PATIENCE, SETUP, Server, served

FRONTS = os.environ.get("FRONTS_ENVIRONMENTS")
"""The folder of the environments."""
needs_fronts = pytest.mark.skipif(not FRONTS, reason="needs front ends in environments of their own: tests/fronts.sh")
ROOT = Path(__file__).parents[2]
VERSIONS = """
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in ("ipykernel", "ipywidgets")))
"""
CELLS = [SETUP, "watch(600.0)", "wait_for('moved'); clock.advance(600.0)", VERSIONS]
"""A card, a cell that is busy until the export may end, and what the kernel runs on."""


def python(environment: str) -> str:
    """Return the Python of an environment."""
    return str(Path(str(FRONTS), environment, "bin", "python"))


def run(environment: str, *arguments: str) -> str:
    """Run the Python of an environment; return what it prints."""
    done = subprocess.run(
        [python(environment), *arguments], capture_output=True, text=True, check=False, timeout=5 * PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def versions(environment: str, *packages: str, beside: str = "") -> str:
    """Return what an environment holds, and what lies in a folder `beside` it."""
    code = "import sys; from importlib.metadata import version; "
    code += "print(*(f'{name} {version(name)}' for name in sys.argv[1:]), sep=', ')"
    if beside:
        code = f"import sys; sys.path.insert(0, {str(Path(str(FRONTS), beside))!r}); {code}"
    return run(environment, "-c", code, *packages)


@contextmanager
def served_elsewhere(folder: Path, environment: str, *options: str, beside: str = "") -> Iterator[Server]:
    """Start the JupyterLab of an environment, with the extensions of a folder `beside` it. Its kernels are ours."""
    folder.mkdir(parents=True)
    data = folder.parent / "data"
    kernel = data / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"display_name": "Python 3", "language": "python", "argv": arguments}
    kernel.write_text(json.dumps({**specification, "env": {"PYTHONPATH": str(ROOT)}}), encoding="utf-8")
    path = [data, *([Path(str(FRONTS), beside, "share", "jupyter")] if beside else [])]
    variables = {"JUPYTER_PATH": os.pathsep.join(map(str, path))}  # where Jupyter looks first
    with served(
        folder,
        "jupyterlab",
        "--expose-app-in-browser",
        "--ServerApp.token=",  # as older servers call it
        *options,
        python=python(environment),
        variables=variables,
    ) as server:
        yield server


def assert_frozen(server: Server) -> None:
    """Wait until the output of the card is saved as it is at the end: without a widget."""

    def outputs() -> list[dict[str, str]]:
        cell = server.read("story.ipynb")["cells"][1]
        return [{kind: "".join(text) for kind, text in output["data"].items()} for output in cell["outputs"]]

    until(lambda: ["✓ SUCCESSED" in output["text/html"] for output in outputs()] == [True])
    assert [set(output) for output in outputs()] == [{"text/html", "text/plain"}]


def report(*columns: str) -> None:
    """Note a row of the table that ``tests/fronts.sh`` prints at its end."""
    with (Path(str(FRONTS)) / "rows.md").open("a", encoding="utf-8") as rows:
        rows.write(f"| {' | '.join(columns)} |\n")
