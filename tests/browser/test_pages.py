"""The saved quickstart as a page of its own, with no kernel and no network."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbconvert import HTMLExporter, MarkdownExporter
from playwright.sync_api import Browser, expect
from support.browsers import needs_browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"


def test_the_saved_quickstart_holds_no_widget() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert "widgets" not in notebook.metadata
    assert "widget-view" not in NOTEBOOK.read_text(encoding="utf-8")


@needs_browser
def test_the_saved_quickstart_reads_as_html(browser: Browser, tmp_path: Path) -> None:
    body, _ = HTMLExporter().from_filename(str(NOTEBOOK))
    page_file = tmp_path / "quickstart.html"
    page_file.write_text(body, encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri(), wait_until="domcontentloaded")
    outputs = page.locator(".jp-RenderedHTML")
    expect(outputs.filter(has_text="✓ SUCCESSED").first).to_be_visible()
    expect(outputs.filter(has_text="✗ FAILED")).to_be_visible()
    expect(outputs.filter(has_text="! stopped")).to_be_visible()
    branch = outputs.first.locator("details").first
    expect(branch.locator("li").first).to_be_hidden()
    branch.locator("summary").click()
    expect(branch.locator("li").first).to_be_visible()
    expect(page.get_by_role("progressbar").first).to_be_visible()
    context.close()


def test_the_saved_quickstart_reads_as_markdown() -> None:
    body, _ = MarkdownExporter().from_filename(str(NOTEBOOK))
    for words in ("✓ SUCCESSED", "✗ FAILED", "! stopped", "obs://test-obs/daoChu/"):
        assert words in body
