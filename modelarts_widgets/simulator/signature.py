"""Parse and verify ``SDK-HMAC-SHA256 Access=…`` signatures of requests."""

from __future__ import annotations

import hmac
import re
import string
from datetime import datetime, timezone
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from .messages import Request

_AUTHORIZATION = re.compile(r"SDK-HMAC-SHA256 Access=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})")
_UNRESERVED = frozenset(f"{string.ascii_letters}{string.digits}-._~".encode())
_REQUIRED = {"host", "x-sdk-date"}


class Claim(NamedTuple):
    """The unverified signature of a request."""

    access_key: str
    signed: tuple[str, ...]
    """Names of the signed headers, in lower case."""
    signature: str
    date: str


def read_claim(request: Request) -> Claim | None:
    """Parse the signature of a request. Return ``None`` if it is missing or malformed."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization") or "")
    date = request.headers.get("x-sdk-date")
    if found is None or date is None or not _REQUIRED.issubset(found[2].split(";")):
        return None
    return Claim(found[1], tuple(found[2].split(";")), found[3], date)


def is_genuine(claim: Claim, request: Request, secret_key: str) -> bool:
    """Return whether the signature belongs to this request and secret key."""
    to_sign = "\n".join(["SDK-HMAC-SHA256", claim.date, sha256(_canonical(claim, request)).hexdigest()])
    expected = hmac.digest(secret_key.encode(), to_sign.encode(), "sha256").hex()
    return hmac.compare_digest(expected, claim.signature)


def skew(claim: Claim, now: float) -> float:
    """Return the difference between the signer's clock and `now` in seconds; infinite if the date is invalid."""
    try:
        signed = datetime.strptime(claim.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return float("inf")
    return abs(signed.timestamp() - now)


def _canonical(claim: Claim, request: Request) -> bytes:
    path, _, query = request.target.partition("?")
    canonical_path = b"/".join(_escape(unquote_to_bytes(part)) for part in _decoded_segments(path))
    pairs = sorted(_pairs(query))
    lines = [
        request.method.encode(),
        canonical_path if canonical_path.endswith(b"/") else canonical_path + b"/",
        b"&".join(_escape(name) + b"=" + _escape(value) for name, value in pairs),
        *(f"{name}:{request.headers.get(name, '').strip()}".encode() for name in claim.signed),
        b"",
        ";".join(claim.signed).encode(),
        sha256(request.body).hexdigest().encode(),
    ]
    return b"\n".join(lines)


def _decoded_segments(path: str) -> list[str]:
    # An encoded slash counts as a slash: the gateway decodes before it splits.
    return re.split(r"/|%2[Ff]", path)


def _pairs(query: str) -> list[tuple[bytes, bytes]]:
    parts = [part.replace("+", " ").partition("=") for part in query.split("&") if part]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def _escape(data: bytes) -> bytes:
    return b"".join(bytes([byte]) if byte in _UNRESERVED else f"%{byte:02X}".encode() for byte in data)
