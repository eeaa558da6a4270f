"""What the stories in other front ends share: a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from support.browsers import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser; all stories keep it, since no event loop can run beside it."""
    with chromium() as running:
        yield running
