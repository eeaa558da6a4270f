"""The simulator's command line."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import pytest
import requests
from support import deprecations_of_openstack

from modelarts_widgets import ModelArtsClient
from modelarts_widgets.simulator import Simulator
from modelarts_widgets.simulator.__main__ import main


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run the command line; yield the process and the lines that it prints before it serves."""
    run = [sys.executable, "-m", "modelarts_widgets.simulator", "--port", "0", *arguments]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [line.rstrip("\n") for line in takewhile(lambda line: "openstack ma" not in line, process.stdout)]
            yield process, lines
        finally:
            process.kill()


def test_the_command_prints_a_curl_line_that_works() -> None:
    with command("--seconds", "5", "--jump") as (_, lines):
        _, _, header, url = shlex.split(next(line for line in lines if line.startswith("curl ")))
        document = requests.get(url, headers=dict([header.split(": ")]), timeout=5).json()
    assert document["status"] in {"INIT", "RUNNING"}


@pytest.mark.parametrize("ending", ["SUCCESSED", "FAILED"])
def test_the_printed_line_watches_the_export_without_the_extra_openstack(ending: str, tmp_path: Path) -> None:
    for name in ("openstack", "keystoneauth1"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not installed')")
    run = f'modelarts-watch() {{ {shlex.quote(sys.executable)} -m modelarts_widgets "$@"; }}\n'
    with command("--seconds", "0", "--outcome", ending) as (_, lines):
        first = lines.index("# The same, by the command line of this package")
        script = run + "\n".join(takewhile(bool, lines[first:]))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        ended = subprocess.run(
            ["bash", "-c", script], env=env, capture_output=True, text=True, timeout=120, check=False
        )
    assert ended.returncode == (ending == "FAILED"), ended.stderr
    assert ending in ended.stdout


@deprecations_of_openstack
def test_the_printed_variables_lead_to_the_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    with command("--exports", "3", "--seconds", "0", "--outcome", "FAILED") as (_, lines):
        for line in lines[lines.index("unset OS_TOKEN OS_PROJECT_ID") :]:
            name, is_there, value = line.removeprefix("export ").partition("=")
            if line.startswith("export ") and is_there:
                monkeypatch.setenv(name, *shlex.split(value))
        assert_three_failed()


@deprecations_of_openstack
def test_the_printed_clouds_file_leads_to_the_exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with command("--exports", "3", "--seconds", "0", "--outcome", "FAILED") as (_, lines):
        start = lines.index("clouds:")
        (tmp_path / "clouds.yaml").write_text("\n".join(takewhile(bool, lines[start:])))
        monkeypatch.setenv("OS_CLOUD", "simulator")
        assert_three_failed()


def assert_three_failed() -> None:
    with ModelArtsClient.from_env() as client:
        tasks = list(client.list_export_tasks(Simulator().dataset_id))  # always the same
    assert [task.status for task in tasks] == ["FAILED"] * 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command(number: signal.Signals) -> None:
    with command() as (process, _):
        process.send_signal(number)
        assert process.wait(20) == 0


def test_an_interrupt_ends_a_command_that_was_started_in_the_background() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for `command &`; children inherit it
    try:
        with command() as (process, _):
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("wrong", [["--port", "99999"], ["--samples", "-1"], ["--exports", "0"]], ids=str)
def test_the_command_says_what_it_cannot_do(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="Cannot"):
        main(wrong)


def test_the_command_says_when_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit, match="Cannot listen on port"):
        main(["--port", str(taken.getsockname()[1])])
