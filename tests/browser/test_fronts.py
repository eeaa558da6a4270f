"""The card and the table in the other front ends: Notebook 7 and Voila."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, expect
from support import until
from support.browsers import PATIENCE, SETUP, Notebook, needs_browser, served

pytestmark = needs_browser
TABLE = "watch(600.0); display(ExportHistory(simulator.dataset_id, client=client, interval=0.3))"
LATER = """
def end():
    wait_for("moved")
    clock.advance(600.0)

threading.Thread(target=end, daemon=True).start()
"""


def assert_table_works(table: Locator) -> None:
    """Choose the newest export of two, and see it in full."""
    expect(table.locator("tbody tr")).to_have_count(2)
    table.get_by_role("radio").first.check()
    expect(table.locator(".modelarts-export").get_by_text("Export parameters")).to_be_visible()
    expect(table.locator("tr.modelarts-selected")).to_have_count(1)


def test_in_notebook_7_the_card_moves_while_a_cell_is_busy_and_freezes_at_the_end(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("notebook") / "notebooks"
    folder.mkdir()
    with served(folder, "notebook", "--expose-app-in-browser") as server:
        server.write("story.ipynb", [SETUP, "watch(600.0)", "wait_for('moved'); clock.advance(600.0)", TABLE])
        notebook = Notebook(browser.new_page(), f"{server.url}/notebooks/story.ipynb")
        notebook.finish(0)
        notebook.run(1)
        until(lambda: notebook.share(1) > 0)
        notebook.run(2)
        before = notebook.share(1)
        until(lambda: notebook.share(1) > before and notebook.prompt(2) == "[*]:")
        server.create("moved")
        expect(notebook.cell(1).locator(".jp-RenderedHTML")).to_contain_text("✓ SUCCESSED")
        expect(notebook.card(1)).to_have_count(0)
        notebook.run(3)
        assert_table_works(notebook.cell(3).locator(".modelarts-history"))
        assert notebook.errors == []


def test_in_voila_the_card_is_live_to_the_end(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("voila") / "notebooks"
    folder.mkdir()
    with served(folder, "voila") as server:
        server.write("story.ipynb", [SETUP, "display(watch(600.0))", TABLE, LATER])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1_000)
        page.goto(f"{server.url}/voila/render/story.ipynb")
        bar = page.locator(".modelarts-export progress[value]").first
        bar.wait_for()
        before = float(bar.get_attribute("value") or 0)
        until(lambda: float(bar.get_attribute("value") or 0) > before)
        assert_table_works(page.locator(".modelarts-history"))
        server.create("moved")
        expect(page.locator(".modelarts-status").get_by_text("✓ SUCCESSED").first).to_be_visible(timeout=60_000)
