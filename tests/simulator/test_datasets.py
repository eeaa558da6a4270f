"""The calls of the dataset API beside the status of an export: details of a dataset, and a new export."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from modelarts_widgets.simulator import Clock, Simulator, datasets

# The two bodies of the API page's examples.
TO_OBS = {"path": "/test-obs/daoChu/", "export_type": 3, "export_params": {"sample_state": "", "export_dest": "DIR"}}
TO_DATASET = {
    "path": "/test-obs/classify/input/",
    "export_type": 3,
    "export_params": {
        "sample_state": "",
        "export_dest": "NEW_DATASET",
        "export_new_dataset_name": "dataset-export-test",
        "export_new_dataset_work_path": "/test-obs/classify/output/",
    },
}


def call(simulator: Simulator, method: str, path: str = "", **options: Any) -> requests.Response:  # noqa: ANN401 - of requests
    url = f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/{simulator.dataset_id}{path}"
    with simulator.session() as session:
        return session.request(method, url, headers={"X-Auth-Token": simulator.token}, timeout=5, **options)


@pytest.fixture
def simulator(clock: Clock) -> Simulator:
    """Return a service whose time stands still; it need not be started."""
    return Simulator(clock=clock)


@pytest.mark.parametrize("body", [TO_OBS, TO_DATASET], ids=["to OBS", "to a dataset"])
def test_a_client_can_start_an_export(simulator: Simulator, clock: Clock, body: dict[str, Any]) -> None:
    created = call(simulator, "POST", "/export-tasks", json=body)
    assert created.status_code == 200
    assert list(created.json()) == ["task_id"]
    task = call(simulator, "GET", f"/export-tasks/{created.json()['task_id']}").json()
    assert (task["status"], task["path"], task["export_type"]) == ("INIT", body["path"], 3)
    defaults = {"clear_hard_property": True, "train_sample_ratio": 1.0, "ratio_sample_usage": False}
    assert task["export_params"] == {**body["export_params"], **defaults}
    clock.advance(20.0)
    (listed,) = call(simulator, "GET", "/export-tasks").json()["export_tasks"]
    assert (listed["status"], listed["task_id"]) == ("SUCCESSED", task["task_id"])


def test_types_and_formats_are_kept(simulator: Simulator) -> None:
    body = {"path": "/a/", "export_type": 0, "export_format": 1}
    call(simulator, "POST", "/export-tasks", json=body)
    call(simulator, "POST", "/export-tasks", json=TO_OBS)
    (task,) = call(simulator, "GET", "/export-tasks", params={"export_type": "0"}).json()["export_tasks"]
    assert (task["export_type"], task["export_format"]) == (0, 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "ModelArts.4358"),
        ({"path": 1}, "ModelArts.4384"),
        ({"path": "/a/", "export_type": 4}, "ModelArts.4384"),
        ({"path": "/a/", "export_type": "3"}, "ModelArts.4384"),
        ({"path": "/a/", "export_type": True}, "ModelArts.4384"),
        ({"path": "/a/", "export_format": 3}, "ModelArts.4384"),
        ({"path": "/a/", "export_params": []}, "ModelArts.4384"),
        ({"path": "/a/", "export_params": {"sample_state": float("nan")}}, "ModelArts.4384"),
        ({"path": "\ud800"}, "ModelArts.4384"),
        ({"path": "/a/", "export_params": {"samples": ["a" * 70_000]}}, "ModelArts.4384"),
        ([], "ModelArts.4384"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_export_that_cannot_be_is_a_bad_request(simulator: Simulator, body: object, code: str) -> None:
    answer = call(simulator, "POST", "/export-tasks", data=json.dumps(body))
    assert (answer.status_code, answer.json()["error_code"]) == (400, code)


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 60_000, b"\xff", b'{"path": ' + b"9" * 5_000 + b"}"], ids=lambda body: repr(body[:12])
)
def test_a_body_that_is_no_json_is_a_bad_request(simulator: Simulator, body: bytes) -> None:
    answer = call(simulator, "POST", "/export-tasks", data=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ModelArts.4384")


def test_clients_cannot_start_exports_without_end(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MAX_EXPORTS", 2)
    statuses = [call(simulator, "POST", "/export-tasks", json=TO_OBS).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    simulator.add_export()  # whoever holds the simulator still can


def test_a_dataset_has_details_and_they_take_no_fault(simulator: Simulator) -> None:
    simulator.inject("internal")
    details = call(simulator, "GET").json()
    assert (details["dataset_id"], details["status"]) == (simulator.dataset_id, 1)
    assert call(simulator, "GET", "/export-tasks").status_code == 500


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/export-tasks")])
def test_an_unknown_dataset_has_neither(simulator: Simulator, method: str, path: str) -> None:
    simulator.dataset_id = "unknown"
    assert call(simulator, method, path, json=TO_OBS).json()["error_code"] == "ModelArts.4352"


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("DELETE", ""), ("PUT", "/export-tasks"), ("GET", "/x")])
def test_other_calls_are_not_published(simulator: Simulator, method: str, path: str) -> None:
    assert call(simulator, method, path).json()["error_code"] == "APIG.0101"
