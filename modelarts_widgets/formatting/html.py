"""The card as HTML, whole or in the parts that change apart from each other.

One markup in two skins. The live card carries class names, styled by ``card.css``. The static card
carries plain inline style only, since notebook viewers strip style sheets from saved output.
Every foreign string passes through `_escaped`, and only there becomes markup.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ..outline import Row, outline
from .card import Card
from .words import MAX_LENGTH, shortened

_MAX_TITLE = 2_000
_MAX_PROBLEM = 1_000


class Skin:
    """How a part of the card gets its look: by class name, or by inline style."""

    def __init__(self, styles: Mapping[str, str] | None = None) -> None:
        self._styles = styles

    def __call__(self, part: str, kind: str = "") -> str:
        """Write the attribute for a part, with a leading space; empty where the part needs none."""
        if self._styles is None:
            return f' class="modelarts-{part}{f" modelarts-{kind}" if kind else ""}"'
        style = self._styles.get(part, "")
        return f' style="{style}"' if style else ""


LIVE = Skin()
STATIC = Skin(
    {
        "card": "max-width:56em",
        "title": "font-weight:600",
        "status": "font-weight:600;padding-left:1em",
        "problem": "padding-left:0.6em",
        "progress": "width:70%",
        "rows": "list-style:none;margin:0;padding-left:1.4em",
    }
)


@cache
def style_sheet() -> str:
    """Read the style sheet of the live card."""
    return files(__package__).joinpath("card.css").read_text(encoding="utf-8")


def card_html(card: Card) -> str:
    """Draw the whole card for a saved notebook: no class, no id, no script, no style sheet."""
    parts = [head_html(card, STATIC), bar_html(card, STATIC), facts_html(card, STATIC), tree_html(card, STATIC)]
    return f"<div{STATIC('card')}>{''.join(parts)}</div>"


def head_html(card: Card, skin: Skin = LIVE) -> str:
    """Draw the title, the status and what went wrong."""
    title = f"<span{skin('title')}>Dataset export</span> <code{skin('id')}>{_escaped(card.task_id)}</code>"
    tooltip = f' title="{_escaped(card.status_meaning())}"' if card.status_meaning() else ""
    status = f"<span{skin('status', card.kind)}{tooltip}>{_escaped(card.status())}</span>"
    return f"<div{skin('head')}>{title} {status}</div>{_problem(card, skin)}"


def bar_html(card: Card, skin: Skin = LIVE) -> str:
    """Draw the bar with its percentage, and the counts below it."""
    counts = f"<div{skin('counts')}>{_escaped(card.counts())}</div>" if card.counts() else ""
    return _progress(card, skin) + counts


def facts_html(card: Card, skin: Skin = LIVE) -> str:
    """Draw where the export goes and its times."""
    where = f"to <code>{_escaped(card.destination())}</code>" if card.destination() else ""
    line = " · ".join(filter(None, [where, _escaped(card.times())]))
    return f"<div{skin('facts')}>{line}</div>" if line else ""


def tree_html(card: Card, skin: Skin = LIVE) -> str:
    """Draw the tree of parameters and search conditions."""
    return "".join(_branch(row, skin) for row in (outline(card.task) if card.task else ()))


def _problem(card: Card, skin: Skin) -> str:
    if not card.problem() and not card.next_step():
        return ""
    lines = [
        f"<strong>{_escaped(card.problem(), _MAX_PROBLEM)}</strong>" if card.problem() else "",
        _escaped(card.next_step()),
    ]
    return f"<div{skin('problem', card.kind)}>{'<br>'.join(filter(None, lines))}</div>"


def _progress(card: Card, skin: Skin) -> str:
    if card.share is None and (skin is STATIC or not card.is_waiting):
        return ""  # a bar without a value moves for ever, in a saved notebook too
    value = "" if card.share is None else f' value="{card.share:.1f}"'
    bar = f'<progress{skin("progress", card.kind)} max="100"{value} aria-label="Export progress"></progress>'
    return f"<div{skin('bar')}>{bar} <span{skin('share')}>{card.percent()}</span></div>"


def _branch(row: Row, skin: Skin) -> str:
    unfolded = " open" if row.is_open else ""
    count = f" <span{skin('count')}>({_escaped(row.value)})</span>"
    summary = f"<summary{skin('section')}{_tooltip(row)}>{_escaped(row.name)}{count}</summary>"
    return f"<details{skin('branch')}{unfolded}>{summary}{_list(row, skin)}</details>"


def _list(row: Row, skin: Skin) -> str:
    return f"<ul{skin('rows')}>{''.join(_item(child, skin) for child in row.children)}</ul>"


def _item(row: Row, skin: Skin) -> str:
    if not row.children:
        return f"<li{skin('row')}>{_cells(row, skin)}</li>"
    summary = f"<summary{skin('row')}>{_cells(row, skin)}</summary>"
    return f"<li><details{skin('branch')}>{summary}{_list(row, skin)}</details></li>"


def _cells(row: Row, skin: Skin) -> str:
    name = f"<span{skin('name')}{_tooltip(row)}>{_escaped(row.name)}</span>"
    tag = "span" if row.children else "code"  # a branch says in words what it holds
    value = f"<{tag}{skin('value')}{_whole(row.value)}>{_escaped(row.value)}</{tag}>" if row.value else ""
    words = f"<span{skin('meaning')}>{_escaped(row.meaning)}</span>" if row.meaning else ""
    return " ".join(filter(None, [name, value, words]))


def _tooltip(row: Row) -> str:
    return f' title="{_escaped(row.description)}"' if row.description else ""


def _whole(value: str) -> str:
    """Keep what is cut from a long value within reach, in its tooltip."""
    return f' title="{_escaped(value, _MAX_TITLE)}"' if len(value) > MAX_LENGTH else ""


def _escaped(text: str, length: int = MAX_LENGTH) -> str:
    return html.escape(shortened(text, length))
