"""Beside servers that hang: the others are asked in time, few threads are held, and whoever has enough lets go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support import Script, until
from support.sockets import Peer, RawServer
from support.watches import ENDED, HANGS, RUNNING, Gate

from modelarts_widgets import ModelArtsClient, Watch
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.threads import GRACE, MAX_BUSY, MAX_THREADS

Follow = Callable[..., Watch[Any]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


def silent(peer: Peer) -> None:
    """Read requests until the connection ends, and answer none."""
    while True:
        peer.request()


def dripping(peer: Peer) -> None:
    """Answer byte by byte, without end."""
    peer.request()
    peer.drip(HEAD + b" " * 100_000, pause=0.05)


@pytest.fixture
def connect() -> Iterator[Callable[[RawServer], ModelArtsClient]]:
    """Return a function that makes clients which wait for very long, unless they are closed."""
    with ExitStack() as clients:
        yield lambda server: clients.enter_context(ModelArtsClient(server.url, "p", timeout=(HANGS, HANGS)))


@pytest.mark.parametrize("talk", [silent, dripping], ids=["silent", "dripping"])
@pytest.mark.parametrize("count", [4, MAX_THREADS - 2])  # one more thread waits for what is due next
def test_another_watch_is_asked_in_time_beside_servers_that_hang(
    follow: Follow, connect: Callable[[RawServer], ModelArtsClient], talk: Callable[[Peer], None], count: int
) -> None:
    with ExitStack() as servers:
        hung = []
        for _ in range(count):  # one after the other: credentials are tried by one request for each server
            server = servers.enter_context(RawServer(talk))
            hung.append(follow(connect(server)))
            hung[-1].start()
            until(lambda server=server: server.requests)
        assert follow(Script(ENDED)).wait(HANGS).succeeded
        assert ENGINE.threads <= MAX_THREADS
        assert all(watch.answer is None for watch in hung)
        for watch in hung:
            watch.close()
        until(lambda: ENGINE.threads == 0)


def test_no_more_than_eight_threads_wait_for_servers_that_hang(follow: Follow) -> None:
    gate, most = Gate(RUNNING), []
    watches = [follow(gate, f"t{number}") for number in range(20)]
    for watch in watches:
        watch.start()
    until(lambda: gate.begun == MAX_THREADS - 1)
    most.append(ENGINE.threads)
    gate.opened.set()
    until(lambda: all(watch.answer for watch in watches))
    assert max(most) <= MAX_THREADS == 8


def test_four_threads_are_enough_for_servers_that_answer(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelarts_widgets.polling.threads.GRACE", HANGS)  # however busy this machine is
    threads: list[int] = []
    watches = [follow(Script(RUNNING), f"t{number}") for number in range(50)]
    for watch in watches:
        watch.on_update(lambda _: threads.append(ENGINE.threads))
        watch.start()
    until(lambda: len(threads) == 50)
    assert max(threads) <= MAX_BUSY + 1 == 4
    assert GRACE < 1.0


def test_clicks_on_a_hung_card_open_no_further_requests(
    follow: Follow, connect: Callable[[RawServer], ModelArtsClient]
) -> None:
    open_now: set[int] = set()
    most: list[int] = []

    def count(peer: Peer) -> None:
        open_now.add(peer.number)
        most.append(len(open_now))
        try:
            silent(peer)
        finally:
            open_now.discard(peer.number)

    with RawServer(count) as server:
        watch = follow(connect(server))
        watch.start()
        until(lambda: server.requests)
        for _ in range(5):
            watch.pause()
            until(lambda: not open_now)  # it is aborted at once
            assert watch.phase == "paused"
            watch.resume()
            until(lambda: open_now)
        assert max(most) == 1
        watch.close()


def test_clicks_on_a_card_whose_client_cannot_be_interrupted_ask_once(follow: Follow) -> None:
    gate = Gate(RUNNING)
    watch = follow(gate)
    watch.start()
    until(lambda: gate.begun)
    for _ in range(5):
        watch.pause()
        watch.resume()
    assert follow(Script(ENDED)).wait(HANGS).succeeded
    assert gate.begun == 1
    gate.opened.set()
    until(lambda: watch.answer)


@pytest.mark.parametrize("act", ["pause", "stop", "close"])
def test_whoever_has_enough_ends_the_request_that_hangs(
    follow: Follow, connect: Callable[[RawServer], ModelArtsClient], act: str
) -> None:
    ended = threading.Event()

    def watched(peer: Peer) -> None:
        try:
            silent(peer)
        finally:
            ended.set()

    with RawServer(watched) as server:
        watch = follow(connect(server))
        watch.start()
        until(lambda: server.requests)
        getattr(watch, act)()
        assert ended.wait(HANGS / 2)
        until(lambda: ENGINE.threads == 0)
        assert (watch.phase, watch.error) == ("paused" if act == "pause" else "stopped", None)


def test_who_shares_a_request_that_hangs_may_leave_without_ending_it(
    follow: Follow, connect: Callable[[RawServer], ModelArtsClient]
) -> None:
    with RawServer(silent) as server:
        client = connect(server)
        leaving, staying = follow(client), follow(client)
        leaving.start()
        staying.start()
        until(lambda: server.requests)
        leaving.close()
        assert (staying.phase, staying.error, ENGINE.threads > 0) == ("polling", None, True)
        staying.close()
        until(lambda: ENGINE.threads == 0)
        assert len(server.requests) == 1
