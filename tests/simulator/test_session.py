"""The session that answers in the process: whatever it is asked, and whatever fails, it does as the socket does."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from modelarts_widgets import AkSkAuth, ModelArtsClient, ModelArtsError, TokenAuth
from modelarts_widgets.simulator import FAULTS, Clock, Simulator
from modelarts_widgets.simulator.server import Server

TIMEOUT = (5.0, 0.5)


@contextmanager
def over_socket(**options: Any) -> Iterator[tuple[Simulator, requests.Session]]:  # noqa: ANN401 - of Simulator
    with Simulator(**options) as simulator, requests.Session() as session:
        yield simulator, session


@contextmanager
def in_process(**options: Any) -> Iterator[tuple[Simulator, requests.Session]]:  # noqa: ANN401 - of Simulator
    simulator = Simulator(**options)
    with simulator.session() as session:
        yield simulator, session


def both(ask: Callable[[Simulator, requests.Session], Any]) -> tuple[Any, Any]:
    """Return what a function gets over a socket and in the process, addresses aside."""
    results = []
    for world in (over_socket, in_process):
        with world(clock=Clock(1_606_103_424.662, speed=0)) as (simulator, session):
            results.append(ask(simulator, session))
    return results[0], results[1]


def url(simulator: Simulator, path: str = "") -> str:
    return f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/{simulator.dataset_id}/export-tasks{path}"


def outcome(simulator: Simulator, session: requests.Session, method: str = "GET", **options: Any) -> tuple[object, ...]:  # noqa: ANN401 - of requests
    """Return the parts of an answer, or the type of the error."""
    options = {"headers": {"X-Auth-Token": simulator.token}, "timeout": TIMEOUT, "allow_redirects": False} | options
    try:
        with session.request(method, url(simulator), **options) as answer:
            headers = {name: value for name, value in answer.headers.items() if name not in {"Server", "Date"}}
            headers.pop("Retry-After", None)  # one fault depends on the time of day
            return answer.status_code, answer.reason, answer.content, headers
    except (requests.RequestException, UnicodeError) as error:
        return (type(error),)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_the_same_effect_as_over_a_socket(fault: str, stream: bool) -> None:  # noqa: FBT001 - a parameter
    def ask(simulator: Simulator, session: requests.Session) -> object:
        simulator.add_export()
        simulator.inject(fault)
        return outcome(simulator, session, stream=stream)

    over, inside = both(ask)
    if fault == "drip":  # the socket's connection ends with it
        over[3].pop("Connection")
    assert inside == over


@pytest.mark.parametrize("fault", FAULTS)
def test_the_client_sees_the_same_tasks_and_errors(fault: str) -> None:
    def ask(simulator: Simulator, session: requests.Session) -> list[object]:
        export = simulator.add_export(seconds=10.0)
        auth = TokenAuth(simulator.token)
        seen: list[object] = []
        with ModelArtsClient(
            simulator.endpoint, simulator.project_id, auth=auth, session=session, timeout=TIMEOUT
        ) as client:
            for ask_once in (
                lambda: client.get_export_task(export.dataset_id, export.task_id).raw,
                lambda: [task.raw for task in client.list_export_tasks(export.dataset_id)],
            ):
                simulator.inject(fault)
                try:
                    seen.append(repr(ask_once()))
                except ModelArtsError as error:
                    seen.append((type(error), str(error).replace(simulator.endpoint, "")))
        return seen

    over, inside = both(ask)
    assert inside == over


@pytest.mark.parametrize(
    "options",
    [
        {"method": "HEAD"},
        {"method": "OPTIONS"},
        {"method": "POST", "data": "{}"},
        {"method": "POST", "data": b"\xff"},
        {"method": "POST", "json": {"a": 1}},
        {"headers": {"X-Auth-Token": "€"}},
        {"headers": {"X-Auth-Token": "€".encode()}},
        {"headers": {"X-Auth-Token": b"bytes"}},
        {"headers": {}},
        {"params": {"limit": "1", "offset": "€"}},
    ],
    ids=str,
)
def test_requests_of_all_kinds_get_the_same_answer(options: dict[str, Any]) -> None:
    over, inside = both(lambda simulator, session: outcome(simulator, session, **options))
    assert inside == over


def test_a_body_in_chunks_is_not_read_in_the_process_either() -> None:
    over, inside = both(lambda simulator, session: outcome(simulator, session, "PUT", data=iter([b"in", b"chunks"])))
    assert inside[:3] == over[:3]


def test_the_identity_service_gives_the_same_token(clock: Clock) -> None:
    def ask(simulator: Simulator, session: requests.Session) -> tuple[object, ...]:
        user = {"name": simulator.username, "password": simulator.password, "domain": {"name": simulator.domain_name}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": {"project": {"id": simulator.project_id}}}}
        answer = session.post(f"{simulator.iam_endpoint}/auth/tokens", json=body, timeout=5)
        text = answer.text.replace(simulator.endpoint, "")
        return answer.status_code, text, answer.headers["X-Subject-Token"]

    results = []
    for world in (over_socket, in_process):
        with world(identity_clock=clock) as (simulator, session):
            results.append(ask(simulator, session))
    assert results[0] == results[1]


def test_signatures_are_checked_in_the_process_too() -> None:
    with in_process() as (simulator, session):
        export = simulator.add_export()
        for secret_key, expected in [(simulator.secret_key, None), ("wrong", "AuthenticationError")]:
            auth = AkSkAuth(simulator.access_key, secret_key)
            with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth, session=session) as client:
                try:
                    assert client.get_export_task(export.dataset_id, export.task_id).task_id == export.task_id
                    raised = None
                except ModelArtsError as error:
                    raised = type(error).__name__
                assert raised == expected


def test_nothing_is_opened_and_nothing_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        pytest.fail("a socket or thread")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(threading.Thread, "start", refused)
    with in_process() as (simulator, session):
        export = simulator.add_export()
        auth = TokenAuth(simulator.token)
        with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth, session=session) as client:
            assert client.get_export_task(export.dataset_id, export.task_id).status == "INIT"
        assert simulator.requests == 1


def test_the_address_is_always_the_same() -> None:
    simulator = Simulator()
    assert simulator.endpoint == simulator.endpoint == Simulator().endpoint
    assert Simulator(port=8080).endpoint == "http://127.0.0.1:8080"


@pytest.mark.parametrize("where", ["https://elsewhere.example.com/", "http://10.0.0.1/", "http://127.0.0.2/"])
def test_no_other_address_is_reached(where: str) -> None:
    with in_process() as (simulator, session):
        with pytest.raises(requests.ConnectionError, match="reaches the simulator only"):
            session.get(where, timeout=5)
        simulator.inject("redirected")
        with pytest.raises(requests.ConnectionError, match="not elsewhere"):
            session.get(url(simulator), headers={"X-Auth-Token": simulator.token}, timeout=5)


def test_one_session_serves_a_started_simulator_as_well() -> None:
    with Simulator() as simulator, simulator.session() as session:
        assert outcome(simulator, session)[0] == 200


def test_without_sockets_start_names_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Not supported")

    monkeypatch.setattr(Server, "server_bind", bind)
    with pytest.raises(RuntimeError, match=r"session=simulator\.session\(\)"):
        Simulator().start()


def test_without_threads_start_names_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    simulator = Simulator()
    with pytest.raises(RuntimeError, match=r"session=simulator\.session\(\)"):
        simulator.start()
    assert "stopped" in repr(simulator)
