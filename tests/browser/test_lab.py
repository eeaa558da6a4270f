"""The card and the table in JupyterLab, in a real browser: stories of a working day."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbconvert import HTMLExporter, MarkdownExporter
from playwright.sync_api import Browser, Locator, expect
from support import until
from support.browsers import Notebook, Open, Server, needs_browser
from support.looks import contrasts, violations

pytestmark = needs_browser
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_the_card_moves_while_a_cell_is_busy(opened: Open, lab: Server) -> None:
    notebook = opened("watch(600.0)", "wait_for('three-moves')")
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
    lab.create("three-moves")
    assert seen == sorted(seen)
    expect(notebook.card(1).get_by_role("progressbar", name="Export progress")).to_be_visible()


def test_an_opened_branch_stays_open_through_ten_refreshes(opened: Open) -> None:
    notebook = opened("monitor = watch(600.0); monitor", "print(monitor.stats.polls)")
    notebook.run(1)
    branch = notebook.card(1).locator("details").first
    branch.locator("summary").focus()
    notebook.page.keyboard.press("Enter")
    expect(branch).to_have_attribute("open", "")
    until(lambda: int(notebook.finish(2).strip()) > 10)
    expect(branch).to_have_attribute("open", "")


def test_after_a_reload_of_the_page_the_card_goes_on(opened: Open) -> None:
    notebook = opened(
        "one = watch(600.0)",
        "ExportMonitor(one.dataset_id, one.task_id, client=client, interval=0.3)",
        "print(len(_instances), len(POLLS))",
    )
    notebook.finish(1)
    notebook.finish(2)
    until(lambda: notebook.share(2) > 0)
    # A key press would not say when the file is written.
    notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    notebook.page.reload()
    notebook.ready()
    notebook.card(2).wait_for()
    before = notebook.share(2)
    until(lambda: notebook.share(2) > before)
    for _ in range(3):
        notebook.finish(2)
    until(lambda: notebook.finish(3).split() == ["24", "1"])  # the one that was never shown keeps its own


def save_static(notebook: Notebook, lab: Server, name: str, words: str = "✓ SUCCESSED") -> None:
    """Save until the file has the end of the story, and no output that holds a widget."""

    def is_saved() -> bool:
        notebook.save()
        saved = json.dumps(lab.read(name), ensure_ascii=False)
        return words in saved and "widget-view" not in saved

    until(is_saved)
    assert "widgets" not in lab.read(name)["metadata"]


def assert_folds(static: Locator) -> None:
    """Check that a branch of a static card opens and closes, with nothing but the browser."""
    folded = static.locator("details:not([open])").first
    expect(folded.locator("li").first).to_be_hidden()
    folded.locator("summary").first.click()
    expect(static.locator("details[open] li").first).to_be_visible()


def test_a_finished_card_reads_after_saving_and_reopening_without_a_kernel(
    opened: Open, lab: Server, file_name: str
) -> None:
    notebook = opened("monitor = watch(600.0); monitor", "clock.advance(600)", "print(len(_instances))")
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    notebook.run(2)
    static = notebook.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("✓ SUCCESSED")
    expect(notebook.card(1)).to_have_count(0)
    until(lambda: notebook.finish(3).strip() == "0")
    save_static(notebook, lab, file_name)
    lab.copy_without_kernel(file_name, "reopened.ipynb")
    again = opened(name="reopened.ipynb", has_kernel=False)
    static = again.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("✓ SUCCESSED")
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
    assert_folds(static)
    assert static.locator("progress").get_attribute("value") == "100.0"


def test_the_quickstart_reads_after_a_run_in_the_browser(
    opened: Open, lab: Server, tmp_path: Path, browser: Browser
) -> None:
    shutil.copytree(NOTEBOOKS / "images", lab.folder / "images", dirs_exist_ok=True)
    shutil.copy(NOTEBOOKS / "01_quickstart.ipynb", lab.folder / "quickstart.ipynb")
    notebook = opened(name="quickstart.ipynb")
    notebook.menu("Edit", "Clear Outputs of All Cells")
    notebook.menu("Run", "Run All Cells")
    last = notebook.page.locator(".jp-NotebookPanel-notebook .jp-CodeCell").last
    expect(last.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    expect(notebook.page.locator(".modelarts-export")).to_have_count(0)
    save_static(notebook, lab, "quickstart.ipynb")
    committed = json.loads((NOTEBOOKS / "01_quickstart.ipynb").read_text(encoding="utf-8"))
    assert lab.read("quickstart.ipynb")["cells"] == committed["cells"]
    lab.copy_without_kernel("quickstart.ipynb", "quickstart-reopened.ipynb")
    again = opened(name="quickstart-reopened.ipynb", has_kernel=False)
    static = again.page.locator(".jp-RenderedHTML").filter(has_text="✓ SUCCESSED").first
    assert_folds(static)
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
    saved = str(lab.folder / "quickstart.ipynb")
    assert "✓ SUCCESSED" in MarkdownExporter().from_filename(saved)[0]
    page_file = tmp_path / "quickstart.html"
    page_file.write_text(HTMLExporter().from_filename(saved)[0], encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri(), wait_until="domcontentloaded")
    assert_folds(page.locator(".jp-RenderedHTML").filter(has_text="✓ SUCCESSED").first)
    context.close()


@pytest.mark.parametrize(
    ("shown", "models"),
    [("ExportMonitor(one.dataset_id, one.task_id", 12), ("ExportHistory(one.dataset_id", 17)],
    ids=["monitor", "history"],
)
def test_twenty_reruns_leave_one_card_and_one_set_of_models(opened: Open, shown: str, models: int) -> None:
    notebook = opened("one = watch(600.0)", f"{shown}, client=client)", "print(len(_instances), len(POLLS))")
    notebook.finish(1)
    for _ in range(20):
        notebook.finish(2)
    expect(notebook.page.locator(".modelarts-export")).to_have_count(1)
    expected = [str(12 + models), "1"]  # the one that was never shown keeps its own
    until(lambda: notebook.finish(3).split() == expected)


def test_a_card_on_which_nothing_moves_says_what_earlier_exports_took(opened: Open) -> None:
    earlier = "for seconds in (60, 40, 75, 52, 61):\n    simulator.add_export(seconds=seconds)\nclock.advance(100)"
    notebook = opened(earlier, "watch(600.0, gradual=False)", "clock.advance(600)")
    notebook.finish(1)
    notebook.run(2)
    words = "the last 5 exports of this kind took 40 s to 1 min 15 s"
    expect(notebook.card(2)).to_contain_text(words)
    assert notebook.share(2) == -1, "the bar has no value"
    notebook.finish(3)
    expect(notebook.cell(2).locator(".jp-RenderedHTML")).to_contain_text("✓ SUCCESSED")
    expect(notebook.cell(2)).not_to_contain_text("exports of this kind")


def test_cleared_outputs_leave_nothing_to_see_and_a_kernel_that_goes_on(opened: Open) -> None:
    notebook = opened("monitor = watch(600.0); monitor", "print(monitor.stats.interval)")
    notebook.run(1)
    notebook.card(1).wait_for()
    notebook.menu("Edit", "Clear Outputs of All Cells")
    expect(notebook.card(1)).to_have_count(0)
    until(lambda: notebook.finish(2).strip() == "30.0")


def test_a_kernel_that_is_shut_down_leaves_a_card_that_says_so(opened: Open) -> None:
    notebook = opened("monitor = watch(600.0); monitor")
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    notebook.menu("Kernel", "Shut Down Kernel")
    expect(notebook.cell(1)).to_contain_text("before the kernel ended; go on with ExportMonitor(")


def test_a_kernel_that_is_restarted_leaves_a_card_that_says_so_until_the_cell_is_run_again(opened: Open) -> None:
    notebook = opened("watch(600.0)")
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    notebook.menu("Kernel", "Restart Kernel…")
    notebook.accept()
    left = notebook.page.locator(".modelarts-export.jupyter-widgets-disconnected")
    expect(left).to_be_visible()
    note = "element => getComputedStyle(element, '::after').content"
    assert "The kernel of this card has gone" in left.evaluate(note)
    expect(left.get_by_role("button")).to_have_count(0)
    for part in left.locator(".jupyter-widgets-disconnected").all():
        assert part.evaluate("element => getComputedStyle(element, '::before').display") == "none"
    assert violations(notebook.page, ".jp-CodeCell .jp-OutputArea") == []
    notebook.ready()
    notebook.run(0)
    notebook.run(1)
    until(lambda: notebook.share(1) > 0)
    expect(left).to_have_count(0)


def test_two_monitors_side_by_side_and_one_in_a_box_all_move(opened: Open) -> None:
    notebook = opened("display(watch(600.0), watch(500.0))", "VBox([watch(400.0)])")
    notebook.run(1)
    notebook.run(2)
    cards = notebook.page.locator(".modelarts-export progress[value]")
    expect(cards).to_have_count(3)
    before = [float(bar.get_attribute("value") or 0) for bar in cards.all()]
    until(lambda: all(float(bar.get_attribute("value") or 0) > old for bar, old in zip(cards.all(), before)))  # noqa: B905


def test_a_monitor_in_a_tab_goes_on_when_it_comes_back(opened: Open) -> None:
    notebook = opened("from ipywidgets import Tab\nTab([watch(600.0), watch(500.0)], titles=['one', 'other'])")
    notebook.run(1)
    bars = notebook.page.locator(".modelarts-export progress[value]")
    expect(bars).to_have_count(2)
    one, other = bars.all()
    expect(other).to_be_hidden()
    notebook.page.get_by_role("tab", name="other").click()
    expect(other).to_be_visible()
    before = float(one.get_attribute("value") or 0)
    notebook.page.get_by_role("tab", name="one").click()
    expect(one).to_be_visible()
    until(lambda: float(one.get_attribute("value") or 0) > before)


def test_who_wants_less_motion_gets_less(opened: Open) -> None:
    notebook = opened("watch(600.0, gradual=False)")
    notebook.run(1)
    bar = notebook.card(1).get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(bar).to_have_css("animation-name", "modelarts-waiting")  # it waits: the bar may be drawn again just now
    notebook.page.emulate_media(reduced_motion="reduce")
    expect(bar).to_have_css("animation-name", "none")


HISTORY = """
for number in range(12):
    simulator.add_export(samples=1_000 * number, seconds=0, outcome="FAILED" if number % 5 == 4 else "SUCCESSED")
export = simulator.add_export(samples=20_000, seconds=600.0)
clock.advance(60.0)
history = ExportHistory(simulator.dataset_id, client=client, interval=0.3)
history.idle_timeout = 1.0
history
"""


def test_a_table_is_live_and_what_is_chosen_by_keyboard_stays_open_until_the_final_table(
    opened: Open, lab: Server, file_name: str
) -> None:
    notebook = opened(HISTORY, "print(history.stats.polls)", "clock.advance(600.0)")
    notebook.run(1)
    table = notebook.cell(1).locator(".modelarts-history")
    expect(table).to_contain_text("13 exports: 1 running, 10 succeeded, 2 failed")
    expect(table.get_by_role("row")).to_have_count(11)
    expect(table.get_by_role("progressbar", name="Progress of").first).to_be_visible()
    chosen = table.locator(".modelarts-export")
    table.get_by_role("radio").first.focus()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Space")
    expect(chosen.get_by_text("✓ SUCCESSED")).to_be_visible()
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.press("Space")
    expect(chosen.get_by_text("● RUNNING")).to_be_visible()
    expect(table.locator("tr.modelarts-selected")).to_contain_text("RUNNING")
    branch = chosen.locator("details").first
    branch.locator("summary").focus()
    notebook.page.keyboard.press("Enter")
    expect(branch).to_have_attribute("open", "")
    bar = chosen.locator("progress")
    before = float(bar.get_attribute("value") or 0)
    asked = int(notebook.finish(2).strip())
    until(lambda: int(notebook.finish(2).strip()) >= asked + 10)
    until(lambda: float(bar.get_attribute("value") or 0) > before)
    expect(branch).to_have_attribute("open", "")
    expect(table.get_by_role("radio").first).to_be_checked()
    notebook.run(3)
    static = notebook.cell(1).locator(".jp-RenderedHTML")
    expect(static).to_contain_text("13 exports: 11 succeeded, 2 failed")
    save_static(notebook, lab, file_name, "11 succeeded")
    lab.copy_without_kernel(file_name, "history-reopened.ipynb")
    again = opened(name="history-reopened.ipynb", has_kernel=False)
    static = again.cell(1).locator(".jp-RenderedHTML")
    expect(static.get_by_role("row")).to_have_count(11)  # the newest, and all that failed
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
    assert_folds(static)


def test_a_table_is_filtered_and_turned_in_the_browser(opened: Open) -> None:
    notebook = opened(HISTORY)
    notebook.run(1)
    table = notebook.cell(1).locator(".modelarts-history")
    rows = table.locator("tbody tr")
    marks = table.locator(".modelarts-marks input")
    expect(rows).to_have_count(10)
    expect(marks.locator("visible=true")).to_have_count(10)
    expect(table.get_by_role("button", name="Newer")).to_have_count(0)
    table.get_by_role("button", name="Older").click()
    expect(table).to_contain_text("11 to 13 of 13 exports")
    expect(rows).to_have_count(3)
    expect(marks.locator("visible=true")).to_have_count(3)
    expect(table.get_by_role("button", name="Older")).to_have_count(0)
    table.get_by_label("status").select_option("failed")
    expect(table).to_contain_text("2 of 13 exports")
    table.get_by_label("status").select_option("all")
    table.get_by_label("filter").fill("running")
    expect(rows).to_have_count(1)
    apart = table.evaluate("""table => {
        const row = table.querySelector("tbody tr"), mark = table.querySelector(".modelarts-marks input").parentElement
        return Math.abs(row.getBoundingClientRect().y - mark.getBoundingClientRect().y)
    }""")  # in one look: a row may be redrawn between two
    assert apart <= 1, "the mark stands in line with its row"


def test_a_click_anywhere_on_a_row_chooses_it_and_its_card_has_the_button_that_closes_it(opened: Open) -> None:
    notebook = opened(HISTORY)
    notebook.run(1)
    table = notebook.cell(1).locator(".modelarts-history")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(10)
    lengths = table.locator("tbody progress").evaluate_all("bars => bars.map(bar => bar.offsetWidth)")
    assert len(set(lengths)) == 1, "all bars are of one length"
    for number, share in ((3, 0.98), (1, 0.5), (4, 0.2)):
        label = table.locator(".widget-radio-box label").nth(number)  # which lies over the row, and is not redrawn
        width, height = label.evaluate("label => [label.offsetWidth, label.offsetHeight]")
        assert width >= rows.nth(number).evaluate("row => row.offsetWidth")
        label.click(position={"x": share * width, "y": height / 2})
        expect(table.get_by_role("radio").nth(number)).to_be_checked()
        expect(rows.nth(number)).to_have_class(re.compile("modelarts-selected"))
    card = table.locator(".modelarts-export")
    table.get_by_label("filter").first.fill("no such text")
    expect(table).to_contain_text("the selected export is hidden by the filter")
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)
    expect(table).not_to_contain_text("hidden by the filter")


HOSTILE = """
bad = "</script><img src=x onerror=alert(1)><a href='javascript:alert(2)'>x</a><b onclick=alert(3)>y"
monitor = watch(600.0, params={bad: bad, "search_conditions": [{"sample_name": bad}]})
simulator.inject(*["hostile"] * 50)
display(monitor, ExportHistory(monitor.dataset_id, client=client, interval=0.3))
"""


def test_hostile_words_of_the_service_do_nothing(opened: Open) -> None:
    notebook = opened(HOSTILE, "print(monitor.stats.polls); monitor.close(); monitor")
    notebook.run(1)
    for card in (notebook.card(1).first, notebook.card(1).last):
        expect(card).to_contain_text("</script><img src=x onerror=alert(1)>")
    for branch in notebook.card(1).locator("details").all():
        branch.evaluate("element => element.open = true")
    notebook.finish(2)
    expect(notebook.cell(2)).to_contain_text("onerror=alert(1)")
    output = notebook.page.locator(".jp-OutputArea")
    for selector in ("img", "a[href^=javascript]", "[onclick]", "[onerror]"):
        expect(output.locator(selector)).to_have_count(0)


STATES = """
display(watch(600.0))
display(watch(600.0, outcome="FAILED", gradual=False))
wrong = ModelArtsClient(client.endpoint, client.project_id, auth=TokenAuth("wrong"))
display(VBox([ExportMonitor("d", "unknown", client=client), ExportMonitor("d", "t", client=wrong)]))  # stay alive
display(ExportMonitor("d", "t", client=ModelArtsClient("http://127.0.0.1:9", "p")))
large = watch(600.0, params={"samples": [f"sample {number}" for number in range(50)]})
large.filter = "sample 1"
display(large)
ended = simulator.add_export(seconds=0)
history = ExportHistory(simulator.dataset_id, client=client)
history.selected = ended.task_id
display(history)
display(client.get_export_task(ended.dataset_id, ended.task_id))
from ipywidgets import HBox
display(HBox([watch(600.0), watch(600.0)]))
"""


WORDS = (
    ".modelarts-status, .modelarts-problem, .modelarts-counts, .modelarts-facts, .modelarts-name, .modelarts-meaning"
)


@pytest.fixture(scope="module")
def states(open_in_lab: Open) -> Iterator[Notebook]:
    """Show cards and a table in all their states, all branches open."""
    notebook = open_in_lab("states.ipynb", STATES, width=1_400)
    notebook.run(1)
    expect(notebook.page.locator(".modelarts-export")).to_have_count(10)
    expect(notebook.cell(1).get_by_role("status").get_by_text("needs credentials")).to_be_visible()
    for branch in notebook.cell(1).locator("details").all():
        branch.evaluate("element => element.open = true")
    yield notebook
    notebook.end()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_everybody_can_use_the_card(states: Notebook, theme: str) -> None:
    states.page.set_viewport_size({"width": 1_000, "height": 1_000})
    states.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(states.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    assert violations(states.page, ".jp-CodeCell .jp-OutputArea") == []
    ratios = contrasts(
        states.cell(1), f".modelarts-export :is({WORDS})"
    )  # in one step: a card may be drawn again at any time
    assert len(ratios) > 20
    assert [(text, ratio) for text, ratio in ratios if ratio < 4.5] == []
    assert states.errors == []


SIZES = """cell => [...cell.querySelectorAll(".modelarts-export, .modelarts-grid")].map(element => (
    {content: element.scrollWidth, inner: element.clientWidth, outer: element.getBoundingClientRect().width}
))"""


@pytest.mark.parametrize("width", [400, 620, 800, 900, 1_050])
def test_nothing_sticks_out_of_narrow_and_wide_outputs(states: Notebook, width: int) -> None:
    states.page.set_viewport_size({"width": 1_400, "height": 1_000})
    states.page.add_style_tag(content=f".jp-OutputArea-output {{ flex: 0 0 {width}px !important; }}")
    expect(states.cell(1).locator(".jp-OutputArea-output").first).to_have_css("flex-basis", f"{width}px")
    sizes = states.cell(1).evaluate(SIZES)
    assert len(sizes) >= 10
    assert [each for each in sizes if each["content"] > each["inner"] or not 0 < each["outer"] <= width] == []
    filters = states.cell(1).locator(".modelarts-history > .modelarts-filter")
    assert len(set(filters.evaluate_all("boxes => boxes.map(box => box.offsetTop)"))) == 1, "they share a line"
    pair = states.cell(1).locator(".widget-hbox > .modelarts-export")
    tops = pair.evaluate_all("cards => cards.map(card => card.offsetTop)")
    assert len(set(tops)) == (2 if width == 400 else 1), "below each other where there is no room"
    assert states.errors == []
