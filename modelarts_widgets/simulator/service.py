"""The simulated service: `Simulator` holds the exports and decides on answers, a threaded HTTP server sends them."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from .exports import DEFAULT_PARAMS, SimulatedExport

_logger = logging.getLogger(__name__)
_STATUS_CALL = re.compile(r"/v2/([^/]+)/datasets/([^/]+)/export-tasks/([^/]+)")
_OUTCOMES = ("SUCCESSED", "FAILED")

Answer = tuple[int, dict[str, Any]]


class Simulator:
    """A ModelArts on a loopback address. Use it in a ``with`` block, or call `start` and `stop`.

    Parameters
    ----------
    clock : callable, default `time.time`
        Seconds since 1970 UTC; see `Clock` for one that can be repeated.
    port : int, default 0
        Port to listen on; 0 takes any that is free.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        self.project_id = _identifier("project", 32)
        self.token = f"simulated-{_identifier('token', 32)}"
        self._clock = clock
        self._port = port
        self._exports: dict[tuple[str, str], SimulatedExport] = {}
        self._requests = 0
        self._lock = threading.Lock()
        self._server: _Server | None = None

    @property
    def endpoint(self) -> str:
        """URL that a client is given.

        Raises
        ------
        RuntimeError
            When the simulator is not started.
        """
        if self._server is None:
            raise RuntimeError("The simulator is not started: call start(), or use it in a with block")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add_export(
        self,
        dataset_id: str | None = None,
        task_id: str | None = None,
        *,
        samples: int = 200,
        seconds: float = 20.0,
        outcome: str = "SUCCESSED",
        gradual: bool = True,
        params: Mapping[str, Any] | None = None,
    ) -> SimulatedExport:
        """Create an export that starts now.

        Parameters
        ----------
        dataset_id, task_id : str, optional
            Default: the simulator's own dataset, and an ID that depends on the number of the export only.
        samples : int, default 200
            Samples to export, 0 or more.
        seconds : float, default 20.0
            Time until it ends, 0 or more.
        outcome : str, default "SUCCESSED"
            Or ``"FAILED"``.
        gradual : bool, default True
            Whether progress and counts grow. If not, as often on the real service, progress is 0.0
            without counts until the end.
        params : mapping, optional
            The ``export_params`` to report. Default: those of the API page's example.

        Returns
        -------
        SimulatedExport
            With its ``dataset_id`` and ``task_id``.

        Raises
        ------
        ValueError
            For a negative number, an outcome that does not exist, or IDs that are in use.
        TypeError
            For params that JSON cannot hold.
        """
        if samples < 0 or not seconds >= 0:
            raise ValueError("samples and seconds must be 0 or more")
        if outcome not in _OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(_OUTCOMES)}, not {outcome!r}")
        details = json.loads(json.dumps(dict(DEFAULT_PARAMS if params is None else params)))
        with self._lock:
            dataset_id = dataset_id or _identifier("dataset", 20)
            task_id = task_id or _identifier(f"task {len(self._exports)}", 20)
            if (dataset_id, task_id) in self._exports:
                raise ValueError(f"export {task_id} of dataset {dataset_id} exists already")
            self._exports[dataset_id, task_id] = export = SimulatedExport(
                dataset_id, task_id, samples, seconds, outcome, gradual, details, "/test-obs/daoChu/", self._clock()
            )
        return export

    def start(self) -> Simulator:
        """Listen, in a thread of its own. Starting a simulator that runs changes nothing. Does not block.

        Raises
        ------
        OSError
            When the port is taken.
        """
        if self._server is None:
            self._server = _Server(self.answer, self._port)
            self._port = self._server.server_address[1]  # so that it comes back where it was
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="simulator", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening and end all connections; blocks for a moment. Stopping twice changes nothing."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = "stopped" if self._server is None else self.endpoint
        return f"<Simulator {where}, exports: {len(self._exports)}>"

    def answer(self, method: str, target: str, token: str | None) -> Answer:
        """Decide on an answer: HTTP status and JSON body. Does no I/O."""
        with self._lock:
            self._requests += 1
            request_id = _identifier(f"request {self._requests}", 32)
        call = _STATUS_CALL.fullmatch(target.partition("?")[0])
        if call is None or method != "GET":
            return 404, _gateway("APIG.0101", "The API does not exist or has not been published.", request_id)
        if token != self.token:
            fault = "x-auth-token not found" if token is None else "decrypt token fail"
            message = f"Incorrect IAM authentication information: {fault}"
            return 401, _gateway("APIG.0301", message, request_id)
        return self._export(*map(unquote, call.groups()))

    def _export(self, project_id: str, dataset_id: str, task_id: str) -> Answer:
        if project_id != self.project_id:
            return 403, _service("ModelArts.0210", "The project ID in the URL is not that of the token.")
        with self._lock:
            export = self._exports.get((dataset_id, task_id))
            is_known = any(dataset_id == known for known, _ in self._exports)
        if export is not None:
            return 200, export.document(self._clock())
        if is_known:
            return 400, _service("ModelArts.4359", f"The export task {task_id} does not exist.")
        return 400, _service("ModelArts.4352", f"The dataset {dataset_id} does not exist.")


def _identifier(of: str, length: int) -> str:
    """Make an ID that looks random and is always the same."""
    return hashlib.sha256(of.encode()).hexdigest()[:length]


def _gateway(code: str, message: str, request_id: str) -> dict[str, Any]:
    return {"error_code": code, "error_msg": message, "request_id": request_id}


def _service(code: str, message: str) -> dict[str, Any]:
    return {"error_msg": message, "error_code": code}


class _Server(ThreadingTCPServer):
    """Unlike http.server's own, asks no name service for its name, and ends its connections when it stops."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Callable[[str, str, str | None], Answer], port: int) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the base class has it
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it, and ends it

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as the base class has it
        _logger.debug("A connection broke", exc_info=True)  # noqa: LOG014 - called in an except clause


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    wbufsize = -1  # headers and body in one write: two of them cost 40 ms a request, with Nagle's algorithm
    server: _Server

    def _answer(self) -> None:
        status, document = self.server.answer(self.command, self.path, self.headers["X-Auth-Token"])
        body = json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if "request_id" in document:
            self.send_header("X-Request-Id", document["request_id"])
        if self.headers["Content-Length"] or self.headers["Transfer-Encoding"]:
            self.send_header("Connection", "close")  # a body that nobody reads would be taken for the next request
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names set by http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        _logger.debug(format, *args)
