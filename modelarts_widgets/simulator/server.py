"""A threaded HTTP server that passes each request to a function and sends the answer."""

from __future__ import annotations

import json
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from .messages import Answer, Request

MAX_BODY = 2**20
"""Bytes; no valid request is longer."""
_logger = logging.getLogger(__name__)


class Server(ThreadingTCPServer):
    """Unlike http.server's own, does no name lookup, and ends its connections when it stops."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Callable[[Request], Answer], port: int) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and keep track of it."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the base class has it
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening, and end all open connections."""
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):  # the client closed it first
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it, and ends it

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as the base class has it
        """Log the error instead of printing it."""
        _logger.debug("A connection broke", exc_info=True)  # noqa: LOG014 - called in an except clause


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    wbufsize = -1  # headers and body in one write: two of them cost 40 ms a request, with Nagle's algorithm
    server: Server

    def _answer(self) -> None:
        received = self._read()
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(Request(self.command, self.path, headers, received or b""))
        if answer.delivery not in {"silent", "closed"}:
            self._write_head(answer, len(_body(answer)), is_last=received is None or answer.delivery != "whole")
            _DELIVERIES[answer.delivery](self, _body(answer) if self.command != "HEAD" else b"")
        elif answer.delivery == "silent":
            self._hold()
        self.close_connection = self.close_connection or answer.delivery != "whole"

    def _write_head(self, answer: Answer, length: int, *, is_last: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(length))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if is_last:
            self.send_header("Connection", "close")  # or a client may send its next request to a closed connection
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

    def _hold(self) -> None:
        """Wait until the client gives up or the server stops."""
        self.rfile.read(1)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names set by http.server

    def _read(self) -> bytes | None:
        """Return the body, or ``None`` if its length is unknown or too large."""
        length = self.headers["Content-Length"] or "0"
        if self.headers["Transfer-Encoding"] or not length.isdecimal() or int(length) > MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        _logger.debug(format, *args)


_DELIVERIES: Mapping[str, Callable[[_Handler, bytes], None]] = {
    "whole": _Handler._whole,
    "drip": _Handler._drip,
    "stalled": _Handler._stalled,
    "reset": _Handler._reset,
}


def _body(answer: Answer) -> bytes:
    if answer.body is not None:
        return answer.body
    return json.dumps(answer.document, ensure_ascii=False).encode(errors="surrogatepass")
