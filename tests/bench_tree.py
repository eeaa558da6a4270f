"""What a large tree costs: ``python tests/bench_tree.py``. Figures, not a test: machines differ."""

from __future__ import annotations

import sys
import timeit
from typing import Any

from modelarts_widgets import ExportTask
from modelarts_widgets.rendering import tree_html
from modelarts_widgets.rendering.tree import task_tree

CONDITION = {"hard": "1", "label_list": {"op": "OR", "labels": [{"name": "cat"}, {"name": "dog"}]}}
CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "10,000 sample ids": (10_000, {"samples": [f"{number:032x}" for number in range(10_000)]}),
    "1,000 search conditions": (1_000, {"search_conditions": [CONDITION] * 1_000}),
}


def main() -> None:
    """Print time to build and markup for each case."""
    for name, (count, params) in CASES.items():
        task = ExportTask.from_json({"export_params": params})
        seconds = min(timeit.repeat(lambda task=task: tree_html(task_tree(task)), number=1, repeat=15))
        characters = len(tree_html(task_tree(task)))
        line = f"{name}: {1_000 * seconds:.1f} ms, {characters / count:.0f} characters each"
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
