"""Render exports as text and HTML: pure functions from a `Card` or a `Table` to the same string every time."""

from __future__ import annotations

from .bundles import card_bundle, history_bundle, task_bundle
from .card import Card
from .card_html import bar_html, card_html, facts_html, head_html
from .card_text import card_text
from .styles import LIVE, STATIC, style_sheet
from .table import PAGE, Table, history_html, history_text, table_html
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
