"""The look: one source for the live and the saved form, small, and readable in every theme."""

from __future__ import annotations

import re
from collections.abc import Iterator

import html5lib
import pytest
from support import EXAMPLE
from support.cards import CARDS, ENDED, TABLE, card, live_html

from modelarts_widgets.rendering import card_html, history_html, style_sheet, table_html

ALIKE = [name for name, drawn in CARDS.items() if not drawn.is_waiting and name != "paused"]
"""Cards without a bar that moves for ever, and without a button to point at."""
KEPT = {"align-items", "background", "border", "border-bottom", "border-left", "border-radius", "box-sizing", "color"}
KEPT |= {"display", "flex", "flex-direction", "flex-wrap", "font-size", "font-weight", "gap", "grid-column"}
KEPT |= {"grid-template-columns", "height", "line-height", "margin", "margin-left", "max-width", "min-width", "opacity"}
KEPT |= {"overflow", "overflow-x", "padding", "padding-left", "text-align", "white-space", "width"}
"""Properties that JupyterLab's sanitizer of untrusted outputs keeps, as far as they are used here."""


@pytest.mark.parametrize("name", CARDS)
def test_the_inline_style_of_a_saved_card_passes_a_sanitizer(name: str) -> None:
    styles = re.findall(r' style="([^"]*)"', card_html(CARDS[name]))
    declared = {tuple(item.split(":", 1)) for style in styles for item in style.split(";")}
    assert {prop for prop, _ in declared} <= KEPT | {"--modelarts-mix"}  # which is for the style element
    assert not [value for _, value in declared if re.search(r"var|mix|calc|inherit|contents|anywhere|url", value)]


@pytest.mark.parametrize("name", ALIKE)
def test_the_live_and_the_saved_card_are_one_design(name: str) -> None:
    def outline(markup: str) -> list[tuple[str, str | None]]:
        drawn = re.sub(r"<style>.*?</style>", "", markup)
        elements = html5lib.parseFragment(drawn, namespaceHTMLElements=False).iter()
        return [(element.tag, element.text) for element in elements if element.tag not in {"div", "progress"}]

    assert outline(live_html(CARDS[name])) == outline(card_html(CARDS[name]))


def looks(markup: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Read class names and inline style of each element that has both."""
    for names, style in re.findall(r'class="([^"]*)" style="([^"]*)"', markup):
        yield names, dict(item.split(":", 1) for item in style.split(";"))


def rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))


def mixed(color: str, share: float, other: str) -> str:
    parts = (share * one + (1 - share) * two for one, two in zip(rgb(color), rgb(other), strict=True))
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    """Compute the contrast of two colours as WCAG does."""
    linear = [
        [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(c)] for c in (one, other)
    ]
    low, high = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in linear)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["running", "succeeded", "failed", "retrying", "paused"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("#212121", "#ffffff"),
        ("#e0e0e0", "#111111"),
        ("#ffffff", "#000000"),
        ("#222832", "#ced6dd"),
    ],  # JupyterLab, Sphinx
)
def test_a_status_can_be_read_in_light_and_dark(name: str, text: str, ground: str) -> None:
    (pill,) = [style for names, style in looks(card_html(CARDS[name])) if "modelarts-status" in names]
    assert contrast(pill["color"], pill["background"]) >= 7
    hue = pill["--modelarts-mix"]
    assert contrast(mixed(hue, 0.4, text), mixed(hue, 0.16, ground)) >= 4.5  # as theme.css mixes them


def test_success_failure_and_work_have_colours_of_their_own() -> None:
    fills = [
        re.search(r"background:(#\w+);width:", card_html(CARDS[name])) for name in ("running", "succeeded", "retrying")
    ]
    failed = card(phase="done", status="FAILED", progress=60.0)
    fills.append(re.search(r"background:(#\w+);width:", card_html(failed)))
    assert len({fill and fill[1] for fill in fills} - {None}) == 4


def test_a_saved_card_of_twelve_rows_is_small() -> None:
    conditions = {"search_conditions": [{"sample_name": ".png"}]}
    drawn = card(phase="done", **ENDED, version_id="v", export_params=EXAMPLE["export_params"] | conditions)
    markup = card_html(drawn._replace(dataset_id="pFNTcKfq7sjnWBLyMe1"))
    assert markup.count("<li") == 12
    tree = html5lib.parseFragment(re.sub("<style>.*</style>", "", markup), namespaceHTMLElements=False)
    values = sum(map(len, tree.itertext())) + sum(len(element.get("title", "")) for element in tree.iter())
    assert len(markup) - values < 4_000


WIDGET_PARTS = "history list sheet marks newer older close first last pause stopped needs-auth of- "
WIDGET_PARTS += "export part button selected refresh ended paused summary moving filter tree found "
WIDGET_PARTS += "filtered large items nothing alone native track wide fill "
WIDGET_PARTS += " ".join(f"of-{number}" for number in range(1, 10))


def test_every_class_that_is_used_is_styled_and_the_other_way_round() -> None:
    drawn = "".join(map(live_html, CARDS.values())) + table_html(TABLE)
    drawn += "".join(map(card_html, CARDS.values())) + history_html(TABLE)
    used = {name for names in re.findall(r'class="([^"]*)"', drawn) for name in names.split()}
    styled = set(re.findall(r"\.(modelarts-[a-z-]+)", style_sheet()))
    assert styled - used <= {f"modelarts-{name}" for name in WIDGET_PARTS.split()}
    assert used - styled <= {f"modelarts-{name}" for name in ("polling", "of-10", "time")}


def test_the_style_sheet_is_balanced_and_stays_within_the_card() -> None:
    rules = re.sub(r"/\*.*?\*/", "", style_sheet(), flags=re.DOTALL)
    assert rules.count("{") == rules.count("}")
    selectors = [line for line in rules.splitlines() if line.endswith(("{", ",")) and not line.startswith((" ", "@"))]
    assert selectors
    assert all("modelarts-" in selector for selector in selectors)


def test_a_style_element_leaves_cards_alone_whose_style_a_sanitizer_has_cut() -> None:
    styles = "".join(re.findall(r"<style>(.*?)</style>", card_html(CARDS["running"])))
    (selector,) = re.findall(r"([^{}]*)\{[^}]*color-mix", styles)
    assert selector == '.modelarts-status[style*="mix"]'  # else it would find no hue, and show none
