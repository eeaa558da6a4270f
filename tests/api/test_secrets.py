"""What is sent of credentials comes back in no error, document or frame."""

from __future__ import annotations

import base64
import html
import json
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from modelarts_widgets import AkSkAuth, ModelArtsClient, ModelArtsError, OpenStackAuth, TokenAuth
from modelarts_widgets.api.auth.headers import Sent, redact
from modelarts_widgets.api.responses import decode

TOKEN = "gAAAAABkZfWn7Qm+9/Xy3LpQw8VtRs2KdHj5=" + "Ab3+/Zx9" * 40
KEY = "KEYKEYKEY0123456789A"
Serve = Callable[..., str]


def answer(serve: Serve, status: int, body: bytes, auth: AuthBase, **headers: str) -> Any:  # noqa: ANN401 - either
    """Return the error or the document that an answer becomes."""
    with ModelArtsClient(serve(status, body, **headers), "p", auth=auth, timeout=20.0) as client:
        try:
            return client.get_export_task("d", "t").raw
        except ModelArtsError as error:
            return error


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: secret,
    "escaped slashes": lambda secret: secret.replace("/", r"\/"),
    "URL": lambda secret: quote(secret, safe=""),
    "lower URL": lambda secret: quote(secret, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "HTML": lambda secret: html.escape(secret).replace("+", "&#43;"),
    "first missing": lambda secret: secret[1:],
    "last missing": lambda secret: secret[:-1],
    "both missing": lambda secret: secret[1:-1],
    "first half": lambda secret: secret[: len(secret) // 2 + 6],
    "second half": lambda secret: secret[len(secret) // 2 - 6 :],
}


def leaks(text: str, secret: str) -> bool:
    """Return whether twelve letters in a row of a secret are in a text."""
    return any(secret[start : start + 12] in text for start in range(len(secret) - 11))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("auth", [TokenAuth(TOKEN), AkSkAuth(KEY, "s", security_token=TOKEN)], ids=["token", "key"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le", "utf-8-sig"])
def test_no_echo_is_shown(serve: Serve, auth: AuthBase, status: int, form: str, encoding: str) -> None:
    secrets = [TOKEN, KEY] if isinstance(auth, AkSkAuth) else [TOKEN]
    words = " and ".join(FORMS[form](secret) for secret in secrets)
    document = {"error_code": words, "error_msg": f"Who is {words}, please?", "nested": [{words: words}]}
    document |= {"status": "FAILED"} if status == 200 else {}
    found = answer(serve, status, json.dumps(document).encode(encoding), auth)
    shown = json.dumps(found) if status == 200 else f"{found} {vars(found)} {found.__cause__!r}"
    assert not [secret for secret in secrets if leaks(shown, secret)]
    words = " and ".join("…" for _ in secrets)
    assert (found["error_msg"] if status == 200 else found.error_msg) == f"Who is {words}, please?"


def test_an_escaped_echo_in_a_document_is_found(serve: Serve) -> None:
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in TOKEN)
    assert answer(serve, 200, f'{{"path": "{hidden}"}}'.encode(), TokenAuth(TOKEN)) == {"path": "…"}


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("form", ["plain", "URL", "last missing"])
def test_no_echo_comes_through_a_header(serve: Serve, status: int, form: str) -> None:
    error = answer(serve, status, b"[]", TokenAuth(TOKEN), X_Request_Id=FORMS[form](TOKEN))
    assert error.request_id == "…"


@pytest.mark.parametrize("secret", ["short", "0123456", "secret-token"])
def test_short_secrets_are_taken_out_of_errors(serve: Serve, secret: str) -> None:
    body = json.dumps({"error_msg": f"token {secret} is wrong"}).encode()
    assert answer(serve, 500, body, TokenAuth(secret)).error_msg == "token … is wrong"
    if len(secret) > 7:
        body = json.dumps({"error_msg": f"token {secret[:-1]} is wrong"}).encode()
        assert answer(serve, 500, body, TokenAuth(secret)).error_msg == "token … is wrong"


def test_a_message_is_redacted_before_it_is_cut(serve: Serve) -> None:
    body = json.dumps({"error_msg": "x " * 494 + TOKEN}).encode()
    assert not leaks(str(answer(serve, 500, body, TokenAuth(TOKEN))), TOKEN)


def test_other_auth_objects_and_sessions_have_secrets_too(serve: Serve) -> None:
    encoded = base64.b64encode(b"user:a long password").decode()
    body = json.dumps({"error_msg": f"Basic {encoded} is wrong"}).encode()
    assert answer(serve, 500, body, HTTPBasicAuth("user", "a long password")).error_msg == "Basic …= is wrong"
    with requests.Session() as session:
        session.headers["X-Auth-Token"] = TOKEN
        with ModelArtsClient(serve(500, json.dumps({"error_msg": TOKEN}).encode()), "p", session=session) as client:
            with pytest.raises(ModelArtsError) as caught:
                client.get_export_task("d", "t")
            assert caught.value.error_msg == "…"
            session.headers.pop("X-Auth-Token")
            session.auth = TokenAuth(TOKEN)
            with pytest.raises(ModelArtsError) as caught:
                client.get_export_task("d", "t")
            assert caught.value.error_msg == "…"


def test_a_document_without_an_echo_is_as_it_was_received() -> None:
    sent = Sent(headers={"X-Auth-Token": TOKEN})
    document = {"path": "/a b/", "née": ["\u00e9", 1, None, {"x": 1.5}], "word": TOKEN[:8]}
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False)):
        assert decode(200, {}, text.encode(), sent) == document


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode), st.text(min_size=1, max_size=60))
def test_any_body_and_any_secret_go_together(body: bytes, secret: str) -> None:
    sent = Sent(headers={"X-Auth-Token": secret})
    with pytest.raises(ModelArtsError) as caught:
        decode(500, {"X-Request-Id": secret}, body, sent)
    assert secret not in (caught.value.request_id or "").replace("…", "")
    assert secret not in redact(f"{secret}{secret}", [secret]).replace("…", "")


# Frames: what debuggers and detailed tracebacks show.


def frames(error: BaseException | None) -> Iterator[str]:
    """Yield the local variables of all frames but the test's own, along the chain of errors."""
    while error is not None:
        for frame in of(error.__traceback__):
            if frame.f_code.co_filename != __file__:
                for name, value in frame.f_locals.items():
                    yield f"{frame.f_code.co_filename}:{frame.f_code.co_name}:{name} = {value!r}"
        yield repr(error)
        error = error.__cause__ or error.__context__


def of(trace: TracebackType | None) -> Iterator[Any]:
    for frame, _ in traceback.walk_tb(trace):
        yield frame


def shown(error: BaseException, *secrets: str) -> list[str]:
    return [line for line in frames(error) if any(secret in line for secret in secrets)]


def secret_of(*parts: str) -> str:
    """Put a secret together, so that no source line that is shown has it."""
    return "-".join(("known", *parts, "secret"))


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: TokenAuth(secret + "\n\n" + secret),
        lambda secret: TokenAuth(secret.encode()),  # type: ignore[arg-type]
        lambda secret: AkSkAuth(secret + "\x00", secret),
        lambda secret: AkSkAuth(secret, secret + "\x00"),
        lambda secret: AkSkAuth(secret, secret, security_token=secret + "é"),
        lambda secret: AkSkAuth(secret, secret.encode()),  # type: ignore[arg-type]
    ],
    ids=["token", "bytes", "access key", "secret key", "security token", "bytes as a key"],
)
def test_a_rejected_secret_is_in_no_frame(make: Callable[[str], object]) -> None:
    secret = secret_of("rejected")
    with pytest.raises(ModelArtsError) as caught:
        make(secret)
    assert shown(caught.value, secret) == []


def test_a_rejected_token_of_a_function_is_in_no_frame(serve: Serve) -> None:
    secret = secret_of("function")
    with ModelArtsClient(serve(200, b"{}"), "p", auth=TokenAuth(lambda: secret + "\n\n.")) as client:
        with pytest.raises(ModelArtsError) as caught:
            client.get_export_task("d", "t")
        assert shown(caught.value, secret) == []


class Interrupted(HTTPAdapter):
    """Is interrupted in the middle of a request."""

    seen = ""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401
        Interrupted.seen = repr(vars(request))
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["token", "key", "custom"])
def test_an_interrupted_request_shows_no_secret(kind: str) -> None:
    secret = secret_of(kind, "0123456789")

    class Custom(AuthBase):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            r.headers["X-Auth-Token"] = secret
            return r

    auth = {"token": TokenAuth(secret), "key": AkSkAuth(secret, secret), "custom": Custom()}[kind]
    session = requests.Session()
    session.mount("http://", Interrupted())
    client = ModelArtsClient("http://127.0.0.1:9", "p", auth=auth, session=session)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.get_export_task("d", "t")
    assert shown(caught.value, secret) == []
    assert "'…'" in Interrupted.seen, "not even within requests"
    assert secret not in Interrupted.seen
    assert not [line for line in frames(caught.value) if "/requests/" in line]


@pytest.mark.parametrize(("status", "body"), [(401, b"{}"), (500, b"<html>"), (200, b"[]")])
def test_a_failed_request_shows_no_secret(serve: Serve, status: int, body: bytes) -> None:
    secret = secret_of("failed")
    with ModelArtsClient(serve(status, body), "p", auth=TokenAuth(secret)) as client:
        with pytest.raises(ModelArtsError) as caught:
            client.get_export_task("d", "t")
        assert shown(caught.value, secret) == []
        assert shown(client.last_auth_error or caught.value, secret) == []


@pytest.mark.parametrize(
    "environ",
    [
        {"HUAWEICLOUD_SDK_AK": "{}", "HUAWEICLOUD_SDK_SK": "{}"},
        {"HUAWEICLOUD_SDK_AK": "{}"},
        {"OS_TOKEN": "{}\x1f{}", "OS_PROJECT_ID": "p", "OS_REGION_NAME": "eu-de"},
        {"OS_TOKEN": "{}", "OS_PROJECT_ID": "{} {}", "OS_REGION_NAME": "eu-de"},
        {"OS_TOKEN": "{}", "OS_PROJECT_ID": "p", "OS_REGION_NAME": "{}!"},
        {"UNRELATED": "{}"},
        {"HW_AUTH_TOKEN": "{}", "HW_PROJECT_ID": "p", "HUAWEICLOUD_SDK_REGION_MODELARTS_": "https://u:{}@h"},
    ],
    ids=["no region", "half a pair", "bad token", "bad project", "bad region", "nothing", "password in the endpoint"],
)
def test_no_frame_has_the_environment(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    secret = secret_of("environment")
    for name, value in environ.items():
        monkeypatch.setenv(name, value.replace("{}", secret))
    with pytest.raises(ModelArtsError) as caught:
        ModelArtsClient.from_env()
    assert shown(caught.value, secret) == []


@pytest.mark.parametrize("text", ["[basic]\n{}", "{}", "[basic]\nak = {}", "[basic]\nak = {}\nsk = {}\x7f"])
def test_no_frame_has_a_credentials_file(text: str, tmp_path: Path) -> None:
    secret = secret_of("file")
    (tmp_path / ".huaweicloud").mkdir()
    (tmp_path / ".huaweicloud" / "credentials").write_text(text.replace("{}", secret))
    with pytest.raises(ModelArtsError) as caught:
        ModelArtsClient.from_env(endpoint="https://example.com", project_id="p")
    assert shown(caught.value, secret) == []


@pytest.mark.parametrize("text", ["clouds: {{mine: {{auth: [{}]}}}}", "clouds:\n  mine: {{auth: {{password: {}\n"])
def test_no_frame_and_no_log_has_a_clouds_yaml(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = secret_of("yaml")
    (tmp_path / "clouds.yaml").write_text(text.format(secret))
    for make in (OpenStackAuth("mine").settings, OpenStackAuth("mine").get_project_id):
        with pytest.raises(ModelArtsError) as caught:
            make()
        assert shown(caught.value, secret) == []
    assert secret not in caplog.text
