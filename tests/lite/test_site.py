"""A story in a browser that has the whole of Python in it, and reaches nothing but static files: bash tests/lite.sh."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright
from support import until
from support.browsers import CHROMIUM, NOISE, PATIENCE

SITE = os.environ.get("LITE_SITE")
FIRST, *OTHERS = sorted(Path(SITE, "files").glob("*.ipynb")) if SITE else [Path()]
pytestmark = pytest.mark.skipif(not SITE, reason="needs a site that is built first: tests/lite.sh")
LOOPBACK = "127.0.0.1"
SHARE = "() => document.querySelector('.modelarts-export progress')?.getAttribute('value')"


class Files(SimpleHTTPRequestHandler):
    """Serves files, and is quiet about it."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    """Serve the site as any static host would."""
    server = ThreadingHTTPServer((LOOPBACK, 0), partial(Files, directory=SITE))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://{LOOPBACK}:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


class Visit:
    """A page, and what is noted about it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        """Requests to other addresses. They are refused."""
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE * 1_000)
        page.context.route("**/*", self._let_through)
        page.context.on("request", lambda request: self._note_request(request.url))
        page.on("pageerror", lambda error: self._note_error(str(error)))
        page.on("console", lambda message: message.type == "error" and self._note_error(message.text))

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of a menu, by how it begins."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile(f"^{re.escape(entry)}")).click()

    def _let_through(self, route: Route) -> None:
        if urlsplit(route.request.url).hostname == LOOPBACK:
            route.continue_()
        else:
            route.abort()

    def _note_request(self, address: str) -> None:
        if urlsplit(address).scheme not in {"blob", "data"} and urlsplit(address).hostname != LOOPBACK:
            self.elsewhere.append(address)

    def _note_error(self, text: str) -> None:
        if not NOISE.search(text):
            self.errors.append(text)


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Open a page in a browser that knows no other address, not even for what the page does not ask itself."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        visited = Visit(browser.new_page(viewport={"width": 1_100, "height": 1_000}))
        yield visited
        browser.close()


def run_all(url: str, visit: Visit, name: str) -> None:
    """Open a notebook and begin to run all of it."""
    visit.page.goto(f"{url}/lab/index.html?path={name}")
    visit.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
    visit.menu("Edit", "Clear Outputs of All Cells")  # those that are committed
    visit.menu("Run", "Run All Cells")


def assert_ended(visit: Visit) -> None:
    """Wait for the end, and check that no cell has failed, and that nothing was asked for elsewhere."""
    last = visit.page.locator(".jp-CodeCell").last.locator(".jp-InputPrompt")
    expect(last).to_have_text(re.compile(r"\[\d+\]:"))  # a cell that fails is the last to be run
    expect(visit.page.locator('[data-mime-type="application/vnd.jupyter.error"]')).to_have_count(0)
    assert (visit.elsewhere, visit.errors) == ([], [])


def test_the_quickstart_moves_and_ends_with_nothing_but_static_files(
    url: str, visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    page, begun, shares = visit.page, time.monotonic(), set[str]()
    run_all(url, visit, FIRST.name)
    page.locator(".modelarts-export").first.wait_for()
    seconds = time.monotonic() - begun

    def moves() -> bool:
        shares.add(page.evaluate(SHARE))
        return len(shares - {None}) >= 3

    until(moves)
    expect(page.locator(".jp-RenderedHTML").filter(has_text="✓ SUCCESSED").first).to_be_visible()
    assert_ended(visit)
    expect(page.locator(".modelarts-export")).to_have_count(0)
    with capsys.disabled():
        sys.stdout.write(f"\nThe first card was there {seconds:.1f} s after the page was asked for\n")


@pytest.mark.skipif(os.environ.get("STORIES") != "all", reason="takes a minute: STORIES=all bash tests/lite.sh")
@pytest.mark.parametrize("notebook", OTHERS, ids=lambda path: path.stem)
def test_the_other_notebooks_run_to_their_end(url: str, visit: Visit, notebook: Path) -> None:
    run_all(url, visit, notebook.name)
    assert_ended(visit)


def test_there_are_no_source_maps() -> None:
    assert not list(Path(str(SITE)).rglob("*.map"))
