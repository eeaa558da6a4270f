"""`Shown`: a live widget in the outputs of cells, where it is plain HTML whenever nothing will change by itself."""

from __future__ import annotations

from typing import Any

from ..api.client import ModelArtsClient
from ..polling import LOCK, log_exceptions
from ..rendering import Card
from .display import Outputs
from .live import Live

_AT_REST = frozenset({"done", "stopped", "needs-auth"})
"""Phases in which nothing comes by itself."""


class Shown(Live):
    """Sees to it that a saved notebook reads without a kernel, and that what goes on is seen to go on.

    A child says what it looks like with a front end (`_widget`) and without one (`_static`).
    """

    def _begin_life(self, client: ModelArtsClient | None, *names: str) -> None:
        super()._begin_life(client, *names)
        self._outputs = Outputs()

    # What a child provides.

    def _widget(self, **kwargs: object) -> dict[str, Any]:
        """Give what a front end needs to show the live widget."""
        raise NotImplementedError

    def _static(self, note: str = "") -> dict[str, str]:
        """Draw what is known, in forms that need no widget."""
        raise NotImplementedError

    def _last_words(self) -> str:
        """Say what was seen last, and how to see more."""
        raise NotImplementedError

    def _reopen(self) -> None:
        """Have models again."""
        raise NotImplementedError

    @property
    def _is_at_rest(self) -> bool:
        """Whether the static form says all there is to say."""
        return self._is_closed or self._phase in _AT_REST

    def _state(self, name: str) -> Card:
        """Give what is known of the polling, as a card."""
        poll = self._feed.poll if self._feed else None
        return Card(
            name,
            phase=self._phase,
            error=self._error,
            failures=poll.failures if poll else 0,
            max_failures=poll.budget if poll else 0,
            delay=poll.delay if poll else None,
            answered_at=self._answered_at if self._error else None,
        )

    # What IPython and the life of the widget ask for.

    def _bundle(self, **kwargs: object) -> dict[str, Any]:
        """Give what an output holds: the live widget with its static form beside it, or the static form alone."""
        with LOCK:
            if self._is_at_rest:
                return dict(self._static())
            self._reopen()
            self.start()
            return {**self._widget(**kwargs), **self._static()}

    def _ipython_display_(self, **kwargs: object) -> None:
        """Show the widget in an output that can be replaced; IPython calls this instead of `_repr_mimebundle_`."""
        with LOCK:
            self._outputs.show(self._bundle(**kwargs))
            self._is_frozen = self._is_at_rest and bool(self._outputs)

    def _keep(self) -> None:
        if self._is_at_rest or (self._is_frozen and not self._is_active):
            self._freeze()
        elif self._is_frozen:
            self._thaw()

    def _freeze(self, note: str = "", *, again: bool = False) -> None:
        """Put the static form into the outputs.

        A page that has been loaded again does not know them any more: what is live there stays as it is, and
        keeps its models until its view goes.
        """
        with log_exceptions():
            self._outputs.replace(self._static(note), again=again)
        self._is_frozen = bool(self._outputs)

    def _thaw(self) -> None:
        """Put the live widget back: it goes on."""
        self._is_frozen = False
        self._reopen()
        self._show(self._answer)
        with log_exceptions():
            self._outputs.replace({**self._widget(), **self._static()})

    def _freeze_again(self) -> None:
        # Tools that run notebooks take only messages of the cell that runs; the polling thread's are of
        # the one that started it: https://github.com/jupyter/nbclient/blob/main/nbclient/client.py
        if self._is_frozen:
            self._freeze(again=True)

    def _say_goodbye(self) -> None:
        if self._outputs and not self._is_frozen:
            words = self._last_words()
            self._own_phase, self._feed = "stopped", None
            self._freeze(words)
