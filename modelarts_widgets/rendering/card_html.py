"""The card as HTML: whole, or in the parts that the live widget updates separately.

Both skins use the same markup and the same rules (``parts.css``). The live card has class names. The static card has
inline styles, since many notebook viewers strip style sheets from saved output, and a small style sheet for the rest.
"""

from __future__ import annotations

from .card import MAX_PROBLEM, Card
from .labels import code_label
from .markup import escaped, isolated, tooltip
from .styles import LIVE, STATIC, Skin, theme
from .tree import task_tree
from .tree_html import tree_html

_LIVE_REGION = {LIVE: ' role="status"', STATIC: ""}
"""Makes screen readers announce changes. Why not on the bar? Each tick would be announced."""


def card_html(card: Card) -> str:
    """Return the whole card for a saved notebook: without scripts and ids, readable without its style element."""
    tree = tree_html(task_tree(card.task), STATIC) if card.task else ""
    whole = f"<div>{tree}</div>" if tree else ""
    parts = [theme("theme"), head_html(card, STATIC), bar_html(card, STATIC), facts_html(card, STATIC), whole]
    return f"<div{STATIC('static')}>{''.join(parts)}</div>"


def head_html(card: Card, skin: Skin = LIVE) -> str:
    """Return the title, the status and the error message."""
    return title_html("Dataset export", card, card.status(), skin) + problem_html(card, skin)


def title_html(title: str, card: Card, status: str, skin: Skin, mark: str = "") -> str:
    """Return a heading: the title, the ID of the export or dataset, and a pill with the status.

    `mark` is another class name, for the style sheet.
    """
    name = f"<b>{title}</b> <samp>{isolated(card.task_id)}</samp>"
    label = code_label("ExportTask", "status", card.task.status) if card.task else ""
    look = f"{skin('status', card.severity)}{_LIVE_REGION[skin]}{tooltip(label)}"
    pill = f"<span{look}>{isolated(status)}</span>"
    return f"<div{skin('head', mark)}>{name} {pill}</div>"


def bar_html(card: Card, skin: Skin = LIVE) -> str:
    """Return the progress bar with its percentage, and the counts below it."""
    counts = card.counts()
    return progress_html(card, skin) + (f"<div{skin('counts')}>{escaped(counts)}</div>" if counts else "")


def facts_html(card: Card, skin: Skin = LIVE) -> str:
    """Return the source, the destination and the times of the export."""
    route = " ".join(f"{word} <samp>{isolated(place)}</samp>" for word, place in card.route())
    layout, started, took = card.times()
    dated = f"<span{skin('time')}>{started}</span>" if started else ""
    times = " · ".join(filter(None, [layout, dated, took]))
    lines = "<br>".join(filter(None, [route, times]))
    return f"<div{skin('facts')}>{lines}</div>" if lines else ""


def problem_html(card: Card, skin: Skin) -> str:
    """Return the error message and the advice below it; empty if there is neither."""
    problem, next_step = card.problem(), card.next_step(is_live=skin is LIVE)
    lines = f"<div>{isolated(problem, MAX_PROBLEM)}</div>" if problem else ""
    if next_step:
        look = skin("next") if problem else ""
        lines += f"<div{look}>{isolated(next_step, MAX_PROBLEM)}</div>"
    return f"<div{skin('problem', card.severity)}{_LIVE_REGION[skin]}>{lines}</div>" if lines else ""


def progress_html(card: Card, skin: Skin, name: str = "Export progress", size: str = "") -> str:
    """Return the progress bar with its percentage; empty if progress is unknown and no animation can say so.

    `name` is for screen readers, `size` is another class name.
    """
    share = card.share
    if share is None and (skin is STATIC or not card.is_waiting):
        return ""  # why not a bar without a value? It would be animated for ever, even in a saved notebook
    value = "" if share is None else f' value="{share:.1f}"'
    attributes = f'max="100"{value} aria-label="{escaped(name)}"'
    if skin is LIVE:
        bar = f"<progress{skin('progress', card.severity, size)} {attributes}></progress>"
    else:  # why not <progress> alone? Inline style cannot colour it; it stays for screen readers
        native = f"<progress{skin('native')} {attributes}></progress>"
        fill = f'{skin("fill", card.severity)[:-1]};width:{share:.1f}%"'
        bar = f"<div{skin('track', size)}><div{fill}>{native}</div></div>"
    return f"<div{skin('bar')}>{bar} <span{skin('share', size)}>{card.percent()}</span></div>"
