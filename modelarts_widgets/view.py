"""`CardView`: a card as a few widget models, each for a part that changes apart from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipywidgets import HTML, Button, Layout, VBox
from ipywidgets.widgets.widget_string import HTMLStyle

from .formatting import Card, bar_html, facts_html, head_html, style_sheet, tree_html


class CardView(VBox):
    """Draws a `Card`, and sends what has changed since the last one.

    The parts share one layout and one style, since each of those is a model, too. The tree is a part
    of its own: assigning it again would close the branches that the reader has opened.

    Parameters
    ----------
    controls : sequence of Button, optional
        What stands below the card; belongs to the card from now on.
    layout : Layout, optional
        The one that all parts share. Default: a fresh one.
    """

    def __init__(self, controls: Sequence[Button] = (), layout: Layout | None = None) -> None:
        layout = layout or Layout()
        part: dict[str, Any] = {"layout": layout, "style": HTMLStyle(), "_dom_classes": ["modelarts-part"]}
        self._head, self._bar, self._facts, self._tree = parts = [HTML(**part) for _ in range(4)]
        super().__init__([*parts, *controls], layout=layout, _dom_classes=["modelarts-export"])

    def draw(self, card: Card) -> None:
        """Bring the parts up to date. What has not changed is not sent again."""
        self._head.value = f"<style>{style_sheet()}</style>{head_html(card)}"
        self._bar.value = bar_html(card)
        self._facts.value = facts_html(card)
        self._tree.value = tree_html(card)

    def close(self) -> None:
        """Free all models, those of layout and styles among them."""
        if self.comm is None:
            return
        for child in self.children:
            child.style.close()
            child.close()
        self.layout.close()
        super().close()
        # ipywidgets shadows this method on a closed widget, which would leave a bare repr to show
        self.__dict__.pop("_repr_mimebundle_", None)
