"""Front ends that show no widget: JupyterLab without its widget extension, and a notebook that is not trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from support import until
from support.browsers import SETUP, Notebook, Open, Server, needs_browser, served
from support.looks import violations

pytestmark = needs_browser
OFF = {"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": True}}
"""As written by ``jupyter labextension disable``, for one user."""


@pytest.fixture(scope="module")
def plain_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a JupyterLab that shows no widget."""
    folder = tmp_path_factory.mktemp("plain") / "notebooks"
    config = folder.parent / ".jupyter" / "labconfig"
    for each in (folder, config):
        each.mkdir(parents=True)
    (config / "page_config.json").write_text(json.dumps(OFF))
    with served(folder, "jupyterlab", "--expose-app-in-browser") as server:
        yield server


def share(notebook: Notebook, number: int) -> float:
    """Return the percentage below a cell, -1 while there is none."""
    text = notebook.cell(number).locator(".jp-RenderedHTML").inner_text()
    return float((re.findall(r"([\d.]+) %", text) or ["-1"])[0])


def test_in_a_lab_without_its_widget_extension_the_bar_moves_in_a_busy_cell_and_the_end_is_saved(
    browser: Browser, plain_lab: Server
) -> None:
    plain_lab.write("story.ipynb", [SETUP, "watch(600.0)", "wait_for('moved'); clock.advance(600.0)"])
    notebook = Notebook(browser.new_page(), f"{plain_lab.url}/lab/tree/story.ipynb?reset")
    notebook.finish(0)
    notebook.run(1)
    expect(notebook.cell(1).locator(".jp-RenderedHTML")).to_contain_text("live where widgets work")
    until(lambda: share(notebook, 1) > 0)  # while the kernel is idle, it is seen that there is no view
    notebook.run(2)
    for _ in range(3):
        before = share(notebook, 1)
        until(lambda before=before: share(notebook, 1) > before)  # type: ignore[misc]
    assert notebook.prompt(2) == "[*]:"
    assert violations(notebook.page, ".modelarts-static") == []
    plain_lab.create("moved")
    static = notebook.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("✓ SUCCESSED")
    notebook.save()
    until(lambda: "✓ SUCCESSED" in json.dumps(plain_lab.read("story.ipynb"), ensure_ascii=False))
    assert "live where widgets work" not in static.inner_text()
    assert violations(notebook.page, ".modelarts-static") == []
    notebook.end()  # what the front end writes to its console of channels that it does not know is its own


def test_a_notebook_that_is_not_trusted_says_what_was_seen_and_how_to_see_more(
    opened: Open, lab: Server, file_name: str
) -> None:
    notebook = opened("watch(600.0)")
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    notebook.save()
    until(lambda: "live where widgets work" in json.dumps(lab.read(file_name)))
    lab.copy_without_kernel(file_name, "untrusted.ipynb")
    again = opened(name="untrusted.ipynb", has_kernel=False)
    static = again.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text(re.compile("followed since 20|as of 20"))  # a view may be late on a busy machine
    expect(static).to_contain_text("live where widgets work: trust this notebook, or show it again")
    expect(static).not_to_contain_text("waiting")
    assert violations(again.page, ".jp-CodeCell .jp-RenderedHTML") == []
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
