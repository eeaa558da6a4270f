"""One exchange and no more: its deadline, its end by another thread, connections that were kept, forks."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from requests.adapters import BaseAdapter
from support import until
from support.sockets import GOOD, Peer, RawServer, full_port
from urllib3.util import Retry

from modelarts_widgets import (
    ConfigurationError,
    ConnectionFailedError,
    ExportTask,
    MalformedResponseError,
    ModelArtsClient,
    TokenAuth,
)
from modelarts_widgets.api.transport import Cancellation

SHORT = (5.0, 5.0, 0.3)
"""A total that ends long before the limits of one step do."""
NEVER = (600.0, 600.0, 1_200.0)
"""Limits that no test waits for."""
LATE = r"took longer than 0\.3 s in all"
MUCH = 100
"""Bytes that drip for two seconds, far beyond the total."""


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Authority:
    """A certificate authority of our own, and what it vouches for."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Trust an authority of our own."""
    made = Authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", made.file)
    return made


def connect(endpoint: str, timeout: Any = NEVER, **options: Any) -> ModelArtsClient:  # noqa: ANN401 - any
    return ModelArtsClient(endpoint, "p", auth=TokenAuth("secret-token"), timeout=timeout, **options)


def ask(client: ModelArtsClient) -> ExportTask:
    return client.get_export_task("d", "t")


class Asked(threading.Thread):
    """A request under way in a thread of its own."""

    def __init__(self, client: ModelArtsClient, cancellation: Cancellation | None = None) -> None:
        super().__init__()
        self.client, self.cancellation = client, cancellation or Cancellation()
        self.outcome: object = None
        self.start()

    def run(self) -> None:
        try:
            with self.cancellation:
                self.outcome = ask(self.client)
        except Exception as error:  # noqa: BLE001 - looked at in the test
            self.outcome = error

    def ended(self) -> object:
        until(lambda: not self.is_alive())
        return self.outcome


# The total deadline


def headers(peer: Peer) -> None:
    peer.request()
    peer.drip(GOOD[:-6] + b"X-More: " + b"x" * MUCH + b"\r\n\r\n{}")


def status_line(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 200 " + b"x" * MUCH)
    peer.sock.sendall(GOOD[15:])


def continues(peer: Peer) -> None:
    peer.request()
    for _ in range(MUCH):
        peer.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.server.ended.wait(0.02)
    peer.sock.sendall(GOOD)


def hints(peer: Peer) -> None:
    peer.request()
    for _ in range(MUCH):
        peer.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        peer.server.ended.wait(0.02)
    peer.sock.sendall(GOOD)


def body(peer: Peer) -> None:
    peer.request()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MUCH + 2))
    peer.drip(b" " * MUCH + b"{}")


def body_until_the_end(peer: Peer) -> None:
    peer.request()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    peer.drip(b" " * MUCH + b"{}")


def chunks(peer: Peer) -> None:
    peer.request()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(MUCH):
        peer.sock.sendall(b"1\r\n \r\n")
        peer.server.ended.wait(0.02)
    peer.sock.sendall(b"2\r\n{}\r\n0\r\n\r\n")


def chunk_size(peer: Peer) -> None:
    peer.request()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"0" * MUCH + b"2\r\n{}\r\n0\r\n\r\n")


def trailers(peer: Peer) -> None:
    peer.request()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    peer.drip(b"X: " + b"x" * MUCH + b"\r\n\r\n")


def silence(peer: Peer) -> None:
    peer.request()
    peer.hang()


DRIPS = [headers, status_line, continues, hints, body, body_until_the_end, chunks, chunk_size, trailers, silence]


@pytest.mark.parametrize("drip", DRIPS)
def test_whatever_drips_an_answer_ends_when_its_time_is_up(drip: Callable[[Peer], None]) -> None:
    with (
        RawServer(drip) as server,
        connect(server.url, SHORT) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("drip", [headers, body, chunks])
def test_the_deadline_holds_over_tls(authority: Authority, drip: Callable[[Peer], None]) -> None:
    with (
        RawServer(drip, authority.context) as server,
        connect(server.url, SHORT) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)


@pytest.mark.parametrize("drip", [headers, body])
def test_the_deadline_holds_on_a_kept_connection(drip: Callable[[Peer], None]) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.sock.sendall(GOOD)
        drip(peer)

    with RawServer(talk) as server, connect(server.url, SHORT) as client:
        ask(client)
        with pytest.raises(ConnectionFailedError, match=LATE):
            ask(client)
    assert server.connections == 1


def handshake(peer: Peer) -> None:
    peer.sock.recv(1)  # of the client's greeting
    peer.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + bytes(10 * MUCH))


def test_a_tls_handshake_counts(authority: Authority) -> None:
    assert authority
    with (
        RawServer(handshake) as server,
        connect(f"https://localhost:{server.port}", SHORT) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)


def proxied(proxy: str, **attributes: object) -> requests.Session:
    session = requests.Session()
    session.proxies["https"] = proxy
    for name, value in attributes.items():
        setattr(session, name, value)
    return session


def tunnel_status(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * MUCH)


def tunnel_headers(peer: Peer) -> None:
    peer.request()
    for _ in range(MUCH):
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\n")
        peer.server.ended.wait(0.02)


def tunnel_then_handshake(peer: Peer) -> None:
    peer.request()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    handshake(peer)


@pytest.mark.parametrize("drip", [tunnel_status, tunnel_headers, tunnel_then_handshake, silence])
@pytest.mark.parametrize("is_tls", [False, True])
def test_the_answer_of_a_proxy_counts(authority: Authority, drip: Callable[[Peer], None], is_tls: bool) -> None:  # noqa: FBT001
    with (
        RawServer(drip, authority.context if is_tls else None) as proxy,
        proxied(proxy.url) as session,
        connect("https://modelarts.example.com", SHORT, session=session) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)
    assert proxy.requests[0][1].startswith(b"CONNECT modelarts.example.com:443")


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let no name be resolved before the end of the test; return an event for the attempt."""
    asked, ended = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        asked.set()
        ended.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield asked
    ended.set()


@pytest.mark.usefixtures("resolving")
def test_the_resolution_of_a_name_counts() -> None:
    with connect("https://localhost", SHORT) as client, pytest.raises(ConnectionFailedError, match=LATE):
        ask(client)


@pytest.fixture
def full() -> Iterator[int]:
    """Return a port that takes no more connections."""
    sockets: list[socket.socket] = []
    yield full_port(sockets)
    for each in sockets:
        each.close()


def test_several_addresses_count_together(monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", full))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * 8)
    with (
        connect(f"http://localhost:{full}", (0.2, 5.0, 0.3)) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)


def test_a_connection_that_comes_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    proceed, seen = threading.Event(), []
    original = socket.getaddrinfo

    def slow(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - any
        proceed.wait()
        return original(*args, **options)

    def talk(peer: Peer) -> None:
        seen.append(peer.sock.recv(1))

    with RawServer(talk) as server, connect(server.url, SHORT) as client:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        with pytest.raises(ConnectionFailedError, match=LATE):
            ask(client)
        proceed.set()
        until(lambda: seen)
    assert seen == [b""]


def test_without_a_third_number_the_total_is_the_sum_of_the_two() -> None:
    with (
        RawServer(body) as server,
        connect(server.url, (0.1, 0.2)) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)
    with (
        RawServer(body) as server,
        connect(server.url, 0.15) as client,
        pytest.raises(ConnectionFailedError, match=LATE),
    ):
        ask(client)


def test_an_answer_that_drips_in_time_is_read() -> None:
    with RawServer(lambda peer: (peer.request(), peer.drip(GOOD, 0.001))[1]) as server, connect(server.url) as client:
        assert ask(client).raw == {}


@pytest.mark.parametrize("timeout", [1e6, (5.0, 1e300), (5, 10**400)])
def test_a_limit_that_no_socket_takes_is_refused(timeout: Any) -> None:  # noqa: ANN401 - any
    with pytest.raises(ConfigurationError, match="up to a day"):
        connect("https://example.com", timeout)


def test_a_session_that_was_in_use_before_is_limited_too() -> None:
    def talk(peer: Peer) -> None:
        while True:
            request = peer.request()
            if request.startswith(b"GET /v2"):
                peer.drip(GOOD[:-6] + b"X-More: " + b"x" * MUCH + b"\r\n\r\n{}")
            peer.sock.sendall(GOOD)

    with RawServer(talk) as server, requests.Session() as session:
        session.get(server.url, timeout=5.0)
        with connect(server.url, SHORT, session=session) as client:
            with pytest.raises(ConnectionFailedError, match=LATE):
                ask(client)
            assert session.get(server.url, timeout=5.0).json() == {}


def test_what_a_session_asks_for_others_has_no_deadline_of_ours() -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.sock.sendall(GOOD)
        body(peer)

    with RawServer(talk) as server, requests.Session() as session:
        ask(connect(server.url, (5.0, 5.0, 1.0), session=session))
        assert session.get(server.url, timeout=5.0).json() == {}
    assert server.connections == 1


def test_retries_of_your_own_adapter_end_with_the_deadline() -> None:
    with RawServer(silence) as server, requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=Retry(100, backoff_factor=0.01)))
        with (
            connect(server.url, (5.0, 0.05, 0.3), session=session) as client,
            pytest.raises(ConnectionFailedError, match=LATE),
        ):
            ask(client)


class Foreign(BaseAdapter):
    """An adapter that knows no sockets."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self.pieces = pieces

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:  # type: ignore[override]
        answer = requests.Response()
        answer.status_code, answer.request, answer.raw = 200, request, self
        return answer

    def read(self, _: int) -> bytes:
        return next(self.pieces, b"")

    def close(self) -> None:
        """Hold nothing."""


def test_an_adapter_of_another_kind_is_limited_between_two_pieces() -> None:
    pause = threading.Event()

    def drip() -> Iterator[bytes]:
        for _ in range(MUCH):
            pause.wait(0.02)
            yield b" "
        yield b"{}"

    with requests.Session() as session:
        session.mount("http://", Foreign(drip()))
        with pytest.raises(ConnectionFailedError, match=LATE):
            ask(connect("http://localhost", SHORT, session=session))


# Ended by another thread


def by_cancellation(asked: Asked) -> None:
    asked.cancellation.cancel()


def by_closing(asked: Asked) -> None:
    asked.client.close()


WAYS = [by_cancellation, by_closing]
End = Callable[[Asked], None]


@pytest.mark.parametrize("end", WAYS)
@pytest.mark.parametrize("drip", DRIPS)
def test_an_exchange_can_be_ended_from_another_thread(end: End, drip: Callable[[Peer], None]) -> None:
    with RawServer(lambda peer: (drip(peer), peer.hang())[1]) as server, connect(server.url) as client:
        server.talk = lambda peer: (drip(peer), peer.hang())[1]
        asked = Asked(client)
        until(lambda: server.requests)
        end(asked)
        error = asked.ended()
        if not isinstance(error, ExportTask):  # it may have come to its good end before
            assert isinstance(error, ConnectionFailedError)
            assert "The request was cancelled" in str(error)
        assert len(server.requests) == 1


@pytest.mark.parametrize("end", WAYS)
def test_it_can_be_ended_while_it_waits_on_a_kept_connection(end: End) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.sock.sendall(GOOD)
        silence(peer)

    with RawServer(talk) as server, connect(server.url) as client:
        ask(client)
        asked = Asked(client)
        until(lambda: len(server.requests) == 2)
        end(asked)
        assert "The request was cancelled" in str(asked.ended())
        assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize("end", WAYS)
def test_it_can_be_ended_while_a_name_is_resolved(end: End, resolving: threading.Event) -> None:
    with connect("https://localhost") as client:
        asked = Asked(client)
        assert resolving.wait(20)
        end(asked)
        assert "The request was cancelled" in str(asked.ended())


@pytest.mark.parametrize("end", WAYS)
def test_it_can_be_ended_while_it_connects(end: End, full: int, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:  # noqa: ANN401 - as in socket
            begun.set()
            super().connect(address)

    monkeypatch.setattr(socket, "socket", Socket)
    with connect(f"http://127.0.0.1:{full}", (2.0, 600.0)) as client:
        asked = Asked(client)
        assert begun.wait(20)
        end(asked)
        assert "The request was cancelled" in str(asked.ended())


@pytest.mark.parametrize("end", WAYS)
@pytest.mark.parametrize("is_proxied", [False, True])
def test_it_can_be_ended_in_a_tls_handshake(authority: Authority, end: End, is_proxied: bool) -> None:  # noqa: FBT001
    assert authority
    begun = threading.Event()

    def talk(peer: Peer) -> None:
        if is_proxied:
            peer.request()
            peer.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        peer.sock.recv(1)  # of the client's greeting
        begun.set()
        peer.hang()

    with RawServer(talk) as server, requests.Session() as session:
        if is_proxied:
            session.proxies["https"] = server.url
        asked = Asked(connect(f"https://localhost:{server.port}", session=session))
        assert begun.wait(20)
        end(asked)
        assert "The request was cancelled" in str(asked.ended())


def test_a_body_that_ends_with_the_connection_is_not_taken_for_whole_when_it_is_cancelled() -> None:
    sent = threading.Event()

    def talk(peer: Peer) -> None:
        peer.request()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
        sent.set()
        peer.hang()

    with RawServer(talk) as server, connect(server.url) as client:
        asked = Asked(client)
        assert sent.wait(20)
        asked.cancellation.cancel()
        assert "The request was cancelled" in str(asked.ended())


def test_no_exchange_begins_in_a_block_that_is_cancelled() -> None:
    with RawServer(Peer.answers) as server, connect(server.url) as client:
        with Cancellation() as cancellation:
            ask(client)
            cancellation.cancel()
            for _ in range(2):
                with pytest.raises(ConnectionFailedError, match="cancelled"):
                    ask(client)
        assert len(server.requests) == 1
        ask(client)


def test_who_cancels_before_the_block_lets_nothing_begin_and_after_it_ends_nothing() -> None:
    with RawServer(Peer.answers) as server, connect(server.url) as client:
        early, late = Cancellation(), Cancellation()
        early.cancel()
        with early, pytest.raises(ConnectionFailedError, match="cancelled"):
            ask(client)
        with late:
            ask(client)
        late.cancel()
        ask(client)
        assert len(server.requests) == 2


def test_the_end_of_an_outer_block_is_that_of_the_inner_one() -> None:
    with RawServer(Peer.answers) as server, connect(server.url) as client, Cancellation() as outer:
        with Cancellation() as inner:
            outer.cancel()
            with pytest.raises(ConnectionFailedError, match="cancelled"):
                ask(client)
        assert not inner.is_cancelled


def accept(client: ModelArtsClient) -> ModelArtsClient:
    """Let a client's credentials count as accepted: before that, one request at a time tries them."""
    client._standing.enter(lambda _: None)
    client._standing.leave(None)
    return client


def test_only_what_is_meant_is_cancelled() -> None:
    with RawServer(silence) as server, connect(server.url) as client:
        accept(client)
        one, other = Asked(client), Asked(client)
        until(lambda: len(server.requests) == 2)
        one.cancellation.cancel()
        one.ended()
        assert other.is_alive()
        other.cancellation.cancel()
        other.ended()


def test_a_client_that_was_closed_may_be_used_again() -> None:
    with RawServer(Peer.answers) as server, connect(server.url) as client:
        ask(client)
        client.close()
        ask(client)
        assert [number for number, _ in server.requests] == [1, 2]


def test_closing_a_client_ends_nothing_of_another_that_has_the_same_session() -> None:
    with RawServer(silence) as server, requests.Session() as session:
        clients = [connect(server.url, session=session) for _ in range(2)]
        one, other = (Asked(accept(client)) for client in clients)
        until(lambda: len(server.requests) == 2)
        one.client.close()
        one.ended()
        assert other.is_alive()
        other.client.close()
        assert "The request was cancelled" in str(other.ended())


# Connections that have gone quietly


def once_and_then(end: Callable[[Peer], None], bad: int = 1) -> Callable[[Peer], None]:
    """Answer one request on the first connections, and let the next ones fail; answer all on later ones."""

    def talk(peer: Peer) -> None:
        if peer.number <= bad:
            peer.request()
            peer.sock.sendall(GOOD)
            peer.request()
            end(peer)
        else:
            peer.answers()

    return talk


def closed(_: Peer) -> None:
    """Let the server close it."""


ENDS = [closed, Peer.reset]


@pytest.mark.parametrize("end", ENDS)
def test_a_kept_connection_that_is_gone_is_replaced_unseen(end: Callable[[Peer], None]) -> None:
    with RawServer(once_and_then(end)) as server, connect(server.url) as client:
        ask(client)
        ask(client)
        assert [number for number, _ in server.requests] == [1, 1, 2]


def test_a_kept_tls_connection_that_is_gone_is_replaced_unseen(authority: Authority) -> None:
    with RawServer(once_and_then(closed), authority.context) as server, connect(server.url) as client:
        ask(client)
        ask(client)
        assert [number for number, _ in server.requests] == [1, 1, 2]


def test_a_connection_of_your_own_session_that_is_gone_is_replaced_unseen() -> None:
    with RawServer(once_and_then(closed)) as server, requests.Session() as session:
        client = connect(server.url, session=session)
        ask(client)
        ask(client)
        assert [number for number, _ in server.requests] == [1, 1, 2]


def test_the_replacement_is_fresh_though_all_that_were_kept_are_gone() -> None:
    with RawServer(silence) as server, connect(server.url) as client:
        accept(client)
        gate = threading.Barrier(3)

        def talk(peer: Peer) -> None:
            peer.request()
            if peer.number <= 3:
                gate.wait(20)
            peer.sock.sendall(GOOD)
            peer.request()
            if peer.number > 3:
                peer.sock.sendall(GOOD)

        server.talk = talk
        for asked in [Asked(client) for _ in range(3)]:
            assert isinstance(asked.ended(), ExportTask)
        ask(client)
        assert server.connections == 4
        assert len(server.requests) == 5


def test_what_fails_on_a_fresh_connection_is_not_asked_again() -> None:
    with (
        RawServer(lambda peer: closed(peer.request())) as server,  # type: ignore[arg-type]
        connect(server.url) as client,
        pytest.raises(ConnectionFailedError, match="no connection to"),
    ):
        ask(client)
    assert len(server.requests) == 1


def test_what_fails_on_the_replacement_is_not_asked_again() -> None:
    with RawServer(once_and_then(closed, bad=9)) as server, connect(server.url) as client:
        ask(client)
        server.talk = lambda peer: closed(peer.request())  # type: ignore[arg-type]
        with pytest.raises(ConnectionFailedError, match="no connection to"):
            ask(client)
        assert [number for number, _ in server.requests] == [1, 1, 2]


def test_what_fails_after_a_byte_is_not_asked_again() -> None:
    with (
        RawServer(once_and_then(lambda peer: peer.sock.sendall(b"H"))) as server,
        connect(server.url) as client,
    ):
        ask(client)
        with pytest.raises(MalformedResponseError, match="not valid HTTP"):
            ask(client)
        assert len(server.requests) == 2


def test_what_is_overdue_is_not_asked_again() -> None:
    with RawServer(once_and_then(Peer.hang)) as server, connect(server.url, (5.0, 5.0, 0.3)) as client:
        ask(client)
        with pytest.raises(ConnectionFailedError, match=LATE):
            ask(client)
        assert len(server.requests) == 2


def test_what_is_silent_on_a_kept_connection_is_not_asked_again() -> None:
    with RawServer(once_and_then(Peer.hang)) as server, connect(server.url, (5.0, 0.2)) as client:
        ask(client)
        with pytest.raises(ConnectionFailedError, match="No answer in time"):
            ask(client)
        assert len(server.requests) == 2


def test_the_second_attempt_has_the_deadline_of_the_first() -> None:
    with RawServer(once_and_then(closed)) as server, connect(server.url, SHORT) as client:
        ask(client)
        server.talk = silence
        with pytest.raises(ConnectionFailedError, match=LATE):
            ask(client)
        assert len(server.requests) == 3


# Forks

FORK = """
import os, sys, threading
import requests
from modelarts_widgets import ModelArtsClient, TokenAuth

url, own, under_way = sys.argv[1:]
session = requests.Session() if own == "own" else None
client = ModelArtsClient(url, "p", auth=TokenAuth("t"), session=session, timeout=(20.0, 20.0))
ask = lambda name: client.get_export_task("d", name)
ask("before")
if under_way == "under-way":
    thread = threading.Thread(target=ask, args=("meanwhile",))
    thread.start()
    sys.stdin.readline()  # it has arrived
    import warnings
    warnings.simplefilter("ignore")  # a fork beside a thread is what this is about
child = os.fork()
if not child:
    try:
        if under_way == "under-way":
            client.close()
        else:
            ask("child")
            ask("child-again")
        client.close()
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
if under_way == "under-way":
    print("child has gone", flush=True)
    thread.join()
ask("after")
"""


def fork(url: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FORK, url, *options]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def names(server: RawServer) -> list[tuple[int, str]]:
    return [(number, request.split()[1].decode().rpartition("/")[2]) for number, request in server.requests]


@pytest.mark.parametrize("own", ["own", "ours"])
@pytest.mark.parametrize("is_tls", [False, True])
def test_a_forked_child_uses_connections_of_its_own(authority: Authority, own: str, is_tls: bool) -> None:  # noqa: FBT001
    with RawServer(Peer.answers, authority.context if is_tls else None) as server:
        with fork(server.url, own, "idle") as process:
            assert process.communicate()[0] == ""
        assert process.returncode == 0
        assert names(server) == [(1, "before"), (2, "child"), (2, "child-again"), (1, "after")]


def test_a_forked_child_that_closes_the_client_ends_nothing_of_its_parent() -> None:
    proceed = threading.Event()

    def talk(peer: Peer) -> None:
        while True:
            if b"meanwhile" in peer.request():
                proceed.wait()
            peer.sock.sendall(GOOD)

    with RawServer(talk) as server, fork(server.url, "ours", "under-way") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        until(lambda: len(server.requests) == 2)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "child has gone\n"
        proceed.set()
        assert process.wait() == 0
        assert names(server) == [(1, "before"), (1, "meanwhile"), (1, "after")]
