"""The benchmarks run: with tiny numbers, without peers and a browser. What is counted is asserted, and no time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Table = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def table() -> Table:
    """Return what stands in the table: by case and side."""
    command = [sys.executable, "-m", "tests.benchmarks", "--smoke"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("|")]
    found: Table = {}
    for *case, side, figures, _ in rows[2:]:
        if case:
            found[case[0]] = {}
        found[list(found)[-1]][side] = figures
    return found


def test_each_case_is_measured_for_ours(table: Table) -> None:
    assert list(table) == [
        "one poll",
        "a refresh that changes something",
        "a refresh that changes nothing",
        "a tree of 100 rows",
        "importing it, and its size on disk",
        "each of 2",
        "one round of polls for 10 exports",
        "models left after `close()`",
    ]
    assert all(any("ours" in side or "monitors" in side for side in sides) for sides in table.values())


def test_a_refresh_is_one_message_if_it_changes_something(table: Table) -> None:
    (changed,) = (words for side, words in table["a refresh that changes something"].items() if "ours" in side)
    (unchanged,) = (words for side, words in table["a refresh that changes nothing"].items() if "ours" in side)
    assert changed.startswith("1 message, ")
    assert unchanged == "0 messages, 0 bytes"


def test_a_tree_takes_three_models_whatever_its_size(table: Table) -> None:
    assert ", 3 models, 3 messages, " in table["a tree of 100 rows"]["ours"]


def test_a_monitor_has_as_many_models_as_the_box_that_it_is_compared_with(table: Table) -> None:
    assert all(", 12 models" in figures for figures in table["each of 2"].values())


def test_nothing_is_left_of_what_has_been_closed(table: Table) -> None:
    assert table["models left after `close()`"] == {
        "ours: `ExportMonitor`": "12 opened, 0 left",
        "ours: `ExportHistory`": "17 opened, 0 left",
    }
