"""What a monitor in a notebook is trusted with: observers that misbehave, and models that nobody needs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import HBox, VBox
from ipywidgets.widgets.widget import _instances
from support import Script, deprecations_of_openstack, until
from support.watches import ENDED, HANGS, RUNNING, Gate

from modelarts_widgets import (
    AuthenticationError,
    ExportHistory,
    ExportMonitor,
    ModelArtsClient,
    ModelArtsError,
    OpenStackAuth,
    ServiceError,
    TokenAuth,
)
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.simulator import Simulator

Follow = Callable[..., Any]
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Return a function that makes monitors, or histories where no task is named; they are closed after the test."""
    made: list[ExportMonitor | ExportHistory] = []

    def one(client: Any = None, task_id: str | None = "t", interval: float = 0.1) -> Any:  # noqa: ANN401
        if task_id is None:
            made.append(ExportHistory("d", client=client, interval=interval))
        else:
            made.append(ExportMonitor("d", task_id, client=client, interval=interval))
        return made[-1]

    yield one
    for monitor in made:
        monitor.close()


# Observers


@pytest.mark.parametrize(
    "kind", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError], ids=lambda kind: kind.__name__
)
@pytest.mark.parametrize("name", ["task", "status", "progress", "phase"])
def test_a_monitor_goes_on_whatever_an_observer_raises(
    follow: Follow, kind: type[BaseException], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise kind

    client = Gate(RUNNING, ENDED)
    monitor = follow(client)
    monitor.start()
    until(lambda: client.begun)  # from now on, news come in a polling thread
    monitor.observe(fail, name)
    client.opened.set()
    assert monitor.wait(HANGS).succeeded
    until(lambda: monitor.phase == "done")
    assert (monitor.status, monitor.progress) == ("SUCCESSED", 100.0)
    assert kind.__name__ in caplog.text


def test_a_monitor_is_made_and_waited_for_while_an_observer_of_another_blocks(follow: Follow) -> None:
    begun, release = threading.Event(), threading.Event()
    slow, heard = follow(Script(RUNNING)), []
    slow.observe(lambda _: (begun.set(), heard.append(release.wait(HANGS))), "task")
    slow.start()
    until(begun.is_set)
    other = follow(Script(ENDED), "other")
    assert other.wait(HANGS).succeeded
    assert other.to_text()
    slow.pause()
    assert not heard
    release.set()
    until(lambda: slow.phase == "paused")


# One refusal


@pytest.mark.parametrize("count", [2, 10, 50])
@pytest.mark.parametrize("way", ["one client", "a client each", "from_env each", "a function", "one cell again"])
def test_a_bad_token_is_refused_once_for_all_monitors(
    follow: Follow, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, count: int, way: str
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_MODELARTS_ENDPOINT", simulator.endpoint)
    for name, value in {
        "AUTH_URL": simulator.endpoint,
        "PROJECT_ID": simulator.project_id,
        "AUTH_TOKEN": "bad",
    }.items():
        monkeypatch.setenv(f"OS_{name}", value)

    function = TokenAuth(lambda: "bad")
    shared = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("bad"))
    make = {
        "a client each": lambda: ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("bad")),
        "a function": lambda: ModelArtsClient(simulator.endpoint, simulator.project_id, auth=function),
        "from_env each": lambda: ModelArtsClient.from_env(endpoint=simulator.endpoint),
    }.get(way, lambda: shared)
    monitors = [follow(make(), "t" if way == "one cell again" else f"t{number}") for number in range(count)]
    for monitor in monitors:
        monitor.start()
        if way == "one cell again":
            until(lambda monitor=monitor: monitor.phase == "needs-auth")
    until(lambda: all(monitor.phase == "needs-auth" for monitor in monitors))
    assert simulator.requests == 1


@deprecations_of_openstack
def test_ten_monitors_with_a_bad_password_log_in_once(follow: Follow, simulator: Simulator, tmp_path: Path) -> None:
    auth = {
        "auth_url": simulator.iam_endpoint,
        "username": simulator.username,
        "password": "wrong",
        "user_domain_name": simulator.domain_name,
        "project_name": simulator.project_name,
        "project_domain_name": simulator.domain_name,
    }
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"mine": {"auth": auth, "region_name": "eu-de"}}}))
    clients = [ModelArtsClient(simulator.endpoint, simulator.project_id, auth=OpenStackAuth("mine")) for _ in range(10)]
    monitors = [follow(client, f"t{number}") for number, client in enumerate(clients)]
    for monitor in monitors:
        monitor.start()
    until(lambda: all(monitor.phase == "needs-auth" for monitor in monitors))
    assert simulator.requests == 2, "the identity service is asked for its version and for one token"


def test_a_monitor_goes_on_when_equal_credentials_are_accepted_elsewhere(follow: Follow, simulator: Simulator) -> None:
    simulator.add_export(dataset_id="d", task_id="t")
    token = "wrong"
    auth = TokenAuth(lambda: token)
    clients = [ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) for _ in range(2)]
    one, other = (follow(client, name) for client, name in zip(clients, ["t", "t2"], strict=True))
    for monitor in (one, other):
        monitor.start()
        until(lambda monitor=monitor: monitor.phase == "needs-auth")
    assert isinstance(other.error, AuthenticationError)
    token = simulator.token
    one.resume()
    until(lambda: one.task)
    until(lambda: other.phase != "needs-auth")


def test_credentials_that_were_refused_are_tried_again_when_they_are_given_again(
    follow: Follow, simulator: Simulator
) -> None:
    monitor = follow(ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("bad")))
    for count in (1, 2, 3):
        until(lambda count=count: monitor.start() or simulator.requests == count)
        until(lambda: monitor.phase == "needs-auth")
        monitor.resume(auth=TokenAuth("bad"))
    until(lambda: simulator.requests == 4)
    until(lambda: monitor.phase == "needs-auth")


# Models that nobody needs


@pytest.mark.parametrize("count", [50])
def test_monitors_that_have_ended_unseen_keep_no_models(follow: Follow, count: int) -> None:
    before = len(_instances)
    monitors = [follow(Script(ENDED), f"t{number}") for number in range(count)]
    assert len(_instances) > before
    for monitor in monitors:
        assert monitor.wait(HANGS).succeeded
    until(lambda: len(_instances) == before)
    assert "✓ SUCCESSED" in monitors[0].to_text()
    assert "SUCCESSED" in monitors[0].to_html()
    assert set(monitors[0]._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert len(_instances) == before


def test_an_end_by_an_error_frees_them_too_and_going_on_shows_them_again(follow: Follow) -> None:
    before, client = len(_instances), Script(AuthenticationError("no"))
    monitor = follow(client)
    with pytest.raises(ModelArtsError):
        monitor.wait(HANGS)
    until(lambda: len(_instances) == before)
    client.answers = [RUNNING]
    monitor.resume()
    until(lambda: monitor.progress == 42.0)
    assert VIEW in monitor._repr_mimebundle_()
    assert monitor.comm is not None


@pytest.mark.parametrize("error", [None, ServiceError(status_code=503)], ids=["running", "retrying"])
def test_what_goes_on_keeps_its_models(follow: Follow, error: Exception | None) -> None:
    monitor = follow(Script(error or RUNNING))
    monitor.start()
    until(lambda: monitor.task or monitor.error)
    assert monitor.comm is not None


@pytest.mark.parametrize("how", ["seen", "shown elsewhere"])
def test_what_somebody_sees_keeps_its_models_after_the_end(follow: Follow, how: str) -> None:
    client = Gate(ENDED)
    monitor = follow(client)
    if how == "seen":
        monitor.set_state({"_view_count": 1})
    else:
        assert VIEW in monitor._repr_mimebundle_()
    client.opened.set()
    monitor.wait(HANGS)
    until(lambda: ENGINE.threads == 0)
    assert monitor.comm is not None


@pytest.mark.parametrize("box", [VBox, HBox])
def test_a_monitor_in_a_container_keeps_its_models_after_the_end(follow: Follow, box: type[VBox]) -> None:
    monitor = follow(Script(ENDED))
    container = box([monitor])
    monitor.wait(HANGS)
    until(lambda: ENGINE.threads == 0)
    assert monitor.comm is not None
    assert container.get_state()["children"] == [f"IPY_MODEL_{monitor.model_id}"]
    container.layout.close()
    container.close()


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_monitor_that_is_put_into_a_container_later_is_opened_again(follow: Follow, is_closed: bool) -> None:  # noqa: FBT001
    before, monitor = len(_instances), follow(Script(ENDED))
    monitor.wait(HANGS)
    until(lambda: monitor.comm is None)
    if is_closed:
        monitor.close()
    container = VBox([monitor])
    assert monitor.comm is not None
    assert all(f"IPY_MODEL_{child.model_id}" in monitor.get_state()["children"] for child in monitor.children)
    monitor.close()
    container.layout.close()
    container.close()
    assert len(_instances) == before
