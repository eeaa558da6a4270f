"""Credentials as `requests` auth objects. Secrets go into request headers and nowhere else.

Any other auth object of `requests` fits in their place. One that can renew what it sends has a method
``refresh()``: the client calls it once when the service says that the token is too old, and asks again
unless it returns ``False``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from .errors import AuthenticationError, ConfigurationError, ConnectionFailedError, ModelArtsError, bare
from .signing import DATE_FORMAT, authorization

_DEFAULT_PORTS = {"http": 80, "https": 443}


class TokenAuth(AuthBase):
    """A token of the cloud's identity service, sent as ``X-Auth-Token``.

    Parameters
    ----------
    token : str or callable
        A token of project scope, or a function without arguments that returns one. The function is
        called at the first request, and again whenever the service says that the token is too old; it
        may block. White space around a token is removed, since pasted tokens often carry some.

    Raises
    ------
    ConfigurationError
        For a token that is empty or can be no header value. The message does not show it.
    """

    def __init__(self, token: str | Callable[[], str]) -> None:
        fixed = "" if callable(token) else _secret("token", token)
        self._source: Callable[[], str] = token if callable(token) else lambda: fixed
        self._token = fixed
        self._lock = threading.Lock()

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request; called by `requests`. Blocks while a function of yours gets one."""
        with self._lock:
            self._token = self._token or _obtained(self._source)
            r.headers["X-Auth-Token"] = self._token
        return r

    def refresh(self) -> bool:
        """Get another token. Blocks while your function does.

        Returns
        -------
        bool
            Whether there is another one now; ``False`` for a token that was given as a string.

        Raises
        ------
        AuthenticationError
            When your function fails.
        ConnectionFailedError
            When it fails because it cannot reach somebody; polling tries again.
        """
        with self._lock:
            old, self._token = self._token, _obtained(self._source)
            return self._token != old

    def __repr__(self) -> str:
        return "TokenAuth(…)"


class AkSkAuth(AuthBase):
    """An access key and its secret key, with which each request is signed (``SDK-HMAC-SHA256``, ``Access=``).

    The secret key itself is never sent. The clock of this machine may be at most 15 minutes wrong.

    Parameters
    ----------
    access_key, secret_key : str
        The pair, of an IAM user or a temporary one.
    project_id : str, optional
        Sent as ``X-Project-Id``. Default: left out, and the project of the URL counts.
    security_token : str, optional
        Belongs to a temporary pair; sent as ``X-Security-Token``.

    Raises
    ------
    ConfigurationError
        For anything that is empty or can be no header value. The message does not show it.
    """

    def __init__(
        self, access_key: str, secret_key: str, *, project_id: str | None = None, security_token: str | None = None
    ) -> None:
        self._access_key = _secret("access key", access_key)
        self._secret_key = _secret("secret key", secret_key)
        optional = {"X-Project-Id": project_id, "X-Security-Token": security_token}
        self._headers = {name: _secret(name, value) for name, value in optional.items() if value is not None}

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request; called by `requests`.

        Raises
        ------
        ConfigurationError
            For a body that is a stream: it could be signed only by reading it.
        """
        body = r.body.encode() if isinstance(r.body, str) else r.body or b""
        if not isinstance(body, bytes):
            raise ConfigurationError("A request with a stream for a body cannot be signed")
        r.headers.update({"Host": r.headers.get("Host") or _host(r.url or ""), **self._headers})
        r.headers["X-Sdk-Date"] = datetime.now(timezone.utc).strftime(DATE_FORMAT)
        names = ("Content-Type", "Host", "X-Sdk-Date", *self._headers)
        signed = {name: str(r.headers[name]) for name in names if name in r.headers}
        r.headers["Authorization"] = authorization(
            self._access_key, self._secret_key, r.method or "", r.url or "", signed, body
        )
        return r

    def __repr__(self) -> str:
        return "AkSkAuth(…)"


def redacted(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Take out of an answer what the request's headers had of credentials, should the other side repeat them."""
    values = [str(headers.get(name, "")) for name in ("X-Auth-Token", "X-Security-Token", "Authorization")]
    # An Authorization has its secrets in pieces; what is shorter than any of them is a word like Basic.
    secrets = {*values[:2], *(piece for value in values for piece in re.findall(r"[^\s,=]{16,}", value))}
    for secret in filter(None, secrets):
        body = body.replace(secret.encode(), "…".encode())
    return body


def _obtained(source: Callable[[], str]) -> str:
    kind: type[ModelArtsError] = AuthenticationError
    try:
        return _secret("token", source())
    except ModelArtsError:
        raise
    except (ConnectionError, TimeoutError, requests.RequestException) as error:
        kind, cause = ConnectionFailedError, bare(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no token
        cause = bare(error)
    raise kind(f"No token could be had: the function for it raised {type(cause).__name__}") from cause


def _secret(name: str, value: object) -> str:
    """Return a value that can go into a header, or raise without showing it."""
    if not isinstance(value, str):
        raise ConfigurationError(f"The {name} must be a string, not {type(value).__name__}")
    value = value.strip()
    if not (value and value.isascii() and value.isprintable()):
        raise ConfigurationError(f"The {name} is empty, or holds characters that none has")
    return value


def _host(url: str) -> str:
    """Return what ``http.client`` would send as ``Host``: it leaves out a port that goes without saying."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return host.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}")
