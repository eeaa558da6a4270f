"""`TokenAuth`: a token, or a function that returns one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import requests

from ..errors import ConfigurationError
from .base import Credentials, call_user_code
from .headers import Secret, checked_secret, hide


class TokenAuth(Credentials):
    """A token of the cloud's identity service, sent as ``X-Auth-Token``.

    Parameters
    ----------
    token : str or callable
        A token of project scope, or a function without arguments that returns one. The function is
        called at the first request, and again whenever the service says that the token has expired; it
        may block. White space around a token is removed, since pasted tokens often carry some.

    Raises
    ------
    ConfigurationError
        For a token that is empty or can be no header value. The message does not show it.

    Examples
    --------
    >>> TokenAuth("a-token"), TokenAuth(lambda: "another-token")
    (TokenAuth(…), TokenAuth(…))
    """

    def __init__(self, token: str | Callable[[], str]) -> None:
        given = token if callable(token) else hide(token)
        del token  # or a traceback that shows variables has it
        self._source = given if callable(given) else None
        self._token = Secret() if callable(given) else checked_secret("token", given)
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._is_calling = False

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header ``X-Auth-Token``; called by `requests`. Blocks while your function runs."""
        if self._process != os.getpid():
            self._begin()  # in a forked child, the thread that held the lock is missing
        with self._lock:
            self._token = self._token or self._obtained()
            r.headers["X-Auth-Token"] = self._token
        return r

    def refresh(self) -> bool:
        """Replace the token by another one. Blocks while your function runs.

        Returns
        -------
        bool
            Whether the token is another one now; ``False`` for a token that was given as a string.

        Raises
        ------
        AuthenticationError
            When your function fails.
        ConnectionFailedError
            When it fails with an error of the network; polling tries again.
        """
        if self._source is None:
            return False
        with self._lock:
            old, self._token = self._token, self._obtained()
            return self._token != old

    def _obtained(self) -> Secret:
        if self._source is None or self._is_calling:
            raise ConfigurationError("The function that returns the token uses the client that waits for it")
        self._is_calling = True
        try:
            return checked_secret("token", hide(call_user_code("The function that returns the token", self._source)))
        finally:
            self._is_calling = False

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, TokenAuth):
            return self is other
        is_alike = type(other) is type(self) and other._source is self._source is None
        return is_alike and other._token == self._token

    def __hash__(self) -> int:
        return hash((TokenAuth, self._token)) if self._source is None else object.__hash__(self)
