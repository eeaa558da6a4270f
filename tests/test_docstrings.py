"""The examples in the docstrings of public names are run, against a simulator."""

from __future__ import annotations

import doctest
import inspect
import pydoc
from collections.abc import Iterator
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import modelarts_widgets
from modelarts_widgets import ExportMonitor, ModelArtsClient, ModelArtsError, TokenAuth
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


@pytest.mark.parametrize(
    "name", sorted({*PUBLIC, "Simulator"} - {"load_ipython_extension"})
)  # tests/kernel runs its magics
def test_every_public_name_has_an_example(name: str) -> None:
    value = PUBLIC.get(name, Simulator)
    is_error = isinstance(value, type) and issubclass(value, ModelArtsError)
    assert (ModelArtsError.__name__ if is_error else name) in EXAMPLES


@pytest.mark.parametrize("kind", [kind for kind in (*PUBLIC.values(), Simulator) if isinstance(kind, type)])
def test_every_public_method_says_what_it_does(kind: type) -> None:
    ours = [base for base in kind.__mro__ if base.__module__.startswith("modelarts_widgets")]
    members = {name: value for base in ours for name, value in vars(base).items() if name[0] != "_"}
    methods = [name for name, value in members.items() if inspect.isroutine(value) or isinstance(value, property)]
    assert [name for name in methods if not inspect.getdoc(getattr(kind, name))] == []


def test_help_on_a_widget_begins_with_ours() -> None:
    told = pydoc.render_doc(ExportMonitor, renderer=pydoc.plaintext)
    parts = "A card that follows one dataset", "Methods defined here", "to_text(", "inherited from ipywidgets"
    places = [told.index(part) for part in parts]
    assert places == sorted(places)
    assert told.index(parts[0]) < 600


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_it_says(name: str, names: dict[str, Any]) -> None:
    example = EXAMPLES[name]
    example.globs = names
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append, clear_globs=False)
    assert not said, "".join(said)
