from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import traitlets
from ipywidgets import Text, VBox
from ipywidgets.widgets.widget import _instances
from support import EXAMPLE, Script, until

from modelarts_widgets import (
    AkSkAuth,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ExportMonitor,
    MalformedResponseError,
    ModelArtsClient,
    ModelArtsError,
    NotFoundError,
    ThrottledError,
    TokenAuth,
)
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.simulator import Clock, Simulator
from modelarts_widgets.widgets import base
from modelarts_widgets.widgets.card import CardParts

RUNNING = EXAMPLE | {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
FURTHER = RUNNING | {"progress": 43.0, "finished_sample_count": 8_600, "update_time": EXAMPLE["update_time"] + 1_000}
ENDED = FURTHER | {"status": "SUCCESSED", "progress": 100.0, "finished_sample_count": 20_000}
FAILED = RUNNING | {"status": "FAILED", "error_code": "ModelArts.4401", "error_msg": "The bucket is full."}

Watch = Callable[..., ExportMonitor]
Message = tuple[str, str, dict[str, Any]]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Return a function that makes monitors which are closed after the test."""
    made: list[ExportMonitor] = []

    def make(client: Any, dataset_id: str = "d", task_id: str = "TZMuy7OKbClkGCAc3gb") -> ExportMonitor:  # noqa: ANN401
        made.append(ExportMonitor(dataset_id, task_id, client=client, interval=0.1))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


def updates(messages: list[Message]) -> list[dict[str, Any]]:
    """Pick the messages that change a model."""
    return [data["state"] for _, kind, data in messages if kind == "comm_msg" and data.get("method") == "update"]


def test_the_example_of_the_api_page_goes_through_client_and_card(serve: Callable[..., str], watch: Watch) -> None:
    with ModelArtsClient(serve(200, json.dumps(EXAMPLE).encode()), "p", auth=TokenAuth("t")) as client:
        monitor = watch(client)
        monitor.start()
        until(lambda: monitor.task)
        monitor.stop()
    assert (monitor.status, monitor.progress) == ("RUNNING", None)
    for drawn in (monitor.to_text(), monitor.to_html()):
        assert "TZMuy7OKbClkGCAc3gb" in drawn
        assert "● RUNNING" in drawn
        assert "obs://test-obs/daoChu/" in drawn
        assert "started 2020-11-23 03:50:24 UTC" in drawn


def test_an_export_is_followed_to_its_end_over_http(
    simulator: Simulator, clock: Clock, client: ModelArtsClient, watch: Watch
) -> None:
    export = simulator.add_export(samples=100, seconds=10.0)
    monitor = watch(client, export.dataset_id, export.task_id)
    seen: list[float] = []
    monitor.observe(lambda change: (seen.append(change["new"]), clock.advance(2.0)), "progress")
    monitor.start()
    clock.advance(2.0)
    task = monitor.wait(20.0)
    assert (task.succeeded, monitor.status, monitor.progress, monitor.phase) == (True, "SUCCESSED", 100.0, "done")
    assert monitor.done()
    assert len(seen) > 3
    assert seen == sorted(seen)


def test_making_a_monitor_asks_nothing(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    assert (monitor.phase, monitor.task, monitor.status, monitor.progress, monitor.error) == ("idle",) + (None,) * 4
    assert client.asked == 0
    assert not monitor.done()
    assert "waiting for the first answer" in monitor.to_text()


def test_showing_a_monitor_starts_it(watch: Watch) -> None:
    monitor = watch(Script(ENDED))
    bundle = monitor._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    until(monitor.done)


def test_showing_a_monitor_inside_another_widget_starts_it(watch: Watch) -> None:
    monitor = watch(Script(ENDED))
    box = VBox([monitor])
    monitor.set_state({"_view_count": 1})  # what the front end sends when a view appears
    until(monitor.done)
    box.layout.close()
    box.close()


def test_a_failed_export_is_an_answer_like_any_other(watch: Watch) -> None:
    monitor = watch(Script(RUNNING, FAILED))
    assert monitor.wait(20.0).failed
    assert (monitor.phase, monitor.error) == ("done", None)
    assert "The bucket is full. (ModelArts.4401)" in monitor.to_text()


def test_a_tree_that_did_not_change_is_not_sent_again(messages: list[Message], watch: Watch) -> None:
    monitor = watch(Script(RUNNING, RUNNING, FURTHER, ENDED))
    monitor.wait(20.0)
    trees = [state for state in updates(messages) if "Export parameters" in state.get("value", "")]
    assert len(trees) == 1


def test_a_refresh_that_moves_the_bar_is_one_small_message(
    messages: list[Message], watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    monitor.start()
    until(lambda: monitor.progress == 42.0)
    messages.clear()
    monkeypatch.setattr(base, "MIN_TICK", 0.0)
    client.answers = [FURTHER]
    until(lambda: monitor.progress == 43.0)
    ((_, kind, content),) = messages
    assert kind == "comm_msg"
    assert "<progress" in content["state"]["value"]
    assert len(json.dumps(content, ensure_ascii=False).encode()) <= 400


def test_a_refresh_that_changed_nothing_sends_nothing(messages: list[Message], watch: Watch) -> None:
    client = Script(EXAMPLE)
    monitor = watch(client)
    monitor.start()
    until(lambda: monitor.task)
    messages.clear()
    asked = client.asked
    client.answers = [EXAMPLE | {"update_time": EXAMPLE["update_time"] + 1_000}]
    until(lambda: client.asked > asked + 3)
    assert messages == []


def large(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return RUNNING | {"export_params": {"samples": [f"sample-{number}" for number in range(30)]}} | changes


def test_a_filter_shows_what_it_finds_and_leaves_the_tree_alone(messages: list[Message], watch: Watch) -> None:
    monitor = watch(Script(large()))
    monitor.start()
    until(lambda: monitor.task)
    monitor.pause()
    messages.clear()
    monitor.filter = "sample-17"
    (drawn,) = [state["value"] for state in updates(messages) if "<mark>" in state.get("value", "")]
    assert "<mark>sample-17</mark>" in drawn
    assert "sample-18" not in drawn
    messages.clear()
    monitor.filter = ""
    assert not [state for state in updates(messages) if "sample-" in state.get("value", "")]


def test_the_filter_box_and_the_trait_are_one(watch: Watch) -> None:
    monitor = watch(Script(large()))
    (box,) = [child for child in monitor.children if isinstance(child, Text)]
    monitor.filter = "from code"
    assert box.value == "from code"
    box.value = "from the box"
    assert monitor.filter == "from the box"


@pytest.mark.parametrize(("document", "is_large"), [(EXAMPLE, False), (large(), True)], ids=["small", "large"])
def test_only_a_large_tree_has_a_filter_box(watch: Watch, document: dict[str, Any], is_large: bool) -> None:  # noqa: FBT001
    monitor = watch(Script(document))
    monitor.start()
    until(lambda: monitor.task)
    assert ("modelarts-large" in monitor._dom_classes) is is_large


def test_a_filter_holds_for_a_tree_that_changes(watch: Watch) -> None:
    client = Script(large())
    monitor = watch(client)
    monitor.filter = "new"
    monitor.start()
    until(lambda: monitor.task)
    client.answers = [large(export_params={"samples": ["new-one"]})]
    until(lambda: any("<mark>new</mark>-one" in getattr(child, "value", "") for child in monitor.children))


def test_the_number_of_models_does_not_grow_with_the_task(messages: list[Message], watch: Watch) -> None:
    params = {"samples": [str(number) for number in range(500)]}
    watch(Script(ENDED | {"export_params": params})).wait(20.0)
    assert sum(kind == "comm_open" for _, kind, _ in messages) <= 12


def test_closing_frees_every_model_and_ends_the_polling(watch: Watch) -> None:
    before = set(_instances)
    client = Script(RUNNING)
    monitor = watch(client)
    monitor.start()
    until(lambda: monitor.task)
    monitor.close()
    monitor.close()
    assert set(_instances) == before
    until(lambda: ENGINE.threads == 0)
    assert monitor.phase == "stopped"


def test_a_closed_monitor_does_not_poll_again(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    monitor.start()
    monitor.close()
    monitor.resume()
    monitor.start()
    assert monitor.phase == "stopped"


def test_a_closed_monitor_still_shows_its_last_card(watch: Watch) -> None:
    monitor = watch(Script(ENDED))
    monitor.wait(20.0)
    monitor.close()
    assert set(monitor._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert "✓ SUCCESSED" in monitor._repr_mimebundle_()["text/plain"]


def test_stopping_drops_an_answer_that_is_under_way(watch: Watch) -> None:
    asked, release = threading.Event(), threading.Event()

    class Slow(Script):
        def get_export_task(self, dataset_id: str, task_id: str) -> Any:  # noqa: ANN401 - as the base class
            asked.set()
            release.wait()
            return super().get_export_task(dataset_id, task_id)

    monitor = watch(Slow(ENDED))
    monitor.start()
    asked.wait()
    monitor.stop()
    release.set()
    until(lambda: ENGINE.threads == 0)
    assert (monitor.phase, monitor.task) == ("stopped", None)


def test_waiting_runs_out_of_time_and_leaves_the_polling_alone(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))
    monitor.start()
    with pytest.raises(TimeoutError, match="has not ended within 0"):
        monitor.wait(0)
    assert monitor.phase == "polling"


def test_waiting_ends_when_another_thread_stops_the_polling(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))
    monitor.observe(lambda _: threading.Thread(target=monitor.stop).start(), "task")
    with pytest.raises(ModelArtsError, match="Polling is stopped"):
        monitor.wait(20.0)


def test_a_pause_stops_asking_and_a_resume_goes_on(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    monitor.pause()
    assert monitor.phase == "idle"
    monitor.start()
    until(lambda: monitor.task)
    monitor.pause()
    until(lambda: ENGINE.threads == 0)
    assert (monitor.phase, "paused" in monitor.to_text()) == ("paused", True)
    with pytest.raises(ModelArtsError, match=r"Polling is paused: call resume"):
        monitor.wait(20.0)
    client.answers = [ENDED]
    monitor.resume()
    assert monitor.wait(20.0).succeeded


def test_a_pause_of_ones_own_is_not_blamed_on_an_earlier_error(watch: Watch) -> None:
    monitor = watch(Script(ConnectionFailedError()))
    monitor.start()
    until(lambda: monitor.error)
    monitor.pause()
    with pytest.raises(ModelArtsError, match="Polling is paused"):
        monitor.wait(20.0)


def test_the_style_sheet_is_sent_once(messages: list[Message], watch: Watch) -> None:
    monitor = watch(Script(RUNNING, ConnectionFailedError(), FURTHER, ENDED))
    messages.clear()
    monitor.wait(20.0)
    assert len([state for state in updates(messages) if "<style>" in state.get("value", "")]) == 1, "with the tree"


def test_the_buttons_do_as_they_say(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    monitor.interval = 3_600.0
    monitor.start()
    until(lambda: monitor.task)
    refresh, pause = (child for child in monitor.children if hasattr(child, "click"))
    refresh.click()
    until(lambda: client.asked == 2)
    assert pause.description == "Pause"
    pause.click()
    assert (monitor.phase, pause.description) == ("paused", "Resume")
    pause.click()
    assert (monitor.phase, pause.description) == ("polling", "Pause")


def test_a_new_interval_holds_at_once(watch: Watch) -> None:
    client = Script(RUNNING)
    monitor = watch(client)
    monitor.interval = 3_600.0
    monitor.start()
    until(lambda: client.asked == 1)
    monitor.interval = 0.1
    until(lambda: client.asked > 3)


@pytest.mark.parametrize("interval", [0.0, -1.0, 1e9, float("nan"), float("inf"), "soon", None])
def test_an_interval_that_cannot_be_is_refused(interval: Any) -> None:  # noqa: ANN401 - any
    with pytest.raises(traitlets.TraitError):
        ExportMonitor("d", "t", client=Script(RUNNING), interval=interval)


@pytest.mark.parametrize(("wrong", "error"), [("", ValueError), ("..", ValueError), (None, TypeError), (7, TypeError)])
def test_an_identifier_that_cannot_be_is_refused_at_once(wrong: Any, error: type[Exception]) -> None:  # noqa: ANN401
    with pytest.raises(error, match="task_id must"):
        ExportMonitor("d", wrong, client=Script(RUNNING))
    with pytest.raises(error, match="dataset_id must"):
        ExportMonitor(wrong, "t", client=Script(RUNNING))


@pytest.mark.parametrize("name", ["task", "status", "progress", "phase", "error"])
def test_what_the_service_says_is_not_ours_to_set(watch: Watch, name: str) -> None:
    with pytest.raises(traitlets.TraitError):
        setattr(watch(Script(RUNNING)), name, None)


def test_an_unknown_task_is_a_readable_card_and_a_typed_error(
    simulator: Simulator, client: ModelArtsClient, watch: Watch
) -> None:
    monitor = watch(client, simulator.add_export().dataset_id, "unknown")
    with pytest.raises(NotFoundError, match="no such export task"):
        monitor.wait(20.0)
    assert (monitor.phase, type(monitor.error)) == ("stopped", NotFoundError)
    assert "! There is no such export task" in monitor.to_text()


def test_a_bad_token_is_a_readable_card_asks_once_and_can_be_replaced(simulator: Simulator, watch: Watch) -> None:
    export = simulator.add_export(seconds=0.0)
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("bad-secret")) as client:
        monitor = watch(client, export.dataset_id, export.task_id)
        with pytest.raises(AuthenticationError):
            monitor.wait(20.0)
        until(lambda: ENGINE.threads == 0)
        assert monitor.phase == "needs-auth"
        assert "! The service rejected the token" in monitor.to_text()
        assert "call monitor.resume(auth=…)" in monitor.to_text()
        assert "secret" not in monitor.to_html() + repr(monitor) + str(monitor.error)
        monitor.resume(auth=TokenAuth(simulator.token))
        assert monitor.wait(20.0).succeeded


def test_wrong_keys_are_refused_once_and_nothing_is_asked_until_there_are_others(
    simulator: Simulator, watch: Watch
) -> None:
    export = simulator.add_export(seconds=0.0)
    wrong = AkSkAuth(simulator.access_key, "wrong-secret-key")
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=wrong) as client:
        monitor = watch(client, export.dataset_id, export.task_id)
        with pytest.raises(AuthenticationError, match="check the secret key"):
            monitor.wait(20.0)
        until(lambda: ENGINE.threads == 0)
        monitor.refresh()
        monitor.start()
        monitor.interval = 0.2
        until(lambda: ENGINE.threads == 0)
        assert (simulator.requests, monitor.phase) == (1, "needs-auth")
        assert "call monitor.resume(auth=…)" in monitor.to_text()
        monitor.resume(auth=AkSkAuth(simulator.access_key, simulator.secret_key))
        assert monitor.wait(20.0).succeeded
        assert simulator.requests == 2


def test_many_monitors_with_wrong_keys_do_not_lock_them(simulator: Simulator, watch: Watch) -> None:
    exports = [simulator.add_export(seconds=0.0) for _ in range(30)]
    wrong = AkSkAuth(simulator.access_key, "wrong-secret-key")
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=wrong) as client:
        monitors = [watch(client, export.dataset_id, export.task_id) for export in exports]
        for monitor in monitors:
            monitor.start()
        until(lambda: all(monitor.phase == "needs-auth" for monitor in monitors))
        assert simulator.requests <= 4, "no more than there are threads; the sixth would lock the key"
        client.auth = AkSkAuth(simulator.access_key, simulator.secret_key)
        for monitor in monitors:
            monitor.resume()
            assert monitor.wait(20.0).succeeded


def test_who_resumes_insists_though_the_credentials_are_the_same(simulator: Simulator, watch: Watch) -> None:
    export = simulator.add_export(seconds=0.0)
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("bad-token")) as client:
        monitor = watch(client, export.dataset_id, export.task_id)
        for asked in (1, 2):
            with pytest.raises(AuthenticationError):
                monitor.wait(20.0)
            assert simulator.requests == asked
            monitor.resume()
        until(lambda: monitor.phase == "needs-auth")


def test_without_a_client_the_environment_tells_where_to_ask(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = simulator.add_export(seconds=0.0)
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", simulator.access_key)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", simulator.secret_key)
    monkeypatch.setenv("HUAWEICLOUD_SDK_PROJECT_ID", simulator.project_id)
    monkeypatch.setenv("HW_REGION_NAME", "local-1")
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_MODELARTS_LOCAL_1", simulator.endpoint)
    monitor = ExportMonitor(export.dataset_id, export.task_id)
    assert monitor.wait(20.0).succeeded
    monitor.close()


def test_a_service_that_is_not_running_is_a_readable_card_until_it_comes(
    simulator: Simulator, client: ModelArtsClient, watch: Watch
) -> None:
    export = simulator.add_export(seconds=0.0)
    port = int(simulator.endpoint.rpartition(":")[2])
    simulator.stop()
    monitor = watch(client, export.dataset_id, export.task_id)
    monitor.start()
    until(lambda: monitor.error)
    assert (monitor.phase, type(monitor.error)) == ("retrying", ConnectionFailedError)
    assert f"! There is no connection to http://127.0.0.1:{port}" in monitor.to_text()
    assert "attempt 1 of 10 failed" in monitor.to_text()
    with Simulator(port=port) as again:
        again.add_export(seconds=0.0)
        assert monitor.wait(20.0).succeeded
    assert monitor.error is None


def test_an_answer_that_is_not_json_is_a_readable_card(serve: Callable[..., str], watch: Watch) -> None:
    with ModelArtsClient(serve(200, b"<html>Login</html>"), "p") as client:
        monitor = watch(client)
        monitor.start()
        until(lambda: monitor.error)
        monitor.stop()
    assert type(monitor.error) is MalformedResponseError
    assert "! The answer is a web page, not JSON" in monitor.to_text()


def test_an_error_stands_over_the_last_good_state(watch: Watch) -> None:
    monitor = watch(Script(RUNNING, ConnectionFailedError()))
    monitor.start()
    until(lambda: monitor.error)
    monitor.stop()
    assert (monitor.status, monitor.progress) == ("RUNNING", 42.0)
    assert "8,400 of 20,000 samples" in monitor.to_text()


def test_a_fault_of_ours_is_a_readable_card(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    monitor = watch(Script(ZeroDivisionError("oops")))
    with pytest.raises(ZeroDivisionError):
        monitor.wait(20.0)
    assert "! ZeroDivisionError: oops" in monitor.to_text()
    assert "Traceback" in caplog.text


def test_an_observer_that_raises_neither_ends_nor_hides_anything(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = watch(Script(RUNNING, ENDED))
    monitor.observe(lambda _: 1 / 0, ["task", "status", "progress"])
    phases: list[str] = []
    monitor.observe(lambda change: phases.append(change["new"]), "phase")
    assert monitor.wait(20.0).succeeded
    assert phases == ["polling", "done"]
    assert (monitor.status, monitor.progress, monitor.phase) == ("SUCCESSED", 100.0, "done")
    assert "ZeroDivisionError" in caplog.text


def test_the_card_tells_speed_and_time_left_from_the_times_of_the_service(watch: Watch) -> None:
    before = RUNNING | {"finished_sample_count": 8_200, "update_time": EXAMPLE["update_time"] - 1_000}
    monitor = watch(Script(before, RUNNING, FURTHER))
    monitor.start()
    until(lambda: monitor.progress == 43.0)
    assert "8,600 of 20,000 samples · 200 samples/s · about 55 s left" in monitor.to_text()
    monitor.stop()
    assert "left" not in monitor.to_text()


def test_the_repr_is_one_short_line(watch: Watch) -> None:
    monitor = watch(Script(RUNNING, ENDED))
    assert repr(monitor) == "<ExportMonitor TZMuy7OKbClkGCAc3gb idle>"
    monitor.wait(20.0)
    assert repr(monitor) == "<ExportMonitor TZMuy7OKbClkGCAc3gb SUCCESSED 100.0 %>"


def test_monitors_of_one_client_share_few_threads(
    simulator: Simulator, clock: Clock, client: ModelArtsClient, watch: Watch
) -> None:
    exports = [simulator.add_export(seconds=10.0) for _ in range(20)]
    monitors = [watch(client, export.dataset_id, export.task_id) for export in exports]
    for monitor in monitors:
        monitor.start()
    until(lambda: all(monitor.task for monitor in monitors))
    assert ENGINE.threads <= 4
    clock.advance(10.0)
    assert all(monitor.wait(20.0).succeeded for monitor in monitors)


def test_a_connection_that_breaks_is_no_traceback_from_a_thread(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        threading.Thread(target=lambda: rude.accept()[0].close()).start()  # noqa: PLW0108 - accept in the thread
        with ModelArtsClient(f"http://127.0.0.1:{rude.getsockname()[1]}", "p") as client:
            monitor = watch(client)
            monitor.start()
            until(lambda: monitor.error)
            monitor.stop()
    assert type(monitor.error) is ConnectionFailedError
    until(lambda: ENGINE.threads == 0)


def test_an_observer_that_pauses_has_the_last_word(watch: Watch) -> None:
    monitor = watch(Script(RUNNING))
    monitor.observe(lambda _: monitor.pause(), "task")
    monitor.start()
    until(lambda: ENGINE.threads == 0)
    assert monitor.phase == "paused"


def test_an_observer_that_waits_is_told_that_it_cannot(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    monitor = watch(Script(RUNNING, ENDED))
    monitor.observe(lambda _: monitor.wait(), "task")
    assert monitor.wait(20.0).succeeded
    assert "wait() was called by an observer" in caplog.text


def test_two_monitors_that_stop_each_other_do_not_lock_up(watch: Watch) -> None:
    one, other = watch(Script(ENDED)), watch(Script(ENDED))
    one.observe(lambda _: other.stop(), "task")
    other.observe(lambda _: one.stop(), "task")
    one.start()
    other.start()
    until(lambda: ENGINE.threads == 0)
    assert {one.phase, other.phase} <= {"done", "stopped"}


def test_a_front_end_that_cannot_be_reached_hides_nothing(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = watch(Script(RUNNING, ENDED))
    monkeypatch.setattr(CardParts, "draw", lambda *_: 1 / 0)
    assert monitor.wait(20.0).succeeded
    assert "ZeroDivisionError" in caplog.text


def test_waiting_for_ever_in_numbers_is_waiting_for_ever(watch: Watch) -> None:
    assert watch(Script(ENDED)).wait(float("inf")).succeeded


def test_waiting_again_raises_the_same_error_with_a_traceback_of_its_own(watch: Watch) -> None:
    monitor = watch(Script(NotFoundError()))
    lengths = []
    for _ in range(5):
        with pytest.raises(NotFoundError) as caught:
            monitor.wait(20.0)
        lengths.append(len(caught.traceback))
    assert len(set(lengths)) == 1


def test_new_credentials_are_tried_though_old_ones_are_being_refused(watch: Watch) -> None:
    asked, release = threading.Event(), threading.Event()

    class Slow(Script):
        def get_export_task(self, dataset_id: str, task_id: str) -> Any:  # noqa: ANN401 - as the base class
            if self.auth is None:
                asked.set()
                release.wait()
                raise AuthenticationError
            return super().get_export_task(dataset_id, task_id)

    monitor = watch(Slow(ENDED))
    monitor.start()
    asked.wait()
    monitor.resume(auth=TokenAuth("new"))
    release.set()
    assert monitor.wait(20.0).succeeded


def test_a_token_in_place_of_an_auth_object_is_refused_at_once(client: ModelArtsClient, watch: Watch) -> None:
    with pytest.raises(ConfigurationError, match=r"such as TokenAuth\(token\)"):
        watch(client).resume(auth="my token")


def test_a_new_interval_does_not_cut_short_the_wait_that_the_service_asked_for(watch: Watch) -> None:
    client = Script(ThrottledError(retry_after=3_600.0))
    monitor = watch(client)
    monitor.start()
    until(lambda: monitor.error)
    for number in range(20):
        monitor.interval = 0.1 + number / 100
    monitor.refresh()  # this one is meant
    until(lambda: client.asked == 2)
    assert monitor.phase == "retrying"


@pytest.mark.parametrize("depth", [500, 980, 20_000])
def test_a_document_of_any_depth_is_followed(watch: Watch, depth: int) -> None:
    def deep(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        nested: Any = "bottom"
        for _ in range(depth):
            nested = [nested]
        return RUNNING | {"export_params": {"samples": nested}} | changes

    assert watch(Script(deep(), deep(), deep(status="SUCCESSED"))).wait(20.0).succeeded
