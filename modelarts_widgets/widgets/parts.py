"""Subclasses of ipywidgets that count their messages, and `ModelBox`, which opens and closes all models of a widget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ipywidgets import HTML, Button, ButtonStyle, Dropdown, Layout, RadioButtons, Text, VBox, Widget
from ipywidgets.widgets.widget_string import HTMLStyle
from traitlets import observe

from ..rendering import style_sheet
from .display import FRONT_END

STYLE = f"<style>{style_sheet()}</style>"
"""Style element, sent with the part that changes least."""


class Counted(Widget):
    """A widget that counts in `sent` its messages to the front end, apart from those that open and close its model."""

    sent = 0

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:  # noqa: ANN401 - as ipywidgets has it
        self.sent += self.comm is not None  # ipywidgets sends nothing for a closed widget
        super()._send(message, buffers)


class Html(Counted, HTML):
    """An HTML part of a card or table."""


class Push(Counted, Button):
    """A button below a card or table."""


class FilterBox(Counted, Text):
    """The text box of a filter."""


class Choice(Counted, Dropdown):
    """The drop-down list of the status filter."""


class Marks(Counted, RadioButtons):
    """Radio buttons that select a row, by mouse, or by Tab and Space, since JupyterLab handles arrow keys itself."""


class ModelBox(Counted, VBox):
    """A box that opens and closes the models of all its parts together with its own.

    Why? ipywidgets closes a box alone, and its children, layouts and styles stay in the kernel and in the page.
    """

    _lock: threading.RLock
    """Held while this widget draws, opens or closes its models; never while observers or callbacks run."""
    _dom_classes: tuple[str, ...]
    _is_lent = False
    """Whether the model ID has been read, for a container or an output whose removal is not reported to the kernel."""

    @property
    def model_id(self) -> str:
        """ID of the model, which is opened when a container asks for it."""
        with self._lock:
            if self.comm is None:
                self._reopen()
            self._is_lent = True
            return str(super().model_id)

    def open(self) -> None:
        """Open the model if it is closed."""
        is_lent = self._is_lent  # ipywidgets reads `model_id` here, which is not a container asking for it
        super().open()
        self._is_lent = is_lent

    @observe("comm")
    def _hear_refusal(self, _: object) -> None:
        if self.comm is not None:
            self.comm.on_close(FRONT_END.refuse)  # called only if the front end closes the comm

    def _adopt(self, parts: Iterable[Widget]) -> None:
        """Set the parts, shown or hidden, whose models are opened and closed with this widget."""
        # Why not a set? A model must open after those that it refers to.
        self._models = list(dict.fromkeys([self.layout, *models_of(parts)]))

    @property
    def _sent(self) -> int:
        """Number of messages so far, including those of the parts."""
        return sum(int(getattr(model, "sent", 0)) for model in (self, *self._models))

    def _free(self) -> None:
        """Close all models, including layouts and styles, until `_reopen`."""
        for model in self._models:
            model.close()
        super().close()
        # ipywidgets sets this method to None on a closed widget: a cell would show its repr, not the static card
        self.__dict__.pop("_repr_mimebundle_", None)

    def _reopen(self) -> None:
        for model in (*self._models, self):
            model.open()  # does nothing for one that is open

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: ANN401, FBT001, FBT002
        """Return the state as ipywidgets does, but with the view count at 0 if the whole state is requested.

        A page that has been reloaded requests the whole state. It has no view yet, and would add its views to
        the number from before, which it never reduces.
        """
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if key is None and state.get("_view_count"):
            state["_view_count"] = 0
        return state

    def __del__(self) -> None:
        """Do nothing. ipywidgets closes the widget here, in any thread and perhaps while a lock is held.

        An open widget is never garbage-collected, since ipywidgets keeps it in a registry, and a closed one has no
        open models.
        """


class Box(Counted, VBox):
    """The box of the selected card, within the box of a table."""


class Kit:
    """Makes parts that share one layout and one style of each kind.

    Why? Each layout and each style is a model with a message of its own when it opens and when it closes.
    """

    def __init__(self) -> None:
        self.layout, self._html_style, self._button_style = Layout(), HTMLStyle(), ButtonStyle()

    def html(self, name: str, value: str = "") -> Html:
        """Return an HTML part with the CSS class ``modelarts-`` and its name."""
        classes = ["modelarts-part", f"modelarts-{name}"]
        return Html(value, layout=self.layout, style=self._html_style, _dom_classes=classes)

    def button(self, name: str, tooltip: str, act: Callable[[], None]) -> Push:
        """Return a button that calls `act` when it is clicked."""
        classes = ["modelarts-button", f"modelarts-{name.split(maxsplit=1)[0].lower()}"]
        button = Push(
            description=name, tooltip=tooltip, layout=self.layout, style=self._button_style, _dom_classes=classes
        )
        button.on_click(lambda _: act())
        return button

    def filter_box(self) -> FilterBox:
        """Return the text box of a filter of rows."""
        tooltip = "Show only rows that contain this text"
        return FilterBox(description="filter", tooltip=tooltip, layout=self.layout, _dom_classes=["modelarts-filter"])


def models_of(widgets: Iterable[Widget]) -> Iterator[Widget]:
    """Yield the models of widgets, their layouts, styles and children before them; some more than once."""
    for widget in widgets:
        yield widget.layout
        yield from models_of(widget.children) if isinstance(widget, VBox) else [widget.style]  # a box has no style
        yield widget
