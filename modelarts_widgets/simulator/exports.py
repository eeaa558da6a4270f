"""A simulated export, whose state is a pure function of the time, and a clock to control the time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

WAITING_SHARE = 0.05
"""Share of its duration that an export spends in ``INIT``."""
FAILING_SHARE = 0.6
"""Share of its samples that a failing export gets done."""

DEFAULT_PARAMS: Mapping[str, Any] = {
    "sample_state": "",
    "export_dest": "DIR",
    "clear_hard_property": True,
    "train_sample_ratio": 1.0,
    "ratio_sample_usage": False,
}


class Clock:
    """A clock that starts at a fixed time, for reproducible runs.

    Parameters
    ----------
    start : float
        First reading, in seconds since 1970 UTC.
    speed : float, default 1.0
        Simulated seconds per real second. At 0, only `advance` moves the clock.
    timer : callable, default `time.monotonic`
        Returns real seconds.
    """

    def __init__(self, start: float, *, speed: float = 1.0, timer: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._speed = speed
        self._timer = timer
        self._since = timer()

    def __call__(self) -> float:
        """Return the time in seconds since 1970 UTC."""
        return self._start + self._speed * (self._timer() - self._since)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._start += seconds


@dataclass(frozen=True)
class SimulatedExport:
    """A simulated export."""

    dataset_id: str
    task_id: str
    samples: int
    """Samples to export."""
    seconds: float
    """Duration, from creation to the end."""
    outcome: str
    """Final status: ``SUCCESSED`` or ``FAILED``."""
    gradual: bool
    """Whether progress and counts are sent while the export runs. The real service often sends 0.0 and no counts."""
    params: Mapping[str, Any]
    """Sent as ``export_params``."""
    path: str
    created: float
    """Seconds since 1970 UTC."""
    export_type: int = 3
    export_format: int = 2
    dated: float | None = None
    """Time to send as ``create_time``, in seconds since 1970 UTC. Default: `created`."""

    def document(self, now: float) -> dict[str, Any]:
        """Return the response body (Table 2 of the API page) at a time, in seconds since 1970 UTC."""
        elapsed = min(max(now - self.created, 0.0), self.seconds)
        is_over = now >= self.created + self.seconds
        dated = self.created if self.dated is None else self.dated
        return {
            "task_id": self.task_id,
            "path": self.path,
            "export_type": self.export_type,
            "version_format": "Default",
            "export_format": self.export_format,
            "export_params": dict(self.params),
            **self._state(elapsed, is_over=is_over),
            "create_time": _milliseconds(dated),
            "update_time": _milliseconds(dated + elapsed),
        }

    def _state(self, elapsed: float, *, is_over: bool) -> dict[str, Any]:
        waiting = WAITING_SHARE * self.seconds
        if not is_over and elapsed < waiting:
            return {"status": "INIT", "progress": 0.0}
        reached = FAILING_SHARE if self.outcome == "FAILED" else 1.0
        if is_over:
            return {"status": self.outcome, **self._counts(reached), **self._failure()}
        if not self.gradual:
            return {"status": "RUNNING", "progress": 0.0}
        return {"status": "RUNNING", **self._counts(reached * (elapsed - waiting) / (self.seconds - waiting))}

    def _counts(self, share: float) -> dict[str, Any]:
        finished = math.floor(share * self.samples)
        progress = round(100 * share, 1)
        return {"progress": progress, "total_sample_count": self.samples, "finished_sample_count": finished}

    def _failure(self) -> dict[str, str]:
        # The API page has no example of a failed export; its error table lists this code for exports.
        if self.outcome != "FAILED":
            return {}
        return {"error_code": "ModelArts.4401", "error_msg": "Failed to export the dataset: the OBS bucket is full."}


def _milliseconds(seconds: float) -> int:
    return round(1_000 * seconds)
