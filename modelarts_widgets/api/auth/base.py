"""The base class of credentials, and helpers to compare and call auth objects of any kind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

import requests
from requests.auth import AuthBase

from ..errors import AuthenticationError, ConnectionFailedError, ModelArtsError, raise_bare, without_request

ResultT = TypeVar("ResultT")


class Credentials(AuthBase):
    """Base of the auth objects of this package: their ``repr`` shows no secret, and they cannot be pickled."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds secrets and cannot be pickled or copied: create a new one there")


class Identity:
    """A dictionary key for an object of any type. Equal to another if the objects are equal and hashable, or the same.

    Parameters
    ----------
    thing : object
        The object to compare. It is kept alive, so that its ``id`` is not used again.
    by_value : bool, default True
        Whether its own ``==`` counts.
    """

    __slots__ = ("_by_value", "_hash", "_thing")

    def __init__(self, thing: object, *, by_value: bool = True) -> None:
        self._thing = thing
        self._by_value = by_value
        self._hash = id(thing)
        if by_value:
            try:
                self._hash = hash(thing)
            except Exception:  # noqa: BLE001 - the user's code
                self._by_value = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Identity):
            return NotImplemented
        if self._thing is other._thing:
            return True
        try:
            return self._by_value and other._by_value and bool(self._thing == other._thing)
        except Exception:  # noqa: BLE001 - the user's code
            return False

    def __hash__(self) -> int:
        return self._hash


def call_user_code(name: str, function: Callable[[], ResultT]) -> ResultT:
    """Call a function of the user's; translate its exceptions into errors of this package that name their type.

    Raises
    ------
    ConnectionFailedError
        For an error of the network, after which polling tries again.
    AuthenticationError
        For anything else, `SystemExit` and the like too: there are no credentials then.
    KeyboardInterrupt
        In the main thread, where it is the user who interrupts.
    """
    try:
        return function()
    except ModelArtsError:
        raise
    except BaseException as error:  # of any kind: then there are no credentials
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise
        cause = without_request(error, message=not isinstance(error, requests.RequestException))
        raise_bare(missing_credentials(name, error, cause))


def missing_credentials(name: str, error: BaseException, cause: BaseException | None = None) -> ModelArtsError:
    """Return the error for user code that returned no credentials: of the network, or any other."""
    is_unreachable = isinstance(error, (ConnectionError, TimeoutError, requests.RequestException))
    kind = ConnectionFailedError if is_unreachable else AuthenticationError
    missing = kind(f"{name} raised {type(error).__name__}")
    missing.__cause__ = cause
    return missing
