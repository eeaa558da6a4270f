"""How fast an export moves and when it may end: arithmetic on points of time and share done."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

MIN_POINTS = 3
"""Moves below which nothing is said."""
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


class Pace(NamedTuple):
    """The speed of an export."""

    share_per_second: float
    """Share of the whole that gets done each second, above 0."""
    seconds_left: float
    """Time until everything is done at this speed."""
    stalled_for: float | None = None
    """Seconds for which nothing has moved, where that is unusually long."""

    @classmethod
    def of(cls, points: Sequence[Point], now: float) -> Pace | None:
        """Take the mean speed over the moves, which smooths it.

        ``None`` while that says nothing: too few moves, or none forward in all.

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


class Trail:
    """The last moves of one export."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=MAX_POINTS)

    def note(self, moment: float | None, share: float | None, seen: float) -> None:
        """Write down a share, where it is known and not the one before; as for `Point`."""
        is_move = not self._points or share != self._points[-1].share
        if is_move and share is not None and moment is not None:
            self._points.append(Point(moment, share, seen))

    def pace(self, now: float) -> Pace | None:
        """Take the mean speed; see `Pace.of`."""
        return Pace.of(self._points, now)


def _stalled(points: Sequence[Point], now: float) -> float | None:
    longest = max(new.seen - old.seen for old, new in pairwise(points))
    silence = now - points[-1].seen
    return silence if silence >= max(STALLED_AFTER, STALLED_FACTOR * longest) else None
