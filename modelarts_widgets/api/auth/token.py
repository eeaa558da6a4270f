"""`TokenAuth`: a token, or a function that gets one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import requests
from requests.auth import AuthBase

from ..errors import AuthenticationError, ConnectionFailedError, ModelArtsError, bare
from .headers import checked_secret


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
        fixed = "" if callable(token) else checked_secret("token", token)
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


def _obtained(source: Callable[[], str]) -> str:
    kind: type[ModelArtsError] = AuthenticationError
    try:
        return checked_secret("token", source())
    except ModelArtsError:
        raise
    except (ConnectionError, TimeoutError, requests.RequestException) as error:
        kind, cause = ConnectionFailedError, bare(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no token
        cause = bare(error)
    raise kind(f"No token could be had: the function for it raised {type(cause).__name__}") from cause
