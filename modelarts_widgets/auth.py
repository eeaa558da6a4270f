"""Credentials as `requests` auth objects. Secrets go into request headers and nowhere else."""

from __future__ import annotations

import requests
from requests.auth import AuthBase

from .errors import ConfigurationError


class TokenAuth(AuthBase):
    """A token of the cloud's identity service, sent as ``X-Auth-Token``.

    Parameters
    ----------
    token : str
        A token of project scope. White space around it is removed, since pasted tokens often carry some.

    Raises
    ------
    ConfigurationError
        For a token that is empty or can be no header value. The message does not show it.
    """

    def __init__(self, token: str) -> None:
        if not isinstance(token, str):
            raise ConfigurationError(f"The token must be a string, not {type(token).__name__}")
        token = token.strip()
        if not (token and token.isascii() and token.isprintable()):
            raise ConfigurationError("The token is empty, or holds characters that no token has")
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request; called by `requests`."""
        r.headers["X-Auth-Token"] = self._token
        return r

    def __repr__(self) -> str:
        return "TokenAuth(…)"
