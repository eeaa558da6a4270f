"""Command line: ``python -m modelarts_widgets DATASET [TASK]``, also installed as ``modelarts-watch``."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from .api.client import ModelArtsClient
from .api.errors import ConfigurationError, NotFoundError
from .api.models import ExportTask
from .api.text import printable
from .polling.backoff import checked_timeout
from .polling.exports import watch_export, watch_exports
from .polling.watch import Watch
from .rendering import Table, card_text, history_text
from .rendering.progress import progress_line
from .terminal import content_of, is_terminal

SUCCEEDED, FAILED, WRONG, LOST, LATE = range(5)
"""Exit codes."""
SIGNALLED = 128
"""What the shells add to the number of a signal that has ended a command, which makes its exit code."""
UNREAD = SIGNALLED + 13
"""Exit code when nobody reads the output any more, which is SIGPIPE's."""

_CODES = {ConfigurationError: WRONG, TimeoutError: LATE, Exception: LOST}
"""Exit codes by exception; the first class that matches counts."""

_NEEDED = "DATASET, the ID of the dataset, not its name, and TASK, the ID of one of its exports, unless all are watched"

_EPILOG = """\
Credentials, endpoint and project are taken from the environment and the usual files: HUAWEICLOUD_SDK_*, HW_*,
OS_*, ~/.huaweicloud/credentials, clouds.yaml.

Exit codes: 0 succeeded; 1 the export failed, or one of those that were seen running; 2 wrong usage or
configuration; 3 could not be followed; 4 timeout; 128 and its number for a signal (130 interrupted, 143 terminated);
141 nobody reads the output any more.
The export itself goes on, whatever ends this command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow an export, or all exports of a dataset, and return the exit code. Blocks until they have ended."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an encoding without block characters must not end the command
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.dataset is None:
        parser.error(f"the following arguments are required: {_NEEDED}")
    try:
        with _signals():
            return _run(options)
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt)


@contextmanager
def _signals() -> Iterator[None]:
    """Let the signals that a shutdown, a time limit or a closed terminal sends end the command as Ctrl-C does."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]  # not those nohup ignores

    def handle(handler: Any) -> None:  # noqa: ANN401 - a function or one of the module's names
        for number in heeded:
            signal.signal(number, handler)

    def interrupt(number: int, _: object) -> None:
        handle(signal.SIG_IGN)  # shell and kernel both send SIGHUP, and one is enough
        raise KeyboardInterrupt(number)

    handle(interrupt)
    try:
        yield
    finally:
        handle(signal.SIG_DFL)


def _interrupted(interrupt: BaseException) -> int:
    number = signal.Signals(*(interrupt.args or (signal.SIGINT,)))
    _say(f"{'interrupted' if number == signal.SIGINT else f'ended by {number.name}'}; the export goes on")
    return SIGNALLED + number


def _run(options: argparse.Namespace) -> int:
    try:
        limit = checked_timeout(options.timeout)
        client = ModelArtsClient.from_env(region=options.region, endpoint=options.endpoint, project_id=options.project)
        watch = _watch(client, options)
    except (ConfigurationError, TypeError, ValueError) as error:
        return _fail(WRONG, error)
    failed: list[ExportTask] = []
    with client, closing(watch):
        watch.on_done(lambda task: failed.append(task) if task.failed else None)
        try:
            _follow(watch, limit, options)
        except Exception as error:  # noqa: BLE001 - auth objects of users may raise anything
            return _fail(next(code for kind, code in _CODES.items() if isinstance(error, kind)), error)
        return FAILED if failed else SUCCEEDED


def _watch(client: ModelArtsClient, options: argparse.Namespace) -> Watch[Any]:
    interval = {} if options.interval is None else {"interval": options.interval}
    if options.task is None:
        return watch_exports(options.dataset, client=client, **interval)
    return watch_export(options.dataset, options.task, client=client, **interval)


def _follow(watch: Watch[Any], limit: float | None, options: argparse.Namespace) -> None:
    """Wait, and print each change as JSON, or the last state as text, even if the wait ends with an error."""
    if options.json:
        watch._wait(limit, _Documents(watch).write)
        return
    try:
        watch.wait(limit, progress=not options.quiet)
    except BaseException:
        with suppress(SystemExit):  # what has ended the wait says more than an output that is closed, too
            _print_last(watch, options)
        raise
    _print_last(watch, options)


def _print_last(watch: Watch[Any], options: argparse.Namespace) -> None:
    content, is_short = content_of(watch), is_terminal(sys.stdout) and not options.verbose
    if watch.state.tasks is None or (is_short and is_terminal(sys.stderr) and not options.quiet):
        return  # the line of progress has said it
    whole = history_text(content) if isinstance(content, Table) else card_text(content)
    _print(progress_line(content) if is_short else whole)


class _Documents:
    """Writes each new or changed document as one line of JSON."""

    def __init__(self, watch: Watch[Any]) -> None:
        self._watch = watch
        self._written: dict[str | None, ExportTask] = {}

    def write(self) -> None:
        for task in self._watch.state.tasks or ():
            if self._written.get(task.task_id) != task:
                self._written[task.task_id] = task
                _print(json.dumps(task.to_dict()).replace("\x7f", "\\u007f"))


def _fail(code: int, error: Exception) -> int:
    cause = error.__cause__ if isinstance(error, TimeoutError) else None
    is_wrong = isinstance(error, NotFoundError) or str(error).startswith(("dataset_id", "task_id"))
    words = [
        str(error) or type(error).__name__,
        f": {cause}" if cause else "",
        f"; needed: {_NEEDED}" if is_wrong else "",
    ]
    _say("".join(words))
    return code


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:  # a pipe that nobody reads, or a terminal that is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails to flush it at exit
        raise SystemExit(UNREAD) from None


def _say(text: str) -> None:
    with suppress(OSError):
        print("modelarts-watch:", "\n".join(map(printable, text.splitlines())), file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="modelarts-watch",
        usage="%(prog)s [options] DATASET [TASK]",
        description="Watch a dataset export of ModelArts until it has ended; without TASK, all exports of the dataset.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", metavar="DATASET", nargs="?", help="ID of the dataset")
    parser.add_argument("task", metavar="TASK", nargs="?", help="ID of the export task")
    parser.add_argument("--interval", type=float, metavar="S", help="seconds between two requests (2, of a table 5)")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds to wait at most")
    parser.add_argument("--endpoint", metavar="URL", help="such as https://modelarts.eu-de.otc.t-systems.com")
    parser.add_argument("--project", metavar="ID", help="ID of the project")
    parser.add_argument("--region", metavar="NAME", help="such as eu-de; determines the endpoint")
    parser.add_argument("--quiet", action="store_true", help="show no progress on standard error")
    parser.add_argument("--verbose", action="store_true", help="print the whole card at the end on a terminal, too")
    parser.add_argument("--json", action="store_true", help="print each change as one line of JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
