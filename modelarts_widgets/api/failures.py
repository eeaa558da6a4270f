"""Translation of the errors of an exchange: the messages of other libraries may repeat a secret."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import DecodeError, InvalidChunkLength, InvalidHeader, ProxyError

from .errors import ConfigurationError, ConnectionFailedError, MalformedResponseError, ModelArtsError
from .exchange import Exchange

_NOT_SENDABLE = "The request cannot be made: a header, or the proxy's address or password, has characters HTTP forbids"
_NOT_READABLE = "A file of certificates or keys cannot be read (session, REQUESTS_CA_BUNDLE, cacert, cert or key)"
_NO_SOCKS = 'The proxy (HTTPS_PROXY, ALL_PROXY) speaks SOCKS, which needs PySocks: pip install "requests[socks]"'
_NO_PROXY = "The proxy's address cannot be used: it must be like http://HOST:PORT (see HTTPS_PROXY, ALL_PROXY)"
_UNREADABLE = ("The answer is not valid HTTP", "The answer cannot be decoded: it does not match its Content-Encoding")


def failure(error: Exception, exchange: Exchange, where: str) -> ModelArtsError:
    """Return the `ModelArtsError` for any exception of an exchange.

    An error of requests holds the request, and its traceback the headers, token included. So the cause is an empty
    error of the same type.
    """
    if isinstance(error, ModelArtsError):
        return error.with_traceback(None)
    ours = _meaning(error, exchange, where)
    ours.__cause__ = _emptied(error)
    return ours


def proxy_fault(error: object) -> ConfigurationError | None:
    """Return the error for a proxy that requests cannot use at all; ``None`` for any other error."""
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return ConfigurationError(_NO_SOCKS)
    return ConfigurationError(_NO_PROXY) if isinstance(error, requests.exceptions.InvalidURL) else None


def _emptied(error: Exception) -> Exception | None:
    try:
        copy = type(error).__new__(type(error))
    except Exception:  # noqa: BLE001 - a type that needs arguments
        return None
    copy.args = ()
    return copy


def _meaning(error: Exception, exchange: Exchange, where: str) -> ModelArtsError:
    causes = list(_chain(error))
    if exchange.is_cancelled:
        return ConnectionFailedError(f"The request was cancelled before {where} had answered")
    if exchange.is_overdue:
        return ConnectionFailedError(f"The answer took longer than {exchange.seconds:g} s in all from {where}")
    if exchange.is_answered and any(map(_is_invalid, causes)):
        return MalformedResponseError(_UNREADABLE[_has(causes, DecodeError)])
    if not exchange.is_answered and isinstance(error, ValueError):
        return proxy_fault(error) or ConfigurationError(_NOT_SENDABLE)
    if type(error) in (OSError, FileNotFoundError, PermissionError):  # requests itself, before it sends
        return ConfigurationError(_NOT_READABLE)
    unusual = "" if isinstance(error, requests.RequestException) else f" ({type(error).__name__})"
    why = _why_not(causes, is_answered=exchange.is_answered)
    return ConnectionFailedError(f"{why} {where}{unusual}{_refusal(causes)}")


def _why_not(causes: list[BaseException], *, is_answered: bool) -> str:
    if _has(causes, ProxyError, requests.exceptions.ProxyError):
        return "The proxy gives no connection to"
    if _has(causes, ssl.SSLError, requests.exceptions.SSLError):
        return "The certificate was not accepted from" if _refusal(causes) else "TLS failed with"
    if _has(causes, TimeoutError, requests.Timeout):
        return "No answer in time from"
    if is_answered:
        return "The connection broke before the whole answer had come from"
    return "The name cannot be resolved of" if _has(causes, socket.gaierror) else "There is no connection to"


def _refusal(causes: list[BaseException]) -> str:
    """Return OpenSSL's reason for refusing a certificate, which holds the name of the host at most."""
    refused = (cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError))
    return next((f": {cause.verify_message}" for cause in refused), "")


def _has(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _is_invalid(cause: BaseException) -> bool:
    if isinstance(cause, (DecodeError, InvalidChunkLength, InvalidHeader, ValueError)):
        return True
    is_cut = isinstance(cause, (http.client.IncompleteRead, http.client.RemoteDisconnected))
    return isinstance(cause, http.client.HTTPException) and not is_cut
