"""The card in JupyterLab, in a real browser: stories of a working day."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import SETUP, Notebook, Server, chromium, needs_browser, served
from conftest import until
from playwright.sync_api import Browser, Page, expect

pytestmark = needs_browser
Open = Callable[..., Notebook]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    folder.mkdir()
    with served(folder, "jupyterlab", "--expose-app-in-browser") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def opened(lab: Server, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return a function that opens a notebook with cells of its own; errors in the console fail the test."""
    notebooks: list[Notebook] = []
    pages: list[Page] = []

    def open_notebook(*cells: str, name: str = "", width: int = 1_100) -> Notebook:
        name = name or re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        if cells:
            lab.write(name, [SETUP, *cells])
        page = browser.new_page(viewport={"width": width, "height": 1_000})
        pages.append(page)
        notebooks.append(Notebook(page, f"{lab.url}/lab/workspaces/{name.removesuffix('.ipynb')}/tree/{name}?reset"))
        if cells:
            notebooks[-1].finish(0)
        return notebooks[-1]

    yield open_notebook
    for page in pages:
        page.close()
    assert [error for notebook in notebooks for error in notebook.errors] == []


def test_the_card_moves_while_a_cell_is_busy(opened: Open) -> None:
    notebook = opened("watch(60.0)", "time.sleep(8)")
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    notebook.run(2)
    until(lambda: notebook.prompt(2) == "[*]:")
    seen: list[float] = []

    def moves() -> bool:
        seen.append(notebook.share(1))
        return len(set(seen)) >= 3

    until(moves)
    assert notebook.prompt(2) == "[*]:", "the cell is still running"
    assert seen == sorted(seen)
    expect(notebook.card(1).get_by_role("progressbar", name="Export progress")).to_be_visible()


def test_an_opened_branch_stays_open_through_ten_refreshes(opened: Open) -> None:
    notebook = opened("monitor = watch(60.0); monitor", "print(monitor.stats.polls)")
    notebook.run(1)
    branch = notebook.card(1).locator("details").first
    branch.locator("summary").focus()
    notebook.page.keyboard.press("Enter")
    expect(branch).to_have_attribute("open", "")
    until(lambda: int(notebook.finish(2).strip()) > 10)
    expect(branch).to_have_attribute("open", "")


def test_after_a_reload_of_the_page_the_card_goes_on(opened: Open) -> None:
    notebook = opened(
        "one = watch(60.0)",
        "ExportMonitor(one.dataset_id, one.task_id, client=client, interval=0.3)",
        "print(len(_instances), len(FEEDS))",
    )
    notebook.finish(1)
    notebook.finish(2)
    until(lambda: notebook.share(2) > 0)
    notebook.save()
    notebook.page.reload()
    notebook.ready()
    notebook.card(2).wait_for()
    before = notebook.share(2)
    until(lambda: notebook.share(2) > before)
    for _ in range(3):
        notebook.finish(2)
    until(lambda: notebook.finish(3).split() == ["24", "1"])  # the one that was never shown keeps its own


def test_a_finished_card_reads_after_saving_and_reopening_without_its_kernel(opened: Open, lab: Server) -> None:
    notebook = opened("monitor = watch(3.0); monitor", "print(len(_instances))")
    notebook.run(1)
    static = notebook.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("✓ SUCCESSED", timeout=30_000)
    expect(notebook.card(1)).to_have_count(0)
    until(lambda: notebook.finish(2).strip() == "0")
    name = "test_a_finished_card_reads_after_saving_and_reopening_without_its_kernel.ipynb"

    def is_saved() -> bool:
        notebook.save()
        (output,) = lab.read(name)["cells"][1]["outputs"] or [{}]
        return set(output.get("data", {})) == {"text/html", "text/plain"}

    until(is_saved)
    assert "widgets" not in lab.read(name)["metadata"]
    shutil.copy(lab.folder / name, lab.folder / "reopened.ipynb")  # past the server: not trusted
    again = opened(name="reopened.ipynb")
    static = again.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("✓ SUCCESSED")
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
    folded = static.locator("details").first
    expect(folded.locator("li").first).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.locator("li").first).to_be_visible()
    assert static.locator("progress").get_attribute("value") == "100.0"


def test_twenty_reruns_leave_one_card_and_one_set_of_models(opened: Open) -> None:
    notebook = opened(
        "monitor = watch(60.0)",
        "ExportMonitor(monitor.dataset_id, monitor.task_id, client=client)",
        "print(len(_instances), len(FEEDS))",
    )
    notebook.finish(1)
    for _ in range(20):
        notebook.finish(2)
    expect(notebook.page.locator(".modelarts-export")).to_have_count(1)
    until(lambda: notebook.finish(3).split() == ["24", "1"])  # the one that was never shown keeps its own


def test_cleared_outputs_leave_nothing_to_see_and_a_kernel_that_goes_on(opened: Open) -> None:
    notebook = opened("monitor = watch(60.0); monitor", "print(monitor.stats.interval)")
    notebook.run(1)
    notebook.card(1).wait_for()
    notebook.page.get_by_role("menuitem", name="Edit", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    expect(notebook.card(1)).to_have_count(0)
    until(lambda: notebook.finish(2).strip() == "30.0")


def test_a_kernel_that_is_shut_down_leaves_a_card_that_says_so(opened: Open) -> None:
    notebook = opened("monitor = watch(60.0); monitor")
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    notebook.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    notebook.page.get_by_role("menuitem", name=re.compile("^Shut Down Kernel")).click()
    expect(notebook.cell(1)).to_contain_text("before the kernel ended; go on with ExportMonitor(", timeout=30_000)


def test_two_monitors_side_by_side_and_one_in_a_box_all_move(opened: Open) -> None:
    notebook = opened("display(watch(60.0), watch(50.0))", "VBox([watch(40.0)])")
    notebook.run(1)
    notebook.run(2)
    cards = notebook.page.locator(".modelarts-export progress[value]")
    expect(cards).to_have_count(3, timeout=30_000)
    before = [float(bar.get_attribute("value") or 0) for bar in cards.all()]
    until(lambda: all(float(bar.get_attribute("value") or 0) > old for bar, old in zip(cards.all(), before)))  # noqa: B905


HOSTILE = """
bad = "</script><img src=x onerror=alert(1)><a href='javascript:alert(2)'>x</a><b onclick=alert(3)>y"
monitor = watch(60.0, params={bad: bad, "search_conditions": [{"sample_name": bad}]})
simulator.inject(*["hostile"] * 50)
monitor
"""


def test_hostile_words_of_the_service_do_nothing(opened: Open) -> None:
    notebook = opened(HOSTILE, "print(monitor.stats.polls); monitor.close(); monitor")
    notebook.run(1)
    expect(notebook.card(1)).to_contain_text("</script><img src=x onerror=alert(1)>")
    for branch in notebook.card(1).locator("details").all():
        branch.evaluate("element => element.open = true")
    notebook.finish(2)
    expect(notebook.cell(2)).to_contain_text("onerror=alert(1)")
    output = notebook.page.locator(".jp-OutputArea")
    for selector in ("img", "a[href^=javascript]", "[onclick]", "[onerror]"):
        expect(output.locator(selector)).to_have_count(0)


def violations(page: Page, selector: str) -> list[Any]:
    """Ask axe-core what is wrong within our output."""
    found = Axe().run(page, context={"include": [[selector]]}).response["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]], each["nodes"][0]["failureSummary"])
        for each in found
    ]


STATES = """
display(watch(600.0))
display(watch(600.0, outcome="FAILED", gradual=False))
display(ExportMonitor("d", "unknown", client=client))
display(ExportMonitor("d", "t", client=ModelArtsClient(client.endpoint, client.project_id, auth=TokenAuth("wrong"))))
display(ExportMonitor("d", "t", client=ModelArtsClient("http://127.0.0.1:9", "p")))
large = watch(600.0, params={"samples": [f"sample {number}" for number in range(50)]})
large.filter = "sample 1"
display(large)
ended = simulator.add_export(seconds=0)
display(client.get_export_task(ended.dataset_id, ended.task_id))
"""


CONTRAST = """elements => elements.map(element => {
    const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const luminance = (...colours) => {
        for (const colour of colours) { paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = getComputedStyle(element.closest(".modelarts-problem") ?? element.closest(".modelarts-export"));
    const back = ground.backgroundColor;
    const both = [luminance(back), luminance(back, getComputedStyle(element).color)];
    return [element.textContent, (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)];
})"""
WORDS = (
    ".modelarts-status, .modelarts-problem, .modelarts-counts, .modelarts-facts, .modelarts-name, .modelarts-meaning"
)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_everybody_can_use_the_card(opened: Open, theme: str) -> None:
    notebook = opened(STATES, width=1_000)
    notebook.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    notebook.run(1)
    expect(notebook.cell(1).get_by_role("status").get_by_text("needs credentials")).to_be_visible(timeout=30_000)
    for branch in notebook.cell(1).locator("details").all():
        branch.evaluate("element => element.open = true")
    assert violations(notebook.page, ".jp-CodeCell .jp-OutputArea") == []
    ratios = notebook.cell(1).locator(".modelarts-export").locator(WORDS).evaluate_all(CONTRAST)
    assert len(ratios) > 20
    assert [(text, ratio) for text, ratio in ratios if ratio < 4.5] == []


@pytest.mark.parametrize("width", [620, 1_400])
def test_nothing_sticks_out_in_narrow_and_wide_windows(opened: Open, width: int) -> None:
    notebook = opened(STATES, width=width)
    notebook.run(1)
    expect(notebook.page.locator(".modelarts-export")).to_have_count(6, timeout=30_000)
    expect(notebook.cell(1).get_by_text("needs credentials")).to_be_visible(timeout=30_000)
    for card in notebook.page.locator(".modelarts-export").all():
        too_wide = "element => element.scrollWidth > element.clientWidth"
        assert not card.evaluate(too_wide)
