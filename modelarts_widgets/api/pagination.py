"""All pages of a list, from answers alone: a page may repeat rows, and what ``offset`` counts is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .coercion import integer
from .errors import MalformedResponseError
from .models import ExportTask

SIZE = 100
"""Tasks a page; the service gives no more."""
MAX_PAGES = 1_000
"""Requests after which a list is taken for endless."""
_ENOUGH = 2
"""Pages in a row without anything new after which there is nothing more to come."""


class Page(NamedTuple):
    """One answer to the call that lists the export tasks of a dataset."""

    tasks: tuple[ExportTask, ...]
    total: int | None
    """``total_count``, where the answer has one."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Page:
        """Read a decoded answer.

        Raises
        ------
        MalformedResponseError
            For one without a list of objects: it must not pass for a dataset without exports.
        """
        total, tasks = integer(document.get("total_count")), document.get("export_tasks")
        if tasks is None and total == 0:
            tasks = []
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise MalformedResponseError("The answer has no list of export tasks", status_code=200)
        return cls(tuple(map(ExportTask.from_json, tasks)), total)

    def is_last(self, seen: int) -> bool:
        """Say whether there is no need for another page, after so many different tasks in all."""
        if self.total is None or seen > self.total:  # not told, or not true: then a page that is not full is the last
            return len(self.tasks) < SIZE
        return seen == self.total


class Paging:
    """Walks through the pages of a service. Remembers what its ``offset`` counts.

    The description of the call says that ``offset`` is a page; whether a service means rows shows in its
    second page, at offset 1: it is then the first one again, but for a row.
    """

    def __init__(self) -> None:
        self.counts_rows: bool | None = None
        """``None`` until an answer has told."""

    def walk(self, ask: Callable[[int], Page]) -> Iterator[ExportTask]:
        """Give each task once, in the service's order.

        Tasks that appear or vanish meanwhile move the others: a row that is seen again is dropped, one that
        slips to a page that has been read is missed until the next time.

        Parameters
        ----------
        ask : callable
            Takes an offset; returns the page there, or raises.
        """
        seen: set[object] = set()
        offset = idle = 0
        for _ in range(MAX_PAGES):
            page = ask(offset)
            new = [task for task in page.tasks if not _is_known(task, seen)]
            yield from new
            idle = 0 if new else idle + 1
            if offset == 1:
                self.counts_rows = len(page.tasks) - len(new) >= SIZE // 2
            if page.is_last(len(seen)) or idle == _ENOUGH:
                return
            if self._is_misled(page, offset):
                self.counts_rows, offset = None, 1
            else:
                offset += len(page.tasks) if self.counts_rows else 1

    def _is_misled(self, page: Page, offset: int) -> bool:
        """Say whether there is nothing at a row's offset, though there should be: it was taken for a page's."""
        return bool(self.counts_rows and offset == SIZE and not page.tasks)


def _is_known(task: ExportTask, seen: set[object]) -> bool:
    """Say whether a task has been seen; from now on, it has. One without an ID goes by what it says."""
    name = task.task_id or hash(task)
    if name in seen:
        return True
    seen.add(name)
    return False
