"""The simulated service over HTTP: documents, errors, addresses."""

from __future__ import annotations

import ast
import http.client
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from support import DATA, EXAMPLE

import modelarts_widgets.simulator as package
from modelarts_widgets.simulator import Clock, SimulatedExport, Simulator


def get(simulator: Simulator, export: SimulatedExport | None = None, **changes: str) -> requests.Response:
    parts = {
        "project": simulator.project_id,
        "dataset": export.dataset_id if export else "d",
        "task": export.task_id if export else "t",
        "token": simulator.token,
    } | changes
    url = f"{simulator.endpoint}/v2/{parts['project']}/datasets/{parts['dataset']}/export-tasks/{parts['task']}"
    return requests.get(url, headers={"X-Auth-Token": parts["token"]}, timeout=5)


DATES = "create_time", "update_time"


def shape(document: Any) -> Any:  # noqa: ANN401 - any JSON
    return {key: shape(value) for key, value in document.items()} if isinstance(document, dict) else type(document)


def test_the_example_of_the_api_page_is_sent_to_the_letter(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(task_id="TZMuy7OKbClkGCAc3gb", samples=20, seconds=72.857, gradual=False)
    clock.advance(69.462)
    answer = get(simulator, export)
    assert answer.content == json.dumps(EXAMPLE).encode()
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_end_of_the_same_export_is_sent_as_the_list_example_has_it(simulator: Simulator, clock: Clock) -> None:
    params = {"sample_state": "", "export_dest": "DIR", "clear_hard_property": True, "clear_difficult": False}
    params |= {"train_sample_ratio": 1.0, "ratio_sample_usage": False}
    export = simulator.add_export(
        task_id="TZMuy7OKbClkGCAc3gb", samples=20, seconds=72.857, gradual=False, params=params
    )
    clock.advance(100.0)
    documented = json.loads((DATA / "list_succeeded.json").read_text())["export_tasks"][1]
    assert get(simulator, export).content == json.dumps(documented).encode()


def test_fixed_dates_depend_on_the_number_of_exports_only(clock: Clock) -> None:
    with Simulator(clock=clock, fixed_dates=True) as simulator:
        first = simulator.add_export(seconds=10.0)
        clock.advance(86_400.0)
        second = simulator.add_export(seconds=10.0)
        clock.advance(4.0)
        dates = [(get(simulator, export).json()[name]) for export in (first, second) for name in DATES]
    start = 1_606_103_424_000
    assert dates == [start, start + 10_000, start + 60_000, start + 64_000]


def test_an_export_goes_from_init_through_running_to_its_outcome(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=1_000, seconds=10.0)
    seen = []
    for _ in range(12):
        document = get(simulator, export).json()
        seen.append((document["status"], document["progress"], document.get("finished_sample_count")))
        clock.advance(1.0)
    assert seen[0] == ("INIT", 0.0, None)
    assert {status for status, _, _ in seen[1:10]} == {"RUNNING"}
    assert seen[10] == seen[11] == ("SUCCESSED", 100.0, 1_000)
    assert [share for _, share, _ in seen] == sorted(share for _, share, _ in seen)


def test_a_failing_export_stops_on_the_way_and_says_why(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=1_000, seconds=10.0, outcome="FAILED")
    clock.advance(10.0)
    document = get(simulator, export).json()
    assert (document["status"], document["progress"], document["finished_sample_count"]) == ("FAILED", 60.0, 600)
    assert document["error_code"] == "ModelArts.4401"
    assert document["error_msg"]


def test_an_export_that_jumps_sends_neither_progress_nor_counts_before(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(seconds=10.0, gradual=False)
    clock.advance(9.9)
    assert shape(get(simulator, export).json()) == shape(EXAMPLE)
    assert get(simulator, export).json()["progress"] == 0.0
    clock.advance(0.1)
    assert get(simulator, export).json()["progress"] == 100.0


@pytest.mark.parametrize(("samples", "seconds"), [(0, 10.0), (7, 0.0), (0, 0.0)])
def test_nothing_to_do_and_no_time_to_do_it_are_fine(simulator: Simulator, samples: int, seconds: float) -> None:
    document = get(simulator, simulator.add_export(samples=samples, seconds=seconds)).json()
    assert document["status"] == ("INIT" if seconds else "SUCCESSED")


def test_a_simulator_has_the_same_names_each_time() -> None:
    one, other = Simulator(), Simulator()
    assert (one.project_id, one.token) == (other.project_id, other.token)
    assert one.add_export(seconds=1).task_id == other.add_export(seconds=9).task_id
    assert one.add_export().task_id != other.add_export(task_id="mine").task_id
    assert one.add_export().dataset_id == other.add_export().dataset_id


@pytest.mark.parametrize(
    "wrong", [{"samples": -1}, {"seconds": -1.0}, {"seconds": float("nan")}, {"outcome": "DONE"}], ids=str
)
def test_an_export_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Simulator().add_export(**wrong)


def test_an_id_is_taken_once() -> None:
    simulator = Simulator()
    simulator.add_export("d", "t")
    with pytest.raises(ValueError, match="exists already"):
        simulator.add_export("d", "t")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"token": "wrong"}, 401, "APIG.0301"),
        ({"project": "foreign"}, 403, "ModelArts.0210"),
        ({"dataset": "unknown"}, 400, "ModelArts.4352"),
        ({"task": "unknown"}, 400, "ModelArts.4359"),
        ({"task": "a/b"}, 404, "APIG.0101"),
    ],
    ids=str,
)
def test_what_is_wrong_is_answered_in_the_shape_of_the_service(
    simulator: Simulator, changes: dict[str, str], status: int, code: str
) -> None:
    answer = get(simulator, simulator.add_export(), **changes)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json()["error_msg"]
    assert ("request_id" in answer.json()) == code.startswith("APIG.")


def test_connections_are_kept_through_answers_of_every_kind(simulator: Simulator) -> None:
    export = simulator.add_export()
    path = f"/v2/{simulator.project_id}/datasets/{export.dataset_id}/export-tasks/{export.task_id}"
    connection = http.client.HTTPConnection(simulator.endpoint.removeprefix("http://"), timeout=5)
    sockets = set()
    for target in [path, "/nothing", path, path]:
        connection.request("GET", target, headers={"X-Auth-Token": simulator.token})
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_an_answer_is_one_write(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    send = socket.SocketIO.write

    def counted(self: socket.SocketIO, data: bytes) -> int:
        writes.append(len(data))
        return send(self, data) or 0

    monkeypatch.setattr(socket.SocketIO, "write", counted)  # what a server's file of a connection ends in
    size = len(get(simulator, simulator.add_export()).content)
    assert len(writes) == 1
    assert writes[0] > size


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_an_export_can_only_be_read(simulator: Simulator, method: str) -> None:
    export = simulator.add_export()
    url = f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/{export.dataset_id}/export-tasks/{export.task_id}"
    answer = requests.request(method, url, data="{}", headers={"X-Auth-Token": simulator.token}, timeout=5)
    assert answer.status_code == 404


def test_starting_and_stopping_twice_changes_nothing() -> None:
    simulator = Simulator()
    endpoint = simulator.start().endpoint
    assert simulator.start().endpoint == endpoint
    simulator.stop()
    simulator.stop()
    assert repr(simulator) == "<Simulator stopped, exports: 0>"
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoint, timeout=5)


def test_a_service_can_come_back_on_its_port(simulator: Simulator) -> None:
    port = int(simulator.endpoint.rpartition(":")[2])
    simulator.stop()
    with Simulator(port=port) as again:
        assert get(again).status_code == 400


def test_a_clock_runs_at_its_speed_from_its_start() -> None:
    real = iter([50.0, 50.0, 53.0])
    clock = Clock(1_000.0, speed=2.0, timer=lambda: next(real))
    assert clock() == 1_000.0
    clock.advance(10.0)
    assert clock() == 1_016.0


def test_the_simulator_needs_the_standard_library_only() -> None:
    files = list(Path(package.__file__).parent.glob("*.py"))
    assert files
    for file in files:
        nodes = list(ast.walk(ast.parse(file.read_text())))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
        allowed = {"requests", "urllib3"} if file.name == "adapter.py" else set()
        assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | allowed


def test_a_service_that_is_started_again_is_where_it_was(simulator: Simulator) -> None:
    endpoint = simulator.endpoint
    simulator.stop()
    assert simulator.start().endpoint == endpoint


def test_parameters_that_json_cannot_hold_are_refused_when_they_are_given() -> None:
    with pytest.raises(TypeError):
        Simulator().add_export(params={"samples": {"a set"}})


def test_parameters_are_copied(simulator: Simulator) -> None:
    params = {"samples": ["a"]}
    export = simulator.add_export(params=params)
    params["samples"].append("b")
    assert get(simulator, export).json()["export_params"] == {"samples": ["a"]}


def test_a_request_that_makes_no_sense_is_answered_as_unpublished(simulator: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", int(simulator.endpoint.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(b"GET http://[ HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


def test_a_body_in_chunks_is_not_taken_for_the_next_request(simulator: Simulator) -> None:
    answer = requests.post(f"{simulator.endpoint}/v2", data=iter([b"GET / HTTP/1.1"]), timeout=5)
    assert (answer.status_code, answer.headers["Connection"]) == (404, "close")
