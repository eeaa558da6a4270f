"""`ModelArtsClient`: one session, one method per API call, JSON in, model or error out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase

from .decoding import decode
from .errors import ConfigurationError, ConnectionFailedError, MalformedResponseError, bare
from .models import ExportTask

Timeout: TypeAlias = "float | tuple[float, float]"
"""Seconds to connect and seconds between two pieces of an answer; a single number stands for both."""

MAX_BODY = 32 * 2**20
"""Bytes; a longer answer is refused, so that a broken proxy cannot fill the memory."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_CHUNK = 2**16


class ModelArtsClient:
    """A connection to ModelArts in one project. Safe to share between threads; does no I/O until asked.

    Parameters
    ----------
    endpoint : str
        Such as ``https://modelarts.eu-de.otc.t-systems.com``. Plain ``http`` is for loopback addresses only.
    project_id : str
        The project that the datasets belong to.
    auth : requests.auth.AuthBase, optional
        Such as `TokenAuth`. Default: what the session does by itself.
    session : requests.Session, optional
        For proxies, certificates or adapters of your own. Default: a fresh one, closed by `close`.
    timeout : float or tuple of float, default (5.0, 30.0)
        Seconds to wait for a connection, and for each piece of an answer.

    Raises
    ------
    ConfigurationError
        For an endpoint that is no such URL, or a timeout that would wait for ever or not at all.
    TypeError, ValueError
        For a project ID that is no string, or can be no part of a path.
    """

    def __init__(
        self,
        endpoint: str,
        project_id: str,
        *,
        auth: AuthBase | None = None,
        session: requests.Session | None = None,
        timeout: Timeout = (5.0, 30.0),
    ) -> None:
        self.endpoint = _checked_endpoint(endpoint)
        self.project_id = checked_identifier("project_id", project_id)
        self.timeout = _checked_timeout(timeout)
        self.auth = auth
        self._owns_session = session is None
        self._session = requests.Session() if session is None else session
        if self._owns_session and _is_loopback(urlsplit(self.endpoint).hostname or ""):
            self._session.trust_env = False  # or the token would go through HTTP_PROXY, in the clear

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Ask for the state of one export task. Blocks for the request.

        Parameters
        ----------
        dataset_id : str
            ID of the dataset (``resource_id`` in Table 1 of the API page).
        task_id : str
            ID of the export task.

        Returns
        -------
        ExportTask
            FAILED tasks too: see `ExportTask.raise_for_status`.

        Raises
        ------
        TypeError, ValueError
            For an ID that is no string, or can be no part of a path. Nothing is sent.
        ModelArtsError
            One of its children says what went wrong.
        """
        dataset = quote(checked_identifier("dataset_id", dataset_id), safe="")
        task = quote(checked_identifier("task_id", task_id), safe="")
        return ExportTask.from_json(self._get(f"/datasets/{dataset}/export-tasks/{task}"))

    @property
    def auth(self) -> AuthBase | None:
        """The credentials. May be changed at any time, for all that ask through this client."""
        return self._auth

    @auth.setter
    def auth(self, auth: AuthBase | None) -> None:
        if auth is not None and not callable(auth):
            raise ConfigurationError(f"auth must be an object such as TokenAuth(token), not {type(auth).__name__}")
        self._auth = auth

    def close(self) -> None:
        """Close the connections, unless the session is yours."""
        if self._owns_session:
            self._session.close()

    def __enter__(self) -> ModelArtsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ModelArtsClient({self.endpoint!r}, {self.project_id!r})"

    def _get(self, path: str) -> dict[str, Any]:
        return decode(*self._exchange(f"{self.endpoint}/v2/{quote(self.project_id, safe='')}{path}"))

    def _exchange(self, url: str) -> tuple[int, Mapping[str, str], bytes]:
        # Redirects are not followed: requests would hand X-Auth-Token on to another host.
        options: dict[str, Any] = {"timeout": self.timeout, "allow_redirects": False, "stream": True}
        try:
            with self._session.get(url, auth=self.auth, **options) as response:
                return response.status_code, response.headers, _read(response)
        except requests.RequestException as error:
            what, why = f"{_why(error)} {self.endpoint}", bare(error)
        # The error itself has the request, and its traceback the headers, token included: a bare copy
        # is the cause, raised where the error is not the context.
        raise ConnectionFailedError(what) from why


def checked_identifier(name: str, value: str) -> str:
    """Return an identifier that can stand as one part of a URL's path, or raise.

    Raises
    ------
    TypeError
        For anything but a string.
    ValueError
        For an empty one, for ``.`` and ``..``, which would lead to another path, and for lone surrogates.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not value.strip() or value in {".", ".."} or _SURROGATE.search(value):
        raise ValueError(f"{name} must not be {value!r}")
    return value


def _checked_endpoint(endpoint: object) -> str:
    url = endpoint if isinstance(endpoint, str) and endpoint.isprintable() and " " not in endpoint else ""
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError("The endpoint must be a URL such as https://modelarts.eu-de.otc.t-systems.com")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("The endpoint must not hold a user name or password: pass auth=… instead")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConfigurationError(f"The endpoint must start with https://, or anyone on the way reads the token: {url}")
    return url.rstrip("/")


def _checked_timeout(timeout: object) -> Timeout:
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(pair) == len(("connect", "read")) and all(_is_positive(seconds) for seconds in pair):
        return pair
    raise ConfigurationError(f"The timeout must be seconds above 0, or a pair of them, not {timeout!r}")


def _is_positive(seconds: object) -> bool:
    return isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 < seconds < math.inf


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


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
    if isinstance(error, requests.Timeout):
        return "No answer in time from"
    return "There is no connection to"
