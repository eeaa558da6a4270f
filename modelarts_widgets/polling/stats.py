"""`Stats`: what following has cost, in figures for users and tests alike."""

from __future__ import annotations

from typing import NamedTuple


class Stats(NamedTuple):
    """What following has cost so far."""

    polls: int
    """Answers and errors that came."""
    changes: int
    """Answers that were not the same as the one before."""
    messages: int
    """Messages to the front end, apart from those that open and close models."""
    errors: dict[str, int]
    """Errors by kind."""
    retries: int
    """Errors after which polling went on by itself."""
    interval: float | None
    """Seconds between the last request and the next, before jitter; ``None`` when there is no next."""
    threads: int
    """Threads that poll, for all widgets of this process together."""
