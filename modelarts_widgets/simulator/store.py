"""The store of simulated exports, by dataset and task."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from .exports import DEFAULT_PARAMS, SimulatedExport
from .messages import identifier

_OUTCOMES = ("SUCCESSED", "FAILED")
_DEFAULTS: Mapping[str, Any] = {
    "samples": 200,
    "seconds": 20.0,
    "outcome": "SUCCESSED",
    "gradual": True,
    "path": "/test-obs/daoChu/",
}
"""Defaults for an export that a client creates; the same as those of `Simulator.add_export`."""
_FIRST_DATE = 1_606_103_424
"""Fixed date of the first export, from the example of the API page, in seconds since 1970 UTC."""
_STEP = 60
"""Seconds between the fixed dates of two exports."""


class ExportStore:
    """Exports by dataset and task. Thread-safe.

    Parameters
    ----------
    dataset_id : str
        Dataset that exists even without exports.
    fixed_dates : bool, default False
        Whether the date of an export depends only on the number of exports.
    """

    def __init__(self, dataset_id: str, *, fixed_dates: bool = False) -> None:
        self._dataset_id = dataset_id
        self._fixed_dates = fixed_dates
        self._exports: dict[tuple[str, str], SimulatedExport] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._exports)

    def add(
        self,
        dataset_id: str | None = None,
        task_id: str | None = None,
        *,
        params: Mapping[str, Any] | None,
        **facts: Any,  # noqa: ANN401 - the other fields of SimulatedExport
    ) -> SimulatedExport:
        """Add an export. `Simulator.add_export` documents the arguments and errors."""
        facts = {**_DEFAULTS, **facts}
        if facts["samples"] < 0 or not facts["seconds"] >= 0:
            raise ValueError("samples and seconds must be 0 or more")
        if facts["outcome"] not in _OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(_OUTCOMES)}, not {facts['outcome']!r}")
        details = json.loads(json.dumps(dict(DEFAULT_PARAMS if params is None else params)))
        with self._lock:
            number = len(self._exports)
            key = (dataset_id or self._dataset_id, task_id or identifier(f"task {number}", 20))
            if key in self._exports:
                raise ValueError(f"export {key[1]} of dataset {key[0]} exists already")
            dated = _FIRST_DATE + _STEP * number if self._fixed_dates else None
            self._exports[key] = export = SimulatedExport(*key, params=details, dated=dated, **facts)
        return export

    def find(self, dataset_id: str, task_id: str) -> SimulatedExport | None:
        """Return an export, or ``None`` if there is no such export."""
        return self._exports.get((dataset_id, task_id))

    def of(self, dataset_id: str) -> list[SimulatedExport] | None:
        """Return the exports of a dataset, newest first, or ``None`` if there is no such dataset."""
        with self._lock:
            exports = [export for (known, _), export in self._exports.items() if known == dataset_id]
        exports.sort(key=lambda export: export.created)
        return exports[::-1] if exports or dataset_id == self._dataset_id else None
