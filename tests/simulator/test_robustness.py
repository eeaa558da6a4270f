"""The simulator under clients that are slow, many, broken or hostile: each gets an answer, none costs much for long."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from support import until

from modelarts_widgets.simulator import Simulator, identity
from modelarts_widgets.simulator.messages import Request
from modelarts_widgets.simulator.server import Server

DIGITS = "9" * 5_000


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Run a service that waits for its clients for a moment only."""
    monkeypatch.setattr(Server, "idle_timeout", 0.2, raising=False)
    with Simulator() as running:
        yield running


def connect(simulator: Simulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(simulator.endpoint.rpartition(":")[2])), timeout=20)


def exchange(simulator: Simulator, data: bytes) -> tuple[int, Any]:
    """Send bytes; return the status and the document that come back."""
    with connect(simulator) as connection:
        connection.sendall(data)
        answer = b"".join(iter(lambda: connection.recv(2**16), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    version, status = head.split()[:2]
    assert version == b"HTTP/1.1"
    return int(status), json.loads(body)


def path(simulator: Simulator) -> str:
    return f"/v2/{simulator.project_id}/datasets/{simulator.dataset_id}/export-tasks"


def test_idle_connections_do_not_keep_their_threads(impatient: Simulator) -> None:
    threads = threading.active_count()
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connect(impatient))
        until(lambda: threading.active_count() <= threads)


def test_a_request_that_arrives_byte_by_byte_is_not_waited_for(impatient: Simulator) -> None:
    with connect(impatient) as connection, suppress(ConnectionError):
        connection.settimeout(0.01)
        for _ in range(2_000):
            connection.send(b"G")
            with suppress(TimeoutError):
                assert connection.recv(1) == b"", "closed"
                return
        pytest.fail("the connection was kept")


def test_a_client_that_does_not_read_its_answer_does_not_keep_a_thread(impatient: Simulator) -> None:
    threads = threading.active_count()
    impatient.inject("oversized")
    with connect(impatient) as connection:
        head = f"GET {path(impatient)} HTTP/1.1\r\nX-Auth-Token: {impatient.token}\r\n\r\n"
        with suppress(ConnectionError):  # a busy machine may be too slow even to ask
            connection.sendall(head.encode())
            connection.recv(1)
        until(lambda: threading.active_count() <= threads)


def test_a_silent_answer_lasts_as_long_as_the_client_waits(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.inject("silent")
    with connect(simulator) as silent, connect(simulator) as idle:
        silent.sendall(f"GET {path(simulator)} HTTP/1.1\r\nX-Auth-Token: {simulator.token}\r\n\r\n".encode())
        server = simulator._server  # that the answer has begun is to be seen nowhere else
        assert server
        until(lambda: float("inf") in server._open.values())
        monkeypatch.setattr(Server, "idle_timeout", 0.0)
        assert idle.recv(1) == b""
        silent.settimeout(0.1)
        with pytest.raises(TimeoutError):
            silent.recv(1)


@pytest.mark.parametrize("query", [f"limit={DIGITS}", f"offset={DIGITS}"], ids=["limit", "offset"])
def test_a_number_of_5000_digits_in_a_query_is_a_bad_parameter(simulator: Simulator, query: str) -> None:
    url = f"{simulator.endpoint}{path(simulator)}?{query}"
    answer = requests.get(url, headers={"X-Auth-Token": simulator.token}, timeout=5)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ModelArts.4384")


def test_a_content_length_of_5000_digits_is_answered(simulator: Simulator) -> None:
    status, _ = exchange(simulator, f"POST /v3/auth/tokens HTTP/1.1\r\nContent-Length: {DIGITS}\r\n\r\n".encode())
    assert status == 400


def test_a_number_of_5000_digits_in_a_body_is_a_bad_request(simulator: Simulator) -> None:
    body = f'{{"auth": {DIGITS}}}'
    assert requests.post(f"{simulator.iam_endpoint}/auth/tokens", data=body, timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),  # the start of TLS
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET / HTTP/x\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", 431),
        (b"PROPFIND / HTTP/1.1\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 404),
        (b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n" + b" " * 9_000_000, 404),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else str(value),
)
def test_what_is_no_proper_request_gets_a_proper_error(simulator: Simulator, data: bytes, expected: int) -> None:
    status, document = exchange(simulator, data)
    assert status == expected
    assert document["error_code"].startswith("APIG.")
    assert document["error_msg"]


def ask(simulator: Simulator, method: str = "GET", target: str | None = None, body: Any = None, **headers: str) -> Any:  # noqa: ANN401 - any JSON
    target = target or path(simulator)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return simulator.answer(Request(method, target, sent, json.dumps(body).encode()))


def test_clients_that_fetch_tokens_for_ever_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MAX_TOKENS", 10, raising=False)
    simulator = Simulator()
    user = {"name": simulator.username, "password": simulator.password, "domain": {"name": simulator.domain_name}}
    method = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": method, "scope": {"project": {"name": simulator.project_name}}}}
    tokens = []
    for _ in range(12):
        tokens.append(ask(simulator, "POST", "/v3/auth/tokens", body).headers["X-Subject-Token"])
        assert ask(simulator, x_auth_token=tokens[-1]).status == 200
    assert ask(simulator, x_auth_token=tokens[0]).status == 401, "the oldest is forgotten"
    assert ask(simulator, x_auth_token=simulator.token).status == 200, "but never the simulator's own"
    assert len(simulator._identity._tokens) == 10  # no public name tells what is kept


def test_signatures_with_made_up_keys_fill_no_memory() -> None:
    simulator = Simulator()
    for number in range(20):
        value = f"SDK-HMAC-SHA256 Access=KEY{number}, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
        answer = ask(simulator, authorization=value, x_sdk_date="20201123T035024Z")
        assert "ak not exist" in answer.document["error_msg"]
    known = simulator._identity  # no public name tells what is kept
    assert not known._rejections
    assert not known._locked_until


words = st.one_of(st.text(max_size=20), st.sampled_from(["password", "token", "auth", DIGITS, "20201123T035024Z", "٣"]))
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=10,
)


@settings(max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "", "\x00"]),
    parts=st.lists(words, max_size=6),
    query=st.dictionaries(st.sampled_from(["limit", "offset", "export_type", "nocatalog"]), words, max_size=3),
    headers=st.dictionaries(st.sampled_from(["x-sdk-date", "authorization", "x-security-token"]), words, max_size=3),
    body=st.one_of(st.binary(max_size=50), documents.map(lambda document: json.dumps(document).encode())),
    is_known=st.booleans(),
)
def test_any_request_has_an_answer(
    *, method: str, parts: list[str], query: dict[str, str], headers: dict[str, str], body: bytes, is_known: bool
) -> None:
    simulator = Simulator()
    token = {"x-auth-token": simulator.token} if is_known else {}
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    for base in [path(simulator), "/v3/auth/tokens", ""]:
        target = "/".join([base, *parts]) + "?" + asked
        answer = simulator.answer(Request(method, target, headers | token, body))
        assert 200 <= answer.status < 600
        assert json.dumps(answer.document)
