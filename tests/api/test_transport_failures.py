"""Whatever goes wrong in an exchange is one of our errors, in our own words."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import threading
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sockets import GOOD, Peer, RawServer

from modelarts_widgets import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ExportTask,
    MalformedResponseError,
    ModelArtsClient,
    ModelArtsError,
    ServiceError,
    TokenAuth,
)

zipped = partial(gzip.compress, mtime=0)
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def ask(endpoint: str, auth: Any = None, **options: Any) -> ExportTask:  # noqa: ANN401 - any
    with ModelArtsClient(endpoint, "p", auth=auth or TokenAuth("token-secret"), **options) as client:
        return client.get_export_task("d", "t")


def answered(answer: bytes, **options: Any) -> ExportTask:  # noqa: ANN401 - any
    """Ask a server that sends this and closes the connection."""

    def talk(peer: Peer) -> None:
        peer.request()
        peer.sock.sendall(answer)
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.sock.recv(4096):
            pass

    with RawServer(talk) as server:
        return ask(server.url, **options)


def everything(error: BaseException) -> str:
    """Return all that a traceback can show of an error, and of what hangs on it."""
    shown = "".join(traceback.format_exception(error))
    linked: list[BaseException | None] = [error]
    for each in linked:
        if each is not None:
            shown += repr(each) + repr(getattr(each, "args", "")) + repr(vars(each))
            linked += [each.__cause__, each.__context__]
            for frame, _ in traceback.walk_tb(each.__traceback__):
                if "modelarts_widgets" in frame.f_code.co_filename or "requests" in frame.f_code.co_filename:
                    shown += repr(frame.f_locals)
    return shown


# Settings that allow no request


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_certificates_that_is_missing_is_a_mistake_of_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match="file of certificates or keys cannot be read"):
        ask("https://modelarts.example.com")


def test_a_bundle_that_holds_no_certificates_is_no_refusal_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with RawServer(Peer.hang) as server, requests.Session() as session:
        session.verify = str(tmp_path / "empty.pem")
        with pytest.raises(ConnectionFailedError, match="TLS failed"):
            ask(f"https://localhost:{server.port}", session=session)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://a..b:1",
        "http://user:secret@a..b:1",
        "http://user:secret€@127.0.0.1:9",
        "http://user:secret#more@127.0.0.1:9",
        "http://user:secret/more@127.0.0.1:9",
        "http://user:secret?more@127.0.0.1:9",
        "http://user:secret@127.0.0.1:port",
        "http://user:secret@[::1",
        "http://user:secret@",
        "http://:secret@:9",
        "socks5://user:secret@127.0.0.1:9",
        "gopher://user:secret@127.0.0.1:9",
        "http://user:secret@" + "a" * 70 + ".example:9",
        "secret",
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_of_ours_that_shows_nothing_of_it(proxy: str) -> None:
    with requests.Session() as session:
        session.proxies["https"] = proxy
        with pytest.raises(
            (ConfigurationError, ConnectionFailedError), match=r"proxy|no connection|cannot be"
        ) as caught:
            ask("https://modelarts.example.com", session=session, timeout=5.0)
    shown = everything(caught.value).replace("token-secret", "")
    assert "secret" not in shown


@pytest.mark.parametrize("value", ["secret\n", "se\r\nsecret: 1", "secret€", b"sec\rret"])
@pytest.mark.parametrize("is_kept", [False, True])
def test_a_header_that_cannot_be_sent_is_an_error_of_ours_that_does_not_show_it(value: Any, is_kept: bool) -> None:  # noqa: ANN401, FBT001
    class Auth(requests.auth.AuthBase):
        value: Any = "good"

        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            r.headers["X-Auth-Token"] = self.value
            return r

    auth = Auth()
    with RawServer(Peer.answers) as server, ModelArtsClient(server.url, "p", auth=auth) as client:
        if is_kept:
            client.get_export_task("d", "t")
        auth.value = value
        with pytest.raises(ConfigurationError, match="request cannot be made: a header") as caught:
            client.get_export_task("d", "t")
        assert "secret" not in everything(caught.value)
        assert len(server.requests) == is_kept


# Auth objects of others


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("secret"),
        ZeroDivisionError("secret"),
        GeneratorExit("secret"),
        asyncio.CancelledError("secret"),
        BaseException("secret"),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("is_token", [False, True])
def test_what_an_auth_object_raises_is_named_by_its_type_only(fault: BaseException, is_token: bool) -> None:  # noqa: FBT001
    def fail(*_: object) -> object:
        raise fault

    with pytest.raises(AuthenticationError, match=type(fault).__name__) as caught:
        ask("http://localhost", TokenAuth(fail) if is_token and isinstance(fault, Exception) else fail)
    if not is_token:
        assert "secret" not in everything(caught.value)


@pytest.mark.parametrize("fault", [ConnectionError("secret"), TimeoutError(), requests.ConnectionError("secret")])
def test_an_auth_object_that_reaches_nobody_is_a_failed_connection(fault: Exception) -> None:
    def fail(_: object) -> object:
        raise fault

    with pytest.raises(ConnectionFailedError, match="Could not obtain credentials") as caught:
        ask("http://localhost", fail)
    assert "secret" not in everything(caught.value)


def test_an_error_of_ours_passes_as_it_is() -> None:
    given = ServiceError("busy")

    def fail(_: object) -> object:
        raise given

    with pytest.raises(ServiceError) as caught:
        ask("http://localhost", fail)
    assert caught.value is given


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_program_in_an_auth_object_ends_it_on_the_main_thread_only(fault: type[BaseException]) -> None:
    def fail(_: object) -> object:
        raise fault

    with pytest.raises(fault):
        ask("http://localhost", fail)
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            ask("http://localhost", fail)
        except BaseException as error:  # noqa: BLE001 - looked at below
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [type(error) for error in outcome] == [AuthenticationError]


def test_an_auth_object_that_returns_something_else_is_named() -> None:
    with pytest.raises(AuthenticationError, match="returned no request, but NoneType"):
        ask("http://localhost", lambda _: None)


# Answers that are no HTTP


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n{}",
        b"HTTP/1.1 abc OK\r\n\r\n{}",
        HEAD + b"X: 1\r\n" * 200 + b"\r\n{}",
        HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_http_says_so(answer: bytes) -> None:
    with pytest.raises(MalformedResponseError, match="not valid HTTP"):
        answered(answer)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}",
    ],
)
def test_an_answer_that_is_cut_is_no_answer(answer: bytes) -> None:
    with pytest.raises((ConnectionFailedError, MalformedResponseError)):
        answered(answer)


@pytest.mark.parametrize("size", [b"-1", b"-0001"])
def test_a_chunk_of_negative_size_does_not_fill_the_memory(size: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelarts_widgets.api.exchange._MAX_RECEIVED", 100_000)
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + b"x" * 3_000_000
    with pytest.raises(MalformedResponseError, match="longer than 100000 bytes"):
        answered(answer)


def test_informational_answers_are_not_the_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nContent-Length: 7\r\n\r\n"
    assert answered(early * 3 + b"HTTP/1.1 100 Continue\r\n\r\n" + early + GOOD).raw == {}


# Compressed answers


def compressed(body: bytes, encoding: bytes = b"gzip", status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n%b\r\n"
    return head % (status, encoding, len(body), more) + body


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", zipped(b"{}")),
        (b"x-gzip", zipped(b"{}")),
        (b"deflate", zlib.compress(b"{}")),
        (b"deflate", zlib.compress(b"{}")[2:-4]),
        (b"identity", b"{}"),
    ],
    ids=["gzip", "x-gzip", "zlib", "raw deflate", "identity"],
)
def test_a_compressed_answer_is_read(encoding: bytes, body: bytes) -> None:
    assert answered(compressed(body, encoding)).raw == {}


@pytest.mark.parametrize("body", [b"no gzip", b"\x1f\x8b\x08", zipped(b"{}")[:-4], zipped(b"{}" * 99)[:-9]])
@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
def test_a_compressed_answer_that_is_none_or_is_cut_is_malformed(encoding: bytes, body: bytes) -> None:
    with pytest.raises(MalformedResponseError, match="cannot be decoded|cut short"):  # noqa: RUF043
        answered(compressed(body, encoding))


def test_a_cut_stream_whose_text_is_a_whole_document_is_no_whole_answer() -> None:
    maker = zlib.compressobj(wbits=31)
    body = maker.compress(b'{"task_id": "t"}') + maker.flush(zlib.Z_SYNC_FLUSH)
    with pytest.raises(MalformedResponseError, match="cut short"):
        answered(compressed(body))


def test_an_answer_that_is_compressed_twice_is_refused() -> None:
    with pytest.raises(MalformedResponseError, match="encoded more than once"):
        answered(compressed(zipped(zipped(b"{}")), b"gzip, gzip"))


def bomb(size: int) -> bytes:
    maker = zlib.compressobj(9, wbits=31)
    piece = bytes(2**20)
    return b"".join(maker.compress(piece) for _ in range(size // 2**20)) + maker.flush()


@pytest.mark.parametrize(("status", "more"), [(b"200 OK", b""), (b"302 Found", b"Location: /x\r\n"), (b"500 No", b"")])
def test_a_bomb_is_given_up_before_it_fills_the_memory(status: bytes, more: bytes) -> None:
    answer = compressed(bomb(2**28), status=status, more=more)
    tracemalloc.start()
    with pytest.raises(MalformedResponseError, match="longer than"):
        answered(answer)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**27


# Cookies


def test_cookies_are_not_kept() -> None:
    def talk(peer: Peer) -> None:
        for round_ in range(40):
            peer.request()
            cookies = b"".join(b"Set-Cookie: c%d-%d=%s; Path=/\r\n" % (round_, n, b"x" * 50) for n in range(90))
            peer.sock.sendall(HEAD + cookies + b"Content-Length: 2\r\n\r\n{}")

    with RawServer(talk) as server, ModelArtsClient(server.url, "p", auth=TokenAuth("t")) as client:
        for _ in range(40):
            client.get_export_task("d", "t")
        assert len({request for _, request in server.requests}) == 1


def test_a_session_of_your_own_keeps_its_cookies_headers_parameters_and_hooks() -> None:
    def talk(peer: Peer) -> None:
        while True:
            peer.request()
            peer.sock.sendall(HEAD + b"Set-Cookie: mine=1; Path=/\r\nContent-Length: 2\r\n\r\n{}")

    seen: list[int] = []
    with RawServer(talk) as server, requests.Session() as session:
        session.headers.update({"X-Mine": "yes", "Accept": None})  # type: ignore[dict-item]
        session.params = {"more": "1"}
        session.hooks["response"].append(lambda answer, **_: seen.append(answer.status_code))
        for _ in range(2):
            ask(server.url, session=session)
        first, second = (request for _, request in server.requests)
        assert b"Cookie: mine=1\r\n" not in first
        assert b"Cookie: mine=1\r\n" in second
        assert b"X-Mine: yes\r\n" in first
        assert b"\r\nAccept: " not in first
        assert b"/export-tasks/t?more=1 " in first
        assert seen == [200, 200]


# Anything at all

STATUSES = st.one_of(
    st.sampled_from([200, 200, 200, 204, 301, 302, 304, 400, 401, 403, 404, 407, 408, 429, 500, 503]),
    st.integers(100, 999),
)
HEADERS = st.sampled_from(
    [
        b"Content-Type: application/json",
        b"Content-Type: text/html; charset=utf-16",
        b"Content-Encoding: gzip",
        b"Content-Encoding: deflate",
        b"Content-Encoding: gzip, deflate",
        b"Content-Encoding: br",
        b"Content-Encoding: zstd",
        b"Content-Encoding: nonsense",
        b"Content-Length: -1",
        b"Content-Length: 5",
        b"Content-Length: 5, 6",
        b"Content-Length: " + b"9" * 5_000,
        b"Content-Length: many",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Retry-After: 1e999",
        b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
        b"Location: http://[::1",
        b"Location: //\xff\xfe",
        b"Set-Cookie: \xff=\x00; expires=never",
        b"Link: <>;;;=",
        b"X-Request-Id: \x1b]0;title\x07\xe9",
        b" folded: again",
        b"no colon at all",
        b": no name",
        b"Upgrade: websocket",
        b"WWW-Authenticate: Digest realm=",
    ]
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"{}", b"[]", b"null", b'{"status": 1e400}', b'{"a": ' * 500, b"\xef\xbb\xbf{}", b"\xff\xfe{\0"]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
)
CODINGS: list[Callable[[bytes], bytes]] = [bytes, zipped, zlib.compress, lambda body: zipped(body)[:-3]]
SIZES = st.sampled_from([b"%x", b"%x;name=value", b"-%x", b"+%x", b"0x%x", b"%x0", b"zz%x", b" %x ", b"%x" + b"0" * 20])


@st.composite
def answers(draw: st.DrawFn) -> list[bytes]:
    """Return the pieces of an answer, more or less of HTTP."""
    early = draw(
        st.sampled_from(
            [b"", b"", b"", b"HTTP/1.1 103 X\r\n\r\n", b"HTTP/1.1 100\r\n\r\n", b"\r\n", b"HTTP/1.1 101 X\r\n\r\n"]
        )
    )
    version = draw(
        st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"http/1.1", b"\xff"])
    )
    lines = [b"%b %d %b" % (version, draw(STATUSES), draw(st.binary(max_size=9))), *draw(st.lists(HEADERS, max_size=5))]
    body = draw(st.sampled_from(CODINGS))(draw(BODIES))
    if draw(st.booleans()):
        size = draw(SIZES)
        body = (
            b"".join(size % len(part) + b"\r\n" + part + b"\r\n" for part in (body[:7], body[7:]) if part)
            + b"0\r\n\r\n"
        )
        lines.append(b"Transfer-Encoding: chunked")
    elif draw(st.booleans()):
        lines.append(b"Content-Length: %d" % len(body))
    whole = early + b"\r\n".join(lines) + b"\r\n\r\n" + body
    whole = whole[: draw(st.integers(0, len(whole)) | st.just(len(whole)))]
    cut = draw(st.integers(0, len(whole)))
    return [whole[:cut], whole[cut:]]


@pytest.fixture(scope="module")
def odd() -> Iterator[RawServer]:
    """Run a server whose answers are set by the test."""

    def talk(peer: Peer) -> None:
        peer.request()
        for piece in server.pieces:  # type: ignore[attr-defined]
            peer.sock.sendall(piece)
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.sock.recv(4096):
            pass

    logging.disable()  # what urllib3 logs of such answers holds frames, and they the connections
    with RawServer(talk) as server:
        yield server
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore")  # what urllib3 thinks of such answers
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=answers())
def test_from_whatever_answer_only_our_errors_come_out(odd: RawServer, pieces: list[bytes]) -> None:
    odd.pieces, failed = pieces, None  # type: ignore[attr-defined]
    try:
        assert isinstance(ask(odd.url).raw, dict)
    except ModelArtsError as error:
        failed = error
    assert failed is None or (str(failed) and "token-secret" not in everything(failed))
