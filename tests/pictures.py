"""Takes the README's pictures from a real run in JupyterLab: ``python tests/pictures.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect
from support import until
from support.browsers import SETUP, Notebook, chromium, served

IMAGES = Path(__file__).parents[1] / "notebooks" / "images"
WIDTH, WIDE = 1_180, 1_480
RUNNING = """
pets = {
    "sample_state": "__ALL__", "export_dest": "DIR", "clear_hard_property": True, "train_sample_ratio": 1.0,
    "ratio_sample_usage": False,
    "search_conditions": [
        {"hard": "1", "label_list": {"op": "OR", "labels": [{"name": "cat", "type": 0}, {"name": "dog", "type": 0}]},
         "sample_time": "month"},
        {"sample_name": ".png"},
    ],
}
watch(40.0, params=pets)
"""
HISTORY = """
for number in range(5):
    outcome = "FAILED" if number == 2 else "SUCCESSED"
    simulator.add_export("pets", samples=4_000 + 1_000 * number, seconds=0, outcome=outcome)
simulator.add_export("pets", samples=12_000, seconds=600, gradual=False)
chosen = simulator.add_export("pets", samples=20_000, seconds=40, params=pets)
history = ExportHistory("pets", client=client, interval=0.5)
history.selected = chosen.task_id
history
"""
CELLS = [SETUP, RUNNING, "watch(2.0, outcome='FAILED')", "watch(2.0, params=pets)", HISTORY]


def take(browser: Browser, url: str, theme: str, suffix: str) -> None:
    """Run the notebook in a theme, and take the pictures."""
    notebook = Notebook(browser.new_page(viewport={"width": WIDTH, "height": 1_500}, device_scale_factor=1.5), url)
    notebook.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    for number in range(len(CELLS)):
        notebook.finish(number)
    outputs = [notebook.cell(number).locator(".jp-OutputArea-output") for number in range(len(CELLS))]
    expect(outputs[2]).to_contain_text("✗ FAILED")
    expect(outputs[3]).to_contain_text("✓ SUCCESSED")
    card = notebook.card(1)
    for branch in card.locator("details").all()[1:3]:  # the conditions, and the first of them
        branch.evaluate("element => element.open = true")
    until(lambda: notebook.share(1) > 40)
    card.screenshot(path=IMAGES / f"running{suffix}.png")
    outputs[2].screenshot(path=IMAGES / f"failed{suffix}.png")
    outputs[3].screenshot(path=IMAGES / f"finished{suffix}.png")
    notebook.page.set_viewport_size({"width": WIDE, "height": 1_500})
    table = notebook.cell(4).locator(".modelarts-history")
    until(lambda: "samples/s" in table.inner_text() and notebook.share(4) != 0, 60.0)
    table.screenshot(path=IMAGES / f"history{suffix}.png")
    notebook.page.close()


def main() -> None:
    """Take them all, light and dark."""
    with tempfile.TemporaryDirectory() as work, chromium() as browser:
        folder = Path(work) / "notebooks"
        folder.mkdir()
        with served(folder, "jupyterlab", "--expose-app-in-browser") as server:
            for theme, suffix in (("JupyterLab Light", ""), ("JupyterLab Dark", "-dark")):
                server.write(f"pictures{suffix}.ipynb", CELLS)
                take(browser, f"{server.url}/lab/workspaces/w{suffix}/tree/pictures{suffix}.ipynb?reset", theme, suffix)


if __name__ == "__main__":
    main()
