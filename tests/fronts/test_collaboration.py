"""One notebook that is open in two browsers: jupyter-collaboration."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect
from support import until
from support.browsers import Notebook
from support.elsewhere import CELLS, assert_frozen, needs_fronts, report, served_elsewhere, versions
from support.looks import CARDS, violations

pytestmark = needs_fronts
WORDS = "live where widgets work: trust this notebook, or show it again"
UNKNOWN = re.compile("Comm not found for comm id")
"""What a page says of messages that answer another page."""


def how_it_is_seen(notebook: Notebook) -> str:
    """Wait until the card below the cell moves, or says why it does not."""
    seen: list[str] = []

    def is_clear() -> bool:
        seen.append(notebook.cell(1).locator(".jp-OutputArea").inner_text())
        return WORDS in seen[-1] or len({*re.findall(r"[\d.]+ %", " ".join(seen))}) > 1

    until(is_clear)
    assert "waiting" not in seen[-1]
    return "it says how to see it live" if WORDS in seen[-1] else "live"


def test_two_browsers_see_the_same_card_to_its_end(browser: Browser, tmp_path: Path) -> None:
    with served_elsewhere(tmp_path / "notebooks", "lab-4") as server:
        server.write("story.ipynb", CELLS)
        url = f"{server.url}/lab/tree/story.ipynb?reset"
        one, other = (Notebook(browser.new_context().new_page(), url) for _ in range(2))
        assert one.page.evaluate("jupyterapp.version") in versions("lab-4", "jupyterlab")
        one.finish(0)
        one.finish(1)
        expect(one.card(1)).to_be_visible()
        one.run(2)
        before = one.share(1)
        until(lambda: one.share(1) > before)
        until(lambda: other.prompt(2) == "[*]:")
        seen = how_it_is_seen(other)
        server.create("moved")
        for each in (one, other):
            expect(each.cell(1).locator(".jp-RenderedHTML")).to_contain_text("✓ SUCCESSED")
            expect(each.cell(1).locator(".jp-RenderedHTML")).not_to_contain_text("live where widgets work")
            assert violations(each.page, CARDS) == []
        assert_frozen(server)
        kernel = one.finish(3)
        errors = one.errors + other.errors
        for each in (one, other):
            each.end()
        assert [error for error in errors if not UNKNOWN.search(error)] == []
    front = versions("lab-4", "jupyterlab", "jupyter-collaboration", "jupyterlab_widgets")
    live = f"yes; in a browser that was open on it already: {seen}"
    report("jupyter-collaboration, two browsers", f"{front}; {kernel.strip()}", live, "yes, in both and on disk")
