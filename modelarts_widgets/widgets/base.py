"""`WatchWidget`: shows a `Watch` in a notebook, as a live widget while it polls and as static HTML afterwards."""

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
"""Seconds between two redraws that only move the progress, whatever the interval."""
_STATIC_PHASES = frozenset({"done", "stopped", "needs-auth"})
"""Phases in which no new answer comes until the user acts."""


class WatchWidget(ModelBox, Generic[ResultT]):
    """Base class of `ExportMonitor` and `ExportHistory`: draws the state of a `Watch` and has buttons to control it.

    Why not inherit from `Watch`? A watch also works without ipywidgets, in scripts and on the command line.
    """

    phase = traitlets.Unicode("idle", read_only=True)
    error = traitlets.Instance(Exception, allow_none=True, read_only=True)
    interval = traitlets.Float(2.0)
    background_interval = traitlets.Float(30.0)
    local_time = traitlets.Bool()
    _view_count: int | None
    """Number of views in the front end, as it reports them."""

    def __init__(self, watch: Watch[ResultT], kit: Kit, parts: CardParts | TableParts, **kwargs: Any) -> None:  # noqa: ANN401 - traits
        self._watch, self._parts = watch, parts
        self._lock = threading.RLock()
        self._display = Display()
        self._was_seen = self._is_closed = False
        self._change_key: object = None
        self._drawn_at = float("-inf")
        self._pause_button = kit.button("Pause", "Pause or resume the polling, not the export", self._toggle)
        self._controls = [kit.button("Refresh", "Poll the service now", self.refresh), self._pause_button]
        self._children = (*parts.widgets, *self._controls)
        super().__init__(**{"layout": kit.layout, "children": self._children, "_dom_classes": parts.classes, **kwargs})
        self._adopt([*self._children, *parts.hidden])
        self._redraw()
        self._view_count = 0  # any number, as opposed to None, makes the front end count its views
        self.observe(self._apply_interval, ["interval", "background_interval"])
        self.observe(self._follow_views, "_view_count")
        self.observe(lambda _: self._on_state(watch.state), "local_time")
        self._apply_interval()
        watch.subscribe(self._on_state)  # from here on, other threads draw
        self._family = family.join(self)

    # Methods that subclasses implement.

    def _content(self, note: str = "") -> Any:  # noqa: ANN401 - a Card or a Table
        """Return the card or table to draw, with `note` as its advice to the reader."""
        raise NotImplementedError

    def _render(self, note: str = "") -> dict[str, str]:
        """Return the content as static HTML and plain text, by MIME type."""
        raise NotImplementedError

    def _observable(self, state: State) -> dict[str, object]:
        """Return the values of the read-only traits in this state, by name."""
        return {"error": state.error, "phase": state.phase}

    # Methods of the watch.

    @property
    def watch(self) -> Watch[ResultT]:
        """The `Watch` that this widget shows."""
        return self._watch

    @property
    def stats(self) -> Stats:
        """Numbers of polls, changes, errors and messages to the front end so far, as a `Stats`."""
        return self._watch.stats._replace(messages=self._sent)

    def start(self) -> None:
        """Start polling; see `Watch.start`."""
        self._do(self._watch.start)

    def pause(self) -> None:
        """Pause polling until `resume`; the export itself goes on. See `Watch.pause`."""
        self._do(self._watch.pause)

    def resume(self, auth: AuthBase | None = None) -> None:
        """Resume polling after a pause, refused credentials or a stop, with `auth` if given; see `Watch.resume`."""
        self._do(self._watch.resume, auth)

    def refresh(self) -> None:
        """Send a request at once, at most one a second; see `Watch.refresh`."""
        self._watch.refresh()

    def stop(self) -> None:
        """Stop polling until `resume`; the export itself goes on. See `Watch.stop`."""
        self._do(self._watch.stop)

    def done(self) -> bool:
        """Return whether the export, or every export of the dataset, had ended by the last good answer."""
        return self._watch.done()

    def on_update(self, fn: Callable[[ResultT], object], *, remove: bool = False) -> None:
        """Call `fn` with each answer that differs from the last; `remove` unregisters it. See `Watch.on_update`."""
        self._watch.on_update(fn, remove=remove)

    def on_done(self, fn: Callable[[ExportTask], object], *, remove: bool = False) -> None:
        """Call `fn` once with each export that ends; `remove` unregisters it. See `Watch.on_done`."""
        self._watch.on_done(fn, remove=remove)

    def wait(self, timeout: float | None = None, *, progress: bool | None = None) -> ResultT:
        """Block until all exports have ended, and return the answer; see `Watch.wait`. Silent if there is a view.

        The traceback of a `KeyboardInterrupt` ends here, too. The models of a widget that has never been shown are
        closed when the waiting has ended, and open again when it is shown or put into a container.
        """
        try:
            return self._watch.wait(timeout, progress=False if progress is None and self._view_count else progress)
        except KeyboardInterrupt as interrupt:
            raise interrupt.with_traceback(None) from None
        finally:
            self._after_wait()

    async def wait_async(self, timeout: float | None = None) -> ResultT:
        """Await the same result as `wait` returns, without blocking the kernel: buttons work, other tasks run."""
        try:
            return await self._watch.wait_async(timeout)
        finally:
            self._after_wait()

    def close(self) -> None:
        """Stop polling for good and close the widget models; the object stays readable and shows the last state."""
        self._do(self._watch.close)
        with self._lock:
            is_first, self._is_closed = not self._is_closed, True
            if is_first:
                self._update_display()
            self._free()  # at a second call, too: the models open again when the widget is put into a container

    def _do(self, method: Callable[..., None], *arguments: object) -> None:
        """Call a method of the watch, then wait up to 0.1 s until the card shows its effect."""
        method(*arguments)
        self._watch._callbacks.settle()

    def _toggle(self) -> None:
        (self.pause if self._watch.state.is_active else self.resume)()  # the text of the button may be out of date

    # New states.

    def _on_state(self, state: State) -> None:
        """Draw a new state, then set the traits; their observers are called with no lock held."""
        guarded("Drawing", self._show)  # an unreachable front end must not keep the traits from showing the end
        for name, value in self._observable(state).items():
            if self._watch.phase != state.phase:
                return  # an observer has paused, resumed or stopped: the values of the newer state come next
            if value is not getattr(self, name):  # the same object needs no validation
                guarded(f"An observer of {name}", self.set_trait, name, value)

    def _show(self) -> None:
        with self._lock:
            self._draw()
            self._update_display()
            if self._watch.phase in _STATIC_PHASES:
                self._free_unshown()

    def _redraw(self) -> None:
        """Draw at once after user input, even if the last redraw was less than `MIN_TICK` ago."""
        with self._lock:
            self._change_key = None
            self._draw()

    def _draw(self) -> None:
        """Update the parts; if only the progress has moved since less than `MIN_TICK`, leave it to a later answer."""
        content, now = self._content(), engine.ENGINE.clock()
        if content.change_key == self._change_key and now - self._drawn_at < MIN_TICK:
            return
        self._change_key, self._drawn_at = content.change_key, now
        self._parts.draw(content)
        pause = "Resume" if self._watch.phase == "paused" else "Pause"
        if self._pause_button.description != pause:
            self._pause_button.description = pause
        # Why not assign each time? traitlets would validate every child again.
        children = (*self._parts.widgets, *self._controls)
        if children != self._children:
            self.children = self._children = children
            self._adopt([*children, *self._parts.hidden])
        if self._parts.classes != self._dom_classes:
            self._dom_classes = self._parts.classes

    # Outputs of cells.

    @property
    def _is_static(self) -> bool:
        """Whether outputs show static HTML instead of the live widget."""
        return self._is_closed or self._watch.phase in _STATIC_PHASES

    def _bundle(self, **kwargs: object) -> dict[str, Any]:
        """Return the MIME bundle of an output: the live widget with static HTML and text beside it, or those alone."""
        if self._is_static:
            return dict(self._render())
        with self._lock:  # released before `start`, which waits for a thread that draws with this lock
            if self.comm is None:
                self._reopen()
                self._redraw()  # a part that is made only in an open widget, such as the card of the selected row
        self.start()
        return self._live(**kwargs)

    def _beside(self) -> dict[str, str]:
        """Return static HTML and text to save beside the live widget, with a note that says how old they are."""
        return self._render(beside_note(self._watch.state, datetime.now(timezone.utc)))

    def _live(self, **kwargs: object) -> dict[str, Any]:
        """Return the MIME bundle of the live widget, for front ends with and without widgets."""
        return {**super()._repr_mimebundle_(**kwargs), **self._beside()}

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        self._is_lent = True  # a bundle that is returned has no display ID, so its output cannot be updated
        return self._bundle(**kwargs)

    def _ipython_display_(self, **kwargs: object) -> None:
        """Show the widget in an output that can be updated; IPython calls this instead of `_repr_mimebundle_`."""
        bundle = self._bundle(**kwargs)
        with self._lock:
            self._display.show(bundle, is_static=self._is_static)
            self._update_display()

    def _update_display(self) -> None:
        """Replace the live widget by static HTML when polling ends, and make it live again when polling goes on."""
        if not self._display:
            return  # rendering takes long for a large tree
        if self._is_static or (self._display.is_static and not self._watch.state.is_active):
            self._display.replace(self._render(), is_static=True)
        elif self._display.is_static:
            self._reopen()
            self._redraw()
            self._display.replace(self._live(), is_static=False)
        elif not self._view_count:
            self._stand_in()

    def _stand_in(self) -> None:
        """Update outputs as static HTML in front ends in which no view of the widget has appeared."""
        state, may_come = self._watch.state, FRONT_END.may_show_widgets
        key = state.phase, state.tasks, state.failures
        if self._display.lacks_view(*key) and (FRONT_END.is_heard or self._display.is_stand_in):
            # An output that has been scrolled out of sight gets its view when it comes into sight.
            self._display.stand_in(self._live() if may_come else self._beside(), *key, has_view=may_come)

    def _after_wait(self) -> None:
        # Why again? nbclient keeps messages of the running cell only; the polling thread's belong to the one that
        # started it: https://github.com/jupyter/nbclient/blob/main/nbclient/client.py
        with self._lock:
            if self._display.is_static:
                self._display.replace(self._render(), is_static=True, again=True)
            self._free_unshown()

    def _free_unshown(self) -> None:
        """Close the models if nobody can see them, else the kernel and the page would keep them for ever."""
        if not (self._view_count or self._display or self._is_lent):
            self._free()

    def _exit_note(self) -> str:
        """Return the note for the time after the kernel: the last status, and the call that shows the export again."""
        raise NotImplementedError

    # Views and intervals.

    @traitlets.validate("interval", "background_interval")
    def _valid_interval(self, proposal: dict[str, Any]) -> float:
        try:
            return checked_interval(proposal["trait"].name, proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    def _apply_interval(self, _: object = None) -> None:
        """Poll at `interval` until the last view has been removed, then at `background_interval`."""
        is_watched = bool(self._view_count) or not self._was_seen
        self._watch.set_interval(self.interval, None if is_watched else self.background_interval)

    def _follow_views(self, change: dict[str, Any]) -> None:
        self._was_seen = self._was_seen or bool(change["new"])
        self._apply_interval()
        if change["new"]:
            with self._lock:
                if self._display.is_stand_in:  # static HTML was sent before the view was reported
                    self._display.replace(self._live(), is_static=False)
                self._display.seen()
            self.start()
            self._watch._look()
        family.let_go(self)

    def _let_go(self, *, is_superseded: bool) -> None:
        """Close the models of a widget without a view; stop polling if another widget of the subject has one."""
        if is_superseded:
            self._watch._yield()
        with self._lock:
            if is_superseded or self._display.is_static:
                self._free()
