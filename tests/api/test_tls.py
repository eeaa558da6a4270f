"""Certificates and proxies: checked by default, changed by the usual ways of requests."""

from __future__ import annotations

import ssl
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
import trustme

from modelarts_widgets import ConnectionFailedError, ModelArtsClient, TokenAuth


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what this machine says about certificates and proxies."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Return the file of the certificate that the server's is signed with."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    return tmp_path / "ca.pem"


@pytest.fixture
def endpoint(authority: Path) -> Iterator[str]:
    """Serve empty documents over TLS."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(HTTPServer):
        def handle_error(self, *_: object) -> None:
            """Keep quiet about clients that do not trust it."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("server.pem"))
    with Server(("127.0.0.1", 0), Empty) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


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
