"""Tokens through the real openstacksdk, from the simulator's identity service."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import deprecations_of_openstack, until

from modelarts_widgets import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ExportMonitor,
    MalformedResponseError,
    ModelArtsClient,
    ModelArtsError,
    OpenStackAuth,
)
from modelarts_widgets.api.auth import openstack
from modelarts_widgets.simulator import Simulator

pytestmark = deprecations_of_openstack


@pytest.fixture
def cloud(simulator: Simulator, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Return a function that writes a ``clouds.yaml`` for the simulator; one is written already."""

    def write(**changes: Any) -> None:  # noqa: ANN401 - any YAML
        auth = {
            "auth_url": simulator.iam_endpoint,
            "username": simulator.username,
            "password": simulator.password,
            "user_domain_name": simulator.domain_name,
            "project_name": simulator.project_name,
            "project_domain_name": simulator.domain_name,
        } | changes.pop("auth", {})
        auth = {name: value for name, value in auth.items() if value is not None}
        entry = {"auth": auth, "region_name": "eu-de", "modelarts_endpoint_override": simulator.endpoint} | changes
        (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"mine": entry}}))  # JSON is YAML, too

    write()
    return write


@pytest.mark.usefixtures("cloud")
def test_an_export_is_read_with_nothing_but_a_clouds_yaml(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = simulator.add_export()
    monkeypatch.setenv("OS_CLOUD", "mine")
    with ModelArtsClient.from_env() as client:
        assert (client.endpoint, client.project_id) == (simulator.endpoint, None)
        before = simulator.requests
        assert client.get_export_task(export.dataset_id, export.task_id).task_id == export.task_id
        assert client.project_id == simulator.project_id
        asked = simulator.requests - before
        client.get_export_task(export.dataset_id, export.task_id)
        assert simulator.requests - before == asked + 1, "the token is kept"


@pytest.mark.usefixtures("cloud")
def test_polling_goes_on_when_the_token_expires_on_the_way(simulator: Simulator, clock: Any) -> None:  # noqa: ANN401
    export = simulator.add_export(seconds=100.0)
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=OpenStackAuth("mine")) as client:
        monitor = ExportMonitor(export.dataset_id, export.task_id, client=client, interval=0.1)
        errors: list[object] = []
        monitor.observe(lambda change: errors.append(change["new"]), "error")
        monitor.start()
        until(lambda: monitor.status == "INIT")
        for status, seconds in [("RUNNING", 50.0), ("SUCCESSED", 60.0)]:
            simulator.revoke_tokens()
            clock.advance(seconds)
            until(lambda status=status: monitor.status == status)  # type: ignore[misc]
        assert (monitor.phase, errors) == ("done", [])
        monitor.close()


@pytest.mark.usefixtures("cloud")
def test_the_environment_variables_of_openstack_do_as_well(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "clouds.yaml").unlink()
    variables = {
        "OS_AUTH_URL": simulator.iam_endpoint,
        "OS_USERNAME": simulator.username,
        "OS_PASSWORD": simulator.password,
        "OS_USER_DOMAIN_NAME": simulator.domain_name,
        "OS_PROJECT_NAME": simulator.project_name,
        "OS_PROJECT_DOMAIN_NAME": simulator.domain_name,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    export = simulator.add_export()
    with ModelArtsClient.from_env(endpoint=simulator.endpoint) as client:
        assert repr(client.auth) == "OpenStackAuth()"
        assert client.get_export_task(export.dataset_id, export.task_id).task_id == export.task_id


def refused(auth: OpenStackAuth, simulator: Simulator) -> BaseException:
    with (
        ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client,
        pytest.raises(ModelArtsError) as caught,
    ):
        client.get_export_task("d", "t")
    assert simulator.password not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_wrong_password_is_refused_credentials(simulator: Simulator, cloud: Callable[..., None]) -> None:
    cloud(auth={"password": "wrong-password"})
    error = refused(OpenStackAuth("mine"), simulator)
    assert isinstance(error, AuthenticationError)
    assert error.status_code == 401
    assert "The username or password is wrong" in str(error)
    assert "wrong-password" not in "".join(traceback.format_exception(error))


def test_an_identity_service_that_is_not_there_is_a_failed_connection(
    simulator: Simulator, cloud: Callable[..., None]
) -> None:
    cloud(auth={"auth_url": "http://127.0.0.1:9/v3"})
    assert isinstance(refused(OpenStackAuth("mine"), simulator), ConnectionFailedError)


def test_a_configuration_that_lacks_something_says_what(simulator: Simulator, cloud: Callable[..., None]) -> None:
    cloud(auth={"auth_url": None})
    error = refused(OpenStackAuth("mine"), simulator)
    assert isinstance(error, ConfigurationError)
    assert "auth_url" in str(error)


@pytest.mark.usefixtures("cloud")
def test_an_unknown_cloud_is_an_error_of_configuration(simulator: Simulator) -> None:
    error = refused(OpenStackAuth("other"), simulator)
    assert isinstance(error, ConfigurationError)
    assert "other" in str(error)


def test_a_token_without_a_project_is_refused_with_advice(simulator: Simulator, cloud: Callable[..., None]) -> None:
    cloud(auth={"project_name": None, "project_domain_name": None})
    auth = OpenStackAuth("mine")
    assert "project scope" in str(refused(auth, simulator))
    with pytest.raises(ConfigurationError, match="have no project"):
        auth.get_project_id()


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_an_identity_service_in_trouble_is_told_by_its_status(
    simulator: Simulator, cloud: Callable[..., None], serve: Callable[..., str], status: int
) -> None:
    cloud(auth={"auth_url": serve(status, b"{}")}, auth_type="v3password")
    with (
        ModelArtsClient(simulator.endpoint, simulator.project_id, auth=OpenStackAuth("mine")) as client,
        pytest.raises(Exception, match="identity service") as caught,
    ):
        client.get_export_task("d", "t")
    assert caught.value.status_code == status  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "setting",
    [{"verify": False}, {"verify": "False"}, {"verify": None}, {"insecure": True}, {"insecure": True, "cacert": "/x"}],
    ids=str,
)
def test_certificates_cannot_be_ignored_by_a_file(
    simulator: Simulator, cloud: Callable[..., None], setting: dict[str, Any]
) -> None:
    cloud(**setting)
    before = simulator.requests
    assert "take away verify or insecure, and name your authority's file in cacert" in str(
        refused(OpenStackAuth("mine"), simulator)
    )
    assert simulator.requests == before


def test_the_region_and_the_interface_of_the_service_count(cloud: Callable[..., None]) -> None:
    cloud(modelarts_region_name="eu-nl", modelarts_interface="internal", modelarts_endpoint_override=None)
    settings = OpenStackAuth("mine").settings()
    assert (settings.region, settings.interface, settings.endpoint) == ("eu-nl", "internal", None)


@pytest.mark.parametrize("interface", ["internal", "internalURL", ["admin"]])
def test_an_interface_of_its_own_needs_its_endpoint(
    simulator: Simulator, cloud: Callable[..., None], monkeypatch: pytest.MonkeyPatch, interface: object
) -> None:
    monkeypatch.setenv("OS_CLOUD", "mine")
    cloud(interface=interface, auth={"auth_url": "https://iam.eu-de.otc.t-systems.com/v3"})
    assert ModelArtsClient.from_env().endpoint == simulator.endpoint
    cloud(interface=interface, modelarts_endpoint_override=None)
    with pytest.raises(ConfigurationError, match=r"interface is not known: .* set modelarts_endpoint_override"):
        ModelArtsClient.from_env()
    assert ModelArtsClient.from_env(endpoint="https://mine.example.com").endpoint == "https://mine.example.com"


def test_the_region_of_a_cloud_that_is_not_known_asks_for_its_endpoint(
    cloud: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLOUD", "mine")
    cloud(region_name="eu-ch2", modelarts_endpoint_override=None)
    with pytest.raises(ConfigurationError, match=r'give endpoint="https://…", or set .*_EU_CH2='):
        ModelArtsClient.from_env()


def test_making_one_reads_nothing_and_shows_nothing() -> None:
    assert repr(OpenStackAuth("mine")) == "OpenStackAuth('mine')"
    assert repr(OpenStackAuth()) == "OpenStackAuth()"


def test_without_the_extra_the_error_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelarts_widgets.api.auth.openstack.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"pip install .*\[openstack\]"):
        OpenStackAuth()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"clouds:\n  mine: {auth: {password: hidden\n", "is not valid YAML: see line 3"),
        (b"clouds:\n\tmine: {password: hidden}", "is not valid YAML: see line 2"),
        (b"clouds: {mine: {auth: {password: hidden\xe4}}}", "is not UTF-8 text"),
        (b"- hidden", "it must be a mapping"),
        (b"", "it must be a mapping"),
        (b"clouds: [hidden]", "clouds must be a mapping"),
        (b"clouds: {mine: hidden}", "clouds: mine must be a mapping"),
        (b"clouds: {mine: {auth: hidden}}", "clouds: mine: auth must be a mapping"),
        (b"clouds: {mine: {auth_type: nosuch, auth: {password: hidden}}}", "plugin nosuch could not be found"),
        (b"clouds: {mine: {auth: {auth_url: 'https://h', hidd: hidden}}}", "unknown option 'hidd'"),
        (b"clouds: {mine: {auth: {auth_url: 'http://iam.example.com', password: hidden}}}", "must start with https"),
        (b"clouds: {mine: {auth: {auth_url: 'https://u:hidden@h', password: hidden}}}", "user name or password"),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value)[-24:],
)
def test_what_is_wrong_with_a_file_is_told_without_what_is_in_it(
    tmp_path: Path, text: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clouds.yaml").write_bytes(text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        OpenStackAuth("mine").settings()
    assert "hidden" not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_a_mark_of_utf_8_at_the_start_of_clouds_yaml_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "clouds.yaml").write_bytes(b"\xef\xbb\xbfclouds: {mine: {auth: {auth_url: 'https://h'}}}")
    assert OpenStackAuth("mine").settings().auth_url == "https://h"


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>log in</html>"), (200, b"[]"), (201, b'{"token": {}}')])
@pytest.mark.parametrize("auth_type", ["password", "v3password"])
@pytest.mark.parametrize("path", ["/v3", ""])
def test_an_identity_service_that_answers_otherwise_is_no_matter_of_configuration(
    simulator: Simulator,
    cloud: Callable[..., None],
    serve: Callable[..., str],
    status: int,
    body: bytes,
    auth_type: str,
    path: str,
) -> None:
    cloud(auth={"auth_url": serve(status, body) + path}, auth_type=auth_type)
    with (
        ModelArtsClient(simulator.endpoint, simulator.project_id, auth=OpenStackAuth("mine")) as client,
        pytest.raises(MalformedResponseError, match="answer of the identity service"),
    ):
        client.get_export_task("d", "t")


def test_a_certificate_file_that_is_missing_is_a_matter_of_configuration(
    simulator: Simulator, cloud: Callable[..., None]
) -> None:
    cloud(auth={"auth_url": "https://127.0.0.1:9/v3"}, cacert="/nowhere.pem")
    error = refused(OpenStackAuth("mine"), simulator)
    assert isinstance(error, ConfigurationError)
    assert "cacert" in str(error)


def test_an_echo_of_the_password_is_taken_out(
    simulator: Simulator, cloud: Callable[..., None], serve: Callable[..., str]
) -> None:
    body = {"error": {"message": f"{simulator.password} is not the password", "code": 401, "title": "Unauthorized"}}
    cloud(
        auth={"auth_url": serve(401, json.dumps(body).encode(), Content_Type="application/json")},
        auth_type="v3password",
    )
    assert "… is not the password" in str(refused(OpenStackAuth("mine"), simulator))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_password_is_not_sent_where_an_answer_points_to(
    simulator: Simulator, cloud: Callable[..., None], serve: Callable[..., str], status: int
) -> None:
    other = serve(200, b"{}")
    cloud(auth={"auth_url": serve(status, b"", Location=other)}, auth_type="v3password")
    refused(OpenStackAuth("mine"), simulator)
    assert len(serve.seen) == 1  # type: ignore[attr-defined]


def test_the_password_is_sent_in_the_clear_nowhere(
    simulator: Simulator, cloud: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    auth = OpenStackAuth("mine")
    assert auth.get_project_id() == simulator.project_id, "no proxy is used for this machine"
    cloud(region_name="eu-nl")
    session = openstack._session(OpenStackAuth("mine")._configured())  # a discovery leads elsewhere, say
    with pytest.raises(ConfigurationError, match="not encrypted"):
        session.get("http://iam.example.com/v3", authenticated=False)
