"""What only a real kernel can show: messages that arrive while a cell is busy, and an interrupt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.kernels import Kernel, running_kernel

SETUP = """
    import threading, time
    from IPython.display import display
    from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient, TokenAuth
    from ipywidgets.widgets.widget import _instances
    from modelarts_widgets.polling.poll import POLLS
    from modelarts_widgets.polling.engine import ENGINE
    from modelarts_widgets.simulator import Clock, Simulator

    clock = Clock(time.time())
    simulator = Simulator(clock=clock).start()
    client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))

    def watch(seconds, **options):
        export = simulator.add_export(samples=1_000, seconds=seconds, **options)
        return ExportMonitor(export.dataset_id, export.task_id, client=client, interval=0.1)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running_kernel() as kernel:
        kernel.run(SETUP)
        yield kernel


def bars(messages: list[dict[str, Any]]) -> list[str]:
    """Pick the bars that were sent to the front end."""
    states = [message["content"]["data"].get("state", {}) for message in messages if message["msg_type"] == "comm_msg"]
    return [state["value"] for state in states if "<progress" in state.get("value", "")]


def outputs(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds = {"execute_result", "display_data"}
    return [message["content"]["data"] for message in messages if message["msg_type"] in kinds]


def test_the_bar_moves_while_a_cell_is_busy(kernel: Kernel) -> None:
    kernel.run("monitor = watch(60.0); display(monitor)")
    busy = kernel.run("""
        seen, enough, started, sent = [], threading.Event(), time.monotonic(), monitor.stats.messages

        def look(change):
            seen.append(change["new"])
            if len(seen) >= 20 and monitor.stats.messages >= sent + 5:
                enough.set()

        monitor.observe(look, "progress")
        assert enough.wait(120)  # blocks the kernel's main thread
        seconds = time.monotonic() - started
    """)
    inside = [message for message in busy if message["msg_type"] != "status"]
    moved = bars(inside)
    assert len(moved) >= 3
    assert len(moved) <= float(kernel.read("seconds")) + 2, "a tick a second, though there are ten answers"
    assert len(set(moved)) == len(moved), "each one is further than the last"
    kernel.run("monitor.close()")


def test_a_shown_monitor_is_a_widget_with_text_and_html_beside_it(kernel: Kernel) -> None:
    (shown,) = outputs(kernel.run("monitor = watch(0.0); monitor"))
    assert set(shown) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    kernel.run("monitor.close()")


def test_polling_ends_with_the_export_and_leaves_no_thread(kernel: Kernel) -> None:
    kernel.run("monitor = watch(0.5); task = monitor.wait(120)")
    assert kernel.read("task.status, monitor.phase, monitor.progress") == "SUCCESSED done 100.0"
    kernel.run("while ENGINE.threads: time.sleep(0.01)")
    kernel.run("monitor.close()")


def test_an_interrupt_ends_the_waiting_and_nothing_else(kernel: Kernel) -> None:
    kernel.run("monitor = watch(600.0); monitor.start()")
    request = kernel.start_cell("print('waiting'); monitor.wait()")
    messages = []
    for message in kernel.published(request):
        messages.append(message)
        if message["msg_type"] == "stream":
            kernel.manager.interrupt_kernel()
    assert [message["content"]["ename"] for message in messages if message["msg_type"] == "error"] == [
        "KeyboardInterrupt"
    ]
    assert kernel.read("monitor.phase") == "polling"
    kernel.run("polls = monitor.stats.polls\nwhile monitor.stats.polls <= polls: time.sleep(0.01)")  # it goes on
    kernel.run("monitor.close()")


def test_nothing_is_printed_from_the_polling_thread_whatever_goes_wrong(kernel: Kernel) -> None:
    messages = kernel.run("""
        unknown = ExportMonitor("d", "unknown", client=client)
        refused = ExportMonitor("d", "t", client=ModelArtsClient(client.endpoint, "p", auth=TokenAuth("wrong")))
        unreachable = ExportMonitor("d", "t", client=ModelArtsClient("http://127.0.0.1:9", "p"), interval=0.1)
        monitors = [unknown, refused, unreachable]
        for monitor in monitors:
            monitor.start()
        while not all(monitor.error for monitor in monitors):
            time.sleep(0.01)
        for monitor in monitors:
            monitor.close()
    """)
    assert [message["msg_type"] for message in messages if message["msg_type"] in {"stream", "error"}] == []


FIGURES = "len(_instances), len(POLLS), ENGINE.threads"


def shown(messages: list[dict[str, Any]]) -> str:
    """Find the model that a cell has shown."""
    (bundle,) = outputs(messages)
    model: str = bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    return model


@pytest.mark.parametrize(
    "made",
    ["ExportMonitor(rerun.dataset_id, rerun.task_id", "ExportHistory(rerun.dataset_id"],
    ids=["monitor", "history"],
)
def test_twenty_reruns_leave_one_poll_few_threads_and_one_set_of_models(kernel: Kernel, made: str) -> None:
    kernel.run("rerun = simulator.add_export(dataset_id='rerun', seconds=600.0)")
    cell = f"monitor = {made}, client=client, interval=0.1); monitor"
    model = shown(kernel.run(cell))
    kernel.view(model, 1)
    kernel.run("while not monitor.stats.polls: time.sleep(0.01)")
    models, polls, threads = map(int, kernel.read(FIGURES).split())
    assert polls == 1
    for _ in range(20):
        new = shown(kernel.run(cell))
        kernel.view(model, 0)  # the front end throws the old output away
        kernel.view(new, 1)
        model = new
    assert kernel.read(FIGURES).split()[:2] == [str(models), "1"]
    assert int(kernel.read("ENGINE.threads")) <= max(threads, 4)
    kernel.run("monitor.close()")


def test_after_a_reload_of_the_page_the_card_goes_on(kernel: Kernel) -> None:
    model = shown(kernel.run("monitor = watch(600.0); monitor"))
    kernel.view(model, 1)
    kernel.run("while monitor.task is None: time.sleep(0.01)")
    kernel.open_comm("reloaded", "jupyter.widget.control")
    kernel.comm("reloaded", method="request_states")
    (reply,) = [message for message in kernel.heard if message["msg_type"] == "comm_msg"]
    assert model in reply["content"]["data"]["states"]
    assert reply["content"]["data"]["states"][model]["state"]["_view_count"] == 0, "the new page counts from there"
    kernel.view(model, 1)
    kernel.run("polls = monitor.stats.polls\nwhile monitor.stats.polls < polls + 3: time.sleep(0.01)")
    assert kernel.read("monitor.phase") == "polling"
    kernel.run("monitor.close()")


def test_an_output_that_is_cleared_slows_the_poll_down_and_a_new_view_wakes_it(kernel: Kernel) -> None:
    model = shown(kernel.run("monitor = watch(600.0); monitor"))
    kernel.view(model, 1)
    kernel.run("while monitor.task is None: time.sleep(0.01)")
    kernel.view(model, 0)
    kernel.run("while monitor.stats.interval < 30.0: time.sleep(0.01)")
    kernel.run("polls = monitor.stats.polls")
    kernel.view(model, 1)
    kernel.run("while monitor.stats.polls == polls or monitor.stats.interval > 1.0: time.sleep(0.01)")
    kernel.run("monitor.close()")


def test_a_kernel_can_be_restarted_while_it_polls() -> None:
    with running_kernel() as kernel:
        kernel.run(SETUP)
        kernel.run("monitor = watch(600.0); display(monitor)")
        kernel.run("while monitor.task is None: time.sleep(0.01)")
        kernel.restart()
        kernel.run(SETUP)
        kernel.run("monitor = watch(0.0); display(monitor); monitor.wait(120)")
        assert kernel.read("monitor.status") == "SUCCESSED"


def test_a_coroutine_lets_the_kernel_go_on(kernel: Kernel) -> None:
    kernel.run("monitor = watch(0.5); task = await monitor.wait_async(120)")
    assert kernel.read("task.status") == "SUCCESSED"
    kernel.run("monitor.close()")


def test_a_hundred_monitors_with_a_front_end_cost_what_the_figures_say(kernel: Kernel) -> None:
    messages = kernel.run("""
        exports = [simulator.add_export(task_id=f"hundred-{number}", seconds=2.0) for number in range(100)]
        monitors = [ExportMonitor(e.dataset_id, e.task_id, client=client, interval=0.5) for e in exports]
        display(*monitors)
        busiest = 0
        for monitor in monitors:
            monitor.wait(120)
            busiest = max(busiest, ENGINE.threads)  # more than 4 only where something takes longer than 0.1 s
    """)
    messages += kernel.run("while ENGINE.threads: time.sleep(0.01)")
    assert kernel.read("{monitor.status for monitor in monitors}, busiest < 25") == "{'SUCCESSED'} True"
    sent = sum(message["msg_type"] == "comm_msg" for message in messages)
    assert sent == int(kernel.read("sum(monitor.stats.messages for monitor in monitors)"))
    opened = sum(message["msg_type"] == "comm_open" for message in messages)
    assert opened == 1_200
    assert sent <= 100 * 25
    kernel.run("for monitor in monitors: monitor.close()")


WIDGET = "application/vnd.jupyter.widget-view+json"


def replaced(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pick what outputs were given later, the last one for each."""
    updates = [message["content"] for message in messages if message["msg_type"] == "update_display_data"]
    return list({update["transient"]["display_id"]: update for update in updates}.values())


def test_at_the_end_the_output_becomes_static_and_the_models_go_with_the_view(kernel: Kernel) -> None:
    messages = kernel.run("monitor = watch(600.0); monitor")
    kernel.view(shown(messages), 1)
    messages += kernel.heard
    messages += kernel.run("clock.advance(600.0); task = monitor.wait(120)")
    messages += kernel.run("while not monitor._display.is_static: time.sleep(0.01)")
    (display,) = [message["content"] for message in messages if message["msg_type"] == "display_data"]
    (update,) = replaced(messages)
    assert update["transient"] == display["transient"]
    assert set(update["data"]) == {"text/plain", "text/html"}
    assert "✓ SUCCESSED" in update["data"]["text/html"]
    assert kernel.read("monitor.comm is not None") == "True", "until the front end says that it has landed"
    kernel.view(shown(messages), 0)
    assert kernel.read("monitor.comm is None") == "True"
    (again,) = outputs(kernel.run("monitor"))
    assert again == update["data"]
    kernel.run("monitor.close()")


def test_polling_that_ends_leaves_a_static_card_and_a_live_one_when_it_goes_on(kernel: Kernel) -> None:
    messages = kernel.run("monitor = watch(600.0); monitor")
    kernel.view(shown(messages), 1)
    stopped = kernel.run("while monitor.task is None: time.sleep(0.01)\nmonitor.stop()")
    (static,) = replaced(stopped)
    assert set(static["data"]) == {"text/plain", "text/html"}
    assert "stopped" in static["data"]["text/plain"]
    assert replaced(kernel.run("monitor.stop()")) == [], "what the output has already is not sent"
    kernel.view(shown(messages), 0)
    assert kernel.read("monitor.comm is None") == "True"
    resumed = kernel.run("monitor.resume()")
    assert sum(message["msg_type"] == "comm_open" for message in resumed) == 12
    (live,) = replaced(resumed)
    assert live["transient"] == static["transient"]
    assert WIDGET in live["data"]
    (closed,) = replaced(kernel.run("monitor.close()"))
    assert WIDGET not in closed["data"]


def test_refused_credentials_leave_a_static_card_until_there_are_others(kernel: Kernel) -> None:
    messages = kernel.run("monitor = watch(600.0); simulator.inject('refused'); monitor")
    messages += kernel.run("while monitor.phase != 'needs-auth' or not monitor._display.is_static: time.sleep(0.01)")
    (static,) = replaced(messages)
    assert "call monitor.resume(auth=" in static["data"]["text/plain"]
    (live,) = replaced(kernel.run("monitor.resume(auth=TokenAuth(simulator.token))"))
    assert WIDGET in live["data"]
    kernel.run("monitor.close()")


def test_an_end_that_does_not_land_leaves_the_live_card_until_its_view_goes(kernel: Kernel) -> None:
    model = shown(kernel.run("monitor = watch(600.0); monitor"))
    kernel.view(model, 1)
    kernel.run("clock.advance(600.0); task = monitor.wait(120)")
    kernel.run("while not monitor._display.is_static: time.sleep(0.01)")
    assert kernel.read("monitor.comm is not None") == "True"  # a page loaded again does not know the output
    kernel.view(model, 0)
    assert kernel.read("monitor.comm is None") == "True"
    kernel.run("monitor.close()")


def test_every_output_becomes_static(kernel: Kernel) -> None:
    messages = kernel.run("monitor = watch(600.0); display(monitor, monitor)")
    messages += kernel.run("clock.advance(600.0); task = monitor.wait(120)")
    messages += kernel.run("while not monitor._display.is_static: time.sleep(0.01)")
    assert len(replaced(messages)) == 2
    kernel.run("monitor.close()")


def test_a_card_inside_another_widget_stays_alive(kernel: Kernel) -> None:
    messages = kernel.run("monitor = watch(0.5); from ipywidgets import VBox; box = VBox([monitor]); display(box)")
    messages += kernel.run("task = monitor.wait(120)")
    messages += kernel.run("while ENGINE.threads: time.sleep(0.01)")
    assert replaced(messages) == []
    assert kernel.read("monitor.comm is not None") == "True"
    kernel.run("monitor.close(); box.layout.close(); box.close()")


@pytest.mark.parametrize("restart", [False, True], ids=["shut down", "restarted"])
def test_a_kernel_that_ends_leaves_cards_that_say_so(restart: bool) -> None:  # noqa: FBT001
    with running_kernel() as kernel:
        kernel.run(SETUP)
        kernel.run("running, ended, unseen = watch(600.0), watch(0.0), watch(600.0)")
        kernel.run("history = ExportHistory(simulator.dataset_id, client=client)")
        kernel.run("display(running, ended, history); unseen.start(); ended.wait(120)")
        kernel.run("while not (running.task and unseen.task and history.tasks): time.sleep(0.01)")
        kernel.run("while not ended._display.is_static: time.sleep(0.01)")
        farewells = replaced(kernel.farewell(restart=restart))
        update, table = sorted(farewells, key=lambda each: str(each["data"]["text/plain"]))
    assert "go on with ExportHistory('" in table["data"]["text/plain"]
    assert set(update["data"]) == set(table["data"]) == {"text/plain", "text/html"}
    text = update["data"]["text/plain"]
    assert "last seen INIT at 2" in text
    assert "before the kernel ended; go on with ExportMonitor('" in text


def test_a_table_is_static_while_nothing_runs_and_alive_when_something_does(kernel: Kernel) -> None:
    messages = kernel.run("""
        simulator.add_export(dataset_id="rest", seconds=600.0)
        history = ExportHistory("rest", client=client, interval=0.1)
        history.idle_timeout = 0.0
        history.background_interval = 0.1
        history
    """)
    model = shown(messages)
    kernel.view(model, 1)
    messages += kernel.heard
    messages += kernel.run("clock.advance(600.0)\nwhile not history._display.is_static: time.sleep(0.01)")
    (static,) = replaced(messages)
    assert set(static["data"]) == {"text/plain", "text/html"}
    assert "✓ SUCCESSED" in static["data"]["text/html"]
    kernel.view(model, 0)
    assert kernel.read("history.comm is None, history.phase") == "True polling"
    messages = kernel.run("simulator.add_export(dataset_id='rest', seconds=600.0)")
    messages += kernel.run("while history._display.is_static: time.sleep(0.01)")
    messages += kernel.run("history.comm is not None")
    (live,) = replaced(messages)
    assert live["transient"] == static["transient"]
    assert WIDGET in live["data"]
    kernel.run("history.close()")


def test_the_end_of_waiting_leaves_the_final_table(kernel: Kernel) -> None:
    messages = kernel.run("""
        simulator.add_export(dataset_id="final", seconds=600.0)
        history = ExportHistory("final", client=client, interval=0.1)
        history
    """)
    messages += kernel.run("clock.advance(600.0); tasks = history.wait(120)")
    (update,) = replaced(messages)
    assert set(update["data"]) == {"text/plain", "text/html"}
    (again,) = outputs(kernel.run("history"))
    assert WIDGET in again, "whoever shows it again wants to look at it"
    kernel.run("history.close()")


def test_a_table_at_rest_stays_so_when_another_takes_its_place(kernel: Kernel) -> None:
    cell = """
        history = ExportHistory("place", client=client, interval=0.1)
        history.idle_timeout, history.background_interval = 0.0, 0.1
        history
    """
    kernel.run("simulator.add_export(dataset_id='place', seconds=0.0)")
    messages = kernel.run(cell)
    model = shown(messages)
    kernel.view(model, 1)
    kernel.run("old = history\nwhile not old._display.is_static: time.sleep(0.01)")
    kernel.view(model, 0)
    later = kernel.run("history = ExportHistory('place', client=client); history")
    kernel.view(shown(later), 1)
    assert replaced(kernel.heard) == []
    assert kernel.read("old.phase, old._display.is_static, old.comm is None") == "idle True True"
    kernel.run("old.close(); history.close()")
