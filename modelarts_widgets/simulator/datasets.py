"""The dataset API: show a dataset, list its exports, show one export, create one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from urllib.parse import unquote

from .exports import DEFAULT_PARAMS
from .listing import OffsetUnit, list_page
from .messages import Answer, Request, service_fault
from .store import ExportStore

MAX_EXPORTS = 1_000
"""Exports in the store from which on clients cannot create more."""
_MAX_CREATION = 2**16
"""Longest body of a request that creates an export, in bytes."""
_PATH = re.compile(r"/v2/([^/]+)/datasets/([^/]+)(?:(/export-tasks)(?:/([^/]+))?)?")

CallName = Literal["dataset", "list", "create", "status"]
_CALLS: Mapping[tuple[str, bool, bool], CallName] = {
    ("GET", False, False): "dataset",
    ("GET", True, False): "list",
    ("POST", True, False): "create",
    ("GET", True, True): "status",
}
"""Calls by method, whether the path ends in ``export-tasks``, and whether a task ID follows."""


@dataclass(frozen=True)
class Call:
    """A parsed request to the dataset API."""

    name: CallName
    project_id: str
    dataset_id: str
    task_id: str
    query: str
    body: bytes


def read_call(request: Request) -> Call | None:
    """Parse a request. Return ``None`` if the API has no such path or method."""
    path = _PATH.fullmatch(request.path)
    name = _CALLS.get((request.method, bool(path[3]), bool(path[4]))) if path else None
    if path is None or name is None:
        return None
    project_id, dataset_id, task_id = (unquote(path[group] or "") for group in (1, 2, 4))
    return Call(name, project_id, dataset_id, task_id, request.target.partition("?")[2], request.body)


def answer(call: Call, store: ExportStore, now: float, unit: OffsetUnit) -> Answer:
    """Return the response to a call at a time, in seconds since 1970 UTC."""
    if call.name == "status" and (export := store.find(call.dataset_id, call.task_id)):
        return Answer(200, export.document(now))
    exports = store.of(call.dataset_id)
    if exports is None:
        return service_fault(400, "ModelArts.4352", f"The dataset {call.dataset_id} does not exist.")
    if call.name == "dataset":
        return Answer(200, _details(call.dataset_id))
    if call.name == "list":
        return list_page([partial(export.document, now) for export in exports], call.query, unit)
    if call.name == "create":
        return _create(call, store, now)
    return service_fault(400, "ModelArts.4359", f"The export task {call.task_id} does not exist.")


def _details(dataset_id: str) -> dict[str, Any]:
    return {
        "dataset_id": dataset_id,
        "dataset_name": f"dataset-{dataset_id[:4]}",
        "dataset_type": 0,
        "data_format": "Default",
        "status": 1,
        "data_sources": [{"data_type": 0, "data_path": "/test-obs/input/"}],
        "create_time": 1_606_100_000_000,
        "update_time": 1_606_100_000_000,
        "description": "",
        "work_path": "/test-obs/work/",
        "work_path_type": 0,
    }


def _create(call: Call, store: ExportStore, now: float) -> Answer:
    if len(store) >= MAX_EXPORTS:
        return service_fault(429, "ModelArts.4395", "Too many dataset requests")
    wanted = _read_creation(call.body)
    if wanted is None:
        return service_fault(400, "ModelArts.4384", "The export parameters are invalid.")
    if not wanted["path"]:
        return service_fault(400, "ModelArts.4358", "The export path is missing.")
    return Answer(200, {"task_id": store.add(call.dataset_id, created=now, **wanted).task_id})


def _read_creation(body: bytes) -> dict[str, Any] | None:
    """Parse the body of a request that creates an export. Return ``None`` if it is invalid."""
    try:
        asked = json.loads(body) if len(body) <= _MAX_CREATION else None
        json.dumps(asked, ensure_ascii=False, allow_nan=False).encode()  # NaN and surrogates cannot be sent back
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict):
        return None
    path, export_type, export_format = asked.get("path", ""), asked.get("export_type", 3), asked.get("export_format", 2)
    params = asked.get("export_params", {})
    are_numbers = type(export_type) is type(export_format) is int
    if not (isinstance(path, str) and isinstance(params, dict) and are_numbers):
        return None
    if export_type not in range(4) or export_format not in {1, 2}:
        return None
    params = {**DEFAULT_PARAMS, **params}
    return {"path": path, "export_type": export_type, "export_format": export_format, "params": params}
