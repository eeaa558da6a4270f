"""`CardView`: a card as a few widget models, each for a part that changes apart from the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import traitlets
from ipywidgets import HTML, Button, ButtonStyle, Layout, Text, VBox, Widget
from ipywidgets.widgets.widget_string import HTMLStyle

from ..api.models import ExportTask
from ..rendering import Card, bar_html, facts_html, head_html, style_sheet, tree_html
from ..rendering.tree import Row, same_tree, size, task_tree

STYLE = f"<style>{style_sheet()}</style>"  # goes with the part that changes least
LARGE = 20
"""Rows of a tree above which it gets a filter."""
_MOODS = {"done": "ended", "stopped": "ended", "needs-auth": "ended", "paused": "paused"}


MIN_TICK = 1.0
"""Seconds; a bar does not move more often than that, whatever the interval."""


class Counted:
    """Counts what a widget sends to the front end, apart from opening and closing."""

    sent = 0

    def send_state(self, key: Any = None) -> None:  # noqa: ANN401 - as ipywidgets has it
        """Send a part of the state, as ipywidgets does, and count it."""
        self.sent += self.comm is not None  # type: ignore[attr-defined]
        super().send_state(key)  # type: ignore[misc]


class CardButton(Counted, Button):
    """A button of a view."""


class Part(Counted, HTML):
    """A part that is drawn."""


class Query(Counted, Text):
    """The box of a filter."""


class View(Counted, VBox):
    """A box of parts that belong to it: it counts what they send, and opens and frees their models with its own."""

    clock: ClassVar[Callable[[], float]] = time.monotonic
    """Seconds, to keep to `MIN_TICK` and to see that nothing moves."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: ANN401, FBT001, FBT002
        """Give the state as ipywidgets does; whoever asks for all of it has no view yet.

        That is a page that has been loaded again: it would count its views on top of those that it had
        before, which it never takes back.
        """
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if key is None and state.get("_view_count"):
            state["_view_count"] = 0
        return state

    @property
    def messages(self) -> int:
        """Messages to the front end so far, apart from those that open and close models."""
        parts = (part.messages if isinstance(part, View) else int(part.sent) for part in self._parts())
        return self.sent + sum(parts)

    def _parts(self) -> Sequence[Widget]:
        parts: Sequence[Widget] = self.children
        return parts

    def _widget(self, **kwargs: object) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return bundle

    def close(self) -> None:
        """Free all models, those of layout and styles among them, for good."""
        self._release()

    def __del__(self) -> None:
        """Leave undone what ipywidgets does here: garbage is collected at any time, in any thread, under any lock.

        What is open is never garbage, and what has been closed has nothing left to free.
        """

    def _release(self) -> None:
        """Free all models, until `_reopen`."""
        for model in self._models():
            model.close()
        super().close()
        # ipywidgets shadows this method on a closed widget, which would leave a bare repr to show
        self.__dict__.pop("_repr_mimebundle_", None)

    def _reopen(self) -> None:
        for model in (*self._models(), self):
            model.open()  # does nothing for one that is open

    def _models(self) -> list[Widget]:
        """Give all models but this one, each after those that it refers to."""
        models = [self.layout]
        for part in self._parts():
            inner = part._models() if isinstance(part, View) else [part.style]
            models += [*inner, part]
        return models


class CardView(View):
    """Draws a `Card`, and sends what has changed since the last one.

    The parts share one layout and one style, since each of those is a model, too. The tree is a part
    of its own: assigning it again would close the branches that the reader has opened. For the same
    reason a filtered tree is drawn beside the whole one, which is only hidden meanwhile.

    Parameters
    ----------
    controls : sequence of CardButton, optional
        What stands below the card; belongs to the card from now on.
    layout : Layout, optional
        The one that all parts share. Default: a fresh one.

    Attributes
    ----------
    filter : str
        Text that the rows of the tree must hold; empty shows all. The box above a tree of more than
        20 rows sets it, too.
    """

    filter = traitlets.Unicode("")

    def __init__(self, controls: Sequence[CardButton] = (), layout: Layout | None = None) -> None:
        layout = layout or Layout()
        common: dict[str, Any] = {"layout": layout, "style": HTMLStyle()}
        self._summary, self._bar, self._tree, self._found = (
            Part(**common, _dom_classes=["modelarts-part", f"modelarts-{name}"])
            for name in ("summary", "moving", "tree", "found")
        )
        self._query = query_box(layout)
        self._tree.value = STYLE
        self._mood = "active"
        self._rows: tuple[Row, ...] = ()
        self._is_large = False
        self._task: ExportTask | None = None
        self._card_drawn: Card | None = None
        self._mood_drawn: object = None
        self._is_behind = False
        self._ticked = float("-inf")
        children = [self._summary, self._bar, self._query, self._tree, self._found, *controls]
        super().__init__(children, layout=layout, _dom_classes=["modelarts-export"])
        self._link = traitlets.link((self, "filter"), (self._query, "value"))
        self.observe(self._apply_filter, "filter")

    def draw(self, card: Card) -> None:
        """Bring the parts up to date. What has not changed is not sent again."""
        if self._is_up_to_date(card):
            return
        self._summary.value = f"{head_html(card)}{facts_html(card)}"
        self._draw_bar(card)
        if card.task is not None and (self._task is None or not same_tree(card.task, self._task)):
            self._rows = task_tree(card.task)
            self._is_large = size(self._rows) > LARGE
            self._tree.value = STYLE + tree_html(self._rows)
            self._draw_found()
        self._task = card.task
        self._mood = _MOODS.get(card.phase, "active")
        self._mark()

    def _is_up_to_date(self, card: Card) -> bool:
        before, self._card_drawn = self._card_drawn, card
        if before is None or card.task is not before.task or self._is_behind:
            return False
        return card._replace(task=None) == before._replace(task=None)

    def _draw_bar(self, card: Card) -> None:
        """Move the bar; a mere tick waits for its time, and comes with one of the next answers."""
        bar, now = bar_html(card), type(self).clock()
        is_tick, self._mood_drawn = card.change_key == self._mood_drawn, card.change_key
        self._is_behind = is_tick and bar != self._bar.value and now - self._ticked < MIN_TICK
        if bar != self._bar.value and not self._is_behind:
            self._bar.value, self._ticked = bar, now

    def _apply_filter(self, _: object) -> None:
        self._draw_found()
        self._mark()

    def _draw_found(self) -> None:
        self._found.value = tree_html(self._rows, query=self.filter) if self.filter else ""

    def _mark(self) -> None:
        """Say by classes what the style sheet is to show."""
        marks = {self._mood: True, "large": self._is_large, "filtered": bool(self.filter)}
        self._dom_classes = ("modelarts-export", *(f"modelarts-{name}" for name, holds in marks.items() if holds))

    def close(self) -> None:
        """Free all models, those of layout and styles among them, for good."""
        self._link.unlink()
        super().close()


def query_box(layout: Layout) -> Query:
    """Make the box of a filter."""
    tooltip = "Show only rows that hold this text"
    return Query(description="filter", tooltip=tooltip, layout=layout, _dom_classes=["modelarts-filter"])


def button(name: str, tooltip: str, act: Callable[[], None], layout: Layout, style: ButtonStyle) -> CardButton:
    """Make a button that acts when it is clicked."""
    classes = ["modelarts-button", f"modelarts-{name.split(maxsplit=1)[0].lower()}"]
    made = CardButton(description=name, tooltip=tooltip, layout=layout, style=style, _dom_classes=classes)
    made.on_click(lambda _: act())
    return made
