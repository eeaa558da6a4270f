"""The time limit of an exchange, its cancellation, and the connections that obey both.

urllib3 limits each step and each piece alone, so a server that sends one byte now and then is waited for without
end. Here a connection asks the exchange of its thread, before each step, how much time is left.
"""

from __future__ import annotations

import functools
import http.client
import io
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from .errors import MalformedResponseError

_MAX_RECEIVED = 2**26  # bytes on the wire, headers included
_INFORMATIONAL = range(102, 200)  # http.client skips 100, and 101 is a final response


class ExchangeEndedError(Exception):
    """The time is up, or a caller cancelled. No `OSError`, so that neither urllib3 nor requests tries again."""


class Cancellation:
    """Ends the requests that one thread sends within a ``with`` block, from any thread.

    For one block. If cancelled before it, no request is sent within; if cancelled after it, nothing happens. With
    `on_trial`, a request raises `Deferred` rather than wait while another one tries the same credentials, and
    `on_trial` is called once with the outcome: ``None`` if they were accepted, else the error.
    """

    def __init__(self, on_trial: Callable[[Exception | None], None] | None = None) -> None:
        self.is_cancelled, self._on_trial = False, on_trial
        self._running: set[Exchange] = set()  # no lock: each step is atomic, and cancel() may come from a __del__

    def cancel(self) -> None:
        """End the exchange under way, which raises `ConnectionFailedError`, and let none begin. Does not block."""
        self.is_cancelled = True
        for exchange in self._running.copy():
            exchange.cancel()

    def __enter__(self) -> Cancellation:
        CURRENT.cancellations = (*CURRENT.cancellations, self)
        self._outer, CURRENT.on_trial = CURRENT.on_trial, self._on_trial or CURRENT.on_trial
        return self

    def __exit__(self, *_: object) -> None:
        CURRENT.cancellations = tuple(other for other in CURRENT.cancellations if other is not self)
        CURRENT.on_trial = self._outer


class Exchange:
    """One request and its response: the time that is left, of `seconds` from the ``with`` on, and the connection.

    Any thread can cancel it, by its own `cancellation` or one whose ``with`` block this thread is in.
    """

    def __init__(self, seconds: float, cancellation: Cancellation) -> None:
        self.seconds, self.received = seconds, 0
        self.is_cancelled = False
        self.is_answered = False
        """Whether a byte of the service's response has arrived."""
        self.uses_kept = self.needs_fresh = False
        """Whether a connection kept from an earlier exchange is in use, and whether none of those may be."""
        self._end = float("inf")
        self._cancellations = (cancellation, *CURRENT.cancellations)
        self._process = os.getpid()
        self._lock = threading.RLock()  # held for moments; again by a __del__ that cancels
        self.attempt: Future[socket.socket] | None = None
        self._handle: socket.socket | None = None

    def __enter__(self) -> None:
        self._end = time.monotonic() + self.seconds
        self._outer, CURRENT.exchange = CURRENT.exchange, self
        for cancellation in self._cancellations:
            cancellation._running.add(self)
            if cancellation.is_cancelled:
                self.cancel()

    def __exit__(self, *_: object) -> None:
        CURRENT.exchange = self._outer
        for cancellation in self._cancellations:
            cancellation._running.discard(self)
        if self._handle is not None:
            self.release()

    @property
    def is_overdue(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    def left(self, limit: float | None = None) -> float:
        """Return the seconds that the next step may take, or raise `ExchangeEndedError`."""
        seconds = self._end - time.monotonic()
        if seconds <= 0 or self.is_cancelled:
            raise ExchangeEndedError
        return seconds if limit is None else min(seconds, limit)

    def cancel(self) -> None:
        """End it. Does not block. A forked child leaves its parent's connections alone."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self.is_cancelled = True
            if self.attempt is not None:
                self.attempt.cancel()
            if self._handle is not None:
                with suppress(OSError):  # it may be closed on the other side
                    self._handle.shutdown(socket.SHUT_RDWR)

    def may_repeat(self) -> bool:
        """Return whether it failed on a kept connection before a byte arrived; if so, the next one will be fresh."""
        self.needs_fresh = self.uses_kept and not (self.is_cancelled or self.is_overdue or self.is_answered)
        self.uses_kept = False
        return self.needs_fresh

    def connect(self, make: Callable[[], socket.socket], limit: float | None) -> socket.socket:
        """Return a new connection, made in another thread, since nothing ends the resolution of a name."""
        self.attempt = attempt = Future[socket.socket]()
        self.uses_kept, name = False, "modelarts-widgets-connect"
        threading.Thread(target=_attempt, args=(make, attempt), name=name, daemon=True).start()
        try:
            made = attempt.result(self.left())
            self.hold(made)
            made.settimeout(self.left(limit))
        except BaseException as error:
            if not attempt.cancel() and attempt.exception() is None:
                attempt.result().close()
            if isinstance(error, Exception):
                self.left()
            raise
        return made

    def hold(self, sock: socket.socket) -> None:
        """Take a connection, which `cancel` shuts down from now on."""
        # Why not the socket itself? TLS and http.client close or replace it meanwhile; a duplicate stays valid.
        handle = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            if self._handle is not None:
                self.release()
            self._handle = handle
            if self.is_cancelled:
                self.cancel()

    def release(self) -> None:
        """Release the connection, which may serve other exchanges from now on."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.close()


class _Current(threading.local):
    """State of the current thread."""

    exchange: Exchange | None = None
    cancellations: tuple[Cancellation, ...] = ()
    on_trial: Callable[[Exception | None], None] | None = None


CURRENT = _Current()


def _attempt(make: Callable[[], socket.socket], attempt: Future[socket.socket]) -> None:
    made = None
    try:
        made = make()
        attempt.set_result(made)
    except BaseException as error:  # noqa: BLE001 - goes to the thread that waits
        if made is not None:
            made.close()
        with suppress(InvalidStateError):  # cancelled
            attempt.set_exception(error)


def limit(adapter: object) -> None:
    """Limit the connections of a session's adapter from now on, if it is an `HTTPAdapter`."""
    name = HTTPAdapter.get_connection_with_tls_context.__name__
    if isinstance(adapter, HTTPAdapter) and name not in vars(adapter):
        setattr(adapter, name, functools.partial(_limited_pool, weakref.ref(adapter)))  # weak: no reference cycle


def _limited_pool(adapter: Callable[[], HTTPAdapter | None], *args: Any, **options: Any) -> HTTPConnectionPool:  # noqa: ANN401
    """Return the pool that an adapter takes for a request, with connections that are limited."""
    own: Any = adapter()
    pool: HTTPConnectionPool = type(own).get_connection_with_tls_context(own, *args, **options)
    if not issubclass(pool.ConnectionCls, _Limited):
        pool.ConnectionCls = _limited(pool.ConnectionCls)
        for kept in filter(None, [*getattr(pool.pool, "queue", ())]):
            kept.__class__ = pool.ConnectionCls
            kept.close()  # opened anew when it is needed
    return pool


@functools.cache
def _limited(kind: type[Any]) -> type[Any]:
    return type(f"Limited{kind.__name__}", (_Limited, kind), {})


class _Received(io.RawIOBase):
    """The bytes from a connection, each piece of them in the time that is left."""

    def __init__(self, raw: socket.SocketIO, sock: socket.socket, exchange: Exchange) -> None:
        self._raw, self._sock, self._exchange, self._limit = raw, sock, exchange, sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        exchange = self._exchange
        self._sock.settimeout(exchange.left(self._limit))
        count: int = self._raw.readinto(buffer) or 0
        exchange.received += count
        exchange.is_answered = exchange.is_answered or count > 0
        if exchange.received > _MAX_RECEIVED:
            raise MalformedResponseError(f"The answer is longer than {_MAX_RECEIVED} bytes")
        return count

    def close(self) -> None:
        self._exchange.release()  # after the last byte of a response, its connection may serve other requests
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that may come after any number of informational ones, such as 103."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as they come
        super().__init__(sock, *args, **options)
        if (exchange := CURRENT.exchange) is not None:
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
        exchange = CURRENT.exchange
        if self._process != os.getpid() or (exchange is not None and exchange.needs_fresh):
            return False
        return super().is_connected

    def _new_conn(self) -> socket.socket:
        self._process = os.getpid()
        exchange = CURRENT.exchange
        return super()._new_conn() if exchange is None else exchange.connect(super()._new_conn, self.timeout)

    def _tunnel(self) -> None:
        super()._tunnel()
        if (exchange := CURRENT.exchange) is not None:
            exchange.is_answered = False  # that was the proxy
            exchange.hold(self.sock)
            self.sock.settimeout(exchange.left(self.timeout))

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:  # noqa: ANN401 - of urllib3's HTTPSConnection
        wrapped = super()._connect_tls_proxy(hostname, sock)  # type: ignore[misc]
        receive = wrapped.recv

        def recv(*args: int) -> Any:  # noqa: ANN401 - TLS in TLS receives piece by piece until a record is whole
            if (exchange := CURRENT.exchange) is not None:
                wrapped.settimeout(exchange.left(wrapped.gettimeout()))
            return receive(*args)

        wrapped.recv = recv
        return wrapped

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as they come
        if (exchange := CURRENT.exchange) is not None and self.sock is not None and exchange.attempt is None:
            exchange.uses_kept = True
            exchange.hold(self.sock)
        super().request(*args, **options)

    def send(self, data: Any) -> None:  # noqa: ANN401 - as they come
        if (exchange := CURRENT.exchange) is not None and self.sock is not None:
            self.sock.settimeout(exchange.left(self.timeout))
        super().send(data)
