"""What somebody sees who opens the quickstart, chooses *Run All*, and touches nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from support import until
from support.browsers import Open, Server, needs_browser

pytestmark = needs_browser
QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"
WATCH = """() => {
    const cells = [...document.querySelectorAll(".jp-NotebookPanel-notebook .jp-CodeCell")];
    const isInSight = (element, frame) => {
        const box = element.getBoundingClientRect();
        const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
        const isInside = box.height > 0 && box.top >= frame.top && box.bottom <= frame.bottom;
        return isInside && document.elementFromPoint(x, y)?.closest(".jp-OutputArea-output")?.contains(element);
    };
    window.seen = [];
    window.watching = setInterval(() => {
        const frame = document.querySelector(".jp-NotebookPanel .jp-WindowedPanel-outer").getBoundingClientRect();
        const inSight = selector => [...cells.at(-1).querySelectorAll(selector)].filter(part => isInSight(part, frame));
        window.seen.push({
            prompts: cells.map(cell => cell.querySelector(".jp-InputPrompt").textContent),
            shares: inSight("progress[value]").map(bar => Number(bar.getAttribute("value"))),
            words: inSight(".modelarts-status, .jp-OutputArea-output pre").map(part => part.textContent).join(" "),
        });
    }, 50);
}"""
"""Notes what is in sight, twenty times a second, in the page itself: a busy test misses nothing."""


def test_run_all_shows_a_card_that_moves_and_ends_where_the_reader_looks(
    opened: Open, lab: Server, file_name: str
) -> None:
    shutil.copy(QUICKSTART, lab.folder / file_name)
    notebook = opened()
    page = notebook.page
    page.set_viewport_size({"width": 1_280, "height": 800})
    page.evaluate(WATCH)
    notebook.menu("Run", "Run All Cells")

    until(lambda: page.evaluate("seen.some(moment => moment.prompts.includes('[*]:'))"))

    def has_ended() -> bool:
        last = page.evaluate("seen.at(-1)")
        words = "✓ SUCCESSED" in last["words"] and "SUCCESSED obs://" in last["words"]
        return words and last["shares"] == [100] and "*" not in "".join(last["prompts"])

    until(has_ended)
    seen: list[dict[str, Any]] = page.evaluate("clearInterval(window.watching) ?? window.seen")
    begun = next(number for number, moment in enumerate(seen) if "*" in "".join(moment["prompts"]))
    shares = [share for moment in seen[begun:] for share in moment["shares"] if "●" in moment["words"]]
    assert shares == sorted(shares)
    assert len(set(shares)) >= 3, "the card moves in sight"
    assert shares[0] < 40, "it is seen from the beginning: within 5 of its 12 seconds"
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)
