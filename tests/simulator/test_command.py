"""The simulator's command line."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from modelarts_widgets.simulator.__main__ import main


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command line until its curl line; yield the process and that line."""
    run = [sys.executable, "-m", "modelarts_widgets.simulator", "--port", "0", *arguments]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, next(line for line in process.stdout if line.startswith("curl "))
        finally:
            process.kill()


def test_the_command_prints_a_curl_line_that_works() -> None:
    with command("--seconds", "5", "--jump") as (_, line):
        _, _, header, url = shlex.split(line)
        document = requests.get(url, headers=dict([header.split(": ")]), timeout=5).json()
    assert document["status"] in {"INIT", "RUNNING"}


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


@pytest.mark.parametrize("wrong", [["--port", "99999"], ["--samples", "-1"]], ids=str)
def test_the_command_says_what_it_cannot_do(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="Cannot"):
        main(wrong)


def test_the_command_says_when_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit, match="Cannot listen on port"):
        main(["--port", str(taken.getsockname()[1])])
