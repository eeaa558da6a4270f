"""A short storm of each kind: interrupts, signal handlers and destructors at any moment; see ``tests/storm.py``."""

from __future__ import annotations

import os
import signal

import pytest
from storm import KINDS, run


@pytest.mark.skipif(os.name == "nt" or not hasattr(signal, "setitimer"), reason="this system has no timer signals")
@pytest.mark.parametrize("kind", KINDS)
def test_polling_survives_a_storm(kind: str) -> None:
    assert run(kind, seed=0, interrupts=100) is None
