"""All pages of a list: rows may repeat across pages, and whether ``offset`` counts pages or rows is detected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .coercion import integer
from .errors import MalformedResponseError
from .models import ExportTask

SIZE = 100
"""Tasks per page, the most that the service allows."""
MAX_PAGES = 1_000
"""Requests after which a list counts as endless."""
_MAY_BE_NEW = 50
"""Tasks that are granted to have been created while the list was read."""
_MAY_DIFFER = 3
"""Rows in which the first two pages may differ, apart from one, where ``offset`` counts rows."""
_ENOUGH = 2
"""Pages in a row without new tasks after which the list counts as complete."""


class Page(NamedTuple):
    """One page of the export tasks of a dataset."""

    tasks: tuple[ExportTask, ...]
    total: int | None
    """``total_count``, where the response has one."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Page:
        """Return the page in a decoded response.

        Raises
        ------
        MalformedResponseError
            For one without a list of objects, which must not be taken for a dataset without exports.
        """
        total, tasks = integer(document.get("total_count")), document.get("export_tasks")
        if tasks is None and total == 0:
            tasks = []
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise MalformedResponseError("The answer has no list of export tasks", status_code=200)
        return cls(tuple(map(ExportTask.from_json, tasks)), total)

    def is_last(self, seen: int) -> bool:
        """Return whether this page is the last one, given the number of different tasks so far."""
        if self.total is None or seen > self.total:  # missing or wrong: then a page that is not full is the last
            return len(self.tasks) < SIZE
        return seen == self.total

    def is_plausible_end(self, seen: int, repeated: int) -> bool:
        """Return whether pages without new tasks may be the end: not where some were repeated, and others are lacking.

        Parameters
        ----------
        seen : int
            Number of different tasks so far.
        repeated : int
            Number of rows that had come before. Each task that is created meanwhile makes for one.
        """
        if self.total is None or seen >= self.total:
            return True
        return repeated <= _MAY_BE_NEW and (not self.tasks or seen + _MAY_BE_NEW >= self.total)


class Paging:
    """Iterates over the pages of a service, and remembers whether its ``offset`` counts pages or rows.

    The API page says that ``offset`` is a page. Where a service counts rows, its second page, at offset 1, is
    the first one again except for one row.
    """

    def __init__(self) -> None:
        self.counts_rows: bool | None = None
        """``None`` until a response has shown it."""

    def walk(self, ask: Callable[[int], Page]) -> Iterator[ExportTask]:
        """Yield each task once, in the service's order.

        Tasks that are created or deleted meanwhile shift the others: a row that occurs again is dropped, one that
        moves to a page that has been read is missing until the next time.

        Parameters
        ----------
        ask : callable
            Takes an offset; returns the page there, or raises.

        Raises
        ------
        MalformedResponseError
            For a list that repeats itself before all of ``total_count`` have come, or has no end.
        """
        seen: set[object] = set()
        offset = idle = size = repeated = 0
        for _ in range(MAX_PAGES):
            page = ask(offset)
            known = sum(_name(task) in seen for task in page.tasks)  # not those that come twice in this page
            new = [task for task in page.tasks if not _is_known(task, seen)]
            yield from new
            idle = 0 if new else idle + 1
            size = size or len(page.tasks)  # a service may give fewer a page than it is asked for
            if offset == 1:
                self.counts_rows = known > 0 and known >= size - 1 - min(_MAY_DIFFER, size // 10)
            if not (offset == 1 and self.counts_rows):
                repeated += len(page.tasks) - len(new)
            if page.is_last(len(seen)) or (idle == _ENOUGH and page.is_plausible_end(len(seen), repeated)):
                return
            if self._is_misled(page, offset):
                self.counts_rows, offset = None, 1
            else:
                offset += len(page.tasks) if self.counts_rows else 1
            if idle == _ENOUGH:
                break
        raise MalformedResponseError(
            f"The list of export tasks repeats itself or has no end, after {len(seen):,} tasks"
        )

    def _is_misled(self, page: Page, offset: int) -> bool:
        """Return whether the second page is unexpectedly empty, because ``offset`` counts pages after all."""
        return bool(self.counts_rows and offset == SIZE and not page.tasks)


def _name(task: ExportTask) -> object:
    """Return the ID of a task. One without an ID is identified by its content."""
    return task.task_id or hash(task)


def _is_known(task: ExportTask, seen: set[object]) -> bool:
    """Return whether a task has been seen, and mark it as seen."""
    name = _name(task)
    if name in seen:
        return True
    seen.add(name)
    return False
