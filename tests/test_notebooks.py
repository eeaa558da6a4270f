"""The notebooks as they are committed; nbval runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(request.param.read_text(encoding="utf-8"))


def outputs(notebook: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01_quickstart.ipynb", "03_export_history.ipynb"]


def test_outputs_are_committed_and_none_is_an_error(notebook: Any) -> None:  # noqa: ANN401 - any JSON
    assert len(outputs(notebook)) > 3
    assert {output["output_type"] for output in outputs(notebook)} <= {"stream", "execute_result", "display_data"}


def test_no_output_refers_to_a_widget_of_a_kernel_that_is_gone(notebook: Any) -> None:  # noqa: ANN401 - any JSON
    assert "widgets" not in notebook["metadata"]
    assert all("widget-view" not in name for output in outputs(notebook) for name in output.get("data", {}))


def test_only_the_live_cell_is_exempt_from_comparison(notebook: Any) -> None:  # noqa: ANN401 - any JSON
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    exempt = [source for source in sources if "NBVAL_" in source]
    assert len(exempt) == 1
    assert exempt[0].rstrip().endswith(("\nmonitor", "\nhistory"))
