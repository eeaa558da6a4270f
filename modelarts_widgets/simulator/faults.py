"""Faults by name, which `Simulator.inject` applies to the next responses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from .messages import Answer, Delivery, gateway_fault, service_fault

_OVERSIZE = 33 * 2**20
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to go on.</body></html>"

Fault = Callable[[Answer], Answer]
"""Takes the correct response and returns the faulty one."""


def _status(status: int, code: str, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: replace(gateway_fault(status, code, HTTPStatus(status).phrase), headers=named)


def _delivery(delivery: Delivery) -> Fault:
    return lambda answer: replace(answer, delivery=delivery)


def _body(body: bytes, status: int = 200) -> Fault:
    return lambda _: Answer(status, {}, body=body)


def _rejected(reason: str) -> Fault:
    return lambda _: gateway_fault(401, "APIG.0301", f"Incorrect IAM authentication information: {reason}")


def _each(answer: Answer, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    """Change the document of an export, or of each export in a list."""
    document = dict(answer.document)
    if "export_tasks" not in document:
        return replace(answer, document=change(document))
    return replace(answer, document={**document, "export_tasks": [change(task) for task in document["export_tasks"]]})


def _changed(**changes: Any) -> Fault:  # noqa: ANN401 - any JSON
    return lambda answer: _each(answer, lambda document: {**document, **changes})


def _throttled_until(_: Answer) -> Answer:
    moment = formatdate(time.time() + 1.0, usegmt=True)
    return replace(gateway_fault(429, "APIG.0308", HTTPStatus(429).phrase), headers={"Retry-After": moment})


def _cut(answer: Answer) -> Answer:
    whole = json.dumps(answer.document).encode()
    return replace(answer, body=whole[: len(whole) // 2])


def _mistyped(answer: Answer) -> Answer:
    return _each(answer, lambda document: {name: [[str(value)]] for name, value in document.items()})


def _nothing(answer: Answer) -> Answer:
    return _each(answer, dict.fromkeys)


FAULTS: Mapping[str, Fault] = {
    # The connection
    "closed": _delivery("closed"),
    "reset": _delivery("reset"),
    "stalled": _delivery("stalled"),
    "silent": _delivery("silent"),
    "drip": _delivery("drip"),
    # The status
    "throttled": _status(429, "APIG.0308"),
    "throttled for seconds": _status(429, "APIG.0308", Retry_After="1"),
    "throttled until": _throttled_until,
    "too many dataset requests": lambda _: service_fault(429, "ModelArts.4395", "Too many dataset requests"),
    "timed out": _status(408, "ModelArts.4205"),
    "internal": _status(500, "ModelArts.4301"),
    "bad gateway": _status(502, "APIG.0201"),
    "unavailable": _status(503, "ModelArts.4302"),
    "unavailable for seconds": _status(503, "ModelArts.4302", Retry_After="1"),
    "gateway timed out": _status(504, "APIG.0201"),
    "identity down": _status(503, "APIG.0613"),
    "redirected": lambda _: Answer(302, {}, {"Location": "https://elsewhere.example.com/"}),
    "bad request": lambda _: service_fault(400, "ModelArts.4384", "Invalid export parameter"),
    "not found": lambda _: service_fault(400, "ModelArts.4359", "Export task does not exist"),
    "not published": _status(404, "APIG.0101"),
    # The credentials
    "forbidden": _status(403, "APIG.0302"),
    "refused": _rejected("decrypt token fail"),
    "expired": _rejected("token expires, expires_at: 2020-11-23T03:51:24.000000Z"),
    "revoked": _status(401, "APIG.0307"),
    # The body
    "web page": _body(_HTML),
    "web page from a gateway": _body(_HTML, 502),
    "empty": _body(b""),
    "empty error": _body(b"", 500),
    "cut": _cut,
    "oversized": _body(b"[" + b" " * _OVERSIZE + b"]"),
    "array": _body(b"[1, 2]"),
    "null": _body(b"null"),
    "text": _body(b'"text"'),
    "number": _body(b"7"),
    "no text": _body(b"\xff\xfe\x00"),
    # The document
    "wrong types": _mistyped,
    "all null": _nothing,
    "no fields": _body(b"{}"),
    "unknown status": _changed(status="THINKING"),
    "no status": _changed(status=None),
    "backwards": _changed(status="RUNNING", progress=1.0),
    "absurd numbers": _changed(
        progress=-1e300, total_sample_count=-5, finished_sample_count=10**400, create_time=1e300
    ),
    "done too early": _changed(status="RUNNING", progress=100.0),
    "code without failure": _changed(status="RUNNING", error_code="ModelArts.4902", error_msg="Exporting labels."),
    "hostile": _changed(status="</script><img src=x onerror=alert(1)>", path="javascript:alert(1)"),
}
