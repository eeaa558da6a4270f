"""The command line, as a process against the simulator: what it prints, and the code that it ends with."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support import EXAMPLE, until
from support.ports import free_port

from modelarts_widgets.__main__ import main
from modelarts_widgets.simulator import Clock, Simulator

PATIENCE = 120.0
"""Seconds that a busy machine may take for anything."""
SECRET = "token-that-nobody-may-see"
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def variables(simulator: Simulator, **others: str) -> dict[str, str]:
    """Return an environment that leads to the simulator."""
    return {**os.environ, "OS_TOKEN": simulator.token, "OS_PROJECT_ID": simulator.project_id, **others}


def command(endpoint: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "modelarts_widgets", "--endpoint", endpoint, "--interval", "0.1", *arguments]


@contextmanager
def started(run: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(run, stdout=pipe, stderr=pipe, text=True, env=env, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def run(simulator: Simulator) -> Command:
    """Return a function that runs the command against the simulator to its end."""

    def call(*arguments: str, endpoint: str = simulator.endpoint, **others: str) -> subprocess.CompletedProcess[str]:
        whole, env = command(endpoint, *arguments), variables(simulator, **others)
        return subprocess.run(
            whole, env=env, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, check=False
        )

    return call


def test_an_export_that_succeeds_ends_with_0_and_its_card(simulator: Simulator, run: Command) -> None:
    export = simulator.add_export(seconds=0)
    ended = run(export.dataset_id, export.task_id)
    assert ended.returncode == 0
    assert "✓ SUCCESSED" in ended.stdout
    assert export.task_id in ended.stdout


def test_an_export_that_fails_ends_with_1_and_the_reason(simulator: Simulator, run: Command) -> None:
    export = simulator.add_export(seconds=0, outcome="FAILED")
    ended = run(export.dataset_id, export.task_id)
    assert ended.returncode == 1
    assert "the OBS bucket is full" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: DATASET, the ID of the dataset, not its name, and TASK, the ID of one of its exports"),
        (["d", "t", "more"], "unrecognized arguments: more"),
        (["d", "t", "--interval", "soon"], "invalid float value: 'soon'"),
        (["d", "t", "--interval", "0"], "interval must be 0.1 to 86400 seconds, not 0.0"),
        (["d", "t", "--timeout", "nan"], "timeout must be 0 seconds or more, or None for no limit, not nan"),
        (["d ", "t"], "dataset_id must not be 'd '"),
        (["", "t"], "needed: DATASET, the ID of the dataset"),
        (["d", ""], "needed: DATASET, the ID of the dataset, not its name, and TASK"),
        (["d", "t\x1b[2J"], "it contains white space, or characters that cannot be seen"),
        (["d", "t", "--endpoint", "https://h/v2/p"], "The endpoint must end before /v2"),
        (["d", "t", "--endpoint", "http://example.com"], "must start with https://"),
    ],
    ids=str,
)
def test_wrong_usage_ends_with_2_and_one_clear_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"OS_TOKEN": SECRET, "OS_PROJECT_ID": "p", "OS_REGION_NAME": "eu-de"}.items():
        monkeypatch.setenv(name, value)
    try:
        code: object = main(arguments)
    except SystemExit as ended:  # argparse's own
        code = ended.code
    told = capsys.readouterr().err
    assert code == 2
    assert words in told.splitlines()[-1]
    assert not CONTROLS.search(told)
    assert SECRET not in told


def test_missing_credentials_end_with_2_as_a_process() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "modelarts_widgets", "d", "t"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "OS_TOKEN" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_export_that_is_not_there_ends_with_3(simulator: Simulator, run: Command) -> None:
    ended = run(simulator.dataset_id, "nothing")
    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1].startswith("modelarts-watch: There is no such export task")
    assert "needed: DATASET, the ID of the dataset, not its name, and TASK" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_refused_credentials_end_with_3_and_are_not_shown(simulator: Simulator, run: Command) -> None:
    export = simulator.add_export(seconds=0)
    ended = run(export.dataset_id, export.task_id, OS_TOKEN=SECRET)
    assert ended.returncode == 3
    assert "The service rejected the token" in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr


def test_a_service_that_stays_down_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("modelarts_widgets.polling.backoff.MAX_FAILURES", 2)
    monkeypatch.setenv("OS_TOKEN", "t")
    monkeypatch.setenv("OS_PROJECT_ID", "p")
    assert main(["d", "t", "--quiet", "--interval", "0.1", "--endpoint", f"http://127.0.0.1:{free_port()}"]) == 3
    told = capsys.readouterr().err
    assert told.startswith("modelarts-watch: There is no connection to http://127.0.0.1")
    assert len(told.splitlines()) == 1


def test_a_service_that_is_down_until_the_timeout_ends_with_4_and_the_reason(run: Command) -> None:
    ended = run("d", "t", "--timeout", "5", endpoint=f"http://127.0.0.1:{free_port()}")
    assert ended.returncode == 4
    assert "has not ended within 5 s: There is no connection to http://127" in ended.stderr
    assert ended.stdout == ""


def test_a_message_about_settings_is_a_list_as_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "task"]) == 2
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "modelarts-watch: The connection to ModelArts is not fully configured:"
    assert [line.partition(":")[0] for line in lines] == ["- credentials", "- project ID", "- endpoint"]


def test_a_missing_extra_is_named_first(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelarts_widgets.api.config.find_spec", lambda _: None)
    monkeypatch.setattr("modelarts_widgets.api.auth.openstack.find_spec", lambda _: None)
    for name in ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD"):
        monkeypatch.setenv(name, "https://hidden")
    assert main(["dataset", "task"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(
        'modelarts-watch: User names and clouds.yaml need pip install "modelarts-widgets[openstack]"'
    )
    assert 'pip install -e ".[openstack]" in a checkout' in told


def test_an_unknown_region_ends_with_2_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_TOKEN", SECRET)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("something asks the network"))
    assert main(["dataset", "task", "--region", "eu-ch2", "--project", "p"]) == 2
    assert 'give endpoint="https://…", or set HUAWEICLOUD_SDK_REGION_MODELARTS_EU_CH2=' in capsys.readouterr().err


def test_a_timeout_ends_with_4_and_the_last_state(simulator: Simulator, clock: Clock, run: Command) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    clock.advance(10)
    ended = run(export.dataset_id, export.task_id, "--timeout", "5")
    assert (ended.returncode, "● RUNNING" in ended.stdout) == (4, True)
    assert "has not ended within 5 s" in ended.stderr


SIGNALS = [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "ended by SIGTERM"), (signal.SIGHUP, "ended by SIGHUP")]


@pytest.mark.parametrize("options", [["--quiet"], [], ["--json"]], ids=str)
@pytest.mark.parametrize(("number", "words"), SIGNALS)
def test_a_signal_ends_with_128_and_its_number_the_last_state_and_a_word_on_the_export(
    simulator: Simulator, clock: Clock, number: signal.Signals, words: str, options: list[str]
) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    clock.advance(10)
    run = command(simulator.endpoint, export.dataset_id, export.task_id, *options)
    with started(run, variables(simulator)) as process:
        until(lambda: simulator.requests > 1)
        process.send_signal(number)
        out, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    *before, last = told.splitlines()
    assert last == f"modelarts-watch: {words}; the export goes on"
    assert bool(before) is not bool(options)
    assert "RUNNING" in out
    assert "Traceback" not in out


def test_a_hangup_that_nohup_ignores_is_ignored(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # children inherit it
    try:
        with started(command(simulator.endpoint, export.dataset_id, export.task_id), variables(simulator)) as process:
            until(lambda: simulator.requests > 1)
            process.send_signal(signal.SIGHUP)
            clock.advance(30)
            process.communicate(timeout=PATIENCE)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0


def test_a_log_gets_a_line_at_each_change_of_status(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=2_000, seconds=20)
    run = command(simulator.endpoint, export.dataset_id, export.task_id)
    with started(run, variables(simulator)) as process:
        assert process.stderr is not None
        seen = [process.stderr.readline(), process.stderr.readline()]
        clock.advance(10)
        seen.append(process.stderr.readline())
        for _ in range(5):
            clock.advance(0.5)
            asked = simulator.requests
            until(lambda asked=asked: simulator.requests > asked + 1)  # type: ignore[misc]
        clock.advance(10)
        out, rest = process.communicate(timeout=PATIENCE)
    words = [re.search(r"waiting|INIT|RUNNING|SUCCESSED", line) for line in [*seen, *rest.splitlines()]]
    assert [word and word[0] for word in words] == ["waiting", "INIT", "RUNNING", "SUCCESSED"]
    assert out.startswith(f"Dataset export {export.task_id}")


def test_quiet_is_no_line_at_all(simulator: Simulator, run: Command) -> None:
    export = simulator.add_export(seconds=0)
    ended = run(export.dataset_id, export.task_id, "--quiet")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "✓ SUCCESSED" in ended.stdout


def test_a_table_of_ended_exports_ends_with_0_whatever_became_of_them(simulator: Simulator, run: Command) -> None:
    good, bad = simulator.add_export(seconds=0), simulator.add_export(seconds=0, outcome="FAILED")
    ended = run(simulator.dataset_id)
    assert ended.returncode == 0
    assert good.task_id in ended.stdout
    assert bad.task_id in ended.stdout
    assert "2 exports: 1 succeeded, 1 failed" in ended.stdout


def test_an_export_that_fails_while_the_table_is_watched_ends_with_1(simulator: Simulator, clock: Clock) -> None:
    simulator.add_export(seconds=20, outcome="FAILED")
    with started(command(simulator.endpoint, simulator.dataset_id, "--json"), variables(simulator)) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "INIT"
        clock.advance(30)
        assert json.loads(process.stdout.readline())["status"] == "FAILED"
        assert process.wait(PATIENCE) == 1


def test_json_is_one_line_for_each_change_at_once(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    run = command(simulator.endpoint, export.dataset_id, export.task_id, "--json")
    with started(run, variables(simulator)) as process:
        assert process.stdout is not None
        seen = []
        for _ in range(3):
            seen.append(json.loads(process.stdout.readline()))
            clock.advance(11)
        rest, told = process.communicate(timeout=PATIENCE)
    assert [document["status"] for document in seen] == ["INIT", "RUNNING", "SUCCESSED"]
    assert (process.returncode, rest, told) == (0, "", "")
    assert seen[-1]["created_at"].endswith("+00:00")


@pytest.mark.parametrize("options", ["--json | head -1", "--json | true"])
def test_a_closed_pipe_is_no_traceback(simulator: Simulator, clock: Clock, options: str) -> None:
    export = simulator.add_export(samples=200, seconds=30)
    line = f"{shlex.join(command(simulator.endpoint, export.dataset_id, export.task_id))} {options}"
    shell = ["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"]
    with started(shell, variables(simulator)) as process:
        assert process.stdout is not None
        first = process.stdout.readline() if "head" in options else ""
        clock.advance(10)  # so that there is something more to write
        out, told = process.communicate(timeout=PATIENCE)
    assert told == ""
    assert int(out) == 141
    assert not first or json.loads(first)["status"] == "INIT"


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202e\x7f\ud800"


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("status", ["SUCCESSED", "FAILED"])
def test_no_escape_sequence_of_the_service_comes_through(
    options: list[str], status: str, run: Command, serve: Callable[..., str]
) -> None:
    texts = dict.fromkeys(["path", "error_code", "error_msg", "version_id", "novel", HOSTILE], HOSTILE)
    params = {"export_params": {"sample_state": HOSTILE, HOSTILE: HOSTILE}}
    body = json.dumps(EXAMPLE | texts | params | {"status": status}).encode()
    ended = run("d", EXAMPLE["task_id"], *options, endpoint=serve(200, body))
    assert ended.returncode == (status == "FAILED")
    assert not CONTROLS.search(ended.stdout + ended.stderr)
    assert "owned" in ended.stdout


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_no_escape_sequence_comes_through_in_a_table(
    options: list[str], run: Command, serve: Callable[..., str]
) -> None:
    texts = dict.fromkeys(["task_id", "path", "error_code", "error_msg", "version_id"], HOSTILE)
    tasks = [EXAMPLE | texts | {"status": "FAILED"}]
    ended = run("d", *options, endpoint=serve(200, json.dumps({"total_count": 1, "export_tasks": tasks}).encode()))
    assert ended.returncode == 0
    assert not CONTROLS.search(ended.stdout + ended.stderr)
    assert "owned" in ended.stdout


def test_no_escape_sequence_of_an_error_comes_through(run: Command, serve: Callable[..., str]) -> None:
    body = json.dumps({"error_code": HOSTILE, "error_msg": HOSTILE}).encode()
    ended = run("d", "t", endpoint=serve(403, body))
    assert ended.returncode == 3
    assert not CONTROLS.search(ended.stdout + ended.stderr)


def test_an_output_that_holds_ascii_only_is_no_failure(simulator: Simulator, run: Command) -> None:
    export = simulator.add_export(seconds=0)
    ended = run(export.dataset_id, export.task_id, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr.isascii()) == (0, True)
    assert "SUCCESSED" in ended.stdout
