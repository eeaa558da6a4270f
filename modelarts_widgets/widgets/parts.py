"""Parts of a widget: ipywidgets' own that count what they send, and all models behind them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ipywidgets import HTML, Button, ButtonStyle, Dropdown, Layout, RadioButtons, Text, VBox, Widget
from ipywidgets.widgets.widget_string import HTMLStyle
from traitlets import observe

from ..rendering import style_sheet
from .display import FRONT_END

STYLE = f"<style>{style_sheet()}</style>"  # goes with the part that changes least


class Counted(Widget):
    """A widget that counts in `sent` its messages to the front end, apart from those that open and close its model."""

    sent = 0

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:  # noqa: ANN401 - as ipywidgets has it
        self.sent += self.comm is not None
        super()._send(message, buffers)


class Html(Counted, HTML):
    """A part that is drawn."""


class Push(Counted, Button):
    """A button."""


class FilterBox(Counted, Text):
    """The text box of a filter."""


class Choice(Counted, Dropdown):
    """The box of the status filter."""


class Marks(Counted, RadioButtons):
    """One mark for each row, to select it by mouse, or by Tab and Space: arrow keys are JupyterLab's own."""


class ModelBox(Counted, VBox):
    """A box that opens, frees and counts all models of its parts with its own."""

    _lock: threading.RLock
    """Held while this widget draws, opens or frees; never while code of others runs."""
    _dom_classes: tuple[str, ...]
    _is_lent = False
    """Whether somebody has asked for the ID of the model, to put it where we do not hear of its end."""

    @property
    def model_id(self) -> str:
        """The ID of the model, which is open as soon as somebody asks for it: it goes into a container."""
        with self._lock:
            if self.comm is None:
                self._reopen()
            self._is_lent = True
            return str(super().model_id)

    def open(self) -> None:
        """Open the model if it is closed; ipywidgets asks for the ID meanwhile."""
        is_lent = self._is_lent
        super().open()
        self._is_lent = is_lent

    @observe("comm")
    def _hear_refusal(self, _: object) -> None:
        if self.comm is not None:
            self.comm.on_close(FRONT_END.refuse)  # called when the front end closes it, not when we do

    def _adopt(self, parts: Iterable[Widget]) -> None:
        """Take parts, those that are not shown at present too, for one's own."""
        self._models = list(dict.fromkeys([self.layout, *models_of(parts)]))

    @property
    def _sent(self) -> int:
        """Messages so far, those of the parts among them."""
        return sum(int(getattr(model, "sent", 0)) for model in (self, *self._models))

    def _free(self) -> None:
        """Free all models, those of layout and styles among them, until `_reopen`."""
        for model in self._models:
            model.close()
        super().close()
        # ipywidgets shadows this method on a closed widget, which would leave a bare repr to show
        self.__dict__.pop("_repr_mimebundle_", None)

    def _reopen(self) -> None:
        for model in (*self._models, self):
            model.open()  # does nothing for one that is open

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: ANN401, FBT001, FBT002
        """Return the state as ipywidgets does; whoever asks for all of it has no view yet.

        That is a page that has been loaded again: it would count its views on top of those that it had
        before, which it never takes back.
        """
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if key is None and state.get("_view_count"):
            state["_view_count"] = 0
        return state

    def __del__(self) -> None:
        """Leave undone what ipywidgets does here: garbage is collected at any time, in any thread, under any lock.

        What is open is never garbage, and what has been closed has nothing left to free.
        """


class Box(Counted, VBox):
    """A box within a box."""


class Kit:
    """Makes parts that share one layout and one style of each kind, since each of those is a model, too."""

    def __init__(self) -> None:
        self.layout, self._html_style, self._button_style = Layout(), HTMLStyle(), ButtonStyle()

    def html(self, name: str, value: str = "") -> Html:
        """Return an empty part with its class names."""
        classes = ["modelarts-part", f"modelarts-{name}"]
        return Html(value, layout=self.layout, style=self._html_style, _dom_classes=classes)

    def button(self, name: str, tooltip: str, act: Callable[[], None]) -> Push:
        """Return a button that acts when it is clicked."""
        classes = ["modelarts-button", f"modelarts-{name.split(maxsplit=1)[0].lower()}"]
        button = Push(
            description=name, tooltip=tooltip, layout=self.layout, style=self._button_style, _dom_classes=classes
        )
        button.on_click(lambda _: act())
        return button

    def filter_box(self) -> FilterBox:
        """Return the text box of a filter."""
        tooltip = "Show only rows that contain this text"
        return FilterBox(description="filter", tooltip=tooltip, layout=self.layout, _dom_classes=["modelarts-filter"])


def models_of(widgets: Iterable[Widget]) -> Iterator[Widget]:
    """Yield all models of widgets, each after those that it refers to, some more than once."""
    for widget in widgets:
        yield widget.layout
        yield from models_of(widget.children) if isinstance(widget, VBox) else [widget.style]
        yield widget
