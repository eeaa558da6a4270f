"""`CardParts`: a card drawn as several widget models, so that an update sends only the parts that have changed."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import Widget

from ..api.models import ExportTask
from ..rendering import Card, bar_html, facts_html, head_html, tree_html
from ..rendering.tree import Row, same_tree, size, task_tree
from .parts import STYLE, Kit

LARGE = 20
"""Number of rows above which a tree has a filter."""
_PHASES = {"done": "ended", "stopped": "ended", "needs-auth": "ended", "paused": "paused"}


class CardParts:
    """Draws a `Card`, and sends only the parts that differ from the last one.

    Why is the tree a part of its own? Sending it again would close the branches that the user has opened. For the
    same reason a filtered tree is another part, and the whole one is hidden by CSS meanwhile.

    Parameters
    ----------
    kit : Kit
        Makes the parts.
    redraw : callable
        Called when the text of the filter has changed.
    """

    def __init__(self, kit: Kit, redraw: Callable[[], None]) -> None:
        self._summary, self._bar, self._tree, self._found = map(kit.html, ("summary", "moving", "tree", "found"))
        self.filter_box = kit.filter_box()
        self.filter_box.observe(lambda _: redraw(), "value")
        self._tree.value = STYLE
        self._rows: tuple[Row, ...] = ()
        self._is_large = False
        self._task: ExportTask | None = None
        self._drawn: tuple[Card, str] | None = None
        self._phase = "active"
        self.hidden: list[Widget] = []
        self.widgets: list[Widget] = [self._summary, self._bar, self.filter_box, self._tree, self._found]

    @property
    def classes(self) -> tuple[str, ...]:
        """CSS classes of the box around the parts."""
        marks = {self._phase: True, "large": self._is_large, "filtered": bool(self.filter_box.value)}
        return ("modelarts-export", *(f"modelarts-{name}" for name, holds in marks.items() if holds))

    def draw(self, card: Card) -> None:
        """Update the parts; those that have not changed are not sent again."""
        query: str = self.filter_box.value
        # Why `is` first? Comparing two large documents takes long.
        if self._drawn is not None and card.task is self._drawn[0].task and (card, query) == self._drawn:
            return
        self._summary.value = f"{head_html(card)}{facts_html(card)}"
        self._bar.value = bar_html(card)
        is_new_tree = card.task is not None and (self._task is None or not same_tree(card.task, self._task))
        if card.task is not None and is_new_tree:
            self._rows = task_tree(card.task)
            self._is_large = size(self._rows) > LARGE
            self._tree.value = STYLE + tree_html(self._rows)
        if is_new_tree or self._drawn is None or query != self._drawn[1]:
            self._found.value = tree_html(self._rows, query=query) if query else ""
        self._task, self._phase, self._drawn = card.task, _PHASES.get(card.phase, "active"), (card, query)
