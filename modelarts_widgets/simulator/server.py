"""A threaded HTTP server that passes each request to a function and sends its response."""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from .messages import Answer, Request, natural, service_fault

MAX_BODY = 2**20
"""Longest request body, in bytes."""
_logger = logging.getLogger(__name__)


class Server(ThreadingTCPServer):
    """An HTTP server that closes idle connections, and all connections when it stops.

    Why not `http.server.ThreadingHTTPServer`? It does neither, and looks up its host name when it starts.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    idle_timeout = 75.0
    """Seconds that a connection may be idle, or one request and its response may take."""

    def __init__(self, answer: Callable[[Request], Answer], port: int) -> None:
        self.answer = answer
        self._open: dict[socket.socket, float] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and register it."""
        connection, address = super().get_request()
        self._open[connection] = time.monotonic()
        return connection, address

    def keep(self, connection: socket.socket, *, for_ever: bool = False) -> None:
        """Restart the time limit of a connection, or remove it."""
        self._open[connection] = float("inf") if for_ever else time.monotonic()

    def service_actions(self) -> None:
        """Close connections that exceed their time limit; called about 20 times a second."""
        latest = time.monotonic() - self.idle_timeout
        for connection in [connection for connection, since in list(self._open.items()) if since < latest]:
            _end(connection)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Close a connection."""
        self._open.pop(request, None)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening, and close all connections."""
        super().server_close()
        for connection in list(self._open):
            _end(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as the base class has it
        """Log the error instead of printing it."""
        _logger.debug("A connection broke", exc_info=True)  # noqa: LOG014 - called in an except clause


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    wbufsize = -1  # headers and body in one write: two of them cost 40 ms a request, with Nagle's algorithm
    server: Server
    default_request_version = "HTTP/1.0"  # of a request that cannot be parsed: 0.9 would hide the status

    def _answer(self) -> None:
        received = self._read()
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(Request(self.command, self.path, headers, received or b""))
        if answer.delivery not in {"silent", "closed"}:
            # Without "Connection: close", a client may send its next request on a closed connection.
            self._write_head(answer, is_last=received is None or answer.delivery != "whole")
            _DELIVERIES[answer.delivery](self, answer.content if self.command != "HEAD" else b"")
        elif answer.delivery == "silent":
            self._hold()
        self.close_connection = self.close_connection or answer.delivery != "whole"
        self.server.keep(self.connection)

    def _write_head(self, answer: Answer, *, is_last: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.head(is_last=is_last).items():
            self.send_header(name, value)
        self.end_headers()

    def _whole(self, body: bytes) -> None:
        self.wfile.write(body)

    def _drip(self, body: bytes) -> None:
        for byte in body[:50]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
        self.wfile.write(body[50:])

    def _stalled(self, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self._hold()

    def _reset(self, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()  # takes effect when finish() closes the files

    def _hold(self) -> None:
        """Wait until the client gives up or the server stops."""
        self.server.keep(self.connection, for_ever=True)
        self.rfile.read(1)

    def finish(self) -> None:
        """Wait until the client has closed the connection: closing it with unread data would discard the response."""
        super().finish()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(2**16):
                pass

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names set by http.server

    def _read(self) -> bytes | None:
        """Return the body, or ``None`` if its length is unknown or too large."""
        length = natural(self.headers["Content-Length"] or "0")
        if self.headers["Transfer-Encoding"] or length is None or length > MAX_BODY:
            return None
        return self.rfile.read(length)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - as the base class has it
        """Send the gateway's error response to a request that http.server cannot parse."""
        answer = service_fault(code, "APIG.0201", message or HTTPStatus(code).phrase)
        self._write_head(answer, is_last=True)
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        _logger.debug(format, *args)


_DELIVERIES: Mapping[str, Callable[[_Handler, bytes], None]] = {
    "whole": _Handler._whole,
    "drip": _Handler._drip,
    "stalled": _Handler._stalled,
    "reset": _Handler._reset,
}


def _end(connection: socket.socket) -> None:
    """Shut a connection down, which also ends the thread that reads from it or writes to it."""
    with suppress(OSError):  # the client closed it first
        connection.shutdown(socket.SHUT_RDWR)
