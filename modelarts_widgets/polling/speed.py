"""How fast an export runs and when it may end: arithmetic on points of time and share done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

MIN_POINTS = 3
"""Moves below which there is no speed."""
MAX_POINTS = 30
"""Moves that are remembered."""
STALLED_AFTER = 120.0
"""Seconds without a move, at the least, that make it stalled; …"""
STALLED_FACTOR = 5.0
"""… and as many times the longest wait for a move before."""


class Point(NamedTuple):
    """A share that was seen."""

    moment: float
    """Seconds on the service's clock."""
    share: float
    """Of the whole, 0 to 1."""
    seen: float
    """Seconds on our own clock, which goes on when the service's does not."""


class Speed(NamedTuple):
    """The speed of an export."""

    share_per_second: float
    """Share of the whole that gets done each second, above 0."""
    seconds_left: float
    """Time until everything is done at this speed."""
    stalled_for: float | None = None
    """Seconds for which nothing has moved, where that is unusually long."""

    @classmethod
    def of(cls, points: Sequence[Point], now: float) -> Speed | None:
        """Return the mean speed over the moves, which smooths it.

        ``None`` while that means nothing: too few moves, or no net move forward.

        Parameters
        ----------
        points : sequence of Point
            One for each move of the share, in the order in which they were seen.
        now : float
            Seconds on our own clock.
        """
        if len(points) < MIN_POINTS:
            return None
        span, gain = points[-1].moment - points[0].moment, points[-1].share - points[0].share
        if span <= 0 or gain <= 0:
            return None
        speed = gain / span
        left = (1.0 - points[-1].share) / speed if speed > 0 else math.inf
        return cls(speed, left, _stalled(points, now)) if left < math.inf else None


class SpeedEstimator:
    """Estimates the speed of one export from the last moves of its share.

    One thread may add points while others ask for the speed: the points are replaced whole, never changed.
    """

    def __init__(self) -> None:
        self._points: tuple[Point, ...] = ()

    def add(self, moment: float | None, share: float | None, seen: float) -> None:
        """Add a point, unless something of it is unknown or the share has not moved; arguments as for `Point`."""
        points = self._points
        is_move = not points or share != points[-1].share
        if is_move and share is not None and moment is not None:
            self._points = (*points, Point(moment, share, seen))[-MAX_POINTS:]

    def speed(self, now: float) -> Speed | None:
        """Return the mean speed; see `Speed.of`."""
        return Speed.of(self._points, now)


def _stalled(points: Sequence[Point], now: float) -> float | None:
    longest = max(new.seen - old.seen for old, new in pairwise(points))
    silence = now - points[-1].seen
    return silence if silence >= max(STALLED_AFTER, STALLED_FACTOR * longest) else None
