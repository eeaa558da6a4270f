"""Many exports at once: their order, how they are counted, and which of them a reader looks for. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ..api.models import ExportTask

RUNNING, SUCCEEDED, FAILED, OTHER = GROUPS = ("running", "succeeded", "failed", "other")
"""What a reader asks for; ``other`` is for status words that are not documented."""
_GROUPS = {"INIT": RUNNING, "RUNNING": RUNNING, "SUCCESSED": SUCCEEDED, "FAILED": FAILED}


class Exports(NamedTuple):
    """All exports of a dataset at a moment."""

    tasks: tuple[ExportTask, ...]
    """The newest first; those without a date last."""

    @classmethod
    def of(cls, tasks: Iterable[ExportTask]) -> Exports:
        """Bring tasks into order."""
        return cls(tuple(sorted(tasks, key=_age, reverse=True)))

    @property
    def is_done(self) -> bool:
        """Never: another export can be created at any time."""
        return False

    @property
    def running(self) -> tuple[ExportTask, ...]:
        """Those that have not ended, whatever their status is called."""
        return tuple(task for task in self.tasks if not task.is_done)


def group(task: ExportTask) -> str:
    """Tell one of `GROUPS`."""
    return _GROUPS.get(task.status or "", OTHER)


def mode(task: ExportTask) -> str:
    """Tell where an export goes, in the console's words: ``OBS`` or ``new dataset``."""
    destination = (task.export_params.export_dest if task.export_params else None) or "DIR"
    return {"DIR": "OBS", "NEW_DATASET": "new dataset"}.get(destination, destination)


def created(task: ExportTask) -> str:
    """Write when an export was created, in UTC, to the minute; empty where that is unknown."""
    return f"{task.created_at:%Y-%m-%d %H:%M}" if task.created_at else ""


def summary(tasks: Iterable[ExportTask]) -> str:
    """Count exports by group: ``12 exports: 2 running, 9 succeeded, 1 failed``."""
    counts = Counter(map(group, tasks))
    total = counts.total()
    if not total:
        return "no exports yet"
    parts = [f"{counts[name]:,} {name}" for name in GROUPS if counts[name]]
    return f"{total:,} export{'' if total == 1 else 's'}: {', '.join(parts)}"


def select(tasks: Iterable[ExportTask], status: str = "", query: str = "") -> tuple[ExportTask, ...]:
    """Pick the exports of a group that hold a text, whatever its case, in what their row says."""
    wanted = query.casefold()
    return tuple(
        task for task in tasks if (not status or group(task) == status) and (not wanted or wanted in _words(task))
    )


def _words(task: ExportTask) -> str:
    name = task.export_params.export_new_dataset_name if task.export_params else None
    words = [task.task_id, created(task), mode(task), name, task.path, task.obs_uri, task.status, group(task)]
    return "\n".join(filter(None, words)).casefold()


def _age(task: ExportTask) -> float:
    return float("-inf") if task.create_time is None else task.create_time
