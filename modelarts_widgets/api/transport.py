"""One HTTP exchange: bounded in size and time, without redirects, and without secrets in its errors."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeAlias

import requests
from requests.auth import AuthBase

from .auth import redacted
from .auth.openstack import Certificates
from .errors import ConfigurationError, MalformedResponseError, raise_bare
from .exchange import Cancellation, Exchange, limit
from .failures import failure

__all__ = ["MAX_BODY", "Answer", "Cancellation", "Timeout", "Transport"]

Timeout: TypeAlias = "float | tuple[float, float] | tuple[float, float, float]"
"""Seconds to connect, seconds between two pieces of a response, and seconds in all; see `ModelArtsClient`."""
Answer: TypeAlias = "tuple[int, Mapping[str, str], bytes]"
"""HTTP status, headers and body."""

MAX_BODY = 32 * 2**20
"""Bytes; a longer response is refused, so that a broken proxy cannot fill the memory."""
_CHUNK = 2**16
_USUAL = Certificates()
_DAY = 86_400.0
_LASTING = 60.0
"""Seconds for which proxies and certificates are taken for granted."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_VARIABLES = (*_PROXIES, *map(str.lower, _PROXIES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Transport:
    """Sends requests through one session.

    A request costs less than ``Session.get``, which reads the environment's proxies and certificates anew each
    time. They are read again here when one of their variables or the session's own settings have changed,
    and after a minute in any case, since some systems keep them elsewhere.

    Parameters
    ----------
    session : requests.Session, optional
        Its settings, adapters and cookies hold as usual. One with a ``request`` of its own is left to that.
        Default: one that keeps no cookies, closed by `close`.
    trust_env : bool, default True
        Whether the default session looks at the environment for proxies and certificates.
    """

    def __init__(self, session: requests.Session | None = None, *, trust_env: bool = True) -> None:
        self.session = _own_session(trust_env=trust_env) if session is None else session
        self._is_owned = session is None
        self._is_plain = type(self.session).request is requests.Session.request
        self._parents: list[requests.Session] = []
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._running = Cancellation()
        self._settings: dict[str, Any] = {}
        self._read_for: object = None
        self._read_at = float("-inf")

    def exchange(
        self,
        url: str,
        auth: AuthBase | None,
        timeout: Timeout,
        certificates: Certificates = _USUAL,
        *,
        at_most: float = math.inf,
    ) -> Answer:
        """Send a GET request and return the response. Blocks, for the total of the timeout and for the credentials.

        The total is `at_most` seconds. A request that was lost on a connection kept from an earlier exchange is sent
        once more. The certificates are those of the default session; a session of the user's has its own.

        Returns
        -------
        tuple of int, mapping and bytes
            HTTP status, headers, and the body; credentials that an error repeats are redacted.

        Raises
        ------
        ConnectionFailedError
            When there is no response in time, or `close` or a `Cancellation` ended the exchange.
        MalformedResponseError
            For a response that is longer than `MAX_BODY`, or no valid HTTP.
        ConfigurationError
            When the settings for proxies, certificates or headers allow no request.
        ModelArtsError
            Raised by the credentials.
        """
        if self._process != os.getpid():
            self._begin_in_child()
        given = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        connect, read, total = (*given, sum(given))[:3]
        seconds = min(total, at_most)
        exchange = Exchange(seconds, self._running)
        try:
            send = self._prepared(url, auth, (min(connect, seconds), min(read, seconds)), certificates)
            with exchange:
                exchange.left()  # sends nothing if it was cancelled before
                try:
                    return _answer(send(), exchange)
                except requests.ConnectionError as error:
                    if isinstance(error, requests.Timeout) or not exchange.may_repeat():
                        raise
                return _answer(send(), exchange)
        except Exception as error:  # noqa: BLE001 - any of them may hold the request, and that the token
            raise_bare(failure(error, exchange, url.partition("/v2/")[0]))

    def close(self) -> None:
        """End the exchanges under way, in any thread, and close the default session. It may be used again."""
        if self._process != os.getpid():
            self._begin_in_child()
        running, self._running = self._running, Cancellation()
        running.cancel()
        if self._is_owned:
            self.session.close()

    def _begin_in_child(self) -> None:
        """Leave the connections to the parent process; those of a user's session check for a fork themselves."""
        if self._is_owned:
            self._parents.append(self.session)  # its locks may be held by threads that are no more: not even freed
            self.session = _own_session(trust_env=self.session.trust_env)
        self._begin()

    def _prepared(
        self, url: str, auth: AuthBase | None, pieces: tuple[float, ...], certificates: Certificates
    ) -> Callable[[], requests.Response]:
        # Redirects are not followed: requests would hand X-Auth-Token on to another host.
        options: dict[str, Any] = {"timeout": pieces, "allow_redirects": False}
        session = self.session
        limit(session.get_adapter(url))
        if not self._is_plain:
            return lambda: session.get(url, auth=auth, stream=True, **options)
        request = _request(session, url, auth)
        request.hooks["response"].append(_without_redirect)
        options.update(self._settings_for(url, certificates if self._is_owned else _USUAL))
        return lambda: session.send(request, **options)

    def _settings_for(self, url: str, certificates: Certificates) -> dict[str, Any]:
        session, now = self.session, time.monotonic()
        variables = [os.environ.get(name) for name in _VARIABLES] if session.trust_env else []
        read_for = (variables, dict(session.proxies), session.verify, session.cert, certificates)
        if read_for != self._read_for or now - self._read_at > _LASTING:
            merged = session.merge_environment_settings(url, {}, True, *certificates)  # noqa: FBT003 - stream
            self._settings, self._read_for, self._read_at = dict(merged), read_for, now
        return self._settings


def _own_session(*, trust_env: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = trust_env
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return session


def _request(session: requests.Session, url: str, auth: Any) -> requests.PreparedRequest:  # noqa: ANN401 - callable
    if auth is None or type(session).prepare_request is not requests.Session.prepare_request:
        return session.prepare_request(requests.Request("GET", url, auth=auth))
    # The same with less work: merging settings costs more than all the rest.
    given: Mapping[str, Any] = session.headers
    headers = {name: value for name, value in given.items() if value is not None}
    request = _Request()
    request.prepare("GET", url, headers, params=session.params, auth=auth, cookies=session.cookies, hooks=session.hooks)
    return request


class _Request(requests.PreparedRequest):
    """A request whose address, the same at each poll, is not taken apart and put together each time."""

    def prepare_url(self, url: Any, params: Any) -> None:  # noqa: ANN401 - as requests declares it
        if params or not isinstance(url, str):
            super().prepare_url(url, params)
        else:
            self.url = _normalized(url)


@lru_cache(maxsize=1_024)
def _normalized(url: str) -> str | None:
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return request.url


def _without_redirect(response: requests.Response, **_: object) -> None:
    """Remove ``Location``, or requests would read all of the body to prepare the next request."""
    response.headers.pop("Location", None)


def _answer(response: requests.Response, exchange: Exchange) -> Answer:
    exchange.is_answered = True
    with response:
        body = _read(response, exchange)
        if response.status_code != requests.codes.ok:
            body = redacted(body, response.request.headers)
        return response.status_code, response.headers, body


def _read(response: requests.Response, exchange: Exchange) -> bytes:
    """Read a body piece by piece, to give up on one that is too long."""
    status, body = response.status_code, bytearray()
    if "," in response.headers.get("Content-Encoding", ""):  # a few bytes could keep the decoders busy for years
        raise MalformedResponseError("The answer cannot be decoded: it is encoded more than once", status_code=status)
    for chunk in response.iter_content(_CHUNK):
        exchange.left()
        body += chunk
        if len(body) > MAX_BODY:
            raise MalformedResponseError(f"The answer is longer than {MAX_BODY} bytes", status_code=status)
    exchange.left()  # a connection that was shut down may look like one at its end
    if _is_cut_short(response.raw):
        raise MalformedResponseError("The answer is cut short: its compressed data has no end", status_code=status)
    return bytes(body)


def _is_cut_short(raw: object) -> bool:
    """Return whether compressed data has no end, which urllib3's decoder does not notice for gzip and deflate."""
    return getattr(getattr(getattr(raw, "_decoder", None), "_obj", None), "eof", True) is False


def checked_timeout(timeout: object) -> Timeout:
    """Return the limits of a client, or raise `ConfigurationError`."""
    limits: Any = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(limits) in {2, 3} and all(map(_is_duration, limits)):
        return limits  # type: ignore[no-any-return]
    raise ConfigurationError(
        f"The timeout must be seconds above 0 and up to a day, one to three of them, not {timeout!r}"
    )


def _is_duration(seconds: object) -> bool:
    return isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 < seconds <= _DAY
