"""HTTP status, headers and body in, JSON object or typed error out. Does no I/O."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

from .auth.headers import Sent
from .errors import (
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
    without_request,
)
from .text import printable

_OK, _REFUSED = 200, (401, 403)
_NOTHING_SENT = Sent()
MAX_RETRY_AFTER = 86_400.0
"""Seconds; the longest wait that the service can ask for."""

_MAX_TEXT, _MAX_TITLE, _MAX_PAGE = 1_000, 100, 2**16
_TITLE = re.compile("<title[^>]*>([^<]*)", re.IGNORECASE)
_SIGNED_AT = re.compile(r"signature time\W*([^,;]+)[,;]\s*server time\W*([^,;]+)", re.IGNORECASE)
_NO_API = "This API is not published at this endpoint (some regions have retired it)"
_OTHER_PROJECT = "The project ID is not the one that the credentials are for"
_NO_PROJECT = "The token is not for a project: request one of project scope"
_REDIRECT = "The endpoint is wrong, or a login page stands in the way: it redirects to another address"
_NO_RIGHT_TO_OBS = "The storage of the dataset (OBS) may not be read"

# By status alone.
_STATUSES: Mapping[int, tuple[type[ModelArtsError], str | None]] = {
    401: (AuthenticationError, None),
    403: (PermissionDeniedError, None),
    404: (NotFoundError, "There is nothing at this address: the endpoint is wrong, or does not offer this API"),
    407: (ConnectionFailedError, "The proxy asks for credentials of its own"),
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
# For an error that comes with HTTP 200: the status that its code stands for.
_USUAL: Mapping[str, int] = {
    **{str(status): status for status in _STATUSES},
    **{code: status for status, code in _CODES},
    **dict.fromkeys(("APIG.0301", "APIG.0307", "ModelArts.0202", "ModelArts.4127", "ModelArts.4201"), 401),
    **dict.fromkeys(("APIG.0302", "ModelArts.4335", "ModelArts.4336"), 403),
    **dict.fromkeys(("APIG.0308", "ModelArts.2799", "ModelArts.4206", "ModelArts.4395", "ModelArts.6101"), 429),
}
_FOUND = ("task_id", "status", "export_tasks")
"""Fields one of which is in every document that is no error."""
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
        For HTTP 200, 401 or 403 with anything but a JSON object. Only the service can accept or refuse credentials, and
        it speaks JSON; what else there is comes from something in between. An empty 401 or 403 counts as the service's,
        since it locks keys that are tried again and again.
    ModelArtsError
        For every other HTTP status, and for HTTP 200 with the code of an error and no export.
    """
    document, fault = _parsed(body, sent)
    if not isinstance(document, dict) and (status == _OK or (status in _REFUSED and body.strip())):
        request_id = sent.redact(headers.get("X-Request-Id", "")) or None
        raise MalformedResponseError(_oddity(body, sent), status_code=status, request_id=request_id) from fault
    if isinstance(document, dict) and status == _OK:
        error = None if any(map(document.get, _FOUND)) else _error(status, headers, document, sent)
        if error is None or error.error_code is None:
            return document
        raise error
    raise _error(status, headers, document, sent)


def _parsed(body: bytes, sent: Sent) -> tuple[object, Exception | None]:
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        return sent.redact_document(json.loads(text), text), None
    except (ValueError, RecursionError) as error:
        return None, without_request(error)  # the original has the whole text


def _oddity(body: bytes, sent: Sent) -> str | None:
    if not body.strip():
        return "The answer is empty"
    if body.lstrip()[:1] != b"<":
        return None
    found = _TITLE.search(body[:_MAX_PAGE].decode(errors="replace"))
    title = printable(sent.redact(" ".join(unescape(found[1]).split()))[:_MAX_TITLE]) if found else ""
    page = "The answer is a web page, not JSON: a proxy or a login page may stand in the way"
    return f'{page}; its title is "{title}"' if title else page


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
        return _refusal(sentence, _number(code), words or "", facts)
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
    status = _USUAL.get(code, status) if status == _OK else status
    if (status, code) in _CODES:
        return _CODES[status, code]
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:  # noqa: PLR2004 - Redirection
        return ServiceError, _REDIRECT
    return ServiceError, "The service did not accept the request" if 400 <= status < 500 else None  # noqa: PLR2004


def _refusal(sentence: str | None, code: str, words: str, facts: dict[str, Any]) -> AuthenticationError:
    told = words.lower()
    if code in _EXPIRED or "token expires" in told:
        return AuthenticationError("The token has expired", expired=True, **facts)
    if "signature expired" in told:
        times = _SIGNED_AT.search(words)
        shown = f" (it shows {times[1].strip()}, that of the service {times[2].strip()})" if times else ""
        return AuthenticationError(f"The signature has expired: check the clock of this machine{shown}", **facts)
    reasons = (text for phrase, text in _REFUSALS.items() if phrase in told)
    return AuthenticationError(sentence or next(reasons, None), **facts)


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
