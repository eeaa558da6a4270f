"""The call that lists the exports of a dataset, page by page: pure functions of a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import parse_qs

from .messages import Answer, service_fault

OffsetUnit = Literal["pages", "rows"]
"""What ``offset`` counts. The API page says pages; its table reads as if it could be rows as well."""
_DEFAULT_LIMIT, _MAX_LIMIT = 10, 100

Document = dict[str, Any]


def list_page(exports: Sequence[Callable[[], Document]], query: str, unit: OffsetUnit) -> Answer:
    """Answer with one page of exports.

    Parameters
    ----------
    exports : sequence of callable
        Each writes the document of one export; the newest comes first.
    query : str
        The request's query, percent-encoded.
    unit : {"pages", "rows"}
        What its ``offset`` counts.
    """
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    limit = _number(asked.get("limit"), _DEFAULT_LIMIT)
    offset = _number(asked.get("offset"), 0)
    if limit is None or offset is None or not 1 <= limit <= _MAX_LIMIT:
        return service_fault(400, "ModelArts.4384", "limit must be 1 to 100, and offset 0 or more.")
    if "export_type" in asked:
        exports = [write for write in exports if str(write()["export_type"]) == asked["export_type"]]
    start = offset * limit if unit == "pages" else offset
    documents = [write() for write in exports[start : start + limit]]
    return Answer(200, {"total_count": len(exports), "export_tasks": documents})


def _number(text: str | None, default: int) -> int | None:
    """Read a number that is 0 or more; ``None`` for anything else."""
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdecimal() else None
