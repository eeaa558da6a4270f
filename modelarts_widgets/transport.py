"""One HTTP exchange: bounded in size and time, without redirects, and without secrets in what it raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import requests
from requests.auth import AuthBase

from .auth import redacted
from .errors import ConnectionFailedError, MalformedResponseError, bare

Timeout: TypeAlias = "float | tuple[float, float]"
"""Seconds to connect and seconds between two pieces of an answer; a single number stands for both."""

MAX_BODY = 32 * 2**20
"""Bytes; a longer answer is refused, so that a broken proxy cannot fill the memory."""
_CHUNK = 2**16
_OK = 200


def exchange(
    session: requests.Session, url: str, auth: AuthBase | None, timeout: Timeout
) -> tuple[int, Mapping[str, str], bytes]:
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
    # Redirects are not followed: requests would hand X-Auth-Token on to another host.
    options: dict[str, Any] = {"timeout": timeout, "allow_redirects": False, "stream": True}
    try:
        with session.get(url, auth=auth, **options) as response:
            body = _read(response)
            if response.status_code != _OK:
                body = redacted(body, response.request.headers)
            return response.status_code, response.headers, body
    except requests.RequestException as error:
        what, cause = _why(error), bare(error)
    # The error itself has the request, and its traceback the headers, token included: a bare copy
    # is the cause, raised where the error is not the context.
    raise ConnectionFailedError(f"{what} {url.partition('/v2/')[0]}") from cause


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
