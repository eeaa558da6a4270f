"""An exchange: one request and its answer, limited in time as a whole, to be ended from any thread."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from .errors import MalformedResponseError

_MAX_RECEIVED = 2**26
"""Bytes; what an answer may be on the wire, headers and all."""


class ExchangeEndedError(Exception):
    """The time is up, or somebody cancelled. No `OSError`, so that neither urllib3 nor requests tries again."""


class Cancellation:
    """Ends what one thread asks within a ``with`` block, when any thread says so.

    For one block. Cancelled before it, nothing is sent within; cancelled after it, nothing happens.

    Parameters
    ----------
    on_trial : callable, optional
        Makes a request raise `Deferred` instead of waiting while another request tries the same credentials. Called
        once with the outcome: ``None`` if they were accepted, else the error.
    """

    def __init__(self, on_trial: Callable[[Exception | None], None] | None = None) -> None:
        self.is_cancelled = False
        self._on_trial = on_trial
        self._running: set[Exchange] = set()  # no lock: each step is atomic, and cancel() may come from a __del__

    def cancel(self) -> None:
        """End the exchange under way, which raises `ConnectionFailedError`, and let none begin. Does not block."""
        self.is_cancelled = True
        for exchange in self._running.copy():
            exchange.cancel()

    def add(self, exchange: Exchange) -> None:
        """Count an exchange in."""
        self._running.add(exchange)
        if self.is_cancelled:
            exchange.cancel()

    def discard(self, exchange: Exchange) -> None:
        """Count it out."""
        self._running.discard(exchange)

    def __enter__(self) -> Cancellation:
        PRESENT.cancellations = (*PRESENT.cancellations, self)
        self._outer, PRESENT.on_trial = PRESENT.on_trial, self._on_trial or PRESENT.on_trial
        return self

    def __exit__(self, *_: object) -> None:
        PRESENT.cancellations = tuple(other for other in PRESENT.cancellations if other is not self)
        PRESENT.on_trial = self._outer


class Exchange:
    """One request and its answer: the time that is left, and the connection, to be ended by any thread.

    Parameters
    ----------
    seconds : float
        What it may take in all, from the ``with`` on.
    cancellation : Cancellation
        What ends it, beside those that this thread is in.
    """

    def __init__(self, seconds: float, cancellation: Cancellation) -> None:
        self.seconds = seconds
        self.is_cancelled = False
        self.is_answered = False
        """Whether a byte of the service's answer has come."""
        self.needs_fresh = False
        """Whether connections that were kept are not to be used."""
        self.has_connected = False
        self._uses_kept = False
        self._received = 0
        self._end = math.inf
        self._cancellations = (cancellation, *PRESENT.cancellations)
        self._process = os.getpid()
        self._lock = threading.RLock()  # held for moments; again by a __del__ that cancels
        self._attempt: Future[socket.socket] | None = None
        self._handle: socket.socket | None = None

    def __enter__(self) -> Exchange:
        self._end = time.monotonic() + self.seconds
        self._outer, PRESENT.exchange = PRESENT.exchange, self
        for cancellation in self._cancellations:
            cancellation.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        PRESENT.exchange = self._outer
        for cancellation in self._cancellations:
            cancellation.discard(self)
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
            if self._attempt is not None:
                self._attempt.cancel()
            self._shut_down()

    def ask_again(self) -> bool:
        """Return whether it failed on a kept connection before a byte came; if so, the next one is to be fresh."""
        if self.is_cancelled or self.is_overdue or self.is_answered or not self._uses_kept:
            return False
        self.needs_fresh, self._uses_kept = True, False
        return True

    def connect(self, make: Callable[[], socket.socket], limit: float | None) -> socket.socket:
        """Connect in a thread of its own, since nothing ends the resolution of a name."""
        self.has_connected, self._uses_kept = True, False
        self._attempt = attempt = Future[socket.socket]()
        name = "modelarts-widgets-connect"
        threading.Thread(target=_attempt, args=(make, attempt), name=name, daemon=True).start()
        try:
            made = attempt.result(self.left())
            self.hold(made, limit)
        except BaseException as error:
            if not attempt.cancel() and attempt.exception() is None:
                attempt.result().close()
            if isinstance(error, Exception):
                self.left()
            raise
        return made

    def hold(self, sock: socket.socket, limit: float | None) -> None:
        """Take hold of a connection, and limit its next step."""
        # A duplicate stays valid whatever TLS or http.client make of the socket meanwhile.
        handle = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            self.release()
            self._handle = handle
            if self.is_cancelled:
                self._shut_down()
        sock.settimeout(self.left(limit))

    def hold_kept(self, sock: socket.socket, limit: float | None) -> None:
        """Take hold of a connection that an earlier exchange made."""
        self._uses_kept = True
        self.hold(sock, limit)

    def count(self, received: int) -> None:
        """Note that bytes have come."""
        self._received += received
        self.is_answered = self.is_answered or received > 0
        if self._received > _MAX_RECEIVED:
            raise MalformedResponseError(f"The answer is longer than {_MAX_RECEIVED} bytes")

    def release(self) -> None:
        """Release the connection, which may serve others from now on."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.close()

    def _shut_down(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # it may be closed on the other side
                self._handle.shutdown(socket.SHUT_RDWR)


class _Present(threading.local):
    """What the present thread is doing."""

    exchange: Exchange | None = None
    cancellations: tuple[Cancellation, ...] = ()
    on_trial: Callable[[Exception | None], None] | None = None


PRESENT = _Present()


def _attempt(make: Callable[[], socket.socket], attempt: Future[socket.socket]) -> None:
    try:
        made = make()
    except BaseException as error:  # noqa: BLE001 - goes to the thread that waits
        with suppress(InvalidStateError):
            attempt.set_exception(error)
        return
    try:
        attempt.set_result(made)
    except InvalidStateError:  # nobody waits any more
        made.close()
