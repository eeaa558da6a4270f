"""`Forecast`: how long earlier exports took, for an export that does not report its progress."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..api.models import ExportTask
from ..api.transport import Cancellation
from . import engine

STILL = 3
"""Answers in a row without any progress after which it is wanted: many exports begin like that, and move soon."""

MIN_EXPORTS = 3
"""Exports below which there is no range to speak of."""
MAX_EXPORTS = 5
"""The latest ones that count: the service of last year is not today's."""
LONGEST = 30 * 86_400.0
"""Seconds; an export that took longer by the service's own times says something about its clock."""
MUCH = 2
"""Times as many samples in the largest as in the smallest, from which on sizes differ much."""
Earlier = Callable[[], Iterable[ExportTask]]
"""A request for the exports of the same dataset, which blocks."""

_logger = logging.getLogger(__name__)


class Forecast(NamedTuple):
    """How long the last exports of the same kind took: a range of facts, never one number."""

    exports: int
    """How many exports they are."""
    shortest: float
    """Seconds that the quickest of them took, above 0."""
    longest: float
    """Seconds that the slowest of them took."""
    sizes: tuple[int, int] | None = None
    """The fewest and the most samples of one of them; ``None`` where these do not differ much, or are unknown."""

    @classmethod
    def of(cls, tasks: Iterable[ExportTask], running: ExportTask) -> Forecast | None:
        """Return the forecast from a dataset's exports; ``None`` if too few of the same kind have succeeded.

        Parameters
        ----------
        tasks : iterable of ExportTask
            Exports of the dataset, in any order.
        running : ExportTask
            The one whose progress is unknown. Those with the same type, format and kind of destination count;
            a value that it does not have may be any.
        """
        known = ((task, _seconds(task)) for task in tasks if _is_like(task, running))
        like = [(task, seconds) for task, seconds in known if seconds is not None]
        last = sorted(like, key=lambda pair: pair[0].create_time or 0)[-MAX_EXPORTS:]
        if len(last) < MIN_EXPORTS:
            return None
        took = [seconds for _, seconds in last]
        return cls(len(last), min(took), max(took), _sizes([task for task, _ in last]))


def _seconds(task: ExportTask) -> float | None:
    """Return how long an export took that succeeded; ``None`` where its times cannot be true, or stood still."""
    if not task.succeeded or task.created_at is None or task.updated_at is None:
        return None
    seconds = (task.updated_at - task.created_at).total_seconds()
    return seconds if 0 < seconds <= LONGEST else None


def _is_like(task: ExportTask, running: ExportTask) -> bool:
    return all(mine in {None, theirs} for mine, theirs in zip(_kind(running), _kind(task), strict=True))


def _kind(task: ExportTask) -> tuple[object, ...]:
    """Return the values that tell kinds of exports apart: a new dataset takes another time than a directory."""
    destination = task.export_params.export_dest if task.export_params else None
    return task.export_type, task.export_format, destination or None


def _sizes(tasks: Sequence[ExportTask]) -> tuple[int, int] | None:
    known = [size for task in tasks if (size := task.sample_counts[1]) is not None]
    if len(known) < len(tasks):
        return None
    fewest, most = min(known), max(known)
    return (fewest, most) if most > fewest and most >= MUCH * fewest else None


class Forecaster:
    """Asks once for earlier exports, if the present one does not move. Neither delays nor disturbs the poll.

    Its methods are acts of the engine.
    """

    def __init__(self) -> None:
        self.forecast: Forecast | None = None
        """The result, if there is one."""
        self._still = 0
        self._is_over = False
        """Whether it has asked, or need not, since something has moved."""
        self._request = Cancellation(lambda _: None)

    def on_answer(self, task: ExportTask, earlier: Earlier | None) -> None:
        """Take note of an answer; `earlier` is ``None`` if no forecast is wanted."""
        if self._is_over or earlier is None:
            return
        self._still += 1
        self._is_over = task.is_done or bool(task.fraction) or self._still == STILL
        if self._still == STILL and not (task.is_done or task.fraction):
            engine.ENGINE.beside(lambda: self._ask(task, earlier), self._take)

    def cancel(self) -> None:
        """End the request under way, and let none begin."""
        self._request.cancel()

    def _take(self, forecast: Forecast | None) -> None:
        self.forecast = forecast

    def _ask(self, running: ExportTask, earlier: Earlier) -> Forecast | None:
        """Return a forecast. Blocks; if anything goes wrong, there is none, and that is all."""
        try:
            with self._request:
                return Forecast.of(earlier(), running)
        except BaseException as error:  # noqa: BLE001 - whatever the user's client may raise
            _logger.debug("No forecast, %s: %s", type(error).__name__, error)
            return None
