"""Watches on a terminal: what is known of one as a card or a table, and its progress on standard error."""

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
"""Seconds; a line that merely moves is drawn no more often than that."""
_FALLBACK_WIDTH = 80


def content_of(watch: Watch[Any]) -> Card | Table:
    """Return what a watch knows, to be drawn."""
    state, (_, dataset_id, *task_ids) = watch.state, watch._subject.path
    if not task_ids:
        return Table(Card.of(state, dataset_id, widget="watch"), state.tasks, state.tasks or ())
    task = state.tasks[0] if state.tasks else None
    speed = watch._speed(task.task_id) if task else None
    facts = {"task": task, "speed": speed, "forecast": watch._subject.forecast(state), "dataset_id": dataset_id}
    return Card.of(state, task_ids[0], **facts, widget="watch")


@contextmanager
def progress(watch: Watch[Any], wanted: bool | None = None) -> Iterator[Callable[[], None]]:  # noqa: FBT001 - as `wait` has it
    """Yield what is to be called whenever something may have changed; leave the line complete at the end.

    Parameters
    ----------
    watch : Watch
        What is waited for.
    wanted : bool, optional
        Whether to show anything. Default: where standard error is a terminal.
    """
    stream = sys.stderr  # None where there is no console
    if stream is None or wanted is False or not (wanted or _is_terminal(stream)):
        yield lambda: None
        return
    line = _Line(watch, stream)
    try:
        yield line.draw
    finally:
        with suppress(OSError, ValueError):
            line.end()


class _Line:
    """The line of one watch: redrawn in place on a terminal; one after the other elsewhere, and where TERM is dumb."""

    def __init__(self, watch: Watch[Any], stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self._watch, self._stream = watch, stream
        self._is_in_place = _is_terminal(stream) and environ.get("TERM") != "dumb"
        self._is_coloured = self._is_in_place and not environ.get("NO_COLOR")
        self._encoding = stream.encoding or "utf-8"
        self._is_ascii = self._encodable("█░") != "█░"
        self._drawn: str | None = None
        self._key: object = None
        self._drawn_at = float("-inf")

    def draw(self) -> None:
        """Draw, unless it is too soon for a mere tick. A stream that has gone disturbs nobody."""
        content, now = content_of(self._watch), engine.ENGINE.clock()
        if content.change_key != self._key or now - self._drawn_at >= MIN_TICK:
            self._key, self._drawn_at = content.change_key, now
            with suppress(OSError, ValueError):
                self._write(content)

    def end(self) -> None:
        """Draw what is known last, and leave it complete."""
        if self._drawn is not None:
            self._write(content_of(self._watch))
            self._stream.write("\n" if self._is_in_place else "")
            self._stream.flush()

    def _write(self, content: Card | Table) -> None:
        width = _width(self._stream) - 1 if self._is_in_place else None  # the last column would wrap
        line = self._encodable(progress_line(content, width, is_ascii=self._is_ascii))
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
        """Return what leads back to the start of the line; a terminal that has become narrower has wrapped it."""
        rows = (columns(self._drawn or "") - 1) // ((width or 0) + 1)
        return f"\r\x1b[{rows}A\x1b[J" if rows > 0 else "\r\x1b[K"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # replaced by something else, or closed
        return False


def _width(stream: TextIO) -> int:
    try:
        return max(2, os.get_terminal_size(stream.fileno()).columns or _FALLBACK_WIDTH)
    except (OSError, ValueError):
        return _FALLBACK_WIDTH
