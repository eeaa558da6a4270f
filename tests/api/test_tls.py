"""Certificates and proxies: checked by default, changed by the usual ways of requests."""

from __future__ import annotations

import json
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
import trustme
from keystoneauth1.exceptions import SSLError
from support import deprecations_of_openstack

from modelarts_widgets import (
    AkSkAuth,
    ConfigurationError,
    ConnectionFailedError,
    ModelArtsClient,
    ModelArtsError,
    OpenStackAuth,
    TokenAuth,
)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what this machine says about certificates and proxies."""
    for name in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "no_proxy",
        "NO_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Return the file of the certificate that the server's is signed with, beside a client's and a stranger's."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    client = authority.issue_cert("client@example.com")
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    client.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    client.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    return tmp_path / "ca.pem"


class Quiet(BaseHTTPRequestHandler):
    """Answers with tokens and empty documents."""

    def do_GET(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        token = {"expires_at": "2999-01-01T00:00:00Z", "project": {"id": "p", "name": "p"}, "catalog": []}
        self._answer(201, {"token": token | {"issued_at": "2026-01-01T00:00:00Z", "user": {}, "methods": []}})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("X-Subject-Token", "secret-token")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def serve(authority: Path) -> Iterator[Callable[..., str]]:
    """Return a function that serves tokens and documents over TLS, to clients with a certificate only if need be."""

    class Server(HTTPServer):
        def handle_error(self, *_: object) -> None:
            """Keep quiet about clients that do not trust it."""

    running: list[tuple[Server, threading.Thread]] = []

    def start(*, asks_for_certificate: bool = False) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.with_name("server.pem"))
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority)
        server = Server(("127.0.0.1", 0), Quiet)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        running.append((server, threading.Thread(target=server.serve_forever, args=(0.02,))))
        running[-1][1].start()
        return f"https://localhost:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def endpoint(serve: Callable[..., str]) -> str:
    """Serve over TLS."""
    return serve()


def ask(endpoint: str, session: requests.Session | None = None) -> None:
    with ModelArtsClient(endpoint, "p", auth=TokenAuth("secret-token"), session=session) as client:
        client.get_export_task("d", "t")


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(endpoint: str) -> None:
    with pytest.raises(ConnectionFailedError, match="certificate was not accepted from https://localhost") as caught:
        ask(endpoint)
    assert isinstance(caught.value.__cause__, requests.exceptions.SSLError)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_your_own_is_named_by_the_usual_variables(
    endpoint: str, authority: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(authority))
    ask(endpoint)


def test_an_authority_of_your_own_can_be_given_with_the_session(endpoint: str, authority: Path) -> None:
    with requests.Session() as session:
        session.verify = str(authority)
        ask(endpoint, session)


def test_a_proxy_is_used_as_usual_and_its_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:hidden@127.0.0.1:9")
    with pytest.raises(
        ConnectionFailedError, match=r"proxy gives no connection to https://modelarts\.example"
    ) as caught:
        ask("https://modelarts.example.com")
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


CLOUDS = {
    "nothing": (False, {}, {}),
    "cacert": (True, {"cacert": "ca.pem"}, {}),
    "a strange cacert": (False, {"cacert": "other.pem"}, {}),
    "verify: a file": (True, {"verify": "ca.pem"}, {}),
    "REQUESTS_CA_BUNDLE": (True, {}, {"REQUESTS_CA_BUNDLE": "ca.pem"}),
    "CURL_CA_BUNDLE": (True, {}, {"CURL_CA_BUNDLE": "ca.pem"}),
    "cacert before REQUESTS_CA_BUNDLE": (True, {"cacert": "ca.pem"}, {"REQUESTS_CA_BUNDLE": "other.pem"}),
    "a strange cacert before REQUESTS_CA_BUNDLE": (False, {"cacert": "other.pem"}, {"REQUESTS_CA_BUNDLE": "ca.pem"}),
}
"""Whether the service is trusted, what ``clouds.yaml`` says and what variables say."""
SHOWN = {
    "none": (False, {}),
    "in one file": (True, {"cert": "client.pem"}),
    "in two files": (True, {"cert": "cert.pem", "key": "key.pem"}),
}


def configure(folder: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, said: dict[str, str]) -> None:
    """Write a cloud whose identity service and ModelArts are the same server."""
    files = {name: str(folder / file) for name, file in said.items()}
    auth = {"auth_url": f"{endpoint}/v3", "username": "u", "password": "w", "user_domain_id": "d", "project_id": "p"}
    entry = {"auth_type": "v3password", "auth": auth, "modelarts_endpoint_override": endpoint, **files}
    (folder / "clouds.yaml").write_text(json.dumps({"clouds": {"mine": entry}}))
    monkeypatch.setenv("OS_CLOUD", "mine")


class LoggedIn(OpenStackAuth):
    """Has a token, so that a poll is tried where a login fails."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["X-Auth-Token"] = "secret-token"
        return r


def succeeds(ask: Callable[[], object], *errors: type[Exception]) -> bool:
    try:
        ask()
    except errors:
        return False
    return True


def control(endpoint: str) -> tuple[bool, bool]:
    """Return whether openstacksdk gets a token, and a document of the service."""
    from openstack.config import OpenStackConfig  # noqa: PLC0415 - some releases warn as they are imported

    session = OpenStackConfig().get_one().get_session()
    poll = partial(session.get, f"{endpoint}/v2/p/datasets/d/export-tasks/t", authenticated=False)
    return succeeds(session.get_token, SSLError), succeeds(poll, SSLError)


def ours(endpoint: str) -> tuple[bool, bool]:
    """Return whether the same holds for our login, and our poll."""
    client = ModelArtsClient(endpoint, "p", auth=LoggedIn("mine"))
    login = succeeds(OpenStackAuth("mine").get_project_id, ConnectionFailedError)
    poll = succeeds(lambda: client.get_export_task("d", "t"), ConnectionFailedError)
    client.close()
    with ModelArtsClient.from_env() as found:
        assert succeeds(lambda: found.get_export_task("d", "t"), ConnectionFailedError) is (login and poll)
    return login, poll


@deprecations_of_openstack
@pytest.mark.parametrize("name", CLOUDS)
def test_login_and_polls_trust_the_same_authorities_as_openstacksdk(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    is_trusted, said, variables = CLOUDS[name]
    for variable, file in variables.items():
        monkeypatch.setenv(variable, str(tmp_path / file))
    configure(tmp_path, monkeypatch, endpoint, said)
    assert control(endpoint) == ours(endpoint) == (is_trusted, is_trusted)


@deprecations_of_openstack
@pytest.mark.parametrize("name", SHOWN)
def test_login_and_polls_show_the_same_certificate_as_openstacksdk(
    serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    is_welcome, said = SHOWN[name]
    endpoint = serve(asks_for_certificate=True)
    configure(tmp_path, monkeypatch, endpoint, {"cacert": "ca.pem", **said})
    assert ours(endpoint) == (is_welcome, is_welcome)
    if is_welcome:  # a refusal after the handshake has many names there
        assert control(endpoint) == (True, True)


@deprecations_of_openstack
def test_the_variables_of_openstack_hold_for_login_and_polls(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"AUTH_URL": f"{endpoint}/v3", "USERNAME": "u", "PASSWORD": "w", "USER_DOMAIN_ID": "d"}
    for name, value in {**variables, "PROJECT_ID": "p", "MODELARTS_ENDPOINT_OVERRIDE": endpoint}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    monkeypatch.setenv("OS_AUTH_TYPE", "v3password")
    monkeypatch.setenv("OS_CACERT", str(tmp_path / "ca.pem"))
    with ModelArtsClient.from_env() as client:
        assert repr(client) == f"ModelArtsClient('{endpoint}', 'p')"
        client.get_export_task("d", "t")
    monkeypatch.delenv("OS_CACERT")
    with ModelArtsClient.from_env() as client, pytest.raises(ConnectionFailedError, match="certificate"):
        client.get_export_task("d", "t")


@pytest.mark.parametrize(
    "credentials", [{"OS_TOKEN": "secret-token"}, {"OS_ACCESS_KEY": "key", "OS_SECRET_KEY": "secret"}], ids=str
)
def test_the_authority_of_openstack_holds_without_openstacksdk(
    endpoint: str, authority: Path, monkeypatch: pytest.MonkeyPatch, credentials: dict[str, str]
) -> None:
    for name, value in {**credentials, "OS_PROJECT_ID": "p"}.items():
        monkeypatch.setenv(name, value)
    with ModelArtsClient.from_env(endpoint=endpoint) as without, pytest.raises(ConnectionFailedError):
        without.get_export_task("d", "t")
    monkeypatch.setenv("OS_CACERT", str(authority))
    with ModelArtsClient.from_env(endpoint=endpoint) as client:
        client.get_export_task("d", "t")
        assert isinstance(client.auth, (TokenAuth, AkSkAuth))
        assert client._identity != without._identity, "nor does one get what the other is sent"


@deprecations_of_openstack
def test_other_credentials_meet_the_same_authority(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, monkeypatch, endpoint, {"cacert": "ca.pem"})
    with ModelArtsClient.from_env() as client:
        client.get_export_task("d", "t")
        client.auth = LoggedIn("mine")
        client.get_export_task("d", "t")
        client.auth, client.project_id = TokenAuth("secret-token"), "p"
        client.get_export_task("d", "t")


@deprecations_of_openstack
def test_a_session_of_yours_has_its_own_certificates(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, monkeypatch, endpoint, {"cacert": "ca.pem"})
    with requests.Session() as session:
        client = ModelArtsClient(endpoint, "p", auth=OpenStackAuth("mine"), session=session)
        with pytest.raises(ConnectionFailedError, match="certificate was not accepted from https://localhost"):
            client.get_export_task("d", "t")


ODD_PROXIES = {
    "socks5://somebody:hidden@127.0.0.1:9": r'speaks SOCKS, which needs PySocks: pip install "requests\[socks\]"',
    "socks5h://127.0.0.1:9": "needs PySocks",
    "hidden://127.0.0.1:9": "proxy's address cannot be used: it must be like http://HOST:PORT",
    "http://": "proxy's address cannot be used",
}


@deprecations_of_openstack
@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize("proxy", ODD_PROXIES)
def test_a_proxy_that_cannot_be_used_is_told_by_login_and_polls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, variable: str
) -> None:
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", _without_socks)
    configure(tmp_path, monkeypatch, "https://iam.example.com", {})
    monkeypatch.setenv(variable, proxy)
    for ask_once in (OpenStackAuth("mine").get_project_id, lambda: ask("https://modelarts.example.com")):
        with pytest.raises(ConfigurationError, match=ODD_PROXIES[proxy]) as caught:
            ask_once()
        assert "hidden" not in str(caught.value)


def _without_socks(*_: object, **__: object) -> None:
    """Stand in for PySocks where it is installed: this is what requests does without."""
    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


@deprecations_of_openstack
def test_login_and_polls_go_through_the_same_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Proxy(Quiet):
        def do_CONNECT(self) -> None:
            seen.append(self.path)
            self._answer(502, {})

    configure(tmp_path, monkeypatch, "https://iam.example.com", {})
    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_address[1]}")
        for ask_once in (OpenStackAuth("mine").get_project_id, lambda: ask("https://modelarts.example.com")):
            with pytest.raises(ModelArtsError):
                ask_once()
        server.shutdown()
        thread.join()
    assert list(dict.fromkeys(seen)) == ["iam.example.com:443", "modelarts.example.com:443"]
