"""What tests are given: a service that stands still, one with a fixed answer, a front end, and a watch for leaks."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import comm
import pytest
from hypothesis import HealthCheck, settings
from ipywidgets.widgets.widget import _instances
from support import RecordingComm, until
from support.ports import free_port

from modelarts_widgets import ModelArtsClient, TokenAuth
from modelarts_widgets.api.auth.standing import _KEPT
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.simulator import Clock, Simulator

# No limits by the clock: the machine may be busy. Where CI is set, the examples are the same each time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a widget model behind."""
    _KEPT.clear()  # the service of an earlier test, with other faults, may have had the same port
    threads, models = set(threading.enumerate()), set(_instances)
    yield
    until(lambda: ENGINE.threads == 0)
    until(lambda: set(threading.enumerate()) <= threads)
    assert set(_instances) <= models, "close the monitors"


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stay away from the variables and files of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("OS_", "HW_", "HUAWEICLOUD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    # Where openstacksdk looks otherwise is settled when it is imported.
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))


@pytest.fixture
def no_garbage() -> Iterator[None]:
    """Collect no garbage meanwhile: far down in nested JSON, what runs for it has no stack left and says so."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that only `advance` moves, at the moment of the documented example."""
    return Clock(1_606_103_424.662, speed=0)


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    """Run a service whose time stands still."""
    with Simulator(clock=clock, port=free_port()) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[ModelArtsClient]:
    """Connect to the service."""
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token)) as connected:
        yield connected


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that starts a server with one fixed answer, and gives its URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes, **headers: str) -> str:
        class Fixed(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if "Content_Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - a name that http.server sets

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", free_port()), Fixed)
        server.seen = start.seen  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    start.seen = []  # type: ignore[attr-defined]
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the list of messages to the front end: model, kind, content."""
    sent: list[tuple[str, str, dict[str, Any]]] = []

    def create(*args: object, **kwargs: object) -> RecordingComm:
        channel = RecordingComm.__new__(RecordingComm)
        channel.sent = sent
        channel.__init__(*args, **kwargs)  # type: ignore[misc]
        return channel

    monkeypatch.setattr(comm, "create_comm", create)
    return sent
