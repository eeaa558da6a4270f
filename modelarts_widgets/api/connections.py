"""Connections that belong to an exchange.

urllib3 limits each step and each piece alone: a server that sends one byte now and then is waited for without
end. Here a connection asks the exchange of its thread, before each step, how much time is left.
"""

from __future__ import annotations

import functools
import http.client
import io
import os
import socket
import weakref
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from .exchange import PRESENT, Exchange

_INFORMATIONAL = range(102, 200)  # http.client skips 100, and 101 is an answer


def limit(adapter: object) -> None:
    """Limit the connections of a session's adapter from now on, if it is one of requests that makes them."""
    name = HTTPAdapter.get_connection_with_tls_context.__name__
    if isinstance(adapter, HTTPAdapter) and name not in vars(adapter):
        setattr(adapter, name, functools.partial(_limited_pool, weakref.ref(adapter)))  # no cycle, so no garbage


def _limited_pool(adapter: Callable[[], HTTPAdapter | None], *args: Any, **options: Any) -> HTTPConnectionPool:  # noqa: ANN401
    """Return the pool that an adapter takes for a request, after a look at its connections."""
    own: Any = adapter()
    pool: HTTPConnectionPool = type(own).get_connection_with_tls_context(own, *args, **options)
    if not issubclass(pool.ConnectionCls, _Limited):
        pool.ConnectionCls = _limited(pool.ConnectionCls)
        for kept in [*getattr(pool.pool, "queue", ())]:
            if kept is not None:
                kept.__class__ = pool.ConnectionCls
                kept.close()  # opened anew when it is needed
    return pool


@functools.cache
def _limited(kind: type[Any]) -> type[Any]:
    return type(f"Limited{kind.__name__}", (_Limited, kind), {})


class _Received(io.RawIOBase):
    """The bytes from a connection, each piece of them in the time that is left."""

    def __init__(self, raw: socket.SocketIO, sock: socket.socket, exchange: Exchange) -> None:
        self._raw, self._sock, self._exchange = raw, sock, exchange
        self._limit = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        self._sock.settimeout(self._exchange.left(self._limit))
        count: int = self._raw.readinto(buffer) or 0
        self._exchange.count(count)
        return count

    def close(self) -> None:
        self._exchange.release()  # the last byte of an answer frees its connection for others
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that may come after any number of informational ones, such as 103."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as they come
        super().__init__(sock, *args, **options)
        exchange = PRESENT.exchange
        if exchange is not None:
            self.fp: Any = io.BufferedReader(_Received(self.fp.detach(), sock, exchange))

    def begin(self) -> None:
        super().begin()
        while self.status in _INFORMATIONAL:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _Limited(HTTPConnection):
    """A connection that asks the exchange of its thread; without one, it is like any other of urllib3."""

    response_class = _Response
    _process: int | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it may be used again. A forked child does not use its parent's."""
        exchange = PRESENT.exchange
        if self._process != os.getpid() or (exchange is not None and exchange.needs_fresh):
            return False
        return super().is_connected

    def _new_conn(self) -> socket.socket:
        self._process = os.getpid()
        exchange = PRESENT.exchange
        return super()._new_conn() if exchange is None else exchange.connect(super()._new_conn, self.timeout)

    def _tunnel(self) -> None:
        super()._tunnel()
        if (exchange := PRESENT.exchange) is not None:
            exchange.is_answered = False  # that was the proxy
            exchange.hold(self.sock, self.timeout)

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:  # noqa: ANN401 - of urllib3's HTTPSConnection
        wrapped = super()._connect_tls_proxy(hostname, sock)  # type: ignore[misc]
        receive = wrapped.recv

        def recv(*args: int) -> Any:  # noqa: ANN401 - TLS in TLS receives piece by piece until a record is whole
            if (exchange := PRESENT.exchange) is not None:
                wrapped.settimeout(exchange.left(wrapped.gettimeout()))
            return receive(*args)

        wrapped.recv = recv
        return wrapped

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as they come
        exchange = PRESENT.exchange
        if exchange is not None and self.sock is not None and not exchange.has_connected:
            exchange.hold_kept(self.sock, self.timeout)
        super().request(*args, **options)

    def send(self, data: Any) -> None:  # noqa: ANN401 - as they come
        if (exchange := PRESENT.exchange) is not None and self.sock is not None:
            self.sock.settimeout(exchange.left(self.timeout))
        super().send(data)
