"""A task and its outline as text and as HTML. Pure: a `Card` in, a string out, the same bytes every time."""

from __future__ import annotations

from ..api.models import ExportTask
from .card import Card
from .card_html import bar_html, card_html, facts_html, head_html, style_sheet
from .card_text import card_text
from .markup import LIVE, STATIC
from .table import PAGE, Table, history_bundle, history_html, history_text, table_html
from .tree_html import tree_html

__all__ = [
    "LIVE",
    "PAGE",
    "STATIC",
    "Card",
    "Table",
    "bar_html",
    "card_bundle",
    "card_html",
    "card_text",
    "facts_html",
    "head_html",
    "history_bundle",
    "history_html",
    "history_text",
    "style_sheet",
    "table_html",
    "task_bundle",
    "tree_html",
]


def card_bundle(card: Card) -> dict[str, str]:
    """Draw a card in the two forms that every notebook viewer knows, without a widget."""
    return {"text/plain": card_text(card), "text/html": card_html(card)}


def task_bundle(task: ExportTask) -> dict[str, str]:
    """Draw a task on its own, as the last line of a cell shows it."""
    return card_bundle(Card(task.task_id or "", task))
