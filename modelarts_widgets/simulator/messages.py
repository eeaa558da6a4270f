"""Requests and answers, as the simulator's modules pass them to each other, and the three forms of an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

_MAX_DIGITS = 18

Delivery = Literal["whole", "drip", "stalled", "reset", "silent", "closed"]
"""How an answer is sent: whole; drip, byte by byte at first; stalled, half of it and then nothing; reset, half of it
and then a broken connection; silent, nothing for as long as the client waits; closed, nothing at all."""


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: Mapping[str, str]
    """Their names in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """An answer to send."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent instead of the document."""
    delivery: Delivery = "whole"

    @cached_property
    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is not None:
            return self.body
        return json.dumps(self.document, ensure_ascii=False).encode(errors="surrogatepass")

    def head(self, *, is_last: bool) -> dict[str, str]:
        """Return the headers; those of the last answer on a connection announce its end."""
        return {
            "Content-Type": "application/json;charset=utf-8",
            "Content-Length": str(len(self.content)),
            **self.headers,
            **({"Connection": "close"} if is_last else {}),
        }


def gateway_fault(status: int, code: str, message: str) -> Answer:
    """Return an error in the gateway's form; `Simulator.answer` adds the ``request_id``."""
    return Answer(status, {"error_code": code, "error_msg": message, "request_id": ""})


def service_fault(status: int, code: str, message: str) -> Answer:
    """Return an error in the service's form."""
    return Answer(status, {"error_msg": message, "error_code": code})


def iam_fault(status: int, title: str, message: str) -> Answer:
    """Return an error in the identity service's form."""
    return Answer(status, {"error": {"message": message, "code": status, "title": title}})


def natural(text: str) -> int | None:
    """Return a decimal number of at most 18 digits, or ``None`` for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None


def identifier(of: str, length: int) -> str:
    """Return an ID that looks random and is always the same."""
    return hashlib.sha256(of.encode()).hexdigest()[:length]
