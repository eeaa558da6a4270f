"""One HTTP exchange: bounded in size and time, without redirects, and without secrets in what it raises."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

import requests
from requests.auth import AuthBase

from .auth import redacted
from .errors import ConnectionFailedError, MalformedResponseError, without_request

Timeout: TypeAlias = "float | tuple[float, float]"
"""Seconds to connect and seconds between two pieces of an answer; a single number stands for both."""

MAX_BODY = 32 * 2**20
"""Bytes; a longer answer is refused, so that a broken proxy cannot fill the memory."""
_CHUNK = 2**16
_LASTING = 60.0
"""Seconds for which proxies and certificates are taken for granted."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_VARIABLES = (*_PROXIES, *map(str.lower, _PROXIES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OK = 200


class Transport:
    """Sends requests through one session.

    Asking costs less than ``Session.get``, which reads the environment's proxies and certificates anew each
    time. They are read again here when one of their variables or the session's own settings have changed,
    and after a minute in any case, since some systems keep them elsewhere.

    Parameters
    ----------
    session : requests.Session
        Its settings, adapters and cookies hold as usual. One with a ``request`` of its own is left to that.
    """

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self._is_plain = type(session).request is requests.Session.request
        self._settings: dict[str, Any] = {}
        self._read_for: object = None
        self._read_at = float("-inf")

    def exchange(self, url: str, auth: AuthBase | None, timeout: Timeout) -> tuple[int, Mapping[str, str], bytes]:
        """Ask once. Blocks.

        Returns
        -------
        tuple of int, mapping and bytes
            HTTP status, headers, and the body. What an error repeats of our credentials is taken out of it.

        Raises
        ------
        ConnectionFailedError
            When there is no answer.
        MalformedResponseError
            When it is longer than `MAX_BODY`.
        """
        try:
            with self._get(url, auth, timeout) as response:
                body = _read(response)
                if response.status_code != _OK:
                    body = redacted(body, response.request.headers)
                return response.status_code, response.headers, body
        except requests.RequestException as error:
            what, cause = _why(error), without_request(error)
        # The error itself has the request, and its traceback the headers, token included: a bare copy
        # is the cause, raised where the error is not the context.
        raise ConnectionFailedError(f"{what} {url.partition('/v2/')[0]}") from cause

    def _get(self, url: str, auth: AuthBase | None, timeout: Timeout) -> requests.Response:
        # Redirects are not followed: requests would hand X-Auth-Token on to another host.
        options: dict[str, Any] = {"timeout": timeout, "allow_redirects": False}
        if not self._is_plain:
            return self._session.get(url, auth=auth, stream=True, **options)
        request = self._session.prepare_request(requests.Request("GET", url, auth=auth))
        return self._session.send(request, **options, **self._settings_for(url))

    def _settings_for(self, url: str) -> dict[str, Any]:
        session, now = self._session, time.monotonic()
        variables = [os.environ.get(name) for name in _VARIABLES] if session.trust_env else []
        read_for = (variables, dict(session.proxies), session.verify, session.cert)
        if read_for != self._read_for or now - self._read_at > _LASTING:
            merged = session.merge_environment_settings(url, {}, stream=True, verify=None, cert=None)
            self._settings, self._read_for, self._read_at = dict(merged), read_for, now
        return self._settings


def _read(response: requests.Response) -> bytes:
    """Read a body piece by piece, to give up on one that is too long."""
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            raise MalformedResponseError(
                f"The answer is longer than {MAX_BODY} bytes", status_code=response.status_code
            )
    return bytes(body)


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "The certificate was not accepted from"
    if isinstance(error, requests.exceptions.ProxyError):
        return "The proxy gives no connection to"
    if isinstance(error, requests.Timeout):
        return "No answer in time from"
    return "There is no connection to"
