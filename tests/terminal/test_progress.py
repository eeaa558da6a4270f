"""The line of progress: what it says, and how it is drawn on a real pseudo-terminal, in a file and in a pipe."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from support import EXAMPLE, Script, until

from modelarts_widgets import ExportMonitor, ExportTask, ServiceError, watch_export, watch_exports
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.polling.speed import Speed
from modelarts_widgets.polling.state import State
from modelarts_widgets.rendering import Card, Table
from modelarts_widgets.rendering.progress import columns, progress_line
from modelarts_widgets.simulator import Clock, Simulator
from modelarts_widgets.simulator.exports import SimulatedExport
from modelarts_widgets.terminal import progress

RUNNING = EXAMPLE | {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
ENDED = RUNNING | {"status": "SUCCESSED", "progress": 100.0, "finished_sample_count": 20_000}
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\n\u202e\x7f"


def card(document: dict[str, Any] | None = None, **facts: Any) -> Card:  # noqa: ANN401 - fields of any type
    task = ExportTask.from_json(RUNNING if document is None else document)
    return Card(task.task_id or "", task, "polling")._replace(**facts)


# What it says


def test_a_line_has_status_bar_counts_rate_and_time_left() -> None:
    line = progress_line(card(speed=Speed(0.006, 97.0)), 200)
    assert line.startswith("TZMuy7OKbClkGCAc3gb  ● RUNNING · [████████░░░░░░░░░░░░] 42.0 % · 8,400 of 20,000 samples")
    assert "120 samples/s · about 1 min 40 s left" in line


def test_an_error_stands_with_what_happens_next_in_place_of_counts() -> None:
    error = ServiceError(status_code=500)
    line = progress_line(card(phase="retrying", error=error, failures=2, max_failures=10, delay=4.0), 200)
    assert "42.0 % · attempt 2 of 10 failed, next in 4 s · ! The service could not answer (HTTP 500)" in line
    assert "samples" not in line


def test_a_failed_export_says_why() -> None:
    failed = RUNNING | {"status": "FAILED", "error_code": "ModelArts.4401", "error_msg": "No space is left."}
    assert "No space is left. (ModelArts.4401)" in progress_line(card(failed, phase="done"), 200)


def test_no_share_is_no_bar_and_no_number() -> None:
    line = progress_line(card(EXAMPLE), 200)
    assert "[" not in line
    assert "%" not in line


def test_a_dataset_is_counted() -> None:
    tasks = (card().task, card(ENDED).task)
    assert progress_line(Table(Card("d"), tasks, tasks)) == "d  2 exports: 1 running, 1 succeeded"  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [2, 3, 10, 30, 69, 70, 79, 200])
@pytest.mark.parametrize("name", ["t", "導出任務" * 10, "e\u0301" * 60], ids=["narrow", "wide", "combining"])
def test_no_line_is_wider_than_the_terminal(width: int, name: str) -> None:
    assert columns(progress_line(card(task_id=name), width)) <= width


@pytest.mark.parametrize(("width", "bar"), [(200, 20), (128, 20), (118, 10), (113, 5), (112, 0), (60, 0)])
def test_the_bar_takes_what_the_words_leave(width: int, bar: int) -> None:
    line = progress_line(card(ENDED, task_id="t" * 38, phase="done"), width)
    assert line.count("█") == bar
    assert len(line) <= width


MOVING = EXAMPLE | {"progress": 61.55, "finished_sample_count": 1_231, "total_sample_count": 2_000}


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (98, "d2b7b3015ed81d83b1ee  ● RUNNING · 61.5 % · 1,231 of 2,000 samples · 230 samples/s · about 4 s left"),
        (79, "d2b7b3015ed81d83b1ee  ● RUNNING · 61.5 % · 1,231/2,000 · 230/s · 4 s left"),
        (72, "● RUNNING · [███████████░░░░░░░] 61.5 % · 1,231/2,000 · 230/s · 4 s left"),
        (51, "● RUNNING · 61.5 % · 1,231/2,000 · 230/s · 4 s left"),
        (50, "[████░░░░] 61.5 % · 1,231/2,000 · 230/s · 4 s left"),
        (39, "61.5 % · 1,231/2,000 · 230/s · 4 s left"),
        (30, "61.5 % · 1,231/2,000 · 230/s …"),
    ],
)
def test_what_counts_stays_on_a_narrow_line(width: int, line: str) -> None:
    early = MOVING | {"update_time": EXAMPLE["create_time"] + 1_000}
    moving = card(early, task_id="d2b7b3015ed81d83b1ee", speed=Speed(0.115, 4.0))
    assert progress_line(moving, width) == line


def test_an_export_that_has_long_been_running_does_not_say_so_where_room_is_short() -> None:
    assert progress_line(card(MOVING, speed=Speed(0.115, 4.0)), 39) == "61.5 % · 1,231/2,000 · 230/s · 4 s left"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (card(EXAMPLE), "● RUNNING"),
        (card(ENDED, phase="done"), "✓ SUCCESSED · took 1 min 9 s"),
        (card(phase="paused"), "● RUNNING · paused · polling is paused…"),
        (card(MOVING | {"status": "FAILED", "error_msg": "Full."}, phase="done"), "✗ FAILED · Full. · took 1 min 9 s"),
        (card(error=ServiceError(status_code=500)), "● RUNNING · ! The service could not an…"),
        (Table(Card("d" * 20), (card().task, card(ENDED).task)), "2 exports: 1 running, 1 succeeded"),  # type: ignore[arg-type]
    ],
)
def test_the_word_stays_where_it_is_what_counts(content: Card | Table, line: str) -> None:
    assert progress_line(content, 39) == line


def test_an_end_says_how_long_it_took() -> None:
    assert progress_line(card(ENDED, phase="done"), 200).endswith("20,000 of 20,000 samples · took 1 min 9 s")


def test_bars_without_unicode_are_ascii() -> None:
    assert "[########------------]" in progress_line(card(), 200, is_ascii=True)


@pytest.mark.parametrize("name", ["task_id", "status", "error_msg", "error_code"])
def test_no_control_character_of_the_service_reaches_a_line(name: str) -> None:
    failed = RUNNING | {"status": "FAILED", name: HOSTILE}
    for content in (card(failed), card(failed, error=ServiceError(error_msg=HOSTILE))):
        assert progress_line(content).isprintable()


# Whether and where it is shown


class Stream(io.StringIO):
    """A stream that is a terminal or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def shown(monkeypatch: pytest.MonkeyPatch, *, progress: bool | None, is_terminal: bool) -> str:
    stream = Stream(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    watch = watch_export("d", "t", client=Script(RUNNING, ENDED), interval=0.1)
    watch.wait(120, progress=progress)
    watch.close()
    return stream.getvalue()


@pytest.mark.parametrize(
    ("progress", "is_terminal", "is_shown"),
    [(None, True, True), (None, False, False), (True, False, True), (True, True, True), (False, True, False)],
)
def test_progress_is_shown_on_a_terminal_or_when_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
    progress: bool | None,  # noqa: FBT001
    is_terminal: bool,  # noqa: FBT001 - a table of booleans
    is_shown: bool,  # noqa: FBT001
) -> None:
    assert bool(shown(monkeypatch, progress=progress, is_terminal=is_terminal)) is is_shown


def test_a_file_gets_a_line_for_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    written = shown(monkeypatch, progress=True, is_terminal=False)
    assert written.isascii() is False
    assert "\x1b" not in written
    assert "\r" not in written
    lines = written.splitlines()
    assert len(lines) == len(set(lines))
    assert "✓ SUCCESSED · 100.0 % · 20,000 of 20,000 samples" in lines[-1]


def test_a_log_gets_no_more_than_a_line_each_half_minute_while_the_status_stays(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    stream = Stream(is_terminal=False)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(ENGINE, "clock", clock)
    watch = watch_export("d", "t", client=Script())
    states = iter([State("polling", (ExportTask.from_json(RUNNING | {"progress": share}),)) for share in range(90)])
    with progress(watch, wanted=True) as draw:
        for state in states:
            watch._subscriber._own = state
            draw()
            clock.advance(1.0)
    assert len(stream.getvalue().splitlines()) == 4, "at 0, 30 and 60 s, and the end"


def test_a_pipe_gets_lines_without_escape_sequences(simulator: Simulator) -> None:
    export = simulator.add_export(samples=200, seconds=0)
    program = f"""if True:
        from modelarts_widgets import ModelArtsClient, TokenAuth, watch_export
        client = ModelArtsClient({simulator.endpoint!r}, {simulator.project_id!r}, auth=TokenAuth({simulator.token!r}))
        watch_export({export.dataset_id!r}, {export.task_id!r}, client=client).wait(120, progress=True)
    """
    run = [sys.executable, "-X", "utf8", "-c", program]
    ended = subprocess.run(run, capture_output=True, check=True, timeout=120, encoding="utf-8")
    assert ended.stdout == ""
    assert all(line.isprintable() for line in ended.stderr.splitlines())
    assert ended.stderr.endswith("✓ SUCCESSED · 100.0 % · 200 of 200 samples · took under 1 s\n")


def test_all_exports_of_a_dataset_have_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(is_terminal=False)
    monkeypatch.setattr(sys, "stderr", stream)
    watch = watch_exports("d", client=Script(ENDED), interval=0.1)
    watch.wait(120, progress=True)
    watch.close()
    assert stream.getvalue().splitlines()[-1] == "d  1 export, succeeded"


@pytest.mark.parametrize("fault", [None, io.StringIO()], ids=["none", "closed"])
def test_a_stream_that_is_not_there_disturbs_nobody(monkeypatch: pytest.MonkeyPatch, fault: io.StringIO | None) -> None:
    if fault is not None:
        fault.close()
    monkeypatch.setattr(sys, "stderr", fault)
    watch = watch_export("d", "t", client=Script(ENDED), interval=0.1)
    assert watch.wait(120, progress=True).succeeded
    watch.close()


@pytest.mark.parametrize("views", [0, 1])
def test_a_view_on_a_screen_takes_the_place_of_the_line(monkeypatch: pytest.MonkeyPatch, views: int) -> None:
    stream = Stream(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    monitor = ExportMonitor("d", "t", client=Script(ENDED), interval=0.1)
    monitor._view_count = views
    monitor.wait(120)
    monitor.close()
    assert bool(stream.getvalue()) is not bool(views)


# On a real terminal


class Terminal:
    """A pseudo-terminal with a process on it, and what the process has written."""

    def __init__(self, arguments: list[str], env: dict[str, str], width: int, *, is_whole: bool = False) -> None:
        self.master, slave = pty.openpty()
        self.resize(width, slave)
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave if is_whole else subprocess.DEVNULL, stderr=slave, env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - so that Ctrl-C reaches it
        )  # fmt: skip
        os.close(slave)
        os.set_blocking(self.master, False)
        self._written = b""

    def resize(self, width: int, handle: int | None = None) -> None:
        fcntl.ioctl(self.master if handle is None else handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    @property
    def written(self) -> str:
        with suppress(BlockingIOError):
            try:
                while piece := os.read(self.master, 65_536):
                    self._written += piece
            except OSError as error:
                if error.errno != errno.EIO:  # the process has ended
                    raise
        return self._written.decode(errors="replace")

    @property
    def drawn(self) -> list[str]:
        """Every line that was drawn, without colours."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", self.written)
        return [line for line in re.split(r"\r(?:\x1b\[\d+A)?\x1b\[[KJ]|\r?\n", plain) if line]

    def end(self) -> int:
        """Return the exit code, when the process has ended by itself."""
        until(lambda: self.written is None or self.process.poll() is not None)
        return self.process.returncode


@contextmanager
def terminal(
    simulator: Simulator,
    export: SimulatedExport,
    *arguments: str,
    width: int = 100,
    is_whole: bool = False,
    **variables: str,
) -> Iterator[Terminal]:
    run = [sys.executable, "-m", "modelarts_widgets", export.dataset_id, export.task_id, *arguments]
    run += ["--endpoint", simulator.endpoint, "--interval", "0.1"]
    env = {**os.environ, "OS_TOKEN": simulator.token, "OS_PROJECT_ID": simulator.project_id, "TERM": "xterm"}
    env = {name: value for name, value in env.items() if name != "NO_COLOR"} | {"PYTHONUTF8": "1"} | variables
    opened = Terminal(run, env, width, is_whole=is_whole)
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait()
        os.close(opened.master)


def test_a_terminal_has_one_line_that_is_redrawn_and_left_complete(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    with terminal(simulator, export) as screen:
        until(lambda: "○ INIT" in screen.written)
        clock.advance(10.5)
        until(lambda: "● RUNNING · [██████████░░░░░░░░░░] 50.0 %" in screen.written)
        clock.advance(30)
        assert screen.end() == 0
        *before, last = screen.written.split("\r\x1b[K")
        assert "\n" not in "".join(before), "in place"
        assert last.startswith("\x1b[32m")
        assert last.endswith("\x1b[0m\r\n")
        assert "✓ SUCCESSED · [████████████████████] 100.0 % · 200 of 200 samples" in last


def test_a_line_that_merely_moves_is_drawn_at_most_once_a_second(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=1_000_000, seconds=1_000)
    clock.advance(60)
    with terminal(simulator, export) as screen:
        until(lambda: "● RUNNING" in screen.written)
        asked, drawn = simulator.requests, len(screen.drawn)
        for _ in range(30):
            clock.advance(1)
            before = simulator.requests
            until(lambda before=before: simulator.requests > before)  # type: ignore[misc]
        assert simulator.requests - asked >= 30
        assert len(screen.drawn) - drawn <= (simulator.requests - asked) / 3


def test_the_line_follows_the_width_of_the_terminal(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    with terminal(simulator, export, width=90) as screen:
        clock.advance(10)
        until(lambda: "● RUNNING" in screen.written)
        drawn = len(screen.drawn)
        assert max(map(columns, screen.drawn)) <= 89
        screen.resize(30)
        clock.advance(30)
        assert screen.end() == 0
        assert max(map(columns, screen.drawn[drawn:])) <= 29
        assert screen.drawn[-1] == "✓ SUCCESSED · took 20 s"
        assert re.search(r"\r\x1b\[\dA\x1b\[J", screen.written), (
            "rows that the old line has been wrapped to are cleared"
        )


def test_ctrl_c_ends_the_line_and_not_the_export(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    clock.advance(10)
    with terminal(simulator, export) as screen:
        until(lambda: "● RUNNING" in screen.written)
        screen.press(b"\x03")
        assert screen.end() == 130
        *_, line, told, after = screen.written.split("\r\n")
        assert "● RUNNING" in line
        assert told == "modelarts-watch: interrupted; the export goes on"
        assert after == ""


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize("outcome", ["SUCCESSED", "FAILED"])
def test_the_end_on_a_terminal_is_one_line(simulator: Simulator, clock: Clock, width: int, outcome: str) -> None:
    export = simulator.add_export(samples=2_000, seconds=20, outcome=outcome)
    with terminal(simulator, export, width=width, is_whole=True) as screen:
        until(lambda: "INIT" in screen.written)
        clock.advance(30)
        assert screen.end() == (outcome == "FAILED")
        assert screen.written.count("\n") == 1
        assert outcome in screen.drawn[-1]
        assert ("the OBS bucket is full" in screen.drawn[-1]) is (outcome == "FAILED"), (
            "whole, as nothing is drawn over it"
        )


@pytest.mark.parametrize(("option", "lines"), [("--quiet", range(1, 2)), ("--verbose", range(10, 100))])
def test_the_card_comes_when_it_is_wanted(simulator: Simulator, option: str, lines: range) -> None:
    export = simulator.add_export(seconds=0)
    with terminal(simulator, export, option, is_whole=True) as screen:
        assert screen.end() == 0
        assert screen.written.count("\n") in lines
        assert ("Export parameters" in screen.written) is (option == "--verbose")
        assert "SUCCESSED" in screen.written


def test_a_terminal_that_is_closed_ends_it_with_129(simulator: Simulator, clock: Clock) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    clock.advance(10)
    with terminal(simulator, export, is_whole=True) as screen:
        until(lambda: "● RUNNING" in screen.written)
        spare = os.open(os.devnull, os.O_RDONLY)
        os.dup2(spare, screen.master)  # closes it, and leaves a number to close at the end
        os.close(spare)
        assert screen.process.wait(60) == 129


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "dumb", "NO_COLOR": "1"}], ids=str)
def test_a_dumb_terminal_gets_lines_without_escape_sequences(
    simulator: Simulator, clock: Clock, variables: dict[str, str]
) -> None:
    export = simulator.add_export(samples=200, seconds=20)
    with terminal(simulator, export, **variables) as screen:
        until(lambda: "INIT" in screen.written)
        clock.advance(30)
        assert screen.end() == 0
        assert "\x1b" not in screen.written
        assert "\r" not in screen.written.replace("\r\n", "")
        assert "SUCCESSED" in screen.drawn[-1]


def test_no_color_is_honoured(simulator: Simulator) -> None:
    with terminal(simulator, simulator.add_export(seconds=0), NO_COLOR="1") as screen:
        assert screen.end() == 0
        assert set(re.findall(r"\x1b\[[^A-Za-z]*[A-Za-z]", screen.written)) == {"\x1b[K"}


def test_a_terminal_that_holds_ascii_only_gets_a_bar_of_its_letters(simulator: Simulator) -> None:
    export = simulator.add_export(seconds=0)
    with terminal(simulator, export, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C") as screen:
        assert screen.end() == 0
        assert "+ SUCCESSED | [###############] 100.0 % | 200 of 200 samples | took under 1 s" in screen.written
        assert screen.written.isascii()
