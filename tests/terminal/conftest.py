"""What the tests of the terminal share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _heeds_interrupts() -> Iterator[None]:
    """Let the processes that are started heed SIGINT, which a shell has children of a run in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
