"""HTTP status, headers and body in, JSON object or typed error out. Does no I/O."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from .auth.headers import Sent
from .errors import (
    AuthenticationError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
    without_request,
)

_OK = 200
_NOTHING_SENT = Sent()
MAX_RETRY_AFTER = 86_400.0
"""Seconds; the longest wait that the service can ask for."""

_MAX_TEXT = 1_000
_NO_API = "This API is not published at this endpoint (some regions have retired it)"
_OTHER_PROJECT = "The project ID is not the one that the credentials are for"
_NO_PROJECT = "The token is not for a project: request one of project scope"
_NO_RIGHT_TO_OBS = "The storage of the dataset (OBS) may not be read"

# By status alone.
_STATUSES: Mapping[int, tuple[type[ModelArtsError], str | None]] = {
    401: (AuthenticationError, None),
    403: (PermissionDeniedError, None),
    404: (NotFoundError, "There is nothing at this address: the endpoint is wrong, or does not offer this API"),
    408: (ServiceError, "The service did not answer in time"),
    429: (ThrottledError, None),
    500: (ServiceError, "The service has an internal error"),
    502: (ServiceError, "The service is temporarily not available"),
    503: (ServiceError, "The service is temporarily not available"),
    504: (ServiceError, "The service did not answer in time"),
}
# Codes that say more than their status, or contradict it: an unknown dataset or task is HTTP 400. The status is
# part of the key, since one number means different things under several.
_CODES: Mapping[tuple[int, str], tuple[type[ModelArtsError], str | None]] = {
    (400, "ModelArts.0210"): (NotFoundError, "There is no such project"),
    (400, "ModelArts.4338"): (NotFoundError, "There is no such dataset"),
    (400, "ModelArts.4352"): (NotFoundError, "There is no such dataset"),
    (400, "ModelArts.4353"): (NotFoundError, "There is no such dataset version"),
    (400, "ModelArts.4359"): (NotFoundError, "There is no such export task"),
    (401, "ModelArts.0201"): (AuthenticationError, "The request came without credentials"),
    (401, "ModelArts.0207"): (AuthenticationError, _NO_PROJECT),
    (401, "ModelArts.0212"): (AuthenticationError, _NO_PROJECT),
    (403, "ModelArts.0203"): (AuthenticationError, "The service rejected the token"),
    (403, "ModelArts.0206"): (AuthenticationError, "The access key or the secret key is wrong"),
    (403, "ModelArts.0210"): (PermissionDeniedError, _OTHER_PROJECT),
    (403, "ModelArts.4310"): (PermissionDeniedError, _NO_RIGHT_TO_OBS),
    (404, "APIG.0101"): (NotFoundError, _NO_API),
    (404, "ModelArts.2786"): (PermissionDeniedError, _OTHER_PROJECT),
    (404, "ModelArts.4204"): (NotFoundError, _NO_API),
    (404, "ModelArts.6623"): (NotFoundError, "There is no such dataset"),
}
_EXPIRED = frozenset({"APIG.0307", "ModelArts.0202", "ModelArts.4127"})
# APIG.0301 is any problem with credentials; its message says which.
_REFUSALS: Mapping[str, str] = {
    "verify aksk signature fail": "The signature does not match (check the secret key, and the clock of this machine)",
    "decrypt token fail": "The service rejected the token",
    "x-auth-token not found": "The request came without credentials",
    "ak not exist": "There is no such access key",
    "failed to reach the limit": "The access key is locked for some minutes, after too many refusals in a row",
}


def decode(status: int, headers: Mapping[str, str], body: bytes, sent: Sent = _NOTHING_SENT) -> dict[str, Any]:
    """Return the JSON object of a response, or raise the error that it stands for; without the secrets that were sent.

    Raises
    ------
    MalformedResponseError
        For HTTP 200 with anything but a JSON object.
    ModelArtsError
        For every other HTTP status.
    """
    document, fault = _parsed(body, sent)
    if status != _OK:
        raise _error(status, headers, document, sent)
    if not isinstance(document, dict):
        request_id = sent.redact(headers.get("X-Request-Id", "")) or None
        raise MalformedResponseError(_oddity(body), status_code=status, request_id=request_id) from fault
    return document


def _parsed(body: bytes, sent: Sent) -> tuple[object, Exception | None]:
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        return sent.redact_document(json.loads(text), text), None
    except (ValueError, RecursionError) as error:
        return None, without_request(error)  # the original has the whole text


def _oddity(body: bytes) -> str | None:
    if not body.strip():
        return "The answer is empty"
    if body.lstrip()[:1] == b"<":
        return "The answer is a web page, not JSON: a proxy or a login page may stand in the way"
    return None


def _error(status: int, headers: Mapping[str, str], document: object, sent: Sent) -> ModelArtsError:
    bodies = [{"request_id": headers.get("X-Request-Id")}, *_bodies(document)]
    code = _text(sent, bodies, "error_code", "errorCode", "code")
    words = _text(sent, bodies, "error_msg", "error_message", "errorMsg", "message")
    facts: dict[str, Any] = {
        "status_code": status,
        "error_code": code,
        "error_msg": words,
        "request_id": _text(sent, bodies, "request_id"),
        "retry_after": _retry_after(headers),
    }
    kind, sentence = _meaning(status, _number(code))
    if kind is AuthenticationError:
        return _refusal(sentence, _number(code), (words or "").lower(), facts)
    return kind(sentence, **facts)


def _bodies(document: object) -> Iterator[dict[str, Any]]:
    """Yield the objects that may hold the error: the document, as of service and gateway, or one below, as of IAM."""
    if isinstance(document, dict):
        yield document
        yield from (value for value in document.values() if isinstance(value, dict))


def _text(sent: Sent, bodies: list[dict[str, Any]], *names: str) -> str | None:
    values = (body.get(name) for body in bodies for name in names)
    found = next((str(value) for value in values if isinstance(value, (str, int)) and value != ""), None)
    return None if found is None else sent.redact(found)[:_MAX_TEXT]


def _number(code: str | None) -> str:
    """Return a code as the tables spell it; shared gateways write APIGW for APIG."""
    return (code or "").replace("APIGW.", "APIG.")


def _meaning(status: int, code: str) -> tuple[type[ModelArtsError], str | None]:
    if (status, code) in _CODES:
        return _CODES[status, code]
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:  # noqa: PLR2004 - Redirection
        return ServiceError, "The service redirects to another address, which is not followed"
    return ServiceError, "The service did not accept the request" if status < 500 else None  # noqa: PLR2004


def _refusal(sentence: str | None, code: str, words: str, facts: dict[str, Any]) -> AuthenticationError:
    if code in _EXPIRED or "token expires" in words:
        return AuthenticationError("The token has expired", expired=True, **facts)
    told = (text for phrase, text in _REFUSALS.items() if phrase in words)
    return AuthenticationError(sentence or next(told, None), **facts)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait: as sent, or until a date, relative to the service's own clock where it is sent."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdecimal():
        return min(float(text), MAX_RETRY_AFTER)
    until, now = _moment(text), _moment(headers.get("Date", ""))
    if until is None:
        return None
    return min(max(0.0, until - (time.time() if now is None else now)), MAX_RETRY_AFTER)


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):  # depending on the release of Python
        return None
