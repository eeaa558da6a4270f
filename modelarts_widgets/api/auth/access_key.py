"""`AkSkAuth`: an access key that signs each request."""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from ..errors import ConfigurationError
from .headers import checked_secret
from .signing import DATE_FORMAT, authorization

_DEFAULT_PORTS = {"http": 80, "https": 443}


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
        self._access_key = checked_secret("access key", access_key)
        self._secret_key = checked_secret("secret key", secret_key)
        optional = {"X-Project-Id": project_id, "X-Security-Token": security_token}
        self._headers = {name: checked_secret(name, value) for name, value in optional.items() if value is not None}

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

    def of_project(self, project_id: str) -> AkSkAuth:
        """Return the same credentials for a project."""
        token = self._headers.get("X-Security-Token")
        return AkSkAuth(self._access_key, self._secret_key, project_id=project_id, security_token=token)

    def __repr__(self) -> str:
        return "AkSkAuth(…)"


def _host(url: str) -> str:
    """Return what ``http.client`` would send as ``Host``: it leaves out a port that goes without saying."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return host.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}")
