"""MIME bundles without a widget: plain text and HTML, which every notebook viewer can show."""

from __future__ import annotations

from ..api.models import ExportTask
from .card import Card
from .card_html import card_html
from .card_text import card_text
from .table import Table, history_html, history_text


def card_bundle(card: Card) -> dict[str, str]:
    """Return the MIME bundle of a card."""
    return {"text/plain": card_text(card), "text/html": card_html(card)}


def task_bundle(task: ExportTask) -> dict[str, str]:
    """Return the MIME bundle of a task that is the last expression of a notebook cell."""
    return card_bundle(Card(task.task_id or "", task))


def history_bundle(table: Table) -> dict[str, str]:
    """Return the MIME bundle of a table."""
    return {"text/plain": history_text(table), "text/html": history_html(table)}
