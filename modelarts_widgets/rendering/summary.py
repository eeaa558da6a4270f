"""The exports of a dataset in groups and counts, and the filter over the rows of their table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..api.models import ExportTask
from .humanize import percentage, plural, quantity

RUNNING, SUCCEEDED, FAILED, OTHER = GROUPS = ("running", "succeeded", "failed", "other")
"""Groups of exports; ``other`` is for status words that are not documented."""
_NAMES = {OTHER: "in another state"}
_GROUPS = {"INIT": RUNNING, "RUNNING": RUNNING, "SUCCESSED": SUCCEEDED, "FAILED": FAILED}


def group(task: ExportTask) -> str:
    """Return the group of an export, one of `GROUPS`."""
    return _GROUPS.get(task.status or "", OTHER)


def group_named(word: str) -> str:
    """Return the group of a status word, ignoring case; other words in lower case."""
    return _GROUPS.get(word.upper(), word.lower())


def mode(task: ExportTask) -> str:
    """Return the destination of an export in the console's words: ``OBS`` or ``new dataset``."""
    destination = (task.export_params.export_dest if task.export_params else None) or "DIR"
    return {"DIR": "OBS", "NEW_DATASET": "new dataset"}.get(destination, destination)


def created(task: ExportTask, *, is_local: bool = False) -> str:
    """Return the creation time to the minute, in UTC or local time; empty if unknown."""
    when = task.created_at
    return f"{when.astimezone() if is_local else when:%Y-%m-%d %H:%M}" if when else ""


def samples(task: ExportTask) -> str:
    """Return the sample counts, ``8,400 of 20,000``, or one number if all are exported."""
    finished, total = task.sample_counts
    if total is None:
        return "" if finished is None else quantity(finished)
    if finished is None or (task.is_done and finished == total):
        return quantity(total)
    return f"{quantity(finished)} of {quantity(total)}"


def summary(tasks: Iterable[ExportTask]) -> str:
    """Return a sentence on all exports: ``12 exports: 2 running, 9 succeeded, 1 failed``; ``1 export, running``."""
    by_group = Counter(map(group, tasks))
    whole = plural(by_group.total(), "export")
    if len(by_group) > 1:
        return f"{whole}: {counts(by_group)}"
    names = [_NAMES.get(name, name) for name in by_group]
    return f"{whole}, {'all ' if by_group.total() > 1 else ''}{names[0]}" if names else "no exports yet"


def counts(by_group: Mapping[str, int]) -> str:
    """Return the counts by group: ``2 running, 9 succeeded``."""
    return ", ".join(f"{by_group[name]:,} {_NAMES.get(name, name)}" for name in GROUPS if by_group.get(name))


def select(
    tasks: Iterable[ExportTask], status: str = "", query: str = "", *, is_local: bool = False
) -> tuple[ExportTask, ...]:
    """Return the exports of a group whose row contains a text, ignoring case; empty strings match all."""
    wanted = query.casefold()
    return tuple(
        task
        for task in tasks
        if (not status or group(task) == status) and (not wanted or wanted in _row_text(task, is_local=is_local))
    )


def _row_text(task: ExportTask, *, is_local: bool) -> str:
    name = task.export_params.export_new_dataset_name if task.export_params else None
    words = [task.task_id, created(task, is_local=is_local), mode(task), name, task.path, task.obs_uri]
    words += [task.status, group(task), samples(task), percentage(task.fraction)]
    return "\n".join(filter(None, words)).casefold()
