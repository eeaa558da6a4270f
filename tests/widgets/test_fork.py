"""A forked child makes widgets, whatever a thread of its parent was in the middle of."""

from __future__ import annotations

import os

import pytest
from support.watches import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def test_a_child_makes_a_card_though_its_parent_was_making_one() -> None:
    run("""
import os, threading, warnings
from support import Script
from support.watches import ENDED
from modelarts_widgets import ExportMonitor
warnings.simplefilter("ignore")  # forking beside threads is what this is about
held, release = threading.Event(), threading.Event()

class Slow(ExportMonitor):
    def __hash__(self):
        held.set()
        release.wait(60)
        return id(self)

making = threading.Thread(target=lambda: Slow("d", "t", client=Script(ENDED)).close())
making.start()
held.wait(60)
child = os.fork()
if child == 0:
    threading.Timer(60, os._exit, (2,)).start()  # a child that hangs
    ExportMonitor("d", "t", client=Script(ENDED)).wait(30)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
release.set()
making.join()
""")
