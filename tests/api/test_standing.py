"""What is known of credentials is known to all who use them: one trial, one refusal, one renewal."""

from __future__ import annotations

import asyncio
import json
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import assume, given
from hypothesis import strategies as some
from support import deprecations_of_openstack, until

from modelarts_widgets import (
    AkSkAuth,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsClient,
    NotFoundError,
    OpenStackAuth,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
    TokenAuth,
)
from modelarts_widgets.api import client as client_module
from modelarts_widgets.api.auth import standing as module
from modelarts_widgets.api.auth.standing import MAX_STANDINGS, Deferred, Standing, standing_of
from modelarts_widgets.api.client import MAX_TRIAL
from modelarts_widgets.api.exchange import Exchange
from modelarts_widgets.api.transport import Cancellation, Transport
from modelarts_widgets.simulator import Simulator

REFUSED = AuthenticationError("no")


def named(error: object) -> str:
    return f"{type(error).__name__} {getattr(error, 'status_code', None)}"


def elsewhere(act: Callable[[], object]) -> object:
    """Do something in another thread, and return what it returns or raises."""
    seen: list[object] = []

    def run() -> None:
        try:
            seen.append(act())
        except Exception as error:  # noqa: BLE001 - that is what is wanted
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return seen[0]


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Call in a thread each, and return what they return or raise."""
    seen: list[object] = []
    threads = [threading.Thread(target=lambda call=call: seen.append(outcome(call))) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return seen


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - that is what is wanted
        return error


def tried(standing: Standing, error: BaseException | None) -> Standing:
    """Let one request go, and end it."""
    standing.forgive()
    assert standing.enter(lambda _: None)
    standing.leave(error)
    return standing


@contextmanager
def trial_elsewhere(standing: Standing, error: BaseException | None) -> Iterator[None]:
    """Let another thread try the credentials for the length of a block."""
    entered, done = threading.Event(), threading.Event()

    def run() -> None:
        standing.wait_for_turn()
        entered.set()
        done.wait(20)
        standing.leave(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert entered.wait(20)
    yield
    done.set()
    thread.join(20)


# The gate itself.


def test_one_request_goes_first_and_the_others_learn_what_came_of_it() -> None:
    standing, told = Standing(), list[object]()
    with trial_elsewhere(standing, None):
        assert not standing.enter(told.append)
        assert not standing.enter(told.append)
        assert told == []
    assert told == [None, None]
    assert standing.enter(told.append)
    assert elsewhere(lambda: standing.enter(told.append)) is True, "accepted credentials need no trial"


@pytest.mark.parametrize("error", [REFUSED, ConnectionFailedError(), ServiceError(status_code=503)], ids=named)
def test_the_error_of_a_trial_is_everybodys(error: Exception) -> None:
    standing, told = Standing(), list[object]()
    with trial_elsewhere(standing, error):
        standing.enter(told.append)
    assert [named(each) for each in told] == [named(error)]
    assert named(standing.refusal) == named(error if error is REFUSED else None)
    assert told[0] is not error, "that has the frames of the thread that tried"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ConfigurationError(), ValueError()], ids=named)
def test_what_concerns_only_the_one_who_tried_is_no_error_of_the_others_own(error: BaseException) -> None:
    standing, told = Standing(), list[object]()
    with trial_elsewhere(standing, error):
        standing.enter(told.append)
    assert [type(each) for each in told] == [ConnectionFailedError]


@pytest.mark.parametrize(
    "error",
    [
        None,
        NotFoundError(status_code=400),
        PermissionDeniedError(status_code=403),
        ServiceError(status_code=400),
        ServiceError(status_code=499),
    ],
    ids=named,
)
def test_an_answer_to_the_question_accepts_the_credentials(error: Exception | None) -> None:
    standing, told = tried(Standing(), REFUSED), list[object]()
    tried(standing, error)
    assert standing.refusal is None
    assert elsewhere(lambda: standing.enter(told.append)) is True
    assert standing.enter(told.append), "no trial is under way"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionFailedError(),
        ThrottledError(status_code=429),
        MalformedResponseError(status_code=200),
        ServiceError(status_code=408),
        ServiceError(status_code=500),
        ServiceError(status_code=302),
        ConfigurationError(),
        RuntimeError(),
        SystemExit(),
    ],
    ids=named,
)
def test_anything_else_says_nothing_about_them(error: BaseException) -> None:
    fresh = tried(Standing(), error)
    with trial_elsewhere(fresh, None):
        assert not fresh.enter(lambda _: None), "still to be tried"
    accepted = tried(tried(Standing(), None), error)
    assert accepted.enter(lambda _: None)
    assert elsewhere(lambda: accepted.enter(lambda _: None)) is True
    refused = tried(Standing(), REFUSED)
    refused.wait_for_turn()
    refused.leave(error)
    assert isinstance(refused.refusal, AuthenticationError)


def test_a_thread_that_tries_may_enter_again() -> None:
    standing = Standing()
    assert standing.enter(lambda _: None)
    standing.wait_for_turn()
    assert standing.enter(lambda _: None)
    standing.leave(None)


def test_after_a_refusal_nobody_tries_unless_somebody_insists() -> None:
    standing, told = tried(Standing(), REFUSED), list[object]()
    assert not standing.enter(told.append)
    assert [str(each) for each in told] == [str(REFUSED)]
    standing.forgive()
    assert standing.refusal is None
    assert standing.enter(told.append)
    assert len(told) == 1


def test_an_outcome_counts_once(client: ModelArtsClient) -> None:
    standing, outcomes = client._standing, list[object]()
    with trial_elsewhere(standing, REFUSED):
        defer(client, outcomes)
    standing.forgive()
    with trial_elsewhere(standing, ConnectionFailedError()):
        defer(client, outcomes)
    assert [named(each) for each in outcomes] == [named(REFUSED), named(ConnectionFailedError())]
    assert standing.refusal is None, "a request that was deferred has no outcome of its own"


def test_those_who_wait_for_credentials_are_called_once_when_they_are_accepted() -> None:
    standing, called = tried(Standing(), REFUSED), list[int]()

    def revive() -> None:
        called.append(1)

    standing.on_accepted(revive)
    standing.on_accepted(revive)
    tried(standing, REFUSED)
    tried(standing, ConnectionFailedError())
    assert called == []
    tried(standing, None)
    tried(standing, None)
    assert called == [1]
    standing.on_accepted(revive)
    assert called == [1, 1], "they are accepted already"


def test_whoever_is_told_may_use_the_credentials_from_any_thread(caplog: pytest.LogCaptureFixture) -> None:
    standing, told = Standing(), list[object]()

    def on_outcome(_: object) -> None:
        told.append(elsewhere(lambda: standing.enter(lambda _: None)))
        raise RuntimeError

    standing.on_accepted(lambda: on_outcome(None))
    with trial_elsewhere(standing, None):
        standing.enter(on_outcome)
        standing.enter(on_outcome)
    assert told == [True] * 3
    assert caplog.text.count("A callback that waited for credentials has failed") == 3


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", {})
    first = standing_of("https://example.com", TokenAuth("0"), None)
    assert standing_of("https://example.com", TokenAuth("0"), None) is first
    for number in range(MAX_STANDINGS + 5):
        standing_of("https://example.com", TokenAuth(f"{number}"), None)
    assert len(module._KEPT) == MAX_STANDINGS  # no public name tells what is kept
    assert standing_of("https://example.com", TokenAuth("0"), None) is not first


def test_credentials_are_known_by_endpoint_and_the_session_only_where_it_brings_them() -> None:
    with requests.Session() as one, requests.Session() as two:
        keys = [("a", TokenAuth("t"), None), ("b", TokenAuth("t"), None), ("a", None, one), ("a", None, two)]
        assert len({id(standing_of(*key)) for key in keys}) == len(keys)
        assert standing_of("a", TokenAuth("t"), one) is standing_of("a", TokenAuth("t"), two)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is nothing to fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    standing = Standing()
    auth = TokenAuth(lambda: "token")
    with trial_elsewhere(standing, None), trial_of_token(auth):
        child = os.fork()
        if child == 0:
            entered = standing.enter(lambda _: None)
            signed = requests.Request("GET", "http://127.0.0.1/", auth=auth).prepare()
            os._exit(not (entered and signed.headers["X-Auth-Token"] == "token"))
    assert os.waitpid(child, 0)[1] == 0


@contextmanager
def trial_of_token(auth: TokenAuth) -> Iterator[None]:
    """Let another thread be in the middle of asking for the token."""
    entered, done = threading.Event(), threading.Event()

    def run() -> None:
        with auth._lock:  # no public way leads into the middle of it
            entered.set()
            done.wait(20)

    thread = threading.Thread(target=run)
    thread.start()
    assert entered.wait(20)
    yield
    done.set()
    thread.join(20)


# On the wire.


class Gathering:
    """Holds the first request back until all others wait for its outcome."""

    def __init__(self, clients: list[ModelArtsClient]) -> None:
        self.clients = clients

    def wait(self) -> None:
        standing = self.clients[0]._standing
        until(lambda: len(standing._waiting) == len(self.clients) - 1)  # no public name tells who waits


@pytest.mark.parametrize("count", [2, 10, 50])
def test_one_bad_key_is_refused_once_whoever_uses_it(simulator: Simulator, count: int) -> None:
    class Slow(AkSkAuth):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            gathering.wait()
            return super().__call__(r)

    auths = [Slow(simulator.access_key, "wrong-secret") for _ in range(count)]
    clients = [ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) for auth in auths]
    gathering = Gathering(clients)
    seen = at_once(*(lambda client=client: client.get_export_task("d", "t") for client in clients))  # type: ignore[misc]
    assert [type(each) for each in seen] == [AuthenticationError] * count
    assert len({id(each) for each in seen}) == count, "each has an error of its own"
    assert len({str(each) for each in seen}) == 1
    assert simulator.requests == 1
    assert all(isinstance(client.last_auth_error, AuthenticationError) for client in clients)
    for client in clients:
        client.close()


def test_a_trial_that_hangs_ends_soon_for_all_who_wait_for_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(TokenAuth):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            gathering.wait()
            return super().__call__(r)

    monkeypatch.setattr(client_module, "MAX_TRIAL", 0.5)
    simulator.inject("silent")
    auths = [Slow(simulator.token) for _ in range(10)]
    clients = [ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth, timeout=240.0) for auth in auths]
    gathering = Gathering(clients)
    seen = at_once(*(lambda client=client: client.get_export_task("d", "t") for client in clients))  # type: ignore[misc]
    assert [type(each) for each in seen] == [ConnectionFailedError] * 10
    assert all("longer than 0.5 s in all" in str(each) for each in seen)
    assert (simulator.requests, clients[0].last_auth_error) == (1, None)
    for client in clients:
        client.close()


REFUSAL, EXPIRY = ((401, {}, json.dumps({"error_code": code}).encode()) for code in ("APIG.0301", "APIG.0307"))
PAGE = b"<!DOCTYPE html><title>Sign in</title>"
FINE = (200, {}, b'{"status": "RUNNING"}')


@pytest.mark.parametrize(
    ("answers", "limits"),
    [
        ([FINE, FINE], [MAX_TRIAL, math.inf]),
        ([REFUSAL, REFUSAL, FINE, FINE], [MAX_TRIAL, MAX_TRIAL, MAX_TRIAL, math.inf]),
        ([(503, {}, b""), FINE, FINE], [MAX_TRIAL, MAX_TRIAL, math.inf]),
        ([FINE, EXPIRY, FINE, FINE], [MAX_TRIAL, math.inf, MAX_TRIAL, math.inf]),
    ],
    ids=["good", "refused", "away", "expired"],
)
def test_only_a_request_that_tries_the_credentials_is_limited(
    monkeypatch: pytest.MonkeyPatch, answers: list[Any], limits: list[float]
) -> None:
    seen, left = [], list(answers)

    def exchange(*_: object, at_most: float) -> object:
        seen.append(at_most)
        return left.pop(0)

    monkeypatch.setattr(Transport, "exchange", exchange)
    client = ModelArtsClient("https://example.com", "p", auth=TokenAuth(lambda: "token"))
    while left:
        outcome(lambda: client.get_export_task("d", "t"))
    assert seen == limits


@pytest.mark.parametrize("seconds", [1.0, 3.0, 5.0, 240.0])
def test_a_trial_takes_no_longer_than_any_request_of_its_client(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    taken: list[float] = []

    def begin(_: Exchange, total: float, *__: object) -> None:
        taken.append(total)
        raise ConnectionFailedError

    monkeypatch.setattr(Exchange, "__init__", begin)
    client = ModelArtsClient("https://example.com", "p", auth=TokenAuth("token"), timeout=seconds)
    assert isinstance(outcome(lambda: client.get_export_task("d", "t")), ConnectionFailedError)
    assert taken == [min(2 * seconds, MAX_TRIAL)]


@given(
    status=some.sampled_from([401, 403, 407]),
    body=some.one_of(some.just(PAGE), some.binary(min_size=1), some.text(min_size=1).map(str.encode)),
)
def test_the_word_of_another_than_the_service_is_no_refusal_to_remember(status: int, body: bytes) -> None:
    assume(body.strip() and not body.lstrip().startswith(b"{"))
    client: Any = ModelArtsClient("https://example.com", "p", auth=TokenAuth(f"token {status} {body!r}"))
    client._transport.exchange = lambda *_, **__: (status, {}, body)
    error = outcome(lambda: client.get_export_task("d", "t"))
    assert isinstance(error, (MalformedResponseError, ConnectionFailedError))
    assert client.last_auth_error is None
    standing = client._standing
    with trial_elsewhere(standing, None):
        assert not standing.enter(lambda _: None), "still to be tried"


def cloud(simulator: Simulator, tmp_path: Path, password: str) -> None:
    auth = {
        "auth_url": simulator.iam_endpoint,
        "username": simulator.username,
        "password": password,
        "user_domain_name": simulator.domain_name,
        "project_name": simulator.project_name,
        "project_domain_name": simulator.domain_name,
    }
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"mine": {"auth": auth, "region_name": "eu-de"}}}))


@deprecations_of_openstack
def test_ten_users_of_a_bad_password_log_in_once(simulator: Simulator, tmp_path: Path) -> None:
    class Slow(OpenStackAuth):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            gathering.wait()
            return super().__call__(r)

    cloud(simulator, tmp_path, "wrong-password")
    clients = [ModelArtsClient(simulator.endpoint, simulator.project_id, auth=Slow("mine")) for _ in range(10)]
    gathering = Gathering(clients)
    seen = at_once(*(lambda client=client: client.get_export_task("d", "t") for client in clients))  # type: ignore[misc]
    assert [type(each) for each in seen] == [AuthenticationError] * 10
    assert simulator.requests == 2, "the identity service is asked for its version and for one token"
    for client in clients:
        client.close()


def defer(client: ModelArtsClient, outcomes: list[object]) -> None:
    """Send a request that is deferred."""
    with Cancellation(outcomes.append), pytest.raises(Deferred):
        client.get_export_task("d", "t")


def test_a_request_that_is_deferred_is_not_sent_and_hears_the_outcome_once(
    simulator: Simulator, client: ModelArtsClient
) -> None:
    outcomes = list[object]()
    with trial_elsewhere(client._standing, None):
        defer(client, outcomes)
        assert outcomes == []
    assert outcomes == [None]
    with Cancellation(outcomes.append), pytest.raises(NotFoundError):
        client.get_export_task("d", "t")
    assert (outcomes, simulator.requests) == ([None], 1)


def test_after_a_refusal_a_request_that_can_be_deferred_is_no_trial(simulator: Simulator) -> None:
    outcomes = list[object]()
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("wrong")) as client:
        with Cancellation(outcomes.append), pytest.raises(AuthenticationError):
            client.get_export_task("d", "t")
        assert outcomes == []
        defer(client, outcomes)
        assert [type(each) for each in outcomes] == [AuthenticationError]
        assert simulator.requests == 1


def test_a_request_of_a_token_function_waits_where_the_one_that_needs_the_token_would_be_deferred(
    simulator: Simulator, client: ModelArtsClient
) -> None:
    def token() -> str:
        with pytest.raises(NotFoundError):
            client.get_export_task("d", "t")
        return simulator.token

    auth, outcomes, standing = TokenAuth(token), list[object](), client._standing
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as other:

        def ask() -> None:
            with Cancellation(outcomes.append):
                other.get_export_task("d", "t")

        with trial_elsewhere(standing, None):
            thread = threading.Thread(target=lambda: outcomes.append(outcome(ask)))
            thread.start()
            until(lambda: standing._waiting)  # no public name tells who waits
        thread.join(20)
    assert [type(each) for each in outcomes] == [NotFoundError]


def test_good_credentials_go_together_after_the_first(simulator: Simulator, client: ModelArtsClient) -> None:
    export = simulator.add_export()
    calls = [lambda: client.get_export_task(export.dataset_id, export.task_id).task_id] * 10
    assert at_once(*calls) == [export.task_id] * 10
    assert simulator.requests == 10


def test_a_direct_call_insists_after_a_refusal(simulator: Simulator) -> None:
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=AkSkAuth("none", "such")) as client:
        for count in (1, 2, 3):
            with pytest.raises(AuthenticationError, match="no such access key"):
                client.get_export_task("d", "t")
            assert simulator.requests == count


def test_refused_credentials_may_be_accepted_later_for_all_clients(simulator: Simulator) -> None:
    export, called = simulator.add_export(), list[int]()
    auth = TokenAuth(iter_of("wrong", simulator.token))
    make = lambda: ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth)  # noqa: E731 - twice the same
    with make() as one, make() as two:
        with pytest.raises(AuthenticationError):
            one.get_export_task(export.dataset_id, export.task_id)
        assert two.last_auth_error is not None
        two._standing.on_accepted(lambda: called.append(1))
        one.get_export_task(export.dataset_id, export.task_id)
        assert (two.last_auth_error, called) == (None, [1])
        assert simulator.requests == 2, "a token that was refused is replaced before it is sent again"


def iter_of(*tokens: str) -> Callable[[], str]:
    """Return a function for a token that has each of these once, and the last one for ever."""
    left = list(tokens)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_a_refusal_belongs_to_the_credentials_and_not_to_the_client(simulator: Simulator) -> None:
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth("wrong")) as client:
        refused = client._standing
        with pytest.raises(AuthenticationError):
            client.get_export_task("d", "t")
        client.auth = TokenAuth(simulator.token)
        assert client._standing is not refused
        assert client.last_auth_error is None
        client.auth = TokenAuth("wrong")
        assert client.last_auth_error is not None


def test_who_waits_behind_one_that_is_interrupted_asks_for_itself(
    simulator: Simulator, client: ModelArtsClient
) -> None:
    export, seen = simulator.add_export(), list[object]()

    def ask() -> None:
        seen.append(client.get_export_task(export.dataset_id, export.task_id).task_id)

    thread = threading.Thread(target=ask)
    with trial_elsewhere(client._standing, KeyboardInterrupt()):
        thread.start()
        until(lambda: client._standing._waiting)  # no public name tells who waits
    thread.join(20)
    assert seen == [export.task_id]


def test_clients_that_share_a_token_are_refused_together_and_renew_once(simulator: Simulator) -> None:
    export, gate, is_revoked = simulator.add_export(), threading.Barrier(2), threading.Event()
    old, new = simulator.issue_token(), ""

    class Together(TokenAuth):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            signed = super().__call__(r)
            if is_revoked.is_set() and signed.headers["X-Auth-Token"] == old:
                gate.wait(20)  # both have put the old token on their requests
            return signed

    auth = Together(lambda: new or old)
    make = lambda: ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth)  # noqa: E731 - twice the same
    with make() as one, make() as two:
        one.get_export_task(export.dataset_id, export.task_id)
        simulator.revoke_tokens()
        new = simulator.issue_token()
        is_revoked.set()
        calls = [lambda c=c: c.get_export_task(export.dataset_id, export.task_id).task_id for c in (one, two)]  # type: ignore[misc]
        assert at_once(*calls) == [export.task_id] * 2
        assert one.last_auth_error is None


@deprecations_of_openstack
def test_equal_clouds_whose_token_expires_log_in_once_more(simulator: Simulator, tmp_path: Path) -> None:
    gate, is_revoked = threading.Barrier(4), threading.Event()
    export, old = simulator.add_export(), set[str]()

    class Together(OpenStackAuth):
        def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
            signed = super().__call__(r)
            token = str(signed.headers["X-Auth-Token"])
            if not is_revoked.is_set():
                old.add(token)
            elif token in old:
                gate.wait(20)  # all have put the old token on their requests
            return signed

    cloud(simulator, tmp_path, simulator.password)
    clients = [ModelArtsClient(simulator.endpoint, simulator.project_id, auth=Together("mine")) for _ in range(4)]
    clients[0].get_export_task(export.dataset_id, export.task_id)
    simulator.revoke_tokens()
    is_revoked.set()
    before = simulator.requests
    calls = [lambda c=c: c.get_export_task(export.dataset_id, export.task_id).task_id for c in clients]  # type: ignore[misc]
    assert at_once(*calls) == [export.task_id] * 4
    assert simulator.requests - before == 4 + 1 + 4, "refused, one login, accepted"
    for client in clients:
        client.close()


# Code of the user's that misbehaves.

UNUSUAL = [SystemExit, GeneratorExit, asyncio.CancelledError, KeyboardInterrupt]


@pytest.mark.parametrize("kind", UNUSUAL)
@pytest.mark.parametrize("part", ["function", "refresh", "project"])
def test_whatever_credentials_raise_is_an_ordinary_error(
    simulator: Simulator, kind: type[BaseException], part: str
) -> None:
    def fail(*_: object) -> Any:  # noqa: ANN401 - it never returns
        raise kind

    class Custom(TokenAuth):
        refresh = fail
        get_project_id = fail

    auth = {
        "function": TokenAuth(fail),
        "refresh": Custom(simulator.issue_token(seconds=0.0)),
        "project": Custom(simulator.token),
    }[part]
    with ModelArtsClient(simulator.endpoint, None if part == "project" else simulator.project_id, auth=auth) as client:
        found = elsewhere(lambda: client.get_export_task("d", "t"))
        assert isinstance(found, AuthenticationError)
        assert kind.__name__ in str(found)
        assert isinstance(client.last_auth_error, AuthenticationError)
        assert elsewhere(client._standing.wait_for_turn) is None, "no trial is left behind"


def test_an_interrupt_of_the_users_is_one(client: ModelArtsClient) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    client.auth = TokenAuth(interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.get_export_task("d", "t")
    assert client.last_auth_error is None
    assert elsewhere(client._standing.wait_for_turn) is None, "no trial is left behind"


def test_a_function_that_needs_its_own_token_is_told_so(simulator: Simulator, client: ModelArtsClient) -> None:
    client.auth = TokenAuth(lambda: str(client.get_export_task("d", "t").task_id))
    with pytest.raises(ConfigurationError, match="uses the client that waits for it"):
        client.get_export_task("d", "t")
    client.auth = TokenAuth(simulator.token)
    with pytest.raises(NotFoundError):
        client.get_export_task("d", "t")
