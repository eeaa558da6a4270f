"""Runs the notebooks in place, from top to bottom, as they are committed: with outputs, without widget states.

``python tests/notebooks.py`` runs all of them, ``python tests/notebooks.py 01 04`` some, by how their names begin.
``--pause 10`` waits so many seconds before each cell of code, as a slow reader does: the outputs must be the same.
A notebook that JupyterLab saves differs in what that notes of the kernel, such as the version of Python, and in
execution counts; this leaves both as they are committed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(path: Path, pause: float = 0.0) -> Any:  # noqa: ANN401 - a notebook
    """Return a notebook with new outputs, and with no metadata that differs from run to run."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        store_widget_state=False,
        skip_cells_with_tag="nbval-skip",
        on_cell_execute=lambda **_: time.sleep(pause),
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in cells:
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
    return notebook


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description="Run the notebooks in place.")
    parser.add_argument("names", nargs="*", default=[""], help="how their names begin; default: all")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to wait before each cell")
    options = parser.parse_args()
    for path in sorted(FOLDER.glob("*.ipynb")):
        if path.name.startswith(tuple(options.names)):
            start = time.monotonic()
            notebook = executed(path, options.pause)
            sys.stdout.write(f"{path.name}: {time.monotonic() - start:.1f} s\n")
            nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
