"""The card as plain text, for terminals, logs and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from .card import Card
from .humanize import MAX_LENGTH, bar, shortened
from .tree import Row, task_tree

WIDTH = 80
"""Columns that the card is laid out for."""
_BAR = 40
_MAX_ROWS = 160
"""Rows of the tree, so that the card has fewer than 200 lines. The HTML has the whole tree."""


def card_text(card: Card) -> str:
    """Return the card as text, its tree unfolded, in fewer than 200 lines."""
    title, problem, next_step = f"Dataset export {shortened(card.task_id, 60)}", card.problem(), card.next_step()
    lines = [f"{title}  {card.status():>{max(0, WIDTH - len(title) - 2)}}"]
    lines += [f"! {problem}" if problem else "", f"  {next_step}" if next_step else "", _bar(card), card.counts()]
    lines += [" ".join(f"{word} {shortened(place)}" for word, place in card.route())]
    lines += [" · ".join(filter(None, card.times()))]
    lines += [line for row in (task_tree(card.task, _MAX_ROWS) if card.task else ()) for line in _row(row, 0)]
    return "\n".join(filter(None, lines))


def _bar(card: Card) -> str:
    if card.share is None:
        return f"[{'·' * _BAR}]" if card.is_waiting else ""
    return f"{bar(card.share, _BAR)} {card.percent():>7}"


def _row(row: Row, depth: int, width: int = 0) -> Iterator[str]:
    indent = "  " * depth
    if depth == 0:
        yield f"{row.name} ({row.value})"
    else:
        cells = [f"{shortened(row.name):{width}}", shortened(row.value), shortened(row.meaning)]
        yield f"{indent}{'  '.join(filter(None, cells))}".rstrip()
    inner = min(MAX_LENGTH, max((len(child.name) for child in row.children), default=0))
    for child in row.children:
        yield from _row(child, depth + 1, inner)
