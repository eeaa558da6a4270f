"""`Viewed`: how often it is worth asking, and which models are needed, by who is looking."""

from __future__ import annotations

from typing import Any

import traitlets

from ..polling import LOCK, SCHEDULER, Feed, Follower, Phase
from ..polling.waiting import Waiting

MIN_INTERVAL, MAX_INTERVAL = 0.1, 86_400.0
"""Seconds; no shorter and no longer interval is taken."""


class Viewed(Waiting, traitlets.HasTraits):
    """Gives a widget a pace that goes by who is looking.

    At full speed while somebody sees it or waits, and as long as nobody has seen it yet; at the `heartbeat`
    when its last view has gone. One that has no view left frees its models as soon as another of the same
    thing has one: a cell that is run again leaves nothing behind. It lives on when it is shown again.
    """

    interval = traitlets.Float(2.0)
    heartbeat = traitlets.Float(30.0)
    _view_count: int | None
    """As the front end counts."""
    _was_seen: bool
    _is_frozen: bool
    """Whether the outputs hold no view any more, by our doing."""
    _feed: Feed[Any] | None
    _follower: Follower[Any]

    # What a child provides.

    @property
    def _family(self) -> list[Viewed]:
        """All that follow the same thing, this one among them."""
        raise NotImplementedError

    def _leave(self, phase: Phase) -> None:
        """Follow no more, for now."""
        raise NotImplementedError

    def _release(self) -> None:
        """Free the models."""
        raise NotImplementedError

    # The pace.

    def _wanted(self) -> float:
        is_watched = self._attention > 0 or bool(self._view_count) or not self._was_seen
        interval: float = self.interval
        return interval if is_watched else max(interval, self.heartbeat)

    def _adjust(self) -> None:
        self._follower.interval = self._wanted()
        if self._feed is not None:
            self._feed.adjust()

    def _follow_views(self, change: dict[str, Any]) -> None:
        with LOCK:
            self._was_seen = self._was_seen or bool(change["new"])
            self._adjust()
            if change["new"]:
                self.start()
                if self._feed is not None and self._phase == "polling":
                    SCHEDULER.hasten(self._feed.poll, 0.0)
            # The old view of a cell that is run again goes before or after the new one comes, as it happens.
            is_seen = any(widget._view_count for widget in self._family)
            for widget in self._family:
                if widget._was_seen and not widget._view_count and not widget._attention:
                    widget._let_go(is_superseded=is_seen)

    def _let_go(self, *, is_superseded: bool) -> None:
        """Free the models that nobody needs until this is shown again; where another one took over, follow no more."""
        if is_superseded and self._is_active:
            self._leave("idle")
        if is_superseded or self._is_frozen:
            self._release()

    @traitlets.validate("interval", "heartbeat")
    def _valid_interval(self, proposal: dict[str, Any]) -> float:
        interval: float = proposal["value"]
        if not MIN_INTERVAL <= interval <= MAX_INTERVAL:
            name = proposal["trait"].name
            raise traitlets.TraitError(f"{name} must be {MIN_INTERVAL:g} to {MAX_INTERVAL:g} seconds, not {interval:g}")
        return interval

    def _apply_interval(self, _: object) -> None:
        with LOCK:
            self._adjust()
