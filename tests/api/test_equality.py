"""Which credentials, and which clients, count as the same."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import AuthBase, HTTPBasicAuth
from support import deprecations_of_openstack

from modelarts_widgets import AkSkAuth, ModelArtsClient, OpenStackAuth, TokenAuth
from modelarts_widgets.simulator import Simulator

ENDPOINT = "https://modelarts.example.com"


def client(auth: AuthBase | None = None, **options: Any) -> ModelArtsClient:  # noqa: ANN401 - whatever the client takes
    return ModelArtsClient(**{"endpoint": ENDPOINT, "project_id": "p", "auth": auth} | options)


def token() -> str:
    return "secret"


MAKERS: dict[str, Callable[[], AuthBase]] = {
    "token": lambda: TokenAuth("one"),
    "other token": lambda: TokenAuth("two"),
    "key": lambda: AkSkAuth("a", "s"),
    "other key": lambda: AkSkAuth("b", "s"),
    "other secret": lambda: AkSkAuth("a", "t"),
    "key of a project": lambda: AkSkAuth("a", "s", project_id="p"),
    "temporary key": lambda: AkSkAuth("a", "s", security_token="s"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_credentials_that_send_the_same_are_equal(name: str) -> None:
    assert MAKERS[name]() == MAKERS[name]()
    assert hash(MAKERS[name]()) == hash(MAKERS[name]())
    assert client(MAKERS[name]())._identity == client(MAKERS[name]())._identity


def test_credentials_that_send_something_else_are_not() -> None:
    assert len({make() for make in MAKERS.values()}) == len(MAKERS)
    assert len({client(make())._identity for make in MAKERS.values()}) == len(MAKERS)
    assert MAKERS["token"]() != "one"


def test_a_token_is_compared_without_pasted_white_space() -> None:
    assert TokenAuth("one\n") == TokenAuth("one")


def test_a_function_for_a_token_is_equal_to_itself_only() -> None:
    auth = TokenAuth(token)
    assert auth == auth  # noqa: PLR0124 - that is the point
    assert auth != TokenAuth(token)
    assert client(auth)._identity == client(auth)._identity


def test_a_class_of_the_users_own_is_not_taken_for_its_base() -> None:
    class Mine(TokenAuth):
        """Sends something else."""

    assert Mine("one") != TokenAuth("one")
    assert TokenAuth("one") != Mine("one")


def test_clients_differ_by_endpoint_project_and_session() -> None:
    with requests.Session() as session, requests.Session() as other:
        clients = [
            client(),
            client(endpoint="https://other.example.com"),
            client(project_id="q"),
            client(TokenAuth("one"), project_id=None),
            client(session=session),
            client(session=other),
        ]
        assert len({made._identity for made in clients}) == len(clients)
        assert client(session=session)._identity == clients[4]._identity


def test_a_client_is_known_under_its_new_credentials() -> None:
    changed = client(TokenAuth("one"))
    changed.auth = TokenAuth("two")
    assert changed._identity == client(TokenAuth("two"))._identity


def test_auth_objects_of_another_kind_count_by_what_they_say_or_are() -> None:
    class ByValue(AuthBase):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, ByValue)

        def __hash__(self) -> int:
            return 1

    class Broken(ByValue):
        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = ByValue.__hash__

    assert client(ByValue())._identity == client(ByValue())._identity
    assert client(Broken())._identity != client(Broken())._identity
    basic = HTTPBasicAuth("u", "p")  # compares by value, but has no hash
    assert client(basic)._identity == client(basic)._identity
    assert client(basic)._identity != client(HTTPBasicAuth("u", "p"))._identity


@pytest.mark.parametrize("auth", [TokenAuth("hidden"), TokenAuth(token), AkSkAuth("hidden", "hidden"), OpenStackAuth()])
@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_credentials_are_not_pickled(auth: AuthBase, take: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="holds secrets and cannot be pickled"):
        take(auth)


def write(tmp_path: Path, simulator: Simulator, **changes: str) -> None:
    auth = {
        "auth_url": simulator.iam_endpoint,
        "username": simulator.username,
        "password": simulator.password,
        "user_domain_name": simulator.domain_name,
        "project_name": simulator.project_name,
        "project_domain_name": simulator.domain_name,
    }
    entry = {"auth": auth | changes, "region_name": "eu-de"}
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"mine": entry, "other": entry}}))


@deprecations_of_openstack
def test_a_cloud_is_equal_while_its_configuration_is(simulator: Simulator, tmp_path: Path) -> None:
    write(tmp_path, simulator, password="wrong")
    first, second, other = OpenStackAuth("mine"), OpenStackAuth("mine"), OpenStackAuth("other")
    assert first == second
    assert hash(first) == hash(second)
    assert first != other
    write(tmp_path, simulator)
    assert OpenStackAuth("mine") != first, "the password has been corrected"
    assert OpenStackAuth("mine") == OpenStackAuth("mine")


@deprecations_of_openstack
def test_a_corrected_variable_makes_other_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME"):
        monkeypatch.setenv(name, "https://iam.example.com")
    first = OpenStackAuth()
    assert first == OpenStackAuth()
    monkeypatch.setenv("OS_PASSWORD", "another")
    assert first != OpenStackAuth()


@deprecations_of_openstack
@pytest.mark.parametrize("text", [None, "{", "clouds: {}"])
def test_a_cloud_that_cannot_be_read_equals_only_itself(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "clouds.yaml").write_text(text)
    auth = OpenStackAuth("nowhere")
    assert auth == auth  # noqa: PLR0124 - that is the point
    assert auth != OpenStackAuth("nowhere")


@deprecations_of_openstack
def test_equal_clouds_log_in_once(simulator: Simulator, tmp_path: Path) -> None:
    write(tmp_path, simulator)
    export = simulator.add_export()
    before = simulator.requests
    for _ in range(10):
        with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=OpenStackAuth("mine")) as asking:
            asking.get_export_task(export.dataset_id, export.task_id)
    assert simulator.requests - before == 10 + 2, "the identity service is asked for its version and for one token"


@deprecations_of_openstack
def test_a_project_is_looked_up_again_for_other_credentials(simulator: Simulator, tmp_path: Path) -> None:
    write(tmp_path, simulator)
    export = simulator.add_export()
    with ModelArtsClient(simulator.endpoint, None, auth=OpenStackAuth("mine")) as asking:
        before = asking._identity
        asking.get_export_task(export.dataset_id, export.task_id)
        assert asking.project_id == simulator.project_id
        assert asking._identity == before
        asking.auth = OpenStackAuth("other")
        assert asking.project_id is None
