"""Whatever the service sends, the way from JSON to card holds: a property of all documents."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support import DATA, EXAMPLE

from modelarts_widgets import ExportParams, ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp
from modelarts_widgets.rendering import (
    LIVE,
    Card,
    Table,
    bar_html,
    card_html,
    card_text,
    facts_html,
    head_html,
    history_html,
    history_text,
    table_html,
    tree_html,
)
from modelarts_widgets.rendering.summary import select
from modelarts_widgets.rendering.tree import task_tree

XSS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "</title><script>alert(1)</script>",
    "</details></ul></div><iframe src=//x>",
    "<!--><script>alert(1)</script-->",
    "&lt;script&gt;",
    "<style>*{display:none}</style>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
    "\x00<b>",
    "\ud800",
    "{{7*7}}",
]
FIELDS = [
    field.name
    for model in (ExportTask, ExportParams, SearchCondition, SearchLabels, SearchLabel, SearchProp)
    for field in dataclasses.fields(model)
]
TAGS = {"b", "bdi", "br", "details", "div", "li", "mark", "ol", "progress", "samp", "span", "style", "summary", "ul"}
TAGS |= {"table", "tbody", "td", "th", "thead", "tr"}
ATTRIBUTES = {"aria-label", "class", "max", "open", "role", "scope", "start", "style", "tabindex", "title"}
ATTRIBUTES |= {"value"}

texts = some.sampled_from(XSS) | some.text(some.characters(), max_size=30)
names = some.sampled_from(FIELDS) | texts
scalars = some.none() | some.booleans() | some.integers() | some.floats() | texts
values = some.recursive(
    scalars, lambda inner: some.lists(inner, max_size=4) | some.dictionaries(names, inner, max_size=6), max_leaves=30
)
documents = some.dictionaries(names, values, max_size=12)
mutations = documents.map(lambda changes: EXAMPLE | changes)
conditions = some.dictionaries(names, values, max_size=8)
filled = some.lists(conditions, max_size=4).map(
    lambda found: EXAMPLE | {"export_params": EXAMPLE["export_params"] | {"search_conditions": found}}
)


def check(markup: str) -> None:
    """Parse strictly, and see that no element or attribute is there which we did not write."""
    elements = list(html5lib.HTMLParser(strict=True).parseFragment(markup).iter())
    assert {element.tag.rpartition("}")[2] for element in elements} - {"DOCUMENT_FRAGMENT"} <= TAGS
    assert {name for element in elements for name in element.attrib} <= ATTRIBUTES
    assert not any("alert" in element.get("style", "") + element.get("class", "") for element in elements)


def poisoned(document: Any, poison: str) -> Any:  # noqa: ANN401 - any JSON
    """Put a text into every string of a document, and beside every key."""
    if isinstance(document, dict):
        return {key: poisoned(value, poison) for key, value in document.items()} | {poison: poison}
    if isinstance(document, list):
        return [poisoned(value, poison) for value in document]
    return poison if isinstance(document, str) else document


def drawn_in_every_way(document: dict[str, Any], query: str = "") -> Iterator[str]:
    task = ExportTask.from_json(document)
    card = Card(task.task_id or "", task, "polling")
    rows = task_tree(task)
    yield card_html(card)
    yield "".join(part(card, LIVE) for part in (head_html, bar_html, facts_html)) + tree_html(rows)
    yield tree_html(rows, query=query)
    exports = (task, ExportTask.from_json({"task_id": "other"}))
    selected = None if task.task_id is None else card
    table = Table(card._replace(task=None), exports, select(exports, "", query), 0, selected)
    yield history_html(table)
    yield table_html(table)
    assert history_text(table).encode()


@pytest.mark.parametrize("poison", XSS, ids=ascii)
def test_no_field_and_no_key_becomes_markup(poison: str) -> None:
    document = json.loads((DATA / "everything.json").read_text())
    for markup in drawn_in_every_way(poisoned(document, poison), query=poison):
        check(markup)


def shown_items(markup: str) -> Iterator[tuple[int, str]]:
    """Read index and value of each element that a tree shows, as a browser numbers them."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(markup)
    for numbered in tree.iter("ol"):
        yield from enumerate(("".join(item.itertext()) for item in numbered), int(numbered.get("start")))
    for item in tree.iter("li"):
        cells = ["".join(cell.itertext()) for cell in item if cell.tag in {"span", "samp"}]
        if len(cells) == 2 and cells[0].isdecimal():
            yield int(cells[0]), cells[1]


@settings(max_examples=100)
@given(
    samples=some.lists(some.text("abc", min_size=1, max_size=3), min_size=1, max_size=250),
    query=some.text("abc", max_size=2),
)
def test_an_element_is_shown_under_its_own_number_filtered_or_not(samples: list[str], query: str) -> None:
    rows = task_tree(ExportTask.from_json({"export_params": {"samples": samples}}))
    expected = [(number, value) for number, value in enumerate(samples, 1) if query in value]
    shown = sorted(shown_items(tree_html(rows, query=query)))
    assert shown == (expected or sorted(shown))
    assert all(samples[number - 1] == value for number, value in shown)


@pytest.mark.parametrize("kind", ["list", "object", "mixed"])
@pytest.mark.parametrize("depth", [100, 500, 980, 2_000, 20_000])
def test_no_depth_is_too_deep(kind: str, depth: int) -> None:
    deep: Any = "bottom"
    for level in range(depth):
        is_list = kind == "list" or (kind == "mixed" and level % 2)
        deep = [deep] if is_list else {"name": deep}
    params = {"samples": deep, "deep": deep, "search_conditions": [deep, {"label_list": {"labels": [{"name": deep}]}}]}
    document = EXAMPLE | {"export_params": params, "path": deep}
    for markup in drawn_in_every_way(document, query="bottom"):
        check(markup)
    assert "deeper levels are in task.raw" in card_text(Card("t", ExportTask.from_json(document)))


@settings(max_examples=300)
@given(document=documents | mutations | filled, query=texts)
def test_any_json_object_becomes_a_card(document: dict[str, Any], query: str) -> None:
    for markup in drawn_in_every_way(document, query):
        check(markup)
    task = ExportTask.from_json(document)
    card_text(Card("t", task)).encode()
    assert repr(task)
    assert task.raw is document


@settings(max_examples=100)
@given(document=documents | mutations)
def test_reading_a_document_twice_draws_the_same_card(document: dict[str, Any]) -> None:
    one, other = (Card("t", ExportTask.from_json(document)) for _ in range(2))
    assert card_html(one) == card_html(other)
    assert card_text(one) == card_text(other)
