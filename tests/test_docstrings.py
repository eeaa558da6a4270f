"""The examples in the docstrings of public names are run, against a simulator."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import modelarts_widgets
from modelarts_widgets import ModelArtsClient, TokenAuth
from modelarts_widgets.simulator import Simulator

PUBLIC = {name: getattr(modelarts_widgets, name) for name in modelarts_widgets.__all__ if name[0] != "_"}
FINDER = doctest.DocTestFinder(exclude_empty=True)
EXAMPLES = {
    test.name: test
    for name, value in {**PUBLIC, "Simulator": Simulator}.items()
    for test in FINDER.find(value, name, module=False)
    if test.examples
}


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """Return what an example that begins with the words "With ``export`` …" refers to, and leave no trace of it."""
    before = set(_instances)
    with Simulator() as simulator:
        export = simulator.add_export(samples=200, seconds=0)
        auth = TokenAuth(simulator.token)
        with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client:
            names = {**PUBLIC, "Simulator": Simulator, "simulator": simulator, "export": export, "client": client}
            yield names
        for widget in [_instances[model] for model in set(_instances) - before]:
            widget.close()
        names["simulator"].stop()  # an example may have put one of its own in its place


def test_what_people_start_with_has_an_example() -> None:
    first = {"ExportMonitor", "ExportHistory", "Watch", "watch_export", "watch_exports", "ModelArtsClient", "Simulator"}
    assert first <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_it_says(name: str, names: dict[str, Any]) -> None:
    example = EXAMPLES[name]
    example.globs = names
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append, clear_globs=False)
    assert not said, "".join(said)
