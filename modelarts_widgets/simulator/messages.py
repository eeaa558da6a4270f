"""Requests and responses of the simulator, and the three formats of error responses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

_MAX_DIGITS = 18

Delivery = Literal["whole", "drip", "stalled", "reset", "silent", "closed"]
"""How a response is sent: whole; drip, its first bytes one by one; stalled, half of it, leaving the connection open;
reset, half of it and a connection reset; silent, nothing, leaving the connection open; closed, nothing."""


@dataclass(frozen=True)
class Request:
    """A received request."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: Mapping[str, str]
    """Headers with their names in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """A response to send."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Bytes to send instead of the document."""
    delivery: Delivery = "whole"

    @cached_property
    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is not None:
            return self.body
        return json.dumps(self.document, ensure_ascii=False).encode(errors="surrogatepass")

    def head(self, *, is_last: bool) -> dict[str, str]:
        """Return the headers, with ``Connection: close`` for the last response on a connection."""
        return {
            "Content-Type": "application/json;charset=utf-8",
            "Content-Length": str(len(self.content)),
            **self.headers,
            **({"Connection": "close"} if is_last else {}),
        }


def gateway_fault(status: int, code: str, message: str) -> Answer:
    """Return an error response of the gateway; `Simulator.answer` adds the ``request_id``."""
    return Answer(status, {"error_code": code, "error_msg": message, "request_id": ""})


def service_fault(status: int, code: str, message: str) -> Answer:
    """Return an error response of the ModelArts service."""
    return Answer(status, {"error_msg": message, "error_code": code})


def iam_fault(status: int, title: str, message: str) -> Answer:
    """Return an error response of the identity service."""
    return Answer(status, {"error": {"message": message, "code": status, "title": title}})


def natural(text: str) -> int | None:
    """Parse a decimal number of at most 18 digits. Return ``None`` for other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None


def identifier(of: str, length: int) -> str:
    """Return a random-looking ID that depends on the arguments only."""
    return hashlib.sha256(of.encode()).hexdigest()[:length]
