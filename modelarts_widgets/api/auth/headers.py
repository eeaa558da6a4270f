"""Secrets in headers: hidden in tracebacks, checked before they are sent, redacted in responses."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from html import unescape
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

import requests
from requests.auth import AuthBase

from ..errors import AuthenticationError, ConfigurationError, ModelArtsError, raise_bare
from .base import missing_credentials

_SECRET_HEADERS = frozenset({"x-auth-token", "x-security-token", "authorization"})
_PIECES = re.compile(r"[^\s,=]{16,}")
"""An ``Authorization`` has its secrets in pieces; a shorter piece is a word like ``Basic``."""
_WORD = re.compile(r"[^\s\"'<>,]+")
_ESCAPED = re.compile(r"\\u00[3-7]")
"""A letter or digit that JSON hides."""
_PART, _LONG, _MOST_PARTS, _SHORTEST_CUT = 12, 16, 12, 7
_JsonT = TypeVar("_JsonT")


class NotText(NamedTuple):
    """Stands for a value that should have been a string."""

    kind: str


class Secret(str):
    """A string that hides itself where local variables are shown: in debuggers and detailed tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def hide(value: object) -> Secret | NotText:
    """Return a string as a secret, and of anything else only the name of its type."""
    return Secret(value) if isinstance(value, str) else NotText(type(value).__name__)


def checked_secret(name: str, value: Secret | NotText) -> Secret:
    """Return a hidden value if it is valid in a header, or raise an error that does not show it."""
    if isinstance(value, NotText):
        raise ConfigurationError(f"The {name} must be a string, not {value.kind}")
    value = Secret(value.strip())
    if not (value and value.isascii() and value.isprintable()):
        raise ConfigurationError(f"The {name} is empty, or contains characters that are not allowed in it")
    return value


class Sent(AuthBase):
    """Wraps an auth object for one request: hides the secrets in its headers, and redacts them in the response.

    A secret of 16 characters or more is found in errors and documents, whole or cut (more than a sixth of it, and
    12 characters), as it was sent or encoded once for JSON, a URL or HTML; then the whole word around it is taken out.
    A shorter one is found in errors only, as it was sent or cut by one character.

    Parameters
    ----------
    auth : callable, optional
        The auth object.
    headers : mapping
        Headers of the session.
    """

    def __init__(
        self,
        auth: Callable[[requests.PreparedRequest], object] | None = None,
        headers: Mapping[str, str | bytes] = MappingProxyType({}),
    ) -> None:
        self._auth = auth
        self._secrets = set(_secrets(headers))

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as the auth object has signed it; called by `requests`.

        Raises
        ------
        ConnectionFailedError
            For an error of the network in the auth object.
        AuthenticationError
            For any other one, and for anything returned but a request. Ctrl-C and `SystemExit` in the main thread pass.
        """
        try:
            signed = self._auth(r) if self._auth else r
            if isinstance(signed, requests.PreparedRequest):
                for name, value in list(signed.headers.items()):
                    if name.lower() in _SECRET_HEADERS and type(value) is str:
                        signed.headers[name] = Secret(value)
                self._secrets.update(_secrets(signed.headers))
                return signed
        except ModelArtsError:
            raise
        except BaseException as error:  # of any kind: then there are no credentials
            is_exit = isinstance(error, (KeyboardInterrupt, SystemExit))
            if is_exit and threading.current_thread() is threading.main_thread():
                raise
            raise_bare(missing_credentials("Could not obtain credentials: the auth object", error))
        raise AuthenticationError(f"The auth object returned no request, but {type(signed).__name__}")

    def redact(self, text: str) -> str:
        """Return text without the secrets."""
        return redact(text, self._secrets)

    def redact_document(self, document: _JsonT, text: str) -> _JsonT:
        """Return a JSON document without the long ones of the secrets, given the text that it was read from."""
        return self._redacted(document) if self._may_be_in(text) or _ESCAPED.search(text) else document

    def _may_be_in(self, text: str) -> bool:
        plain = _decoded(text)
        return any(_is_in(secret, plain) for secret in self._secrets)

    def _redacted(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return self.redact(value) if self._may_be_in(value) else value
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        if isinstance(value, dict):
            return {self._redacted(key): self._redacted(item) for key, item in value.items()}
        return value


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return text without secrets, as described with `Sent`."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
        for cut in (secret[1:], secret[:-1]):
            text = text.replace(cut, "…") if len(cut) >= _SHORTEST_CUT else text
        if _is_in(secret, _decoded(text)):
            text = _WORD.sub(partial(_word_without, secret), text)
    return text


def _word_without(secret: str, word: re.Match[str]) -> str:
    return "…" if _is_in(secret, _decoded(word[0])) else word[0]


def _decoded(text: str) -> str:
    text = text.replace("\\", "")
    text = unquote(text) if "%" in text else text
    return unescape(text) if "&" in text else text


def _is_in(secret: str, text: str) -> bool:
    return any(part in text for part in _parts(secret))


@lru_cache(maxsize=64)
def _parts(secret: str) -> tuple[str, ...]:
    """Return some parts of a long secret, the first and the last among them."""
    if len(secret) < _LONG:
        return ()
    last = len(secret) - _PART
    starts = {*range(0, last, 1 + last // _MOST_PARTS), last}
    return tuple(secret[start : start + _PART] for start in starts)


def redacted(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the body of a response without the credentials in the request's headers."""
    for secret in _secrets(headers):
        body = body.replace(secret.encode(), "…".encode())
    return body


def _secrets(headers: Mapping[str, str | bytes]) -> list[str]:
    found: list[str] = []
    for name, value in headers.items():
        if value and name.lower() in _SECRET_HEADERS:
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            found += _PIECES.findall(text) if name.lower() == "authorization" else [text]
    return found
