"""Format numbers, durations and times for a reader, and shorten text from the service."""

from __future__ import annotations

import math
from bisect import bisect
from datetime import datetime

from ..api.text import printable

MAX_LENGTH = 200
"""Longest value that is shown whole, in characters; longer ones end in an ellipsis."""

_MINUTES = (0, 1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1_440)
_STEPS = ((10, 1), (60, 5), (600, 10), (7_200, 60), (86_400, 600), (math.inf, 3_600))
"""Rounding of an estimate: durations below the first number to a multiple of the second, in seconds."""
_EXACT = ((3_600, 1), (86_400, 60), (math.inf, 3_600))
"""Precision of `duration`, likewise: the smaller of its two units, in seconds."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def shortened(text: str, length: int = MAX_LENGTH) -> str:
    """Return text without control characters, cut to a length in characters."""
    return printable(text if len(text) <= length else text[: length - 1] + "…")


def quantity(number: int) -> str:
    """Return a count with thousands separators, ``8,400``, or in powers of ten if absurdly large, ``1e+20``."""
    return f"{number:,}" if abs(number) < 10**15 else f"{float(min(abs(number), 10**300)):.0e}"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 sample``, ``8,400 samples``."""
    return f"{quantity(number)} {noun}{'' if number == 1 else 's'}"


def percentage(share: float | None) -> str:
    """Return a share of 0 to 1 in percent, ``42.0 %``; empty for ``None``."""
    return "" if share is None else f"{100 * share:.1f} %"


def bar(percent: float, width: int) -> str:
    """Return a text progress bar with `width` characters between the brackets: ``[████░░░░]``."""
    filled = int(width * percent / 100)
    return f"[{'█' * filled}{'░' * (width - filled)}]"


def timestamp(when: datetime, *, is_local: bool = False) -> str:
    """Return a time to the second, in UTC or in the time zone of this machine with its UTC offset."""
    shown = when.astimezone() if is_local else when
    return f"{shown:%Y-%m-%d %H:%M:%S} {'UTC' if not shown.utcoffset() else f'{shown:%z}'}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units, ``1 min 37 s``, or ``under 1 s``."""
    left = round(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        parts += [f"{count} {unit}"] if count or parts else []
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "under 1 s"


def about(seconds: float) -> str:
    """Return an estimated duration, ``about 1 min 40 s``, rounded so that it seldom changes."""
    step = _step(seconds, _STEPS)
    return f"about {duration(max(step, round(seconds / step) * step))}"


def span(shortest: float, longest: float) -> str:
    """Return a range that includes both durations, ``40 s to 1 min 15 s``; equal ones are widened."""
    step = _step(longest, _STEPS)
    is_wide = longest - shortest >= step  # a narrower range would look more certain than a few exports allow
    low, high = (_step(seconds, _EXACT) if is_wide else step for seconds in (shortest, longest))
    first, last = math.floor(shortest / low) * low, math.ceil(longest / high) * high
    last = max(last, first + high)
    return f"{duration(first)} to {duration(last)}" if first else f"up to {duration(last)}"


def _step(seconds: float, steps: tuple[tuple[float, int], ...]) -> int:
    return next(step for limit, step in steps if seconds < limit)


def at_least(seconds: float) -> str:
    """Return a lower bound of a duration, ``over 10 min``, in coarse steps so that it seldom changes."""
    minutes = _MINUTES[bisect(_MINUTES, max(0.0, seconds) / 60) - 1]
    days = int(min(seconds, 10**9) // 86_400)
    return f"over {duration(86_400 * days if days else 60 * minutes)}" if minutes else "under 1 min"


def rate(per_second: float) -> str:
    """Return a rate to two digits, ``120 samples/s``, per second, minute or hour."""
    for factor, unit in ((1, "s"), (60, "min"), (3_600, "h")):
        if per_second * factor >= 1:
            return f"{plural(int(float(f'{per_second * factor:.2g}')), 'sample')}/{unit}"
    return "less than 1 sample/h"
