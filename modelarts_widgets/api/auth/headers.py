"""Secrets in headers: checks before they are sent, and their removal from what is received."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import ConfigurationError


def redacted(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Take out of an answer what the request's headers had of credentials, should the other side repeat them."""
    values = [str(headers.get(name, "")) for name in ("X-Auth-Token", "X-Security-Token", "Authorization")]
    # An Authorization has its secrets in pieces; what is shorter than any of them is a word like Basic.
    secrets = {*values[:2], *(piece for value in values for piece in re.findall(r"[^\s,=]{16,}", value))}
    for secret in filter(None, secrets):
        body = body.replace(secret.encode(), "…".encode())
    return body


def checked_secret(name: str, value: object) -> str:
    """Return a value that is valid in a header, or raise an error that does not show it."""
    if not isinstance(value, str):
        raise ConfigurationError(f"The {name} must be a string, not {type(value).__name__}")
    value = value.strip()
    if not (value and value.isascii() and value.isprintable()):
        raise ConfigurationError(f"The {name} is empty, or contains characters that are not allowed in it")
    return value
