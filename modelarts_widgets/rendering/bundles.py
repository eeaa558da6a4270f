"""MIME bundles of a card, a task and a table: the two forms that every notebook viewer knows, without a widget."""

from __future__ import annotations

from ..api.models import ExportTask
from .card import Card
from .card_html import card_html
from .card_text import card_text
from .table import Table, history_html, history_text


def card_bundle(card: Card) -> dict[str, str]:
    """Return a card as text and as HTML."""
    return {"text/plain": card_text(card), "text/html": card_html(card)}


def task_bundle(task: ExportTask) -> dict[str, str]:
    """Return a task on its own, as the last line of a cell shows it."""
    return card_bundle(Card(task.task_id or "", task))


def history_bundle(table: Table) -> dict[str, str]:
    """Return a table as text and as HTML."""
    return {"text/plain": history_text(table), "text/html": history_html(table)}
