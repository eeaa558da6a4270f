from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as some
from support import EXAMPLE
from support.ports import free_port

from modelarts_widgets import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ExportTask,
    MalformedResponseError,
    ModelArtsClient,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    TokenAuth,
)
from modelarts_widgets.api import transport
from modelarts_widgets.simulator import Simulator

Serve = Callable[..., str]


def ask(endpoint: str, **options: Any) -> ExportTask:  # noqa: ANN401 - whatever the client takes
    with ModelArtsClient(endpoint, "p", auth=TokenAuth("secret-token"), **options) as client:
        return client.get_export_task("d", EXAMPLE["task_id"])


def test_an_export_is_read_over_http(simulator: Simulator, client: ModelArtsClient) -> None:
    export = simulator.add_export(samples=7)
    task = client.get_export_task(export.dataset_id, export.task_id)
    assert (task.task_id, task.status) == (export.task_id, "INIT")


@pytest.mark.parametrize("name", ["a/b", "ä", "a?b#c", "a%2Fb", "日本", "..a", "a;b"])
def test_any_identifier_arrives_as_it_was(simulator: Simulator, client: ModelArtsClient, name: str) -> None:
    simulator.add_export(name, name)
    assert client.get_export_task(name, name).task_id == name


@pytest.mark.parametrize("name", ["", "  ", ".", "..", "\ud800", " a", "a\n", "a b", "a\u200b", "\xa0a", "a\x1b[0m"])
def test_identifiers_that_would_lead_elsewhere_are_refused(client: ModelArtsClient, name: str) -> None:
    with pytest.raises(ValueError, match="dataset_id must not be"):
        client.get_export_task(name, "t")
    with pytest.raises(ValueError, match="task_id must not be"):
        client.get_export_task("d", name)
    with pytest.raises(ValueError, match="project_id must not be"):
        ModelArtsClient("https://example.com", name)


@pytest.mark.parametrize("name", [None, 7, b"bytes", ["list"]])
def test_identifiers_of_another_type_are_refused(client: ModelArtsClient, name: Any) -> None:  # noqa: ANN401 - any
    with pytest.raises(TypeError, match="task_id must be a string, not"):
        client.get_export_task("d", name)


@pytest.mark.parametrize(
    "endpoint",
    [
        None,
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://[::1",
        "https://example.com/?a=b",
        "https://a..b",
        "https://a:b",
    ],
)
def test_an_endpoint_that_is_no_url_is_refused(endpoint: Any) -> None:  # noqa: ANN401 - any
    with pytest.raises(ConfigurationError, match="must be a URL"):
        ModelArtsClient(endpoint, "p")


@pytest.mark.parametrize("host", ["example.com", "127.example.com", "10.0.0.1"])
def test_a_token_is_not_sent_in_the_clear(host: str) -> None:
    with pytest.raises(ConfigurationError, match="must start with https"):
        ModelArtsClient(f"http://{host}", "p")


@pytest.mark.parametrize(
    "timeout", [None, 0, -1, "soon", True, float("inf"), float("nan"), (5, None), (1, 2, 3, 4), ()]
)
def test_a_timeout_that_would_wait_for_ever_or_not_at_all_is_refused(timeout: Any) -> None:  # noqa: ANN401 - any
    with pytest.raises(ConfigurationError, match="timeout must be"):
        ModelArtsClient("https://example.com", "p", timeout=timeout)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "127.1.2.3", "[::1]:80"])
def test_a_loopback_address_needs_no_tls(host: str) -> None:
    assert ModelArtsClient(f"http://{host}/", "p").endpoint == f"http://{host}"


def test_a_password_in_the_endpoint_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ModelArtsClient("https://me:secret@example.com", "p")
    assert "secret" not in str(caught.value)


def test_an_unknown_task_is_not_found_though_the_service_says_400(
    simulator: Simulator, client: ModelArtsClient
) -> None:
    export = simulator.add_export()
    with pytest.raises(NotFoundError, match="no such export task") as caught:
        client.get_export_task(export.dataset_id, "unknown")
    assert (caught.value.status_code, caught.value.error_code) == (400, "ModelArts.4359")
    assert caught.value.error_msg == "The export task unknown does not exist."


@pytest.mark.parametrize("task_id", ["", None, [["odd"]]], ids=repr)
def test_an_export_without_an_id_is_believed(simulator: Simulator, client: ModelArtsClient, task_id: object) -> None:
    export = simulator.add_export()
    client._get = lambda _: {"task_id": task_id, "status": "RUNNING"}  # type: ignore[method-assign]
    assert client.get_export_task(export.dataset_id, export.task_id).status == "RUNNING"


@given(
    asked=some.text("ab1-_", min_size=1, max_size=300),
    told=some.one_of(some.text("ab1-_", min_size=1), some.integers(0, 9)),
)
@example(asked="wanted", told="another")
def test_an_export_is_believed_only_if_it_is_the_one_that_was_asked_for(asked: str, told: object) -> None:
    client = ModelArtsClient("https://example.com", "p")
    client._get = lambda _: {"task_id": told, "status": "SUCCESSED"}  # type: ignore[method-assign]
    if str(told) == asked:
        assert client.get_export_task("d", asked).succeeded
        return
    with pytest.raises(MalformedResponseError) as caught:
        client.get_export_task("d", asked)
    assert f"about another export: {str(told)[:100]}, not {asked[:100]} (HTTP 200)" in str(caught.value)


def test_an_unknown_dataset_is_not_found(client: ModelArtsClient) -> None:
    with pytest.raises(NotFoundError, match="no such dataset"):
        client.get_export_task("unknown", "unknown")


@pytest.mark.parametrize("auth", [None, TokenAuth("wrong-secret")])
def test_a_bad_token_is_refused_with_a_request_id(simulator: Simulator, auth: TokenAuth | None) -> None:
    with (
        ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.get_export_task("d", "t")
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")
    assert caught.value.request_id
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_foreign_project_is_denied(simulator: Simulator) -> None:
    with (
        ModelArtsClient(simulator.endpoint, "foreign", auth=TokenAuth(simulator.token)) as client,
        pytest.raises(PermissionDeniedError, match="HTTP 403"),
    ):
        client.get_export_task("d", "t")


def test_a_service_that_is_not_running_is_a_failed_connection() -> None:
    port = free_port()
    with pytest.raises(ConnectionFailedError, match=f"no connection to http://127.0.0.1:{port}") as caught:
        ask(f"http://127.0.0.1:{port}")
    assert isinstance(caught.value.__cause__, requests.ConnectionError)


def test_a_service_that_does_not_answer_runs_out_of_time() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ConnectionFailedError, match="No answer in time"),
    ):
        ask(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=(5.0, 0.05))


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    "body", [b"", b"<html>hello</html>", b'{"task_id": "t"', b"[]", b'"text"', b"null", b"[" * 100_000]
)
def test_an_answer_that_is_no_json_object_is_malformed(serve: Serve, body: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        ask(serve(200, body))


def test_an_answer_cut_short_is_a_failed_connection(serve: Serve) -> None:
    with pytest.raises(ConnectionFailedError):
        ask(serve(200, b"{}", Content_Length="100", Connection="close"))


def test_an_answer_without_end_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 1_000)
    with pytest.raises(MalformedResponseError, match="longer than 1000 bytes"):
        ask(serve(200, b'{"a": "' + b"b" * 2_000 + b'"}'))


def test_a_redirect_is_not_followed_so_that_no_other_host_sees_the_token(serve: Serve) -> None:
    other = serve(200, b"{}")
    with pytest.raises(ServiceError, match=r"another address.*HTTP 302"):
        ask(serve(302, b"", Location=other))
    assert len(serve.seen) == 1  # type: ignore[attr-defined]


def test_the_example_of_the_api_page_is_read_from_a_real_answer(serve: Serve) -> None:
    assert ask(serve(200, json.dumps(EXAMPLE).encode())).raw == EXAMPLE


def test_a_session_of_your_own_is_used_and_left_open(serve: Serve) -> None:
    with requests.Session() as session:
        session.headers["X-Mine"] = "yes"
        ask(serve(200, b"{}"), session=session)
        ask(serve(200, b"{}"), session=session)
    assert [headers["X-Mine"] for headers in serve.seen] == ["yes", "yes"]  # type: ignore[attr-defined]


def test_a_session_with_a_request_of_its_own_is_left_to_that(serve: Serve) -> None:
    asked: list[str] = []

    class Own(requests.Session):
        def request(self, method: Any, url: Any, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
            asked.append(url)
            return super().request(method, url, **options)

    with Own() as session:
        ask(serve(200, b"{}"), session=session)
    assert len(asked) == 1


def test_changed_settings_hold_from_the_next_request(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = serve(200, b"{}")
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with requests.Session() as session, ModelArtsClient(endpoint, "p", session=session) as client:
        client.get_export_task("d", "t")
        for change in (lambda: monkeypatch.setenv("http_proxy", "http://127.0.0.1:9"), lambda: None):
            change()
            with pytest.raises(ConnectionFailedError, match="proxy"):
                client.get_export_task("d", "t")
        monkeypatch.delenv("http_proxy")
        client.get_export_task("d", "t")
        session.proxies["http"] = "http://127.0.0.1:9"
        with pytest.raises(ConnectionFailedError, match="proxy"):
            client.get_export_task("d", "t")


def test_the_token_is_in_no_repr_and_no_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ask(serve(200, b"{}"))
    client = ModelArtsClient("https://example.com", "p", auth=TokenAuth("secret-token"))
    assert repr(client) == "ModelArtsClient('https://example.com', 'p')"
    assert "secret" not in caplog.text


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("fault", ["refused", "late", "short"])
def test_no_error_and_no_traceback_holds_the_token(serve: Serve, fault: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        if fault == "short":
            endpoint = serve(200, b"{}", Content_Length="100", Connection="close")
        else:
            endpoint = f"http://127.0.0.1:{9 if fault == 'refused' else silent.getsockname()[1]}"
        auth = TokenAuth("secret-" + "token")
        with ModelArtsClient(endpoint, "p", auth=auth, timeout=0.2) as client:
            with pytest.raises(ConnectionFailedError) as caught:
                client.get_export_task("d", "t")
            for error in chain(caught.value):
                for frame, _ in traceback.walk_tb(error.__traceback__):
                    if "modelarts_widgets" in frame.f_code.co_filename or "requests" in frame.f_code.co_filename:
                        assert "secret-token" not in repr(frame.f_locals)
                assert not getattr(error, "request", None)


def test_a_proxy_never_sees_what_is_meant_for_a_loopback_address(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    export = simulator.add_export()
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token)) as client:
        assert client.get_export_task(export.dataset_id, export.task_id).task_id == export.task_id


@pytest.mark.parametrize("auth", ["token", 7, ("user", "password")])
def test_what_is_no_auth_object_is_refused_without_showing_it(auth: Any) -> None:  # noqa: ANN401 - any
    with pytest.raises(ConfigurationError, match="auth must be an object") as caught:
        ModelArtsClient("https://example.com", "p", auth=auth)
    assert "password" not in str(caught.value)
