"""`WatchWidget`: a watch in a notebook. Live while things change, static where nothing changes by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Generic

import traitlets

from ..api.auth import AuthBase
from ..api.models import ExportTask
from ..polling import engine
from ..polling.backoff import checked_interval
from ..polling.callbacks import guarded
from ..polling.state import State, Stats
from ..polling.watch import ResultT, Watch
from ..rendering.card import beside_note
from . import family
from .card import CardParts
from .display import FRONT_END, Display
from .parts import Kit, ModelBox
from .table import TableParts

MIN_TICK = 1.0
"""Seconds; what is shown does not move more often than that, whatever the interval."""
_STATIC_PHASES = frozenset({"done", "stopped", "needs-auth"})
"""Phases in which nothing comes by itself."""


class WatchWidget(ModelBox, Generic[ResultT]):
    """A widget that shows what a `Watch` knows, and lets its reader steer it.

    It holds the watch, the parts that it draws on, made with a kit, and the outputs in which it is shown.
    """

    phase = traitlets.Unicode("idle", read_only=True)
    error = traitlets.Instance(Exception, allow_none=True, read_only=True)
    interval = traitlets.Float(2.0)
    background_interval = traitlets.Float(30.0)
    local_time = traitlets.Bool()
    _view_count: int | None
    """As the front end counts."""

    def __init__(
        self,
        watch: Watch[ResultT],
        kit: Kit,
        parts: CardParts | TableParts,
        **kwargs: Any,  # noqa: ANN401 - traits of any type
    ) -> None:
        self._watch, self._parts = watch, parts
        self._lock = threading.RLock()
        self._display = Display()
        self._was_seen = self._is_closed = False
        self._change_key: object = None
        self._drawn_at = float("-inf")
        self._pause_button = kit.button("Pause", "Pause or resume the polling, not the export", self._toggle)
        self._controls = [kit.button("Refresh", "Poll the service now", self.refresh), self._pause_button]
        self._children = (*parts.widgets, *self._controls)
        options = {"layout": kit.layout, "children": self._children, "_dom_classes": parts.classes}
        super().__init__(**{**options, **kwargs})
        self._adopt([*self._children, *parts.hidden])
        self._redraw()
        self._view_count = 0  # from now on, the front end counts its views
        self.observe(self._apply_interval, ["interval", "background_interval"])
        self.observe(self._follow_views, "_view_count")
        self.observe(lambda _: self._on_state(watch.state), "local_time")
        self._apply_interval()
        watch.subscribe(self._on_state)
        self._family = family.join(self)

    # What a child provides.

    def _content(self, note: str = "") -> Any:  # noqa: ANN401 - a Card or a Table
        """Return what is to be drawn now."""
        raise NotImplementedError

    def _render(self, note: str = "") -> dict[str, str]:
        """Return what is known in forms that need no widget."""
        raise NotImplementedError

    def _observable(self, state: State) -> dict[str, object]:
        """Return the values of the traits that follow the watch."""
        return {"error": state.error, "phase": state.phase}

    # The watch.

    @property
    def watch(self) -> Watch[ResultT]:
        """What this widget shows."""
        return self._watch

    @property
    def stats(self) -> Stats:
        """What watching and showing have cost so far."""
        return self._watch.stats._replace(messages=self._sent)

    def start(self) -> None:
        """Start to poll; see `Watch.start`."""
        self._do(self._watch.start)

    def pause(self) -> None:
        """Stop polling for now; see `Watch.pause`."""
        self._do(self._watch.pause)

    def resume(self, auth: AuthBase | None = None) -> None:
        """Go on after a pause, refused credentials or a stop; see `Watch.resume`."""
        self._do(self._watch.resume, auth)

    def refresh(self) -> None:
        """Ask at once instead of after the interval; see `Watch.refresh`."""
        self._watch.refresh()

    def stop(self) -> None:
        """End the polling until `resume`; see `Watch.stop`."""
        self._do(self._watch.stop)

    def done(self) -> bool:
        """Return whether all that is watched had ended by the last good answer. Does not block."""
        return self._watch.done()

    def on_update(self, fn: Callable[[ResultT], object], *, remove: bool = False) -> None:
        """Register a function to be called with each answer that brings something new; see `Watch.on_done`."""
        self._watch.on_update(fn, remove=remove)

    def on_done(self, fn: Callable[[ExportTask], object], *, remove: bool = False) -> None:
        """Register a function to be called once with each export that ends; see `Watch.on_done`."""
        self._watch.on_done(fn, remove=remove)

    def wait(self, timeout: float | None = None, *, progress: bool | None = None) -> ResultT:
        """Block until all has ended, and return it; shows progress on a terminal without a view; see `Watch.wait`."""
        try:
            return self._watch.wait(timeout, progress=False if progress is None and self._view_count else progress)
        finally:
            self._after_wait()

    async def wait_async(self, timeout: float | None = None) -> ResultT:
        """Return what `wait` does, without blocking the kernel: buttons go on working, other tasks run."""
        try:
            return await self._watch.wait_async(timeout)
        finally:
            self._after_wait()

    def close(self) -> None:
        """End the polling and free the widget models. The object stays readable and shows what it knows last."""
        self._do(self._watch.close)
        with self._lock:
            is_first, self._is_closed = not self._is_closed, True
            if is_first:
                self._update_display()
            self._free()  # also what has been put into a container since

    def _do(self, method: Callable[..., None], *arguments: object) -> None:
        """Call a method of the watch, and wait a moment until the card shows its effect."""
        method(*arguments)
        self._watch._callbacks.settle()

    def _toggle(self) -> None:
        act = self.pause if self._watch.state.is_active else self.resume
        act()

    # What comes.

    def _on_state(self, state: State) -> None:
        """Show a new state, then set the traits, whose observers run without a lock."""
        guarded("Drawing", self._show)  # a front end that cannot be reached must not hide the end of an export
        for name, value in self._observable(state).items():
            if self._watch.phase != state.phase:
                return  # an observer has paused, resumed or stopped: newer values come next
            if value is not getattr(self, name):  # which spares traitlets most of its work
                guarded(f"An observer of {name}", self.set_trait, name, value)

    def _show(self) -> None:
        with self._lock:
            self._draw()
            self._update_display()
            has_ended = self._watch.phase in _STATIC_PHASES
            if has_ended and not (self._view_count or self._display or self._is_lent):
                self._free()  # nobody sees it

    def _redraw(self) -> None:
        """Draw at once what the reader has asked for."""
        with self._lock:
            self._change_key = None
            self._draw()

    def _draw(self) -> None:
        """Update the parts; a mere tick waits for its time, and comes with one of the next answers."""
        content, now = self._content(), engine.ENGINE.clock()
        if content.change_key == self._change_key and now - self._drawn_at < MIN_TICK:
            return
        self._change_key, self._drawn_at = content.change_key, now
        self._parts.draw(content)
        pause = "Resume" if self._watch.phase == "paused" else "Pause"
        if self._pause_button.description != pause:
            self._pause_button.description = pause
        children = (*self._parts.widgets, *self._controls)
        if children != self._children:
            self.children = self._children = children
            self._adopt([*children, *self._parts.hidden])
        if self._parts.classes != self._dom_classes:  # which spares traitlets most of its work
            self._dom_classes = self._parts.classes

    # Where it is shown.

    @property
    def _is_static(self) -> bool:
        """Whether the static form says all there is to say."""
        return self._is_closed or self._watch.phase in _STATIC_PHASES

    def _bundle(self, **kwargs: object) -> dict[str, Any]:
        """Return what an output holds: the live widget with its static form beside it, or the static form alone."""
        if self._is_static:
            return dict(self._render())
        with self._lock:
            self._reopen()
        self.start()
        return self._live(**kwargs)

    def _beside(self) -> dict[str, str]:
        """Return the static form that goes with the live one: it stays true when nobody brings it up to date."""
        return self._render(beside_note(self._watch.state, datetime.now(timezone.utc)))

    def _live(self, **kwargs: object) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), **self._beside()}

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        self._is_lent = True  # to an output that cannot be replaced
        return self._bundle(**kwargs)

    def _ipython_display_(self, **kwargs: object) -> None:
        """Show the widget in an output that can be replaced; IPython calls this instead of `_repr_mimebundle_`."""
        bundle = self._bundle(**kwargs)
        with self._lock:
            self._display.show(bundle, is_static=self._is_static)
            self._update_display()

    def _update_display(self) -> None:
        """Make the outputs static where nothing changes by itself, and live where something does again."""
        if not self._display:
            return  # and nothing is rendered
        if self._is_static or (self._display.is_static and not self._watch.state.is_active):
            self._display.replace(self._render(), is_static=True)
        elif self._display.is_static:
            self._reopen()
            self._redraw()
            self._display.replace(self._live(), is_static=False)
        elif not self._view_count:
            self._stand_in()

    def _stand_in(self) -> None:
        """Keep outputs alive in which no view has come: front ends without widgets show the static form."""
        state, may_come = self._watch.state, FRONT_END.may_show_widgets
        key = state.phase, state.tasks, state.failures
        if self._display.lacks_view(*key) and (FRONT_END.is_heard or self._display.is_stand_in):
            # An output that has been scrolled out of sight gets its view when it comes into sight.
            self._display.stand_in(self._live() if may_come else self._beside(), *key, has_view=may_come)

    def _after_wait(self) -> None:
        # Tools that run notebooks take only messages of the cell that runs; the polling thread's are of
        # the one that started it: https://github.com/jupyter/nbclient/blob/main/nbclient/client.py
        with self._lock:
            if self._display.is_static:
                self._display.replace(self._render(), is_static=True, again=True)

    def _exit_note(self) -> str:
        """Return what was seen last, and how to see more."""
        raise NotImplementedError

    # Who looks.

    @traitlets.validate("interval", "background_interval")
    def _valid_interval(self, proposal: dict[str, Any]) -> float:
        try:
            return checked_interval(proposal["trait"].name, proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    def _apply_interval(self, _: object = None) -> None:
        """Ask at full speed while somebody sees it, and as long as nobody has yet; else in the background."""
        is_watched = bool(self._view_count) or not self._was_seen
        self._watch.set_interval(self.interval, None if is_watched else self.background_interval)

    def _follow_views(self, change: dict[str, Any]) -> None:
        self._was_seen = self._was_seen or bool(change["new"])
        self._apply_interval()
        if change["new"]:
            with self._lock:
                if self._display.is_stand_in:  # the view was late, or nothing was heard of it
                    self._display.replace(self._live(), is_static=False)
                self._display.seen()
            self.start()
            self._watch._look()
        family.let_go(self)

    def _let_go(self, *, is_superseded: bool) -> None:
        """Free the models that nobody needs until this is shown again; where another one took over, poll no more."""
        if is_superseded:
            self._watch._yield()
        with self._lock:
            if is_superseded or self._display.is_static:
                self._free()
