from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests.auth import AuthBase

from modelarts_widgets import (
    AkSkAuth,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ModelArtsClient,
    ModelArtsError,
    TokenAuth,
)
from modelarts_widgets.simulator import SimulatedExport, Simulator


def ask(simulator: Simulator, auth: AuthBase | None, export: SimulatedExport | None = None) -> str | None:
    export = export or simulator.add_export()
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client:
        return client.get_export_task(export.dataset_id, export.task_id).task_id


def test_the_token_goes_into_its_header_without_pasted_white_space() -> None:
    request = requests.Request("GET", "http://127.0.0.1/", auth=TokenAuth(" secret-token\n")).prepare()
    assert request.headers["X-Auth-Token"] == "secret-token"


@pytest.mark.parametrize("secret", ["", "  ", "two\nsecrets", "sécret", "\x00", None, 7])
@pytest.mark.parametrize(
    "make",
    [
        TokenAuth,
        lambda secret: AkSkAuth(secret, "s"),
        lambda secret: AkSkAuth("a", secret),
        lambda secret: AkSkAuth("a", "s", security_token=secret or ""),
    ],
    ids=["token", "access key", "secret key", "security token"],
)
def test_what_can_be_no_secret_is_refused_without_showing_it(make: Callable[[Any], object], secret: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(secret)
    assert "secret" not in "".join(traceback.format_exception_only(caught.value)).replace("secret key", "")


@pytest.mark.parametrize("auth", [TokenAuth("hidden"), AkSkAuth("hidden-a", "hidden-s", security_token="hidden-t")])
def test_no_form_of_the_object_shows_a_secret(auth: AuthBase) -> None:
    assert "hidden" not in f"{auth} {auth!r}"


def test_a_function_is_asked_for_a_token_once(simulator: Simulator) -> None:
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        return simulator.token

    auth = TokenAuth(token)
    assert not asked
    assert ask(simulator, auth)
    assert ask(simulator, auth)
    assert len(asked) == 1


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_token_that_is_too_old_is_renewed_and_the_request_repeated(how: str) -> None:
    now = [1_000.0]
    with Simulator(identity_clock=lambda: now[0]) as simulator:
        auth = TokenAuth(simulator.issue_token)
        assert ask(simulator, auth)
        if how == "revoked":
            simulator.revoke_tokens()
        else:
            now[0] += 90_000.0
        before = simulator.requests
        assert ask(simulator, auth)
        assert simulator.requests - before == 2


def test_a_token_that_is_refused_after_renewal_is_not_renewed_again(simulator: Simulator) -> None:
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        old = simulator.issue_token()
        simulator.revoke_tokens()
        return old

    with pytest.raises(AuthenticationError, match="expired"):
        ask(simulator, TokenAuth(token))
    assert len(asked) == 2
    assert simulator.requests == 2


def test_a_token_given_as_text_is_not_sent_twice(simulator: Simulator) -> None:
    auth = TokenAuth(simulator.token)
    simulator.revoke_tokens()
    with pytest.raises(AuthenticationError, match="expired"):
        ask(simulator, auth)
    assert simulator.requests == 1
    assert auth.refresh() is False


def test_threads_that_are_refused_together_renew_once(simulator: Simulator) -> None:
    export = simulator.add_export()
    asked: list[int] = []
    gate, is_revoked = threading.Barrier(4), threading.Event()

    def token() -> str:
        asked.append(1)
        return simulator.issue_token()

    class Together(TokenAuth):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            signed = super().__call__(r)
            if is_revoked.is_set() and len(asked) == 1:
                gate.wait(20)  # all of them have put the old token on their requests
            return signed

    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=Together(token)) as client:
        client.get_export_task(export.dataset_id, export.task_id)
        simulator.revoke_tokens()
        is_revoked.set()
        seen: list[object] = []
        threads = [
            threading.Thread(target=lambda: seen.append(client.get_export_task(export.dataset_id, export.task_id)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert (len(seen), len(asked)) == (4, 2)


def test_who_insists_after_a_refusal_gets_a_new_token(simulator: Simulator) -> None:
    export = simulator.add_export()
    tokens = iter(["wrong-token", simulator.token])
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(lambda: next(tokens))) as client:
        with pytest.raises(AuthenticationError, match="rejected the token"):
            client.get_export_task(export.dataset_id, export.task_id)
        assert client.last_auth_error is not None
        assert client.get_export_task(export.dataset_id, export.task_id).task_id == export.task_id
        assert client.last_auth_error is None


def test_a_refusal_is_forgotten_with_the_credentials(simulator: Simulator) -> None:
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("wrong-token")) as client:
        with pytest.raises(AuthenticationError) as caught:
            client.get_export_task("d", "t")
        assert str(client.last_auth_error) == str(caught.value)
        client.auth = TokenAuth(simulator.token)
        assert client.last_auth_error is None


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ConnectionRefusedError("no"), ConnectionFailedError),
        (TimeoutError("late"), ConnectionFailedError),
        (requests.ConnectionError("no"), ConnectionFailedError),
        (FileNotFoundError("no file"), AuthenticationError),
        (RuntimeError("vault is sealed"), AuthenticationError),
        (ConfigurationError("no cloud"), ConfigurationError),
    ],
    ids=repr,
)
def test_a_function_that_fails_is_a_typed_error_with_its_cause(
    simulator: Simulator, raised: Exception, kind: type[ModelArtsError]
) -> None:
    def token() -> str:
        raise raised

    with pytest.raises(kind) as caught:
        ask(simulator, TokenAuth(token))
    cause = caught.value.__cause__ or caught.value
    assert type(cause) is type(raised)
    # What requests says may have the password of a proxy in it.
    assert str(cause) == ("" if isinstance(raised, requests.RequestException) else str(raised))
    assert simulator.requests == 0


def test_a_function_that_returns_no_token_is_told_without_showing_it(simulator: Simulator) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ask(simulator, TokenAuth(lambda: "sécret"))
    assert "cret" not in str(caught.value)


def test_any_auth_object_may_renew(simulator: Simulator) -> None:
    class Custom(AuthBase):
        token = simulator.issue_token(seconds=0.0)

        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            r.headers["X-Auth-Token"] = self.token
            return r

        def refresh(self) -> None:
            self.token = simulator.issue_token()

    assert ask(simulator, Custom())


def test_a_request_can_be_signed_with_an_access_key(simulator: Simulator) -> None:
    auth = AkSkAuth(simulator.access_key, simulator.secret_key, project_id=simulator.project_id)
    assert ask(simulator, auth)


@pytest.mark.parametrize("name", ["a/b", "ä", "a?b#c", "a%2Fb", "日本", "a;b", "a+b", "~", "a=b&c"])
def test_the_gateway_accepts_the_signature_of_any_path(simulator: Simulator, name: str) -> None:
    auth = AkSkAuth(simulator.access_key, simulator.secret_key)
    assert ask(simulator, auth, simulator.add_export(name, name)) == name


def test_a_temporary_key_comes_with_its_token(simulator: Simulator) -> None:
    key = simulator.issue_temporary_key()
    assert ask(simulator, AkSkAuth(key.access_key, key.secret_key, security_token=key.security_token))
    for token in (None, "another-token"):
        with pytest.raises(AuthenticationError, match="signature does not match"):
            ask(simulator, AkSkAuth(key.access_key, key.secret_key, security_token=token))


@pytest.mark.parametrize(
    ("auth", "secrets"),
    [
        (TokenAuth("short"), ["short"]),
        (TokenAuth("secret-token/with+signs=="), ["secret-token/with+signs=="]),
        (
            AkSkAuth("KEYKEYKEYKEYKEYKEYKE", "s", security_token="secret-session"),
            ["KEYKEYKEYKEYKEYKEYKE", "secret-session"],
        ),
    ],
    ids=["short token", "token", "access key"],
)
def test_what_an_error_repeats_of_the_credentials_is_taken_out(
    serve: Callable[..., str], auth: AuthBase, secrets: list[str]
) -> None:
    body = {"error_code": "X", "error_msg": f"Get secretKey failed,ak:{','.join(secrets)},err"}
    with (
        ModelArtsClient(serve(500, json.dumps(body).encode()), "p", auth=auth) as client,
        pytest.raises(ModelArtsError, match="Get secretKey failed,ak:…") as caught,
    ):
        client.get_export_task("d", "t")
    assert not [secret for secret in secrets if secret in str(caught.value)]
