"""What the stories share: a browser, a page cache, a JupyterLab. Each opens a page and a kernel of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from support.browsers import SETUP, Notebook, Open, Server, chromium, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser; a module keeps it, since no event loop can run beside it."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    """Return where pages share what they have loaded."""
    return browser.new_context(reduced_motion="no-preference")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start JupyterLab."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    folder.mkdir()
    with served(folder, "jupyterlab", "--expose-app-in-browser") as server:
        yield server


@pytest.fixture
def file_name(request: pytest.FixtureRequest) -> str:
    """Return the name of the story's notebook."""
    return re.sub(r"\W+", "-", request.node.name) + ".ipynb"


@pytest.fixture(scope="module")
def open_in_lab(lab: Server, context: BrowserContext) -> Open:
    """Return a function that opens a notebook, with cells of its own if there are any."""

    def open_notebook(name: str, *cells: str, width: int = 1_100, has_kernel: bool = True) -> Notebook:
        if cells:
            lab.write(name, [SETUP, *cells])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 1_000})
        url = f"{lab.url}/lab/workspaces/{name.removesuffix('.ipynb')}/tree/{name}?reset"
        notebook = Notebook(page, url, has_kernel=has_kernel)
        if cells:
            notebook.finish(0)
        return notebook

    return open_notebook


@pytest.fixture
def opened(open_in_lab: Open, file_name: str) -> Iterator[Open]:
    """Return a function that opens a notebook for one story; errors in the console fail the test."""
    notebooks: list[Notebook] = []

    def open_notebook(*cells: str, name: str = file_name, has_kernel: bool = True) -> Notebook:
        notebooks.append(open_in_lab(name, *cells, has_kernel=has_kernel))
        return notebooks[-1]

    yield open_notebook
    for notebook in notebooks:
        notebook.end()
    assert [error for notebook in notebooks for error in notebook.errors] == []
