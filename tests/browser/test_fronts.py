"""The card and the table in the other front ends: Notebook 7 and Voila."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect
from support import until
from support.browsers import SETUP, Notebook, chromium, needs_browser, served

pytestmark = needs_browser
TABLE = "watch(600.0); display(ExportHistory(simulator.dataset_id, client=client, interval=0.3))"


def assert_table_works(table: Locator) -> None:
    """Choose the newest export of two, and see it in full."""
    expect(table.locator("tbody tr")).to_have_count(2, timeout=30_000)
    table.get_by_role("radio").first.check()
    expect(table.locator(".modelarts-export").get_by_text("Export parameters")).to_be_visible()
    expect(table.locator("tr.modelarts-selected")).to_have_count(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def test_in_notebook_7_the_card_moves_while_a_cell_is_busy_and_freezes_at_the_end(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("notebook") / "notebooks"
    folder.mkdir()
    with served(folder, "notebook", "--expose-app-in-browser") as server:
        server.write("story.ipynb", [SETUP, "watch(8.0)", "time.sleep(5)", TABLE])
        notebook = Notebook(browser.new_page(), f"{server.url}/notebooks/story.ipynb")
        notebook.finish(0)
        notebook.run(1)
        until(lambda: notebook.share(1) > 0)
        notebook.run(2)
        before = notebook.share(1)
        until(lambda: notebook.share(1) > before and notebook.prompt(2) == "[*]:")
        expect(notebook.cell(1).locator(".jp-RenderedHTML")).to_contain_text("✓ SUCCESSED", timeout=30_000)
        expect(notebook.card(1)).to_have_count(0)
        notebook.run(3)
        assert_table_works(notebook.cell(3).locator(".modelarts-history"))
        assert notebook.errors == []


def test_in_voila_the_card_is_live_to_the_end(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("voila") / "notebooks"
    folder.mkdir()
    with served(folder, "voila") as server:
        server.write("story.ipynb", [SETUP, "display(watch(12.0))", TABLE])
        page = browser.new_page()
        page.goto(f"{server.url}/voila/render/story.ipynb", timeout=60_000)
        bar = page.locator(".modelarts-export progress[value]").first
        bar.wait_for(timeout=60_000)
        before = float(bar.get_attribute("value") or 0)
        until(lambda: float(bar.get_attribute("value") or 0) > before)
        assert_table_works(page.locator(".modelarts-history"))
        expect(page.locator(".modelarts-status").get_by_text("✓ SUCCESSED").first).to_be_visible(timeout=60_000)
