"""Command line: ``python -m modelarts_widgets DATASET [TASK]``, also installed as ``modelarts-watch``."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from .api.client import ModelArtsClient
from .api.errors import ConfigurationError
from .api.models import ExportTask
from .api.text import printable
from .polling.backoff import checked_timeout
from .polling.exports import watch_export, watch_exports
from .polling.watch import Watch
from .rendering import Table, card_text, history_text
from .terminal import content_of

SUCCEEDED, FAILED, WRONG, LOST, LATE = range(5)
"""Exit codes."""
INTERRUPTED, UNREAD = 130, 141
"""Exit codes, by the shells' custom: 128 and the number of the signal."""

_CODES = {ConfigurationError: WRONG, TimeoutError: LATE, Exception: LOST}
"""Exit codes by exception; the first class that matches counts."""

_EPILOG = """\
Credentials, endpoint and project are taken from the environment and the usual files: HUAWEICLOUD_SDK_*, HW_*,
OS_*, ~/.huaweicloud/credentials, clouds.yaml.

Exit codes: 0 succeeded; 1 the export failed, or one of those that were seen running; 2 wrong usage or
configuration; 3 could not be followed; 4 timeout; 130 interrupted; 141 nobody reads the output any more.
The export itself goes on, whatever ends this command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow an export, or all exports of a dataset, and return the exit code. Blocks until they have ended."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an encoding without block characters must not end the command
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except KeyboardInterrupt:
        _say("interrupted; the export goes on")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails to flush it at exit
        return UNREAD


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
            _follow(watch, limit, is_json=options.json)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - auth objects of users may raise anything
            return _fail(next(code for kind, code in _CODES.items() if isinstance(error, kind)), error)
        return FAILED if failed else SUCCEEDED


def _watch(client: ModelArtsClient, options: argparse.Namespace) -> Watch[Any]:
    interval = {} if options.interval is None else {"interval": options.interval}
    if options.task is None:
        return watch_exports(options.dataset, client=client, **interval)
    return watch_export(options.dataset, options.task, client=client, **interval)


def _follow(watch: Watch[Any], limit: float | None, *, is_json: bool) -> None:
    """Wait, and print each change as JSON, or the last state as text, even if the wait ends with an error."""
    if is_json:
        watch._wait(limit, _Documents(watch).write)
        return
    try:
        watch.wait(limit)
    finally:
        if watch.state.tasks is not None:
            content = content_of(watch)
            print(history_text(content) if isinstance(content, Table) else card_text(content), flush=True)


class _Documents:
    """Writes each new or changed document as one line of JSON."""

    def __init__(self, watch: Watch[Any]) -> None:
        self._watch = watch
        self._written: dict[str | None, ExportTask] = {}

    def write(self) -> None:
        for task in self._watch.state.tasks or ():
            if self._written.get(task.task_id) != task:
                self._written[task.task_id] = task
                print(json.dumps(task.to_dict()).replace("\x7f", "\\u007f"), flush=True)


def _fail(code: int, error: Exception) -> int:
    cause = error.__cause__ if isinstance(error, TimeoutError) else None
    _say(f"{str(error) or type(error).__name__}{f': {cause}' if cause else ''}")
    return code


def _say(text: str) -> None:
    print("modelarts-watch:", "\n".join(map(printable, text.splitlines())), file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="modelarts-watch",
        description="Watch a dataset export of ModelArts until it has ended; without TASK, all exports of the dataset.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", metavar="DATASET", help="ID of the dataset")
    parser.add_argument("task", metavar="TASK", nargs="?", help="ID of the export task")
    parser.add_argument("--interval", type=float, metavar="S", help="seconds between two requests (2, of a table 5)")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds to wait at most")
    parser.add_argument("--endpoint", metavar="URL", help="such as https://modelarts.eu-de.otc.t-systems.com")
    parser.add_argument("--project", metavar="ID", help="ID of the project")
    parser.add_argument("--region", metavar="NAME", help="such as eu-de; determines the endpoint")
    parser.add_argument("--json", action="store_true", help="print each change as one line of JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
