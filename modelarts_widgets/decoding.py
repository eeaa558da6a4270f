"""What an answer of the service means: HTTP status, headers and body in, JSON object or error out. Does no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .errors import (
    AuthenticationError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)

MAX_RETRY_AFTER = 86_400.0
"""Seconds; the longest wait that a service is granted."""

_OK = 200
_ERRORS: Mapping[int, type[ModelArtsError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
}
# The service reports what it does not know as HTTP 400, with a code of its own.
_NOT_FOUND: Mapping[str, str] = {
    "ModelArts.4352": "There is no such dataset",
    "ModelArts.4359": "There is no such export task",
    "APIG.0101": "This API is not published at this endpoint (some regions have retired it)",
}


def decode(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Turn an answer into its JSON object, or raise what it means.

    Raises
    ------
    MalformedResponseError
        For HTTP 200 with anything but a JSON object.
    ModelArtsError
        For every other HTTP status.
    """
    document, fault = _parsed(body)
    if status != _OK:
        raise _error(status, headers, document if isinstance(document, dict) else {})
    if not isinstance(document, dict):
        raise MalformedResponseError(status_code=status, request_id=headers.get("X-Request-Id")) from fault
    return document


def _parsed(body: bytes) -> tuple[object, Exception | None]:
    try:
        return json.loads(body), None
    except (ValueError, RecursionError) as error:
        return None, error


def _error(status: int, headers: Mapping[str, str], document: dict[str, Any]) -> ModelArtsError:
    """Find the error that an answer means; bodies come in the shapes of the service, the gateway and IAM."""
    inner = document.get("error")
    body = inner if isinstance(inner, dict) else document
    code = _string(body, "error_code", "code")
    facts: dict[str, Any] = {
        "status_code": status,
        "error_code": code,
        "error_msg": _string(body, "error_msg", "error_message", "message"),
        "request_id": headers.get("X-Request-Id") or _string(body, "request_id"),
    }
    if code is not None and code in _NOT_FOUND:
        return NotFoundError(_NOT_FOUND[code], **facts)
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return ThrottledError(retry_after=_seconds(headers.get("Retry-After")), **facts)
    if 300 <= status < 400:  # noqa: PLR2004 - Redirection
        return ServiceError("The service points to another address, which is not followed", **facts)
    return _ERRORS.get(status, ServiceError)(**facts)


def _string(document: dict[str, Any], *names: str) -> str | None:
    values = (document.get(name) for name in names)
    return next((str(value)[:1_000] for value in values if isinstance(value, (str, int)) and value != ""), None)


def _seconds(text: str | None) -> float | None:
    return min(float(text), MAX_RETRY_AFTER) if text and text.isascii() and text.isdecimal() else None
