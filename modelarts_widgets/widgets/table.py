"""`TableParts`: a table of exports drawn as several widget models, with the card of the selected export below."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import Widget

from ..rendering import PAGE, Card, Table, table_html
from ..rendering.summary import GROUPS
from .card import CardParts
from .parts import STYLE, Box, Choice, Kit, Marks

ALL = "all"


class TableParts:
    """Draws a `Table`, and sends only the parts that differ from the last one, all rows in one message.

    Headline and rows are one model, since they change together. The radio buttons beside the rows are another. They
    number the rows of the page, not the exports, and so do not change when exports are added.

    Parameters
    ----------
    kit : Kit
        Makes the parts.
    select : callable
        Called with the task ID of a row that is selected, and with ``None`` when the card is closed.
    turn : callable
        Called with the number of the page to turn to, from 1.
    redraw : callable
        Called when the text of the card's filter has changed.
    """

    classes = ("modelarts-export", "modelarts-history")
    """CSS classes of the box around the parts."""

    def __init__(
        self,
        kit: Kit,
        select: Callable[[str | None], None],
        turn: Callable[[int], None],
        redraw: Callable[[], None],
    ) -> None:
        self._list = kit.html("list")
        self.filter_box = kit.filter_box()
        self.status_box = Choice(
            options=[ALL, *GROUPS],
            description="status",
            tooltip="Show only exports in this state",
            layout=kit.layout,
            _dom_classes=["modelarts-filter"],
        )
        self._marks = Marks(options=_places(0), index=None, layout=kit.layout, _dom_classes=["modelarts-marks"])
        self._marks.observe(lambda change: self._choose(change["new"], select), "index")
        self.newer = kit.button("Newer", "Show the page before", lambda: turn(self._table.page))
        self.older = kit.button("Older", "Show the next page", lambda: turn(self._table.page + 2))
        self._close = kit.button("Close", "Show the table only", lambda: select(None))
        self._kit, self._redraw = kit, redraw
        self._card: CardParts | None = None
        self._box: Box | None = None
        self._table = Table(Card(""))
        self._is_drawing = False
        sheet = kit.html("sheet", STYLE)
        self._above: list[Widget] = [sheet, self.filter_box, self.status_box, self._marks, self._list]
        self._above += [self.newer, self.older]
        self._below: list[Widget] = []

    @property
    def widgets(self) -> list[Widget]:
        """Shown parts, from top to bottom."""
        return [*self._above, *self._below]

    @property
    def hidden(self) -> list[Widget]:
        """Parts that are not shown at present, but whose models stay open."""
        spare = self._close if self._box is None else self._box
        return [] if spare in self._below else [spare]

    def draw(self, table: Table) -> None:
        """Update the parts; those that have not changed are not sent again."""
        self._table = table
        self._list.value = table_html(table)
        self._is_drawing = True  # ipywidgets selects the first of new options, which is no choice of the user
        try:
            self._draw_marks(table)
        finally:
            self._is_drawing = False
        self._draw_card(table)

    def _draw_marks(self, table: Table) -> None:
        names = [task.task_id for task in table.rows]
        selected = table.selected.task_id if table.selected else None
        place = names.index(selected) if selected in names else None
        if self._marks.options != _places(table.page):
            with self._marks.hold_sync():
                self._marks.options = _places(table.page)
                self._marks.index = place
        elif self._marks.index != place:
            self._marks.index = place

    def _draw_card(self, table: Table) -> None:
        # Why ask for the comm? In a closed table, new models would open and never be closed.
        if table.selected is not None and self._card is None and self._list.comm is not None:
            self._card = CardParts(self._kit, self._redraw)
            self._box = Box([*self._card.widgets, self._close], layout=self._kit.layout)
        self._below = []
        if table.selected is not None and self._card is not None and self._box is not None:
            self._card.draw(table.selected)
            self._box._dom_classes = self._card.classes
            self._below = [self._box]

    def _choose(self, place: int | None, select: Callable[[str | None], None]) -> None:
        if not self._is_drawing and place is not None and place < len(self._table.rows):
            select(self._table.rows[place].task_id)


def _places(page: int) -> tuple[str, ...]:
    """Return the numbers of the rows of a page: pages count from 0, rows from 1."""
    return tuple(str(number) for number in range(page * PAGE + 1, (page + 1) * PAGE + 1))
