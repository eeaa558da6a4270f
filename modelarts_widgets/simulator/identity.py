"""Tokens and access keys of the simulated project, and their validation by the gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice

from .messages import Answer, Request, gateway_fault, identifier, service_fault
from .signature import Claim, is_genuine, read_claim, skew

TOKEN_SECONDS = 86_400.0
"""Lifetime of a token, as on the real service."""
TEMPORARY_KEY_SECONDS = 900.0
MAX_SKEW = 900.0
"""Seconds by which the clock of the signer may differ."""
MAX_REJECTIONS = 5
"""Consecutive rejections that an access key may have before it is locked."""
LOCKED_SECONDS = 300.0
MAX_TOKENS = 10_000
"""Tokens to keep; older ones are dropped and become invalid."""


@dataclass(frozen=True)
class AccessKey:
    """A key pair, with a security token if it is temporary."""

    access_key: str
    secret_key: str
    security_token: str | None = None
    expires: float = float("inf")
    """Seconds since 1970 UTC."""

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key!r}, …)"


@dataclass(frozen=True)
class Token:
    """A token of the identity service."""

    value: str
    number: int
    """Number of tokens issued before this one."""
    issued: float
    """Seconds since 1970 UTC; so is `expires`."""
    expires: float
    has_project: bool = True

    def __repr__(self) -> str:
        return f"Token(…, expires={timestamp(self.expires)})"


class Identity:
    """Tokens and keys of one project.

    Parameters
    ----------
    clock : callable
        Returns seconds since 1970 UTC.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.token_seconds = TOKEN_SECONDS
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._revoked_below = 0
        self._keys: dict[str, AccessKey] = {}
        self._rejections: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}
        self._issued = 0

    def issue_token(self, seconds: float | None = None, *, has_project: bool = True) -> Token:
        """Return a new token that is valid for some seconds, by default `token_seconds`."""
        with self._lock:
            now, number = self.clock(), self._issued
            self._issued += 1
            value = f"simulated-{identifier('token' if not number else f'token {number}', 32)}"
            lifetime = self.token_seconds if seconds is None else seconds
            token = self._tokens[value] = Token(value, number, now, now + lifetime, has_project)
            if len(self._tokens) > MAX_TOKENS:
                del self._tokens[next(islice(self._tokens, 1, None))]  # the first is the simulator's own
            return token

    def revoke_tokens(self) -> None:
        """Invalidate all tokens, as a change of the password does."""
        with self._lock:
            self._revoked_below = self._issued

    def valid_token(self, value: str | None) -> Token | None:
        """Return the token with this value if it is valid, or ``None``."""
        token = self._tokens.get(value or "")
        return None if token is None or self._is_revoked(token) or self.clock() >= token.expires else token

    def issue_key(self, seconds: float | None = None) -> AccessKey:
        """Return a new key pair; with `seconds`, a temporary one with a security token."""
        with self._lock:
            number = len(self._keys)
            name, secret = identifier(f"access key {number}", 20).upper(), identifier(f"secret key {number}", 40)
            token = None if seconds is None else f"temporary-{identifier(f'security token {number}', 32)}"
            expires = float("inf") if seconds is None else self.clock() + seconds
            key = self._keys[name] = AccessKey(name, secret, token, expires)
            return key

    def fault(self, request: Request) -> Answer | None:
        """Return the response that rejects the credentials of a request, or ``None`` if they are valid."""
        if "x-auth-token" in request.headers:
            return self._token_fault(request.headers["x-auth-token"])
        claim = read_claim(request)
        if claim is None:
            return _rejected("x-auth-token not found")
        with self._lock:
            if self.clock() < self._locked_until.get(claim.access_key, 0.0):
                return _rejected("AK access failed to reach the limit,forbidden")
            key = self._keys.get(claim.access_key)
            if key is None:
                return _rejected(f"Get secretKey failed,ak:{claim.access_key},err:ak not exist")
            reason = self._key_fault(key, claim, request)
            self._count(claim.access_key, is_rejected=reason is not None)
        return None if reason is None else _rejected(reason)

    def _is_revoked(self, token: Token) -> bool:
        return token.number < self._revoked_below

    def _token_fault(self, value: str) -> Answer | None:
        token = self._tokens.get(value)
        if token is None:
            return _rejected("decrypt token fail")
        if self._is_revoked(token):
            return gateway_fault(401, "APIG.0307", "The token must be updated.")
        if self.clock() >= token.expires:
            return _rejected(f"token expires, expires_at: {timestamp(token.expires)}")
        if not token.has_project:
            return service_fault(401, "ModelArts.0212", "The token does not contain a project.")
        return None

    def _key_fault(self, key: AccessKey, claim: Claim, request: Request) -> str | None:
        if skew(claim, self.clock()) > MAX_SKEW:
            return "verify aksk signature fail, the time of the signature is out of range"
        is_the_pair = request.headers.get("x-security-token") == key.security_token and self.clock() < key.expires
        return None if is_the_pair and is_genuine(claim, request, key.secret_key) else "verify aksk signature fail"

    def _count(self, access_key: str, *, is_rejected: bool) -> None:
        rejections = self._rejections[access_key] = self._rejections.get(access_key, 0) + 1 if is_rejected else 0
        if rejections > MAX_REJECTIONS:
            self._rejections[access_key] = 0
            self._locked_until[access_key] = self.clock() + LOCKED_SECONDS


def timestamp(seconds: float) -> str:
    """Return a time in the format of the identity service."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _rejected(reason: str) -> Answer:
    return gateway_fault(401, "APIG.0301", f"Incorrect IAM authentication information: {reason}")
