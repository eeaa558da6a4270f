"""Takes pictures from real runs in JupyterLab: ``python tests/pictures.py`` for the README's, and for a look at all.

Those of the README go to ``notebooks/images``. With a folder (``python tests/pictures.py looks``), pictures go there
too of live and static forms side by side: the same cards in each state, light and dark, at three widths.
"""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect
from support import until
from support.browsers import SETUP, Notebook, Server, chromium, served

IMAGES = Path(__file__).parents[1] / "notebooks" / "images"
THEMES = {"": "JupyterLab Light", "-dark": "JupyterLab Dark"}
WIDTH, WIDE = 1_180, 1_480
WIDTHS = (400, 700, 1_200)
PETS = """
pets = {
    "sample_state": "__ALL__", "export_dest": "DIR", "clear_hard_property": True, "train_sample_ratio": 1.0,
    "ratio_sample_usage": False,
    "search_conditions": [
        {"hard": "1", "label_list": {"op": "OR", "labels": [{"name": "cat", "type": 0}, {"name": "dog", "type": 0}]},
         "sample_time": "month"},
        {"sample_name": ".png"},
    ],
}
"""
RUNNING = f"{PETS}\nwatch(40.0, params=pets)"
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
STATES = f"""
{PETS}
from IPython.display import HTML
from ipywidgets import HBox
wrong = ModelArtsClient(client.endpoint, client.project_id, auth=TokenAuth("wrong"))
running = watch(6_000.0, params=pets)
shown = [
    running, watch(0.0, params=pets), watch(0.0, outcome="FAILED"), ExportMonitor("pets", "t", client=wrong),
    ExportMonitor("pets", "unknown", client=client),
]
"""
TABLE = """
for number in range(13):
    simulator.add_export("pets", samples=4_000, seconds=0, outcome="FAILED" if number == 9 else "SUCCESSED")
simulator.add_export("pets", samples=12_000, seconds=6_000, gradual=False)
chosen = simulator.add_export("pets", samples=20_000, seconds=6_000, params=pets)
clock.advance(2_500)
history = ExportHistory("pets", client=client, interval=0.5)
history.selected = chosen.task_id
shown.append(history)
"""
LIVE = "display(*(VBox([widget]) for widget in shown))"  # in a box, a card stays live at its end
STATIC = """
for widget in shown:
    display(HTML(widget.to_html()))
"""
FRAME = 400
"""Milliseconds between two frames of the moving picture."""
SIDE = "display(HBox([watch(600.0), watch(600.0)]))"


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


def film(browser: Browser, url: str) -> None:
    """Take the moving picture: one export from its beginning to its end."""
    notebook = Notebook(browser.new_page(viewport={"width": WIDTH, "height": 1_500}), url)
    notebook.finish(0)
    notebook.finish(1)
    output = notebook.cell(1).locator(".jp-OutputArea-output")
    expect(output).to_contain_text("Export parameters")
    box = output.bounding_box()
    assert box is not None
    frames: list[Image.Image] = []
    while not frames or "✓ SUCCESSED" not in output.inner_text():
        notebook.page.wait_for_timeout(FRAME)
        shot = notebook.page.screenshot(clip={**box, "width": box["width"] - 12})  # without the edge of the cell
        frames.append(Image.open(BytesIO(shot)).convert("RGB"))
    shown_for = {"duration": [*[FRAME] * (len(frames) - 1), 4_000], "loop": 0}
    frames[0].save(IMAGES / "live.webp", save_all=True, append_images=frames[1:], quality=80, method=6, **shown_for)
    notebook.page.close()


def compare(browser: Browser, url: str, theme: str, suffix: str, folder: Path) -> None:
    """Show live and static forms side by side, and take pictures of both at all widths."""
    notebook = Notebook(browser.new_page(viewport={"width": 2_800, "height": 4_500}), url)
    notebook.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    notebook.finish(0)
    notebook.finish(1)
    notebook.run(2)
    live = notebook.cell(2).locator(".jp-OutputArea").first
    for words in ("✓ SUCCESSED", "✗ FAILED", "needs credentials", "stopped", "15 exports"):
        expect(live.locator(".modelarts-status").get_by_text(words).first).to_be_visible()
    expect(live.get_by_text("samples/s").first).to_be_visible()
    notebook.finish(3)
    notebook.finish(4)
    for width in WIDTHS:
        rules = f".jp-OutputArea-output {{ flex: 0 0 {width}px !important; }}"
        rules += f".jp-OutputArea {{ flex: 0 0 {width + 90}px !important; width: {width + 90}px !important; }}"
        notebook.page.add_style_tag(content=rules)
        for number, name in ((2, "live"), (3, "static"), (4, "box")):
            area = notebook.cell(number).locator(".jp-OutputArea").first
            area.screenshot(path=folder / f"{width}{suffix}-{name}.png")
    join(browser, folder, suffix)
    notebook.page.close()


def join(browser: Browser, folder: Path, suffix: str) -> None:
    """Lay two pictures side by side, the live one at the left."""
    page = browser.new_page()
    for width in WIDTHS:
        pair = [(folder / f"{width}{suffix}-{name}.png").resolve().as_uri() for name in ("live", "static")]
        sheet = folder / "sheet.html"
        images = "".join(f"<img src='{uri}'>" for uri in pair)
        sheet.write_text(f"<body style='display:inline-flex;align-items:start;margin:0'>{images}</body>")
        page.goto(sheet.resolve().as_uri())
        page.locator("body").screenshot(path=folder / f"{width}{suffix}.png")
        sheet.unlink()
    page.close()


def each_theme(browser: Browser, server: Server, folder: Path | None) -> None:
    """Take all pictures, light and dark."""
    for suffix, theme in THEMES.items():
        server.write(f"pictures{suffix}.ipynb", CELLS)
        take(browser, f"{server.url}/lab/workspaces/w{suffix}/tree/pictures{suffix}.ipynb?reset", theme, suffix)
        if folder is not None:
            server.write(f"states{suffix}.ipynb", [SETUP, STATES + TABLE, LIVE, STATIC, SIDE])
            url = f"{server.url}/lab/workspaces/s{suffix}/tree/states{suffix}.ipynb?reset"
            compare(browser, url, theme, suffix, folder)


def main() -> None:
    """Take them."""
    looks = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if looks is not None:
        looks.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, chromium() as browser:
        folder = Path(work) / "notebooks"
        folder.mkdir()
        with served(folder, "jupyterlab", "--expose-app-in-browser") as server:
            server.write("film.ipynb", [SETUP, f"{PETS}\nwatch(15.0, params=pets)"])
            film(browser, f"{server.url}/lab/workspaces/film/tree/film.ipynb?reset")
            each_theme(browser, server, looks)


if __name__ == "__main__":
    main()
