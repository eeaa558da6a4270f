"""What the README shows is run, and what it and CONTRIBUTING name is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import modelarts_widgets
from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient, Watch

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LINKS = {"".join(found) for found in re.findall(r"\]\(([\w./-]+)\)|src(?:set)?=\"([\w./-]+)\"", README + CONTRIBUTING)}
EXAMPLES = re.findall(r"^```py(?:thon|con)?\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 6


def test_the_first_example_is_six_lines_and_ends_in_a_card() -> None:
    lines = EXAMPLES[0].strip().splitlines()
    assert len([line for line in lines if line]) == 6
    assert lines[-1].startswith("ExportMonitor(")


def test_the_examples_run_one_after_another(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"OS_TOKEN": "t", "OS_PROJECT_ID": "p", "OS_REGION_NAME": "eu-de", "MY_KEY": "a", "MY_SECRET": "s"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {}
    before = set(_instances)
    try:
        for example in EXAMPLES:
            exec(compile(example, "README.md", "exec"), names)
    finally:
        names["simulator"].stop()  # type: ignore[attr-defined]
        for widget in [_instances[model] for model in set(_instances) - before]:
            widget.close()
    assert "SUCCESSED obs://" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(LINKS))
def test_what_the_pages_link_to_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "owner", [ExportMonitor, ExportHistory, Watch, ModelArtsClient], ids=lambda owner: owner.__name__
)
def test_the_names_that_the_page_lists_are_there(owner: Any) -> None:  # noqa: ANN401 - any class
    row = re.search(rf"^\| `{owner.__name__}(?:\(.*?\))?` \|(.*)$", README, flags=re.MULTILINE)
    assert row
    known = {*dir(owner), *modelarts_widgets.__all__}
    assert set(re.findall(r"`(\w+)[`(]", row[1])) <= known


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:api|polling|rendering|widgets|simulator)/[\w/]*(?:\.\w+)?)`", CONTRIBUTING)))
)
def test_the_files_of_the_rooms_that_the_page_names_are_there(path: str) -> None:
    assert (ROOT / "modelarts_widgets" / path).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\btests/[\w/]+\.\w+", CONTRIBUTING))))
def test_the_scripts_that_the_page_names_are_there(path: str) -> None:
    assert (ROOT / path).exists()
