"""In a forked child: nothing of the parent's goes on, and everything can be used anew."""

from __future__ import annotations

import os

import pytest
from support.watches import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
FORKING = """
import os, threading, warnings
from support import Script, until
from support.watches import ENDED, RUNNING, Gate
from modelarts_widgets import watch_export, watch_exports
from modelarts_widgets.polling.engine import ENGINE
warnings.simplefilter("ignore")  # forking beside threads is what this is about

def in_child(act):
    child = os.fork()
    if child == 0:
        threading.Timer(60, os._exit, (2,)).start()  # a child that hangs
        try:
            act()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

def follow(client, task="t"):
    return watch_export("d", task, client=client, interval=0.1)

client = Script(RUNNING)
watch = follow(client)
watch.start()
until(lambda: watch.answer)
"""


@pytest.mark.parametrize(
    "act",
    [
        "follow(Script(ENDED), 'other').wait(30)",
        "follow(client).start()",
        "watch.stats.polls > 0 or 1 / 0",
        "watch.stats.threads == 0 or 1 / 0",
        "watch.answer.progress == 42.0 or 1 / 0",
        "watch.phase == 'idle' or 1 / 0",
        "(setattr(client, 'answers', [ENDED]), watch.wait(30))",
        "watch.close()",
        "(watch.pause(), watch.resume(), setattr(client, 'answers', [ENDED]), watch.wait(30))",
    ],
)
def test_a_child_uses_a_watch_of_its_parent_or_one_of_its_own(act: str) -> None:
    run(f"{FORKING}\nin_child(lambda: {act})\nassert watch.phase == 'polling'\nwatch.close()")


def test_a_child_may_be_forked_in_a_callback() -> None:
    run(f"""{FORKING}
done = []
def act():
    follow(Script(ENDED), "other").wait(30)
    client.answers = [ENDED]
    watch.wait(30)
watch.on_update(lambda _: done.append(in_child(act)))
client.answers = [RUNNING | {{"progress": 43.0}}]
until(lambda: done)
watch.close()
""")


def test_a_child_may_be_forked_while_another_thread_is_told_or_the_owner_is_busy() -> None:
    run(f"""{FORKING}
begun, release, owned = threading.Event(), threading.Event(), threading.Event()
watch.on_update(lambda _: (begun.set(), release.wait(60)))
client.answers = [RUNNING | {{"progress": 43.0}}]
begun.wait(60)
ENGINE.post(lambda: (owned.set(), release.wait(60)))
owned.wait(60)

def act():
    client.answers = [ENDED]
    assert watch.wait(30).succeeded
    assert follow(Script(ENDED), "other").wait(30).succeeded
in_child(act)
release.set()
watch.close()
""")


def test_a_child_waits_though_its_parent_was_waiting() -> None:
    run(f"""{FORKING}
waiting = threading.Thread(target=watch.wait)
waiting.start()
until(lambda: watch._is_awaited)

def act():
    client.answers = [ENDED]
    assert watch.wait(30).succeeded
    assert watch._is_awaited == 0
in_child(act)
client.answers = [ENDED]
waiting.join()
""")
