"""Latency: from a change of the service's state to the page of JupyterLab, beyond the interval.

One clock: kernel and browser are on the same machine. The card is asked to refresh at the moment of the change.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import expect
from support.browsers import SETUP, Notebook, chromium, served

from .figures import Effort, Figure, Side

CASE = "from a change to the page"
CARD = """
monitor = watch(1_000_000.0)
monitor.interval = 3_600.0
monitor
"""
BAR = """
from ipywidgets import FloatProgress
bar = FloatProgress()
bar
"""
CHANGE = """
import json
from IPython.display import HTML

def changes(act, rounds):
    moments = []
    def run():
        pause = threading.Event()
        for number in range(rounds):
            pause.wait(1.5)  # a bar moves once a second at most
            moments.append(1_000 * time.time())
            act(number)
    thread = threading.Thread(target=run)
    thread.start()
    return moments, thread

def change_task(number):
    clock.advance(10_000)
    monitor.refresh()

def change_bar(number):
    bar.value = 5 * number + 5
"""
OBSERVE = """element => {
    window.moments = [];
    const note = () => window.moments.push(Date.now());
    const what = {subtree: true, childList: true, characterData: true, attributes: true};
    new MutationObserver(note).observe(element, what);
}"""
SEEN = "count => window.moments.length >= count"
SIDES = {"ours": ("card", "change_task"), "`ipywidgets.FloatProgress`, set in a thread": ("bar", "change_bar")}


def measure(effort: Effort) -> list[Side]:
    """Compare a card with a bar that is merely set: the way to the page without a request."""
    rounds = 3 * effort.rounds
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "notebooks")
        folder.mkdir()
        with served(folder, "jupyterlab", "--expose-app-in-browser") as server, chromium() as browser:
            cells = [SETUP, CHANGE, CARD, BAR]
            for _, act in SIDES.values():
                cells += [f"moments, thread = changes({act}, {rounds})", "thread.join(); print(json.dumps(moments))"]
            server.write("latency.ipynb", cells)
            notebook = Notebook(browser.new_page(), f"{server.url}/lab/tree/latency.ipynb?reset")
            for number in range(4):
                notebook.finish(number)
            expect(notebook.card(2)).to_contain_text("RUNNING")
            sides = [_side(notebook, who, number, rounds) for number, who in enumerate(SIDES)]
            notebook.end()
    return sides


def _side(notebook: Notebook, who: str, number: int, rounds: int) -> Side:
    output = notebook.cell(2 + number).locator(".jp-OutputArea-output")
    output.evaluate(OBSERVE)
    notebook.finish(4 + 2 * number)
    moments = json.loads(notebook.finish(5 + 2 * number))
    notebook.page.wait_for_function(SEEN, arg=rounds)
    delays = _delays(moments, notebook.page.evaluate("window.moments"))
    figures = {
        "median": Figure(statistics.median(delays), "ms"),
        "worst": Figure(max(delays), f"ms at worst of {rounds}"),
    }
    return Side(CASE, who, figures, is_reference=number > 0)


def _delays(moments: Sequence[float], seen: Sequence[float]) -> list[float]:
    """Return milliseconds from each change to the first that the page has noted after it."""
    return [min(moment for moment in seen if moment >= int(change)) - change for change in moments]
