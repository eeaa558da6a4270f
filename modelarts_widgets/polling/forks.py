"""What a forked child begins anew: its parent's threads, and the locks that they hold, have not come along."""

from __future__ import annotations

import os

from . import scheduler, state, watch
from .poller import POLLERS


def _begin_anew() -> None:
    state.forget_locks()
    scheduler.SCHEDULER.reset()
    POLLERS.clear()
    for each in list(watch.ALL):
        each._forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
