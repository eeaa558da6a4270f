"""A server of bare sockets, for answers that no HTTP library would give."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType

from support.ports import free_port

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """One connection as the server sees it."""

    def __init__(self, server: RawServer, sock: socket.socket, number: int) -> None:
        self.server, self.sock, self.number = server, sock, number
        """The first connection has the number 1."""

    def request(self) -> bytes:
        """Return the next request; at the end of the connection, raise `ConnectionError`."""
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            byte = self.sock.recv(1)
            if not byte:
                raise ConnectionError
            received += byte
        self.server.requests.append((self.number, received))
        return received

    def answers(self) -> None:
        """Answer everything that is asked."""
        while True:
            self.request()
            self.sock.sendall(GOOD)

    def drip(self, text: bytes, pause: float = 0.02) -> None:
        """Send byte by byte."""
        for index in range(len(text)):
            self.sock.sendall(text[index : index + 1])
            self.server.ended.wait(pause)

    def hang(self) -> None:
        """Stay silent until the test ends."""
        self.server.ended.wait()

    def reset(self) -> None:
        """End the connection without a farewell."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class RawServer:
    """Runs a function for each connection, in a thread of its own.

    Parameters
    ----------
    talk : callable
        What to do with a connection; it is closed afterwards.
    context : ssl.SSLContext, optional
        For TLS from the first byte.
    """

    def __init__(self, talk: Callable[[Peer], None], context: ssl.SSLContext | None = None) -> None:
        self.talk, self._context = talk, context
        self.ended = threading.Event()
        self.requests: list[tuple[int, bytes]] = []
        self.connections = 0
        self._peers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listening = socket.create_server(("127.0.0.1", free_port()), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"{'https://localhost' if context else 'http://127.0.0.1'}:{self.port}"

    def __enter__(self) -> RawServer:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._threads[0].join()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(peer, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _run(self, target: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self.connections += 1
                self._peers.append(sock)
                self._run(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
                self._peers.append(sock)
            self.talk(Peer(self, sock, number))
        sock.close()


def full_port(listening: list[socket.socket]) -> int:
    """Return a port that answers no attempt to connect; its sockets go into the list, to be closed."""
    server = socket.create_server(("127.0.0.1", 0), backlog=0)
    listening.append(server)
    for _ in range(8):
        waiting = socket.socket()
        waiting.settimeout(0.0)
        waiting.connect_ex(server.getsockname())
        listening.append(waiting)
    port: int = server.getsockname()[1]
    return port
