"""The saved notebooks as pages of their own, with no kernel and no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, expect
from support.browsers import needs_browser

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@needs_browser
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_saved_notebook_reads_as_html(browser: Browser, tmp_path: Path, path: Path) -> None:
    body, _ = HTMLExporter().from_filename(str(path))
    page_file = tmp_path / "page.html"
    page_file.write_text(body, encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri(), wait_until="domcontentloaded")
    outputs = page.locator(".jp-RenderedHTML")
    expect(outputs.filter(has_text="✓ SUCCESSED").first).to_be_visible()
    expect(page.get_by_role("progressbar").first).to_be_visible()
    branch = outputs.locator("details:not([open])").first
    expect(branch.locator("li").first).to_be_hidden()
    branch.locator("summary").first.click()
    expect(page.locator("details[open] li").first).to_be_visible()
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)
    context.close()


@needs_browser
def test_a_failed_export_reads_as_html(browser: Browser, tmp_path: Path) -> None:
    (notebook,) = (path for path in NOTEBOOKS if path.stem == "04_data_preparation")
    page_file = tmp_path / "page.html"
    page_file.write_text(HTMLExporter().from_filename(str(notebook))[0], encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri(), wait_until="domcontentloaded")
    failed = page.locator(".jp-RenderedHTML").filter(has_text="✗ FAILED")
    expect(failed.get_by_text("the OBS bucket is full")).to_be_visible()
    context.close()
