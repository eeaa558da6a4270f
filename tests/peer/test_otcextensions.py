"""The only other client of this API reads the simulator as ours does: `bash tests/peer.sh` runs this with it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from support import DATA

from modelarts_widgets import ExportTask, ModelArtsClient, TokenAuth
from modelarts_widgets.simulator import Clock, Simulator

PEER = os.environ.get("PEER_ENVIRONMENT")
pytestmark = pytest.mark.skipif(not PEER, reason="needs otcextensions, in an environment of its own: tests/peer.sh")

CREATION = {"path": "/test-obs/new/", "export_type": 0, "export_format": 1, "export_params": {"export_dest": "DIR"}}
RENAMED = {"create_time": "created_at", "update_time": "updated_at"}
ADDED = {"id", "name", "location", "uri_dataset_id", "clear_difficult"}
"""Names of the peer's own, and a field that no table of the API has: ours keeps it in `raw`."""
MISREAD = {"status"}
"""What the peer does not read well: it takes every status for a number, and the word for 0."""


def run(*command: str, **variables: str) -> str:
    """Run a program of the peer's environment; return its output."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR", "LANG"}}
    program = Path(str(PEER), "bin", command[0])
    done = subprocess.run([program, *command[1:]], env=clean | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_equal(ours: Any, theirs: Any) -> None:  # noqa: ANN401 - any part of a document
    """Compare each field that the API declares."""
    if is_dataclass(ours):
        names = {field.name: RENAMED.get(field.name, field.name) for field in fields(ours) if field.name != "raw"}
        assert {name for name, value in theirs.items() if value is not None} <= {*names.values(), *ADDED}
        for name in names.keys() - MISREAD:
            assert_equal(getattr(ours, name), theirs[names[name]])
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_equal(one, other)
    elif isinstance(ours, Mapping):
        assert set(ours) == set(theirs)
        for name, value in ours.items():
            assert_equal(value, theirs[name])
    elif isinstance(ours, float):  # the train_sample_ratio is declared as text
        assert ours == float(theirs)
    else:
        assert ours == theirs


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run a service that stands still, with exports in every state."""
    clock = Clock(1_606_103_424.662, speed=0)
    everything = json.loads((DATA / "everything.json").read_text())["export_params"]
    with Simulator(clock=clock) as running:
        running.add_export(seconds=1.0)
        running.add_export(seconds=1.0, outcome="FAILED")
        running.add_export(seconds=100.0, params=everything)
        running.add_export(seconds=100.0, gradual=False)
        clock.advance(50.0)
        running.add_export(seconds=100.0)
        yield running


@pytest.fixture(scope="module")
def seen(simulator: Simulator) -> dict[str, Any]:
    """Return what the peer's library sees."""
    variables = {
        "OS_AUTH_URL": simulator.iam_endpoint,
        "OS_USERNAME": simulator.username,
        "OS_PASSWORD": simulator.password,
        "OS_USER_DOMAIN_NAME": simulator.domain_name,
        "OS_PROJECT_NAME": simulator.project_name,
        "OS_PROJECT_DOMAIN_NAME": simulator.domain_name,
        "OS_REGION_NAME": simulator.project_name,
    }
    script = str(Path(__file__).with_name("read_exports.py"))
    document: dict[str, Any] = json.loads(
        run("python", script, simulator.dataset_id, json.dumps(CREATION), **variables)
    )
    return document


@pytest.fixture(scope="module")
def tasks(simulator: Simulator, seen: dict[str, Any]) -> list[ExportTask]:
    """Return what our client sees, once the peer has created its export."""
    assert seen
    auth = TokenAuth(simulator.token)
    with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth) as client:
        return list(client.list_export_tasks(simulator.dataset_id))


@pytest.mark.parametrize("how", ["listed", "got"])
def test_each_field_is_read_alike(tasks: list[ExportTask], seen: dict[str, Any], how: str) -> None:
    assert {task.status for task in tasks} == {"INIT", "RUNNING", "SUCCESSED", "FAILED"}
    assert any(task.error_code for task in tasks)
    assert any(task.export_params and task.export_params.search_conditions for task in tasks)
    theirs = {task["task_id"]: task for task in seen[how]}
    assert set(theirs) == {task.task_id for task in tasks}
    for task in tasks:
        assert_equal(task, theirs[task.task_id])


def test_the_peer_knows_every_field_that_the_simulator_sends(tasks: list[ExportTask], seen: dict[str, Any]) -> None:
    read = {name for task in seen["got"] for name, value in task.items() if value is not None}
    sent = {name for task in tasks for name in task.raw}
    assert {RENAMED.get(name, name) for name in sent} <= read


def test_the_peer_still_reads_every_status_as_0(seen: dict[str, Any]) -> None:
    assert seen["version"] == "0.34.8", "look whether it is mended, and empty MISREAD then"
    assert {task["status"] for task in seen["listed"] + seen["got"]} == {0}


def test_an_export_that_the_peer_creates_is_as_it_asked(tasks: list[ExportTask], seen: dict[str, Any]) -> None:
    (task,) = (task for task in tasks if task.task_id == seen["created"])
    assert (task.path, task.export_type, task.export_format) == ("/test-obs/new/", 0, 1)
    assert task.export_params is not None
    assert task.export_params.export_dest == "DIR"


@pytest.fixture(scope="module")
def command() -> Iterator[list[str]]:
    """Run the simulator's command line; return the lines that it prints before it serves."""
    arguments = ["--exports", "3", "--seconds", "0", "--outcome", "FAILED"]
    with subprocess.Popen(
        [sys.executable, "-m", "modelarts_widgets.simulator", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield [line.strip("\n") for line in takewhile(lambda line: "openstack ma" not in line, process.stdout)]
        process.terminate()


def test_the_peers_command_works_with_the_printed_variables(command: list[str]) -> None:
    begin = next(number for number, line in enumerate(command) if line.startswith("unset "))  # of the token's variables
    exported = [line.removeprefix("export ").partition("=") for line in command[begin:] if line.startswith("export ")]
    variables = {name: shlex.split(value)[0] for name, _, value in exported}
    words = ("openstack", "ma", "dataset", "export", "task")
    listed = json.loads(run(*words, "list", Simulator().dataset_id, "-f", "json", **variables))
    assert [task["Status"] for task in listed] == [0, 0, 0]
    task_id = listed[0]["Task Id"]
    shown = json.loads(run(*words, "show", Simulator().dataset_id, task_id, "-f", "json", **variables))
    auth = variables["OS_AUTH_URL"].removesuffix("/v3")
    with ModelArtsClient(auth, Simulator().project_id, auth=TokenAuth(Simulator().token)) as client:
        task = client.get_export_task(Simulator().dataset_id, task_id)
    assert task.failed
    assert_equal(task, dict.fromkeys(field.name for field in fields(task)) | dict.fromkeys(RENAMED.values()) | shown)


def test_the_peers_command_works_with_the_printed_clouds_file(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text("\n".join(takewhile(bool, command[command.index("clouds:") :])))
    variables = {"OS_CLIENT_CONFIG_FILE": str(file), "OS_CLOUD": "simulator"}
    words = ("openstack", "ma", "dataset", "export", "task", "list", Simulator().dataset_id, "-f", "value")
    assert len(run(*words, **variables).splitlines()) == 3
