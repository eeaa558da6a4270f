"""A `requests.Session` that is answered in the same process, without a socket."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from .messages import Answer, Request

_HOST = "127.0.0.1"


class InProcessSession(requests.Session):
    """A session that passes requests for the loopback address to a function, and fails for all other hosts."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        super().__init__()
        self.trust_env = False  # no proxy, no netrc
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(answer))


class _Adapter(HTTPAdapter):
    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        super().__init__()
        self._answer = answer

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401 - settings of a connection
        """Return the response, or raise the exception of requests for the fault. Does not block."""
        host = urlsplit(request.url or "").hostname
        if host != _HOST:
            raise requests.ConnectionError(f"This session reaches the simulator only, not {host}", request=request)
        answer = self._answer(_received(request))
        if answer.delivery == "closed":
            lost = RemoteDisconnected("Remote end closed connection without response")
            raise requests.ConnectionError(ProtocolError("Connection aborted.", lost), request=request)
        if answer.delivery == "silent":
            raise requests.ReadTimeout("Read timed out.", request=request)
        return self.build_response(request, _raw(answer, request.method))


def _received(request: requests.PreparedRequest) -> Request:
    """Convert a prepared request to the form that the server receives."""
    headers = {"host": urlsplit(request.url or "").netloc}
    headers |= {_sent(name).lower(): _sent(value) for name, value in request.headers.items()}
    body = request.body.encode() if isinstance(request.body, str) else request.body
    # An iterable would be sent in chunks, which the server does not read.
    return Request(request.method or "", request.path_url, headers, body if isinstance(body, bytes) else b"")


def _sent(text: str | bytes) -> str:
    return (text if isinstance(text, bytes) else text.encode("latin-1")).decode("latin-1")


def _raw(answer: Answer, method: str | None) -> HTTPResponse:
    body = answer.content if method != "HEAD" else b""
    breaks = _BREAKS.get(answer.delivery)
    return HTTPResponse(
        body=_Broken(body, breaks) if breaks else io.BytesIO(body),
        headers=answer.head(is_last=breaks is not None),
        status=answer.status,
        reason=HTTPStatus(answer.status).phrase,
        preload_content=False,
        request_method=method,
    )


class _Broken(io.BytesIO):
    """A body that raises an error after its first half."""

    def __init__(self, body: bytes, error: OSError) -> None:
        super().__init__(body[: len(body) // 2])
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        if size is None or size < 0 or len(part) < size:
            raise self._error
        return part


_BREAKS: Mapping[str, OSError] = {
    "stalled": TimeoutError("timed out"),
    "reset": ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)),
}
