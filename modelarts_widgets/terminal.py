"""Progress of a watch on a terminal: a line on standard error that is redrawn in place."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from .polling import engine
from .polling.watch import Watch
from .rendering import Card, Table
from .rendering.progress import coloured, columns, progress_line

MIN_TICK = 1.0
"""Seconds between two redraws that only move the progress."""
LOG_TICK = 30.0
"""The same where each line stays, as in the log of a job."""
_FALLBACK_WIDTH = 80


def content_of(watch: Watch[Any]) -> Card | Table:
    """Return the state of a watch as a card, or as a table if it follows all exports of a dataset."""
    state, (_, dataset_id, *task_ids) = watch.state, watch._subject.path
    if not task_ids:
        return Table(Card.of(state, dataset_id, widget="watch"), state.tasks, state.tasks or ())
    task = state.tasks[0] if state.tasks else None
    speed = watch._speed(task.task_id) if task else None
    facts = {"task": task, "speed": speed, "forecast": watch._subject.forecast(state), "dataset_id": dataset_id}
    return Card.of(state, task_ids[0], **facts, widget="watch")


@contextmanager
def progress(watch: Watch[Any], wanted: bool | None = None) -> Iterator[Callable[[], None]]:  # noqa: FBT001 - as `wait` has it
    """Yield a function that draws the progress line, to be called after each change; complete the line on exit.

    Parameters
    ----------
    watch : Watch
        The watch to show.
    wanted : bool, optional
        Whether to show anything. Default: where standard error is a terminal.
    """
    stream = sys.stderr  # None in a program without a console, such as pythonw
    if stream is None or wanted is False or not (wanted or is_terminal(stream)):
        yield lambda: None
        return
    line = _Line(watch, stream)
    try:
        yield line.draw
    finally:
        with suppress(OSError, ValueError):
            line.end()


class _Line:
    """The progress line of one watch: redrawn in place on a terminal; else, or if TERM is dumb, one below the other."""

    def __init__(self, watch: Watch[Any], stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self._watch, self._stream = watch, stream
        self._is_in_place = is_terminal(stream) and environ.get("TERM") != "dumb"
        self._tick = MIN_TICK if self._is_in_place else LOG_TICK
        self._is_coloured = self._is_in_place and not environ.get("NO_COLOR")
        self._encoding = stream.encoding or "utf-8"
        self._is_ascii = self._encodable("█░") != "█░"
        self._drawn: str | None = None
        self._key: object = None
        self._drawn_at = float("-inf")

    def draw(self) -> None:
        """Draw the line, unless only the progress has moved since less than a tick. A closed stream is ignored."""
        content, now = content_of(self._watch), engine.ENGINE.clock()
        if content.change_key != self._key or now - self._drawn_at >= self._tick:
            self._key, self._drawn_at = content.change_key, now
            with suppress(OSError, ValueError):
                self._write(content)

    def end(self) -> None:
        """Draw the last state and end the line. The reason of a failure is not cut: nothing is drawn over it."""
        if self._drawn is not None:
            self._write(content_of(self._watch), is_last=True)
            self._stream.write("\n" if self._is_in_place else "")
            self._stream.flush()

    def _write(self, content: Card | Table, *, is_last: bool = False) -> None:
        width = _width(self._stream) - 1 if self._is_in_place else None  # the last column would wrap
        is_whole = is_last and isinstance(content, Card) and content.task is not None and content.task.failed
        line = self._encodable(progress_line(content, None if is_whole else width, is_ascii=self._is_ascii))
        if line == self._drawn:
            return
        shown = coloured(line, content) if self._is_coloured else line
        self._stream.write(f"{self._clear(width)}{shown}" if width else f"{shown}\n")
        self._stream.flush()
        self._drawn = line

    def _encodable(self, text: str) -> str:
        """Return text with a question mark for each character that the stream cannot take."""
        return text.encode(self._encoding, "replace").decode(self._encoding)

    def _clear(self, width: int | None) -> str:
        """Return the escape sequence that erases the line: several rows if a narrower terminal has wrapped it."""
        rows = (columns(self._drawn or "") - 1) // ((width or 0) + 1)
        return f"\r\x1b[{rows}A\x1b[J" if rows > 0 else "\r\x1b[K"


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream writes to a terminal."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # stderr was replaced by an object without isatty, or closed
        return False


def _width(stream: TextIO) -> int:
    try:
        return max(2, os.get_terminal_size(stream.fileno()).columns or _FALLBACK_WIDTH)
    except (OSError, ValueError):
        return _FALLBACK_WIDTH
