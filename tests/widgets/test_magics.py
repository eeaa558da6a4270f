"""The magics, in the shell of IPython's terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from IPython.core.error import UsageError
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from support import EXAMPLE, Script
from traitlets.config import Config

from modelarts_widgets import ExportHistory, ExportMonitor

QUIET = Config({"HistoryManager": {"enabled": False}, "TerminalInteractiveShell": {"simple_prompt": True}})


@pytest.fixture
def shell() -> Iterator[TerminalInteractiveShell]:
    shell = TerminalInteractiveShell(config=QUIET)
    shell.run_line_magic("load_ext", "modelarts_widgets")
    shell.push({"client": Script(EXAMPLE), "dataset_id": "d", "ids": ["t"], "nothing": None, "text": "https://h"})
    yield shell
    for name in ("monitor", "history"):
        if name in shell.user_ns:
            shell.user_ns[name].close()
    shell.restore_sys_module_state()


def test_a_monitor_is_returned_and_its_arguments_are_expanded(shell: TerminalInteractiveShell) -> None:
    shell.run_cell("monitor = %export_monitor $dataset_id {ids[0]} --interval 3 --client client").raise_error()
    monitor = shell.user_ns["monitor"]
    assert isinstance(monitor, ExportMonitor)
    assert (monitor.dataset_id, monitor.task_id, monitor.interval) == ("d", "t", 3.0)
    assert monitor.watch._subject.client is shell.user_ns["client"]


def test_a_history_is_returned(shell: TerminalInteractiveShell) -> None:
    shell.run_cell("history = %export_history 'd' --client client").raise_error()
    assert isinstance(shell.user_ns["history"], ExportHistory)
    assert (shell.user_ns["history"].dataset_id, shell.user_ns["history"].interval) == ("d", 5.0)


def test_the_client_is_that_of_the_environment(
    shell: TerminalInteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"OS_TOKEN": "t", "OS_PROJECT_ID": "p", "OS_REGION_NAME": "eu-de"}.items():
        monkeypatch.setenv(name, value)
    shell.run_cell("monitor = %export_monitor d t").raise_error()
    assert "modelarts.eu-de" in shell.user_ns["monitor"].watch._subject.client.endpoint


def test_a_terminal_shows_the_card_as_text(shell: TerminalInteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("monitor = %export_monitor d t --client client\nmonitor.wait(60) if monitor.done() else monitor")
    assert "Dataset export t" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%export_monitor", "the following arguments are required: DATASET, TASK"),
        ("%export_monitor d", "the following arguments are required: TASK"),
        ("%export_monitor d t more", "unrecognized arguments: more"),
        ("%export_monitor d t --interval soon", "argument --interval: invalid float value: 'soon'"),
        ("%export_monitor d t --client client --interval 0", "interval must be 0.1 to 86400 seconds, not 0.0"),
        ("%export_monitor d t --client client --interval nan", "interval must be 0.1 to 86400 seconds, not nan"),
        ("%export_monitor d t --client cleint", "--client is the name of a variable, and there is no client in"),
        ("%export_monitor d t --client nothing", "there is no client in 'nothing'"),
        ("%export_monitor d t --client text", "client must be a ModelArtsClient"),
        ("%export_monitor $datset_id t", "$datset_id cannot be expanded: there is no such variable"),
        ("%export_monitor d {idz[0]}", "{idz[0]} cannot be expanded: there is no such variable"),
        ("%export_monitor d ..", "task_id must not be '..'"),
        ("%export_monitor d t", "OS_TOKEN"),
        ("%export_history", "the following arguments are required: DATASET"),
        ("%export_history d t", "unrecognized arguments: t"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(
    shell: TerminalInteractiveShell, line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = shell.run_cell(line)
    assert isinstance(ended.error_in_exec, UsageError)
    told = capsys.readouterr()
    (shown,) = [text for text in (told.out + told.err).splitlines() if text.strip()]
    assert shown.startswith("UsageError: ")
    assert message in shown


@pytest.mark.parametrize("name", ["export_monitor", "export_history"])
def test_a_question_mark_helps(shell: TerminalInteractiveShell, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell(f"%{name}?")
    helped = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    for part in ("DATASET", "--interval S", "--client NAME", "Return a live", f"%{name} $dataset_id"):
        assert part in helped
