"""What the simulator's server and its rooms pass to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
    """An answer that is to be sent."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent instead of the document."""
    manner: str = "whole"
    """How it is sent: whole, drip, stalled (half of it, no more), reset (half of it, then a broken
    connection), silent (nothing, for as long as the client waits) or closed (nothing)."""


def gateway_fault(status: int, code: str, message: str) -> Answer:
    """Write an error as the gateway does; the server adds the ``request_id``."""
    return Answer(status, {"error_code": code, "error_msg": message, "request_id": ""})


def service_fault(status: int, code: str, message: str) -> Answer:
    """Write an error as the service does."""
    return Answer(status, {"error_msg": message, "error_code": code})


def iam_fault(status: int, title: str, message: str) -> Answer:
    """Write an error as the identity service does."""
    return Answer(status, {"error": {"message": message, "code": status, "title": title}})


def identifier(of: str, length: int) -> str:
    """Make an ID that looks random and is always the same."""
    return hashlib.sha256(of.encode()).hexdigest()[:length]
