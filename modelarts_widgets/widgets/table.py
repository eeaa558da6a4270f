"""`TableView`: many exports as a few widget models, with rows to choose from and the chosen one in full below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets
from ipywidgets import ButtonStyle, Dropdown, Layout, RadioButtons, Widget
from ipywidgets.widgets.widget_string import HTMLStyle

from ..api.models import ExportTask
from ..rendering import PAGE, Card, Table, table_html
from ..rendering.summary import GROUPS, select
from .card import MIN_TICK, STYLE, CardView, Counted, Part, View, button, query_box

_ALL = "all"


class _Rows(Counted, RadioButtons):
    """One mark for each row, to choose it by mouse, or by Tab and Space: arrow keys are JupyterLab's own."""


class _Choice(Counted, Dropdown):
    """The box of the status filter."""


class TableView(View):
    """Draws exports as a table, and sends what has changed since the last time, in one message.

    Headline and rows are one model, since they change together. The marks beside the rows are another,
    which stays as it is while rows come and go: it numbers places, and not exports.

    Parameters
    ----------
    controls : callable
        Takes the layout and the style that all parts share; gives the buttons at the end of the table.

    Attributes
    ----------
    filter : str
        Text that a row must hold; empty shows all.
    status_filter : str
        ``all``, ``running``, ``succeeded``, ``failed``, or ``other`` for words that are not documented.
    chosen : str or None
        Task ID of the export that is shown in full below the table.
    page : int
        Which page of the table is shown, from 1.
    """

    filter = traitlets.Unicode("")
    status_filter = traitlets.Enum((_ALL, *GROUPS), default_value=_ALL)
    chosen = traitlets.Unicode(None, allow_none=True)
    page = traitlets.Int(1, min=1)

    def __init__(self, controls: Callable[[Layout, ButtonStyle], Sequence[Widget]]) -> None:
        layout, style = Layout(), ButtonStyle()
        common: dict[str, Any] = {"layout": layout, "style": HTMLStyle()}
        self._sheet = Part(STYLE, **common, _dom_classes=["modelarts-sheet"])
        self._list = Part(**common, _dom_classes=["modelarts-part", "modelarts-list"])
        self._query = query_box(layout)
        self._status = _Choice(
            options=[_ALL, *GROUPS],
            description="status",
            tooltip="Show only exports in this state",
            layout=layout,
            _dom_classes=["modelarts-filter"],
        )
        self._rows = _Rows(options=_places(0), index=None, layout=layout, _dom_classes=["modelarts-marks"])
        self._turning = [
            button("Newer", "Show the page before", lambda: self._turn(-1), layout, style),
            button("Older", "Show the next page", lambda: self._turn(1), layout, style),
        ]
        self._away = button("Close", "Show the table only", self._choose_none, layout, style)
        self._card: CardView | None = None
        self._table = Table(Card(""))
        self._mood_drawn: object = None
        self._ticked = float("-inf")
        self._is_drawing = False
        ends = [*self._turning, *controls(layout, style)]
        self._shown = self._fixed = [self._sheet, self._query, self._status, self._rows, self._list, *ends]
        super().__init__(self._fixed, layout=layout, _dom_classes=["modelarts-export", "modelarts-history"])
        self._links = [
            traitlets.link((self, "filter"), (self._query, "value")),
            traitlets.link((self, "status_filter"), (self._status, "value")),
        ]
        self._rows.observe(self._choose, "index")
        self.observe(self._turn_to_first, ["filter", "status_filter"])
        self.observe(self._look, ["filter", "status_filter", "chosen", "page"])

    def _look(self, change: object) -> None:
        """React to somebody who looks for something."""
        raise NotImplementedError

    def _lay_out(self, state: Card, tasks: tuple[ExportTask, ...] | None, chosen: Card | None) -> Table:
        status = "" if self.status_filter == _ALL else self.status_filter
        table = Table(state, tasks, select(tasks or (), status, self.filter), 0, chosen)
        return table._replace(page=min(self.page - 1, table.last_page))

    def draw(self, state: Card, tasks: tuple[ExportTask, ...] | None, chosen: Card | None) -> None:
        """Bring the parts up to date. What has not changed is not sent again.

        Parameters
        ----------
        state : Card
            Of the polling.
        tasks : tuple of ExportTask or None
            All exports, the newest first; ``None`` before the first answer.
        chosen : Card, optional
            The one to show in full.
        """
        self._table = table = self._lay_out(state, tasks, chosen)
        self._draw_list(table)
        self._is_drawing = True
        try:
            self._draw_marks(table)
        finally:
            self._is_drawing = False
        self._draw_card(chosen)

    def _draw_list(self, table: Table) -> None:
        """Draw the table; a mere tick of its bars waits for its time, and comes with one of the next answers."""
        drawn, now = table_html(table), type(self).clock()
        statuses = [(task.task_id, task.status) for task in table.matching]
        mood = (table.state, table.headline(), statuses, table.page, self.chosen)
        is_tick, self._mood_drawn = mood == self._mood_drawn, mood
        if drawn != self._list.value and not (is_tick and now - self._ticked < MIN_TICK):
            self._list.value, self._ticked = drawn, now

    def _draw_marks(self, table: Table) -> None:
        names = [task.task_id for task in table.rows]
        place = names.index(self.chosen) if self.chosen in names else None
        if self._rows.options != _places(table.page):
            with self._rows.hold_sync():
                self._rows.options = _places(table.page)
                self._rows.index = place
        elif self._rows.index != place:
            self._rows.index = place

    def _draw_card(self, chosen: Card | None) -> None:
        if chosen is not None and self._card is None and self.comm is not None:  # never a part of what is closed
            self._card = CardView()
        if chosen is not None and self._card is not None:
            self._card.draw(chosen)
        shown = [*self._fixed, *((self._away, self._card) if chosen and self._card else ())]
        if shown != self._shown:
            self.children = self._shown = shown

    def _parts(self) -> Sequence[Widget]:
        return [*self._fixed, self._away, *([self._card] if self._card else [])]

    def _choose(self, change: dict[str, Any]) -> None:
        if not self._is_drawing and change["new"] is not None and change["new"] < len(self._table.rows):
            self.chosen = self._table.rows[change["new"]].task_id

    def _choose_none(self) -> None:
        self.chosen = None

    def _turn(self, pages: int) -> None:
        self.page = min(max(1, self._table.page + 1 + pages), self._table.last_page + 1)

    def _turn_to_first(self, _: object) -> None:
        self.page = 1

    def close(self) -> None:
        """Free all models, for good."""
        for link in self._links:
            link.unlink()
        super().close()


def _places(page: int) -> tuple[str, ...]:
    """Give the numbers of the rows of a page: pages count from 0, rows from 1."""
    return tuple(str(number) for number in range(page * PAGE + 1, (page + 1) * PAGE + 1))
