"""Saved notebooks as pages of a Sphinx book, light and dark: whether everybody can read them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support import DATA
from support.elsewhere import ROOT, needs_fronts, report, run, versions
from support.looks import contrasts, violations

pytestmark = needs_fronts
SETTINGS = """
extensions = ["myst_nb"]
html_theme = "sphinx_book_theme"
nb_execution_mode = "off"
"""
OURS = ".modelarts-static"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def all_states() -> nbformat.NotebookNode:
    """Return a notebook that shows each card and table that a reader has approved."""
    drawn = [path.read_text(encoding="utf-8") for path in sorted((DATA / "golden").glob("*.html"))]
    outputs = [new_output("display_data", {"text/html": each}) for each in drawn]
    notebook: nbformat.NotebookNode = new_notebook(cells=[new_code_cell("...", outputs=outputs)])
    return notebook


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the book."""
    source = tmp_path_factory.mktemp("book")
    shutil.copytree(ROOT / "notebooks", source, dirs_exist_ok=True)
    nbformat.write(all_states(), source / "states.ipynb")
    (source / "conf.py").write_text(SETTINGS, encoding="utf-8")
    pages = [path.stem for path in NOTEBOOKS]
    contents = ["# Book", "", "```{toctree}", *pages, "states", "```", ""]
    (source / "index.md").write_text("\n".join(contents), encoding="utf-8")
    run("book", "-m", "sphinx", "-q", str(source), str(source / "built"))
    return source / "built"


@pytest.fixture(params=["light", "dark"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Return a reader whose system is light or dark, and who has no network."""
    context = browser.new_context(color_scheme=request.param, offline=True)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, book: Path, request: pytest.FixtureRequest) -> Page:
    """Open a page of the book, with all that it holds unfolded."""
    page = context.new_page()
    page.goto((book / f"{request.getfixturevalue('name')}.html").as_uri(), wait_until="domcontentloaded")
    for branch in page.locator(f"{OURS} details").all():
        branch.evaluate("element => element.open = true")
    return page


@pytest.mark.parametrize("name", [*(path.stem for path in NOTEBOOKS), "states"])
def test_everybody_can_read_a_book(page: Page, name: str, request: pytest.FixtureRequest) -> None:
    theme = request.node.callspec.params["context"]
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    ratios = contrasts(page.locator("body"), f"{OURS}, {OURS} *", is_text=True)
    assert len(ratios) > 20
    assert [(text, round(ratio, 2)) for text, ratio in ratios if ratio < 4.5] == []
    assert violations(page, OURS) == []
    front = versions("book", "sphinx", "myst-nb", "sphinx-book-theme")
    lowest = min(ratio for _, ratio in ratios)
    report(f"a {theme} page of {name}.ipynb", front, "static", f"contrast {lowest:.1f}:1 at least")
