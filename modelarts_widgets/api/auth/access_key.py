"""`AkSkAuth`: an access key that signs each request."""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import urlsplit

import requests

from ..errors import ConfigurationError
from .base import Credentials
from .headers import Secret, checked_secret, hide
from .signing import DATE_FORMAT, authorization

_DEFAULT_PORTS = {"http": 80, "https": 443}


class AkSkAuth(Credentials):
    """An access key and its secret key, which sign each request (``SDK-HMAC-SHA256``, ``Access=``).

    The secret key itself is never sent. The clock of this machine may be off by at most 15 minutes.

    Parameters
    ----------
    access_key, secret_key : str
        The pair, of an IAM user or a temporary one.
    project_id : str, optional
        Sent as ``X-Project-Id``. Default: left out, and the project of the URL counts.
    security_token : str, optional
        Part of temporary credentials; sent as ``X-Security-Token``.

    Raises
    ------
    ConfigurationError
        For a value that is empty or not valid in a header. The message does not show it.

    Examples
    --------
    >>> AkSkAuth("access-key", "secret-key")
    AkSkAuth(…)
    """

    def __init__(
        self, access_key: str, secret_key: str, *, project_id: str | None = None, security_token: str | None = None
    ) -> None:
        required = {"access key": hide(access_key), "secret key": hide(secret_key)}
        optional = {"X-Project-Id": project_id, "X-Security-Token": security_token}
        headers = {name: hide(value) for name, value in optional.items() if value is not None}
        del access_key, secret_key, security_token, optional  # or a traceback that shows variables has them
        self._access_key, self._secret_key = (checked_secret(name, value) for name, value in required.items())
        self._headers = {name: checked_secret(name, value) for name, value in headers.items()}

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request; called by `requests`.

        Raises
        ------
        ConfigurationError
            For a body that is a stream, which would have to be read to be signed.
        """
        body = r.body.encode() if isinstance(r.body, str) else r.body or b""
        if not isinstance(body, bytes):
            raise ConfigurationError("A request with a stream for a body cannot be signed")
        r.headers.update({"Host": r.headers.get("Host") or _host(r.url or ""), **self._headers})
        r.headers["X-Sdk-Date"] = datetime.now(timezone.utc).strftime(DATE_FORMAT)
        names = ("Content-Type", "Host", "X-Sdk-Date", *self._headers)
        signed = {name: r.headers[name] for name in names if name in r.headers}
        r.headers["Authorization"] = Secret(
            authorization(self._access_key, self._secret_key, r.method or "", r.url or "", signed, body)
        )
        return r

    def of_project(self, project_id: str) -> AkSkAuth:
        """Return the same credentials with another ``X-Project-Id``."""
        token = self._headers.get("X-Security-Token")
        return AkSkAuth(self._access_key, self._secret_key, project_id=project_id, security_token=token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AkSkAuth) and self._sent == other._sent

    def __hash__(self) -> int:
        return hash((AkSkAuth, self._access_key))

    @property
    def _sent(self) -> tuple[object, ...]:
        return type(self), self._access_key, self._secret_key, self._headers


def _host(url: str) -> str:
    """Return the ``Host`` that ``http.client`` sends: without the default port of the scheme."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return host.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}")
