"""Pages of the list of exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import parse_qs

from .messages import Answer, natural, service_fault

OffsetUnit = Literal["pages", "rows"]
"""Unit of ``offset``. The API page says pages, but its table could be read as rows."""
_DEFAULT_LIMIT, _MAX_LIMIT = "10", 100

Document = dict[str, Any]


def list_page(exports: Sequence[Callable[[], Document]], query: str, unit: OffsetUnit) -> Answer:
    """Return the response with one page of exports.

    Parameters
    ----------
    exports : sequence of callable
        Functions that return the document of one export each, newest first.
    query : str
        Query string of the request, percent-encoded.
    unit : {"pages", "rows"}
        Unit of ``offset`` in the query.
    """
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    limit, offset = natural(asked.get("limit", _DEFAULT_LIMIT)), natural(asked.get("offset", "0"))
    if limit is None or offset is None or not 1 <= limit <= _MAX_LIMIT:
        return service_fault(400, "ModelArts.4384", "limit must be 1 to 100, and offset 0 or more.")
    if "export_type" in asked:
        exports = [document for document in exports if str(document()["export_type"]) == asked["export_type"]]
    start = offset * limit if unit == "pages" else offset
    documents = [document() for document in exports[start : start + limit]]
    return Answer(200, {"total_count": len(exports), "export_tasks": documents})
