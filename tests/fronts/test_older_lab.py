"""JupyterLab 3.2 beside a kernel of today, as where the kernels are environments of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support import until
from support.browsers import Notebook, Server
from support.elsewhere import CELLS, assert_frozen, needs_fronts, report, served_elsewhere, versions
from support.looks import CARDS, violations

pytestmark = needs_fronts
LISTEN = """output => {
    window.broken = [];
    const note = () => broken.push(/model not found|error (display|creat)ing widget/i.test(output.textContent));
    new MutationObserver(note).observe(output, {childList: true, subtree: true, characterData: true});
    note();
}"""
"""Notes from now on whether an output is broken, each time that it changes."""
REFUSALS = re.compile(r"Could not instantiate widget|Exception opening new comm|is not registered as a widget module")
"""What a front end of ipywidgets 7 says of any model of version 8."""


@contextmanager
def opened(browser: Browser, folder: Path, widgets: str) -> Iterator[tuple[Server, Notebook]]:
    """Open a notebook in JupyterLab 3 with some widgets, and run its first cell; errors in the console fail it."""
    with served_elsewhere(folder / "notebooks", "lab-3", beside=widgets) as server:
        server.write("story.ipynb", CELLS)
        notebook = Notebook(browser.new_page(), f"{server.url}/lab/tree/story.ipynb")
        assert notebook.page.evaluate("jupyterapp.version") in versions("lab-3", "jupyterlab")
        notebook.finish(0)
        yield server, notebook
        notebook.end()
        assert [error for error in notebook.errors if not REFUSALS.search(error)] == []


def see_it_move(notebook: Notebook) -> None:
    """Wait until the bar has been seen at three shares at least while a cell is busy."""
    until(lambda: notebook.share(1) > 0)
    notebook.run(2)
    seen: list[float] = []

    def moves() -> bool:
        seen.append(notebook.share(1))
        return len(set(seen) - {-1.0}) >= 3

    until(lambda: notebook.prompt(2) == "[*]:")
    until(moves)
    assert notebook.prompt(2) == "[*]:", "the export has not ended meanwhile"
    assert violations(notebook.page, CARDS) == []


def see_it_end(notebook: Notebook, server: Server) -> None:
    """Let the export end, and find its static card on the page and in the saved notebook."""
    server.create("moved")
    static = notebook.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("✓ SUCCESSED")
    expect(static).not_to_contain_text("live where widgets work")
    assert violations(notebook.page, CARDS) == []
    until(lambda: re.fullmatch(r"\[\d+\]:", notebook.prompt(2)))
    notebook.save()
    assert_frozen(server)


@pytest.mark.parametrize("page", ["new", "loaded again"])
def test_where_widgets_are_too_old_nothing_stays_broken_and_the_bar_moves(
    browser: Browser, tmp_path: Path, page: str
) -> None:
    with opened(browser, tmp_path, "widgets-1") as (server, notebook):
        if page == "loaded again":  # which asks the kernel for its models, as one does that can show them
            notebook.save()
            notebook.page.reload()
            notebook.ready()
        notebook.finish(1)
        static = notebook.cell(1).locator(".jp-RenderedHTML")
        expect(static).to_contain_text("live where widgets work")  # while the kernel is idle, it is seen to be alone
        notebook.page.evaluate(LISTEN, notebook.cell(1).locator(".jp-OutputArea").element_handle())
        see_it_move(notebook)
        see_it_end(notebook, server)
        broken = notebook.page.evaluate("broken")
        assert len(broken) >= 3
        assert not any(broken)
        kernel = notebook.finish(3)
    front = versions("lab-3", "jupyterlab", "jupyterlab_widgets", beside="widgets-1")
    report(f"a front end of ipywidgets 7, its page {page}", f"{front}; {kernel.strip()}", "yes, as HTML", "yes")


def test_an_older_lab_with_the_widgets_of_today_is_live(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "widgets-3") as (server, notebook):
        notebook.finish(1)
        expect(notebook.card(1)).to_be_visible()
        see_it_move(notebook)
        expect(notebook.card(1)).to_be_visible()
        see_it_end(notebook, server)
        expect(notebook.card(1)).to_have_count(0)
        kernel = notebook.finish(3)
    front = versions("lab-3", "jupyterlab", "jupyterlab_widgets", beside="widgets-3")
    report("an older JupyterLab", f"{front}; {kernel.strip()}", "yes", "yes")
