"""The card as HTML, whole or in the parts that change apart from each other.

One markup in two skins. The live card carries class names, styled by ``card.css``. The static card
carries plain inline style only, since notebook viewers strip style sheets from saved output.
"""

from __future__ import annotations

from .card import Card
from .markup import LIVE, STATIC, Skin, escaped, isolated
from .tree import task_tree
from .tree_html import tree_html

_MAX_PROBLEM = 1_000


def card_html(card: Card) -> str:
    """Return the whole card for a saved notebook: no class, no id, no script, no style sheet."""
    rows = task_tree(card.task) if card.task else ()
    parts = [head_html(card, STATIC), bar_html(card, STATIC), facts_html(card, STATIC), tree_html(rows, STATIC)]
    return f"<div{STATIC('card')}>{''.join(parts)}</div>"


def head_html(card: Card, skin: Skin = LIVE) -> str:
    """Return the title, the status and what went wrong."""
    title = f"<span{skin('title')}>Dataset export</span> <code{skin('id')}>{isolated(card.task_id)}</code>"
    tooltip = f' title="{escaped(card.status_label())}"' if card.status_label() else ""
    status = f"<span{skin('status', card.severity)}{_announced(skin)}{tooltip}>{isolated(card.status())}</span>"
    return f"<div{skin('head')}>{title} {status}</div>{problem_html(card, skin)}"


def bar_html(card: Card, skin: Skin = LIVE) -> str:
    """Return the bar with its percentage, and the counts below it."""
    counts = f"<div{skin('counts')}>{card.counts()}</div>" if card.counts() else ""
    return progress_html(card, skin) + counts


def facts_html(card: Card, skin: Skin = LIVE) -> str:
    """Return where the export goes and its times."""
    route = " ".join(f"{word} <code>{isolated(place)}</code>" for word, place in card.route())
    line = " · ".join(filter(None, [route, card.times()]))
    return f"<div{skin('facts')}>{line}</div>" if line else ""


def problem_html(card: Card, skin: Skin) -> str:
    """Return what went wrong and what happens next; empty where there is neither."""
    next_step = card.next_step(is_live=skin is LIVE)
    if not card.problem() and not next_step:
        return ""
    lines = [
        f"<strong>{isolated(card.problem(), _MAX_PROBLEM)}</strong>" if card.problem() else "",
        isolated(next_step, _MAX_PROBLEM),
    ]
    return f"<div{skin('problem', card.severity)}{_announced(skin)}>{'<br>'.join(filter(None, lines))}</div>"


def _announced(skin: Skin) -> str:
    """Return the mark of a live region: screen readers announce what changes here, but not the ticks of the bar."""
    return ' role="status"' if skin is LIVE else ""


def progress_html(card: Card, skin: Skin, name: str = "Export progress") -> str:
    """Return the bar, with a name for screen readers."""
    if card.share is None and (skin is STATIC or not card.is_waiting):
        return ""  # a bar without a value moves for ever, in a saved notebook too
    value = "" if card.share is None else f' value="{card.share:.1f}"'
    bar = f'<progress{skin("progress", card.severity)} max="100"{value} aria-label="{escaped(name)}"></progress>'
    return f"<div{skin('bar')}>{bar} <span{skin('share')}>{card.percent()}</span></div>"
