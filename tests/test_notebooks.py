"""The notebooks as they are committed; nbval runs them, and compares every output with the committed one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter, MarkdownExporter

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IN_A_BROWSER = NOTEBOOKS[:4]
"""Those that run where there are no threads, no sockets and no processes, too."""
WIDTH = 107
"""Characters of a line of code that JupyterLab shows beside its list of files, in a window of 1,280 pixels."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - a notebook
    return nbformat.read(request.param, as_version=4)


def code(notebook: Any) -> list[Any]:  # noqa: ANN401 - a notebook
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:  # noqa: ANN401 - a notebook
    return [output for cell in code(notebook) for output in cell.outputs]


def test_there_are_five() -> None:
    names = ["01_quickstart", "02_search_conditions", "03_export_history", "04_data_preparation", "05_your_account"]
    assert [path.stem for path in NOTEBOOKS] == names


def test_it_opens_with_what_the_reader_learns_and_how_long_it_takes(notebook: Any) -> None:  # noqa: ANN401
    opening = notebook.cells[0].source
    assert opening.startswith("# ")
    assert re.search(r"\*\*You learn\*\* .*\*\*Time:\*\* \d+ seconds to run, \d+ minutes to read\.", opening)


def test_outputs_are_committed_and_none_is_an_error(notebook: Any) -> None:  # noqa: ANN401
    assert outputs(notebook)
    assert {output.output_type for output in outputs(notebook)} <= {"stream", "execute_result", "display_data"}
    assert all(output.name == "stdout" for output in outputs(notebook) if output.output_type == "stream")


def test_no_output_refers_to_a_widget_of_a_kernel_that_is_gone(notebook: Any) -> None:  # noqa: ANN401
    assert "widgets" not in notebook.metadata
    assert all("widget-view" not in name for output in outputs(notebook) for name in output.get("data", {}))


def test_metadata_says_no_more_than_is_needed(notebook: Any) -> None:  # noqa: ANN401
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert not any(output.get("metadata") for output in outputs(notebook))
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_nothing_is_exempt_from_comparison_but_what_needs_an_account(notebook: Any) -> None:  # noqa: ANN401
    assert not any("NBVAL" in cell.source.upper() for cell in code(notebook))
    tagged = [cell for cell in notebook.cells if cell.metadata.get("tags")]
    assert all(cell.metadata.tags == ["nbval-skip"] and not cell.outputs for cell in tagged)
    is_live = [cell.source for cell in code(notebook) if "if dataset_id" in cell.source]
    assert [cell.source for cell in tagged] == is_live
    assert bool(is_live) == notebook.cells[0].source.startswith("# Your account")


def test_cells_are_committed_as_they_were_run_one_after_the_other(notebook: Any) -> None:  # noqa: ANN401
    run = [cell.execution_count for cell in code(notebook) if not cell.metadata.get("tags")]
    assert run == list(range(1, len(run) + 1))


def test_no_line_of_code_is_cut_off_on_the_screen(notebook: Any) -> None:  # noqa: ANN401
    assert max(len(line) for cell in code(notebook) for line in cell.source.splitlines()) <= WIDTH


def test_it_imports_what_the_first_command_of_the_readme_installs(notebook: Any) -> None:  # noqa: ANN401
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:dependencies|lab) = \[(.*?)^\]", project, flags=re.MULTILINE | re.DOTALL)
    installed = {*re.findall(r'"(\w+)>=', "".join(lists)), "modelarts_widgets", *sys.stdlib_module_names}
    imported = {
        name for cell in code(notebook) for name in re.findall(r"^(?:from|import) (\w+)", cell.source, re.MULTILINE)
    }
    assert {"jupyterlab", "requests"} <= installed
    assert imported <= installed


@pytest.mark.parametrize("path", IN_A_BROWSER, ids=lambda path: path.stem)
def test_it_asks_for_nothing_that_a_browser_lacks(path: Path) -> None:
    source = "\n".join(cell.source for cell in code(nbformat.read(path, as_version=4)))
    assert "session=simulator.session()" in source
    assert not re.search(r"\.start\(|\.wait\(\)$|\bsleep\([1-9]|subprocess|threading|^[!%]", source, flags=re.MULTILINE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_reads_as_a_page_and_as_markdown(path: Path) -> None:
    page, text = HTMLExporter().from_filename(str(path))[0], MarkdownExporter().from_filename(str(path))[0]
    assert "✓ SUCCESSED" in page
    assert "✓ SUCCESSED" in text
    assert not re.search(r"widget-view|unpkg|Error displaying widget", page + text)


QUICK = (("seconds=12", "seconds=1"), ("took 12 s", "took 1 s"))


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [("", "", 0), ("2,000 of 2,000 samples", "2,000 of 2,001 samples", 1), ("SUCCESSED obs", "SUCCESSED obs2", 1)],
    ids=["as it is", "a number of the card", "a printed line"],
)
def test_nbval_fails_when_a_committed_output_is_changed(tmp_path: Path, old: str, new: str, outcome: int) -> None:
    text = NOTEBOOKS[0].read_text(encoding="utf-8")
    for was, becomes in (*QUICK, (old, new)):
        assert was in text
        text = text.replace(was, becomes) if was else text
    changed = tmp_path / "changed.ipynb"
    changed.write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = [
        "-c",
        "pyproject.toml",
        f"--rootdir={ROOT}",
        f"--confcutdir={tmp_path}",
        "-p",
        "support.final_outputs",
        "-n0",
        "-q",
    ]
    command = [sys.executable, "-m", "pytest", *options, str(changed)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == outcome, ended.stdout
    assert ("Cell outputs differ" in ended.stdout) == bool(outcome)
