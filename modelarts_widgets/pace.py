"""How fast an export moves and when it may end: arithmetic on points of (time, share done)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Point = tuple[float, float]
"""Seconds on any one clock, and the share that was done by then (0 to 1)."""


class Pace(NamedTuple):
    """The speed of an export."""

    share_per_second: float
    """Share of the whole that gets done each second, above 0."""
    seconds_left: float
    """Time until everything is done at this speed."""

    @classmethod
    def of(cls, points: Sequence[Point]) -> Pace | None:
        """Take the mean speed between the first point and the last.

        ``None`` while that says nothing: fewer than two moments, or no move forward between them.
        """
        if len(points) < 2:  # noqa: PLR2004 - a speed lies between two points
            return None
        (since, before), (now, share) = points[0], points[-1]
        if now <= since or share <= before:
            return None
        speed = (share - before) / (now - since)
        left = (1.0 - share) / speed if speed > 0 else math.inf
        return cls(speed, left) if left < math.inf else None
