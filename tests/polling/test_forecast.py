"""What earlier exports took: what is made of documented bodies, and the one request for it, which disturbs nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from support import DATA, EXAMPLE, Script, until
from support.sockets import Peer, RawServer
from support.virtual import VirtualEngine
from support.watches import HANGS, RUNNING

from modelarts_widgets import (
    AuthenticationError,
    ExportMonitor,
    ExportTask,
    ModelArtsClient,
    PermissionDeniedError,
    ServiceError,
    TokenAuth,
    Watch,
    watch_export,
)
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.forecast import LONGEST, MAX_EXPORTS, STILL, Forecast
from modelarts_widgets.simulator import Clock, Simulator

NEW_DATASET, DIRECTORY = json.loads((DATA / "list_succeeded.json").read_text())["export_tasks"]
"""The documented ones: 4.7 s and 72.9 s."""
STILL_RUNNING = ExportTask.from_json(EXAMPLE)
ENDED = EXAMPLE | {"status": "SUCCESSED", "progress": 100.0}


def earlier(seconds: float, place: int = 0, **changes: Any) -> ExportTask:  # noqa: ANN401 - any JSON
    """Return the documented export with another duration; those with a higher place are older."""
    created = DIRECTORY["create_time"] - 1_000_000 * place
    times = {"create_time": created, "update_time": created + round(1_000 * seconds)}
    return ExportTask.from_json(DIRECTORY | {"task_id": f"earlier {place}"} | times | changes)


def several(*seconds: float, **changes: Any) -> list[ExportTask]:  # noqa: ANN401 - any JSON
    return [earlier(each, place, **changes) for place, each in enumerate(seconds)]


# What is made of a list


def test_five_exports_are_a_range() -> None:
    tasks = several(60.0, 40.0, 75.0, 52.5, 61.0)
    assert Forecast.of(tasks, STILL_RUNNING) == Forecast(5, 40.0, 75.0, None)


@pytest.mark.parametrize("tasks", [[], several(40.0, 75.0)], ids=["none", "two"])
def test_fewer_than_three_are_no_range(tasks: list[ExportTask]) -> None:
    assert Forecast.of(tasks, STILL_RUNNING) is None


def test_the_documented_list_has_one_export_of_a_kind() -> None:
    tasks = [ExportTask.from_json(each) for each in (NEW_DATASET, DIRECTORY)]
    assert Forecast.of(tasks, STILL_RUNNING) is None
    assert Forecast.of([*tasks, *several(40.0, 75.0)], STILL_RUNNING) == Forecast(3, 40.0, 75.0)


def test_the_latest_five_count_whatever_the_order() -> None:
    tasks = several(60.0, 40.0, 75.0, 50.0, 61.0, 9_000.0, 1.0)
    for order in (tasks, tasks[::-1], tasks[3:] + tasks[:3]):
        assert Forecast.of(order, STILL_RUNNING) == Forecast(5, 40.0, 75.0)


@pytest.mark.parametrize("status", ["FAILED", "RUNNING", "INIT", "SUCCEEDED", None])
def test_those_that_have_not_succeeded_are_left_out(status: str | None) -> None:
    odd = [earlier(1.0, place, status=status) for place in range(5)]
    assert Forecast.of(odd, STILL_RUNNING) is None
    assert Forecast.of([*odd, *several(40.0, 75.0, 60.0)], STILL_RUNNING) == Forecast(3, 40.0, 75.0)


@pytest.mark.parametrize(
    "other",
    [
        {"export_type": 2},
        {"export_type": None},
        {"export_format": 1},
        {"export_params": NEW_DATASET["export_params"]},
        {"export_params": None},
    ],
    ids=repr,
)
def test_those_of_another_kind_are_left_out(other: dict[str, Any]) -> None:
    assert Forecast.of(several(40.0, 75.0, 60.0, **other), STILL_RUNNING) is None


@pytest.mark.parametrize("unknown", ["export_type", "export_format", "export_params"])
def test_what_an_export_does_not_say_of_itself_may_be_anything(unknown: str) -> None:
    running = ExportTask.from_json(EXAMPLE | {unknown: None})
    others = {"export_type": 2, "export_format": 1, "export_params": NEW_DATASET["export_params"]}
    tasks = several(40.0, 75.0, 60.0, **{unknown: others[unknown]})
    assert Forecast.of(tasks, running) == Forecast(3, 40.0, 75.0)


@pytest.mark.parametrize(
    "times",
    [
        {"update_time": DIRECTORY["create_time"] - 1},
        {"update_time": DIRECTORY["create_time"]},
        {"update_time": None},
        {"create_time": None},
        {"create_time": 0},
        {"create_time": -(10**18)},
        {"update_time": 10**30},
        {"update_time": "later"},
        {"update_time": DIRECTORY["create_time"] + round(1_000 * LONGEST) + 1},
    ],
    ids=repr,
)
def test_times_that_cannot_be_true_are_left_out(times: dict[str, Any]) -> None:
    odd = [ExportTask.from_json(DIRECTORY | times)] * 5
    assert Forecast.of([*odd, *several(40.0, 75.0)], STILL_RUNNING) is None
    assert Forecast.of([*odd, *several(40.0, 75.0, 60.0)], STILL_RUNNING) == Forecast(3, 40.0, 75.0)


@pytest.mark.parametrize(
    ("counts", "sizes"),
    [
        ([200, 20_000, 1_000], (200, 20_000)),
        ([200, 400, 300], (200, 400)),
        ([0, 1, 0], (0, 1)),
        ([200, 399, 300], None),
        ([20, 20, 20], None),
        ([0, 0, 0], None),
        ([200, None, 20_000], None),
        ([200, -1, 20_000], None),
        ([1, 10**400, 1], None),
        ([1, 2**53, 1], (1, 2**53)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_sizes_that_differ_much_are_told(counts: list[int | None], sizes: tuple[int, int] | None) -> None:
    tasks = [earlier(60.0, place, total_sample_count=size) for place, size in enumerate(counts)]
    forecast = Forecast.of(tasks, STILL_RUNNING)
    assert forecast is not None
    assert forecast.sizes == sizes


@given(some.lists(some.floats(-100.0, 2 * LONGEST), max_size=20))
def test_the_range_holds_what_it_counts_and_nothing_absurd(seconds: list[float]) -> None:
    tasks = several(*seconds)
    took = [round(1_000 * each) / 1_000 for each in seconds]
    true = [each for each in took if 0 < each <= LONGEST][:MAX_EXPORTS]
    forecast = Forecast.of(tasks, STILL_RUNNING)
    assert (forecast is None) is (len(true) < 3)
    if forecast is not None:
        assert (forecast.exports, forecast.shortest, forecast.longest) == (len(true), min(true), max(true))


# The request


class Earlier(Script):
    """A client of a dataset with earlier exports, or with a fault in the place of their list."""

    def __init__(self, *answers: dict[str, Any] | Exception, listed: Any = None) -> None:  # noqa: ANN401 - or an error
        super().__init__(*answers)
        self.listed = several(40.0, 75.0, 60.0) if listed is None else listed
        self.lists = 0

    def list_export_tasks(self, dataset_id: str) -> Iterator[ExportTask]:
        assert dataset_id == "d"
        self.lists += 1
        if isinstance(self.listed, BaseException):
            raise self.listed
        yield from self.listed


@pytest.fixture
def follow() -> Iterator[Callable[..., Watch[ExportTask]]]:
    """Return a function that makes a watch, which is closed after the test."""
    made: list[Watch[ExportTask]] = []

    def one(client: Any, *ids: str, **options: Any) -> Watch[ExportTask]:  # noqa: ANN401
        made.append(watch_export(*(ids or ("d", "t")), client=client, **{"interval": 2.0, **options}))
        return made[-1]

    yield one
    for watch in made:
        watch.close()


@pytest.fixture
def virtual(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> VirtualEngine:
    return VirtualEngine(clock, monkeypatch)


Follow = Callable[..., Watch[ExportTask]]


def steps(virtual: VirtualEngine, number: int = 20) -> None:
    for _ in range(number):
        if not virtual.is_over:
            virtual.step()


def test_one_request_is_sent_where_nothing_moves(follow: Follow, virtual: VirtualEngine) -> None:
    client = Earlier(EXAMPLE)
    watch = follow(client)
    watch.start()
    while client.asked < STILL:
        assert client.lists == 0
        virtual.step()
    steps(virtual)
    assert client.lists == 1
    assert watch.state.forecast == Forecast(3, 40.0, 75.0)
    client.answers = [ENDED]
    virtual.run()
    assert client.lists == 1


@pytest.mark.parametrize(
    "answers",
    [
        [RUNNING],
        [EXAMPLE, EXAMPLE, RUNNING, EXAMPLE],
        [EXAMPLE | {"progress": 0.1}, EXAMPLE],
        [EXAMPLE | {"finished_sample_count": 1, "total_sample_count": 20_000}],
        [EXAMPLE, EXAMPLE, ENDED],
    ],
    ids=["from the start", "soon", "by percent", "by counts", "ended"],
)
def test_none_is_sent_where_something_moves(
    follow: Follow, virtual: VirtualEngine, answers: list[dict[str, Any]]
) -> None:
    client = Earlier(*answers)
    watch = follow(client)
    watch.start()
    for _ in range(20):
        if watch.state.is_active:
            virtual.step()
    assert (client.lists, watch.state.forecast) == (0, None)


def test_none_is_sent_where_it_is_switched_off(follow: Follow, virtual: VirtualEngine) -> None:
    client = Earlier(EXAMPLE)
    follow(client, forecast=False).start()
    steps(virtual)
    assert client.lists == 0


class Lone:
    """A stand-in that has no list."""

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        assert dataset_id + task_id
        return STILL_RUNNING


def test_none_is_sent_by_a_stand_in_that_has_no_list(follow: Follow, virtual: VirtualEngine) -> None:
    watch = follow(Lone())
    watch.start()
    steps(virtual)
    assert (watch.phase, watch.error, watch.state.forecast) == ("polling", None, None)


def endless() -> Iterator[ExportTask]:
    for number in count():
        yield earlier(40.0 + number % 7, number)


@pytest.mark.parametrize(
    "fault",
    [
        ServiceError(status_code=503),
        PermissionDeniedError(status_code=403),
        AuthenticationError(status_code=401),
        ZeroDivisionError("oops"),
        SystemExit(),
        [EXAMPLE] * 3,
        [],
        endless(),
    ],
    ids=lambda fault: repr(fault)[:12],
)
def test_a_list_that_fails_disturbs_nothing(
    follow: Follow, virtual: VirtualEngine, caplog: pytest.LogCaptureFixture, fault: object
) -> None:
    client = Earlier(EXAMPLE, listed=fault)
    watch = follow(client)
    watch.start()
    steps(virtual)
    assert client.lists == 1
    assert (watch.phase, watch.error, watch.state.failures) == ("polling", None, 0)
    assert (watch.stats.errors, watch.stats.retries, watch.stats.polls) == ({}, 0, 19)
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    client.answers = [ENDED]
    virtual.run()
    assert (watch.phase, watch.done()) == ("done", True)


@pytest.mark.parametrize("wanted", [[True, False], [False, True], [True, True]], ids=str)
def test_watches_share_the_request_and_each_shows_what_it_wants(
    follow: Follow, virtual: VirtualEngine, wanted: list[bool]
) -> None:
    client = Earlier(EXAMPLE)
    watches = [follow(client, forecast=forecast) for forecast in wanted]
    for watch in watches:
        watch.start()
    steps(virtual)
    late = follow(client)
    late.start()
    steps(virtual)
    assert client.lists == 1
    shown = [watch._subject.forecast(watch.state) is not None for watch in (*watches, late)]
    assert shown == [*wanted, True]


@pytest.mark.parametrize("end", [Watch.close, Watch.pause, Watch.stop], ids=["close", "pause", "stop"])
def test_a_list_that_hangs_holds_up_no_poll_and_ends_with_the_watch(
    follow: Follow, end: Callable[[Watch[ExportTask]], None]
) -> None:
    body = json.dumps(EXAMPLE | {"task_id": "t"}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    hung: list[bytes] = []

    def talk(peer: Peer) -> None:
        while True:
            head = peer.request()
            if b"limit=" in head:
                hung.append(head)
            else:
                peer.sock.sendall(answer)

    with RawServer(talk) as server, ModelArtsClient(server.url, "p", timeout=(HANGS, HANGS)) as client:
        watch = follow(client, interval=0.1)
        watch.start()
        until(lambda: hung)
        polls = watch.stats.polls
        until(lambda: watch.stats.polls > polls + 2)
        end(watch)
        until(lambda: ENGINE.threads == 0)
        assert (len(hung), watch.error) == (1, None)


def test_a_list_that_is_refused_sends_no_second_login(
    simulator: Simulator, clock: Clock, follow: Follow, virtual: VirtualEngine
) -> None:
    assert clock
    export = simulator.add_export(seconds=7_200, gradual=False)
    auth = TokenAuth(simulator.token)
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client:
        watch = follow(client, export.dataset_id, export.task_id)
        simulator.inject("", "", "", "refused")
        watch.start()
        steps(virtual, 6)
        assert (watch.phase, simulator.requests) == ("needs-auth", 4)
        watch.resume()
        steps(virtual, 3)
        assert (watch.phase, watch.error) == ("polling", None)


def test_no_list_is_sent_with_credentials_that_have_been_refused_meanwhile(
    simulator: Simulator, client: ModelArtsClient, follow: Follow, virtual: VirtualEngine
) -> None:
    export = simulator.add_export(seconds=7_200, gradual=False)
    watch = follow(client, export.dataset_id, export.task_id)
    watch.start()
    steps(virtual, STILL)
    simulator.inject("refused")
    with pytest.raises(AuthenticationError):
        client.get_export_task(export.dataset_id, export.task_id)
    steps(virtual, 3)
    assert (watch.phase, simulator.requests) == ("needs-auth", STILL + 1)


@pytest.mark.parametrize("fault", ["internal", "throttled for seconds", "not found", "cut", "hostile", "forbidden"])
def test_a_list_of_a_real_client_that_fails_disturbs_nothing(
    simulator: Simulator, client: ModelArtsClient, follow: Follow, virtual: VirtualEngine, fault: str
) -> None:
    export = simulator.add_export(seconds=7_200, gradual=False)
    watch = follow(client, export.dataset_id, export.task_id)
    simulator.inject("", "", "", fault)
    watch.start()
    steps(virtual, 10)
    assert (watch.phase, watch.error, watch.stats.errors, simulator.requests) == ("polling", None, {}, 10)


def test_the_card_says_it_until_something_moves(
    simulator: Simulator, clock: Clock, client: ModelArtsClient, virtual: VirtualEngine
) -> None:
    for seconds in (40, 75, 60):
        simulator.add_export(seconds=seconds)
    clock.advance(100)
    export = simulator.add_export(seconds=60, gradual=False)
    words = "the last 3 exports of this kind took 40 s to 1 min 15 s"
    monitors = [
        ExportMonitor(export.dataset_id, export.task_id, client=client, forecast=forecast) for forecast in (True, False)
    ]
    for monitor in monitors:
        monitor.start()
    steps(virtual, 6)
    assert [words in monitor.to_text() for monitor in monitors] == [True, False]
    assert [words in monitor.to_html() for monitor in monitors] == [True, False]
    assert "<progress" not in monitors[0].to_html()
    assert words in monitors[0]._parts._bar.value  # type: ignore[attr-defined] # what the front end has
    virtual.run()
    for monitor in monitors:
        assert words not in monitor.to_text() + monitor.to_html() + monitor._parts._bar.value  # type: ignore[attr-defined]
        monitor.close()
