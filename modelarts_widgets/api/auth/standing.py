"""`Standing`: whether credentials are accepted at an endpoint, shared by all clients of the process with equal ones.

After a few refusals in a row the service locks an access key. So credentials that have not been accepted yet are
tried by one request at a time, other requests wait for its outcome, and a refusal holds for all.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
from collections.abc import Callable, Hashable
from functools import partial
from queue import SimpleQueue
from weakref import WeakSet

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
)
from .base import Identity, call_user_code

MAX_STANDINGS = 256
"""The latest ones that are kept for clients to come."""

_TIMED_OUT, _FIRST_SERVER_ERROR = 408, 500
_logger = logging.getLogger(__name__)


class Deferred(Exception):  # noqa: N818 - nothing has failed
    """Another request tries the credentials, or they have been refused: `on_trial` is called with the outcome.

    No `ModelArtsError`, so that code that handles those does not take a request that was never sent for a failed one.
    """


class Standing:
    """Whether credentials are accepted. Safe to share between threads; functions are called without its lock."""

    def __init__(self) -> None:
        self.refusal: AuthenticationError | None = None
        """The latest refusal; ``None`` if they were accepted since, forgiven or never refused."""
        self.renewals = 0
        """Number of renewals; compared with that before a request, it shows whether newer ones were refused."""
        self.is_doubtful = False
        """Whether they were refused and not accepted since, forgiven or not."""
        self._is_accepted = False
        self._on_accepted: list[Callable[[], None]] = []
        self._begin()
        _ALL.add(self)

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._trying: int | None = None
        """Identifier of the thread whose request is a trial."""
        self._waiting: list[Callable[[BaseException | None], None]] = []

    @property
    def is_tried_here(self) -> bool:
        """Whether the request of this thread is a trial."""
        return self._trying == threading.get_ident()

    def enter(self, on_outcome: Callable[[Exception | None], None]) -> bool:
        """Return whether a request may go: they were accepted, or no other one tries them. Then `leave` must follow.

        Otherwise `on_outcome` is called once with the outcome of the trial: ``None`` if they were accepted, else
        the error, which may leave it open whether they are valid. After a refusal that is not forgiven there is no
        trial: it is called with that at once.
        """
        return self._enter(lambda error: on_outcome(_shared(error)))

    def wait_for_turn(self) -> None:
        """Wait until a request may go; after a refusal it is a trial. Blocks. Then `leave` must follow.

        Raises
        ------
        ModelArtsError
            The error of the trial that was waited for.
        """
        while True:
            outcome: SimpleQueue[BaseException | None] = SimpleQueue()
            if self._enter(outcome.put, is_direct=True):
                return
            _raise_again(outcome.get())

    def leave(self, error: BaseException | None) -> None:
        """Take note of the outcome of a request that may go, in the thread that has sent it."""
        verdict, error = _verdict(error), _own(error)
        acts: list[Callable[[], object]] = []
        with self._lock:
            if verdict is not None:
                self._is_accepted, self.is_doubtful = verdict, not verdict
                self.refusal = error if isinstance(error, AuthenticationError) else None
            if self._trying == threading.get_ident():
                self._trying = None
            if self._trying is None or verdict:
                waiting, self._waiting = self._waiting, []
                acts += [partial(notify, None if verdict else error) for notify in waiting]
            if verdict:
                acts, self._on_accepted = [*acts, *self._on_accepted], []
        for act in acts:
            _call(act)

    def forgive(self) -> None:
        """Forget a refusal, so that the next request is a trial."""
        self.refusal = None

    def on_accepted(self, fn: Callable[[], None]) -> None:
        """Call a function once, as soon as the credentials are accepted; now, if they are."""
        with self._lock:
            if not self._is_accepted:
                if fn not in self._on_accepted:
                    self._on_accepted.append(fn)
                return
        _call(fn)

    def renew(self, auth: object, seen: int) -> bool:
        """Renew the credentials, unless another thread has done so since `renewals` was `seen`. Blocks.

        Returns
        -------
        bool
            Whether there are others now, with which this thread may send its request again.

        Raises
        ------
        ModelArtsError
            When the renewal fails, in this thread or the one that was waited for.
        """
        refresh: Callable[[], object] | None = getattr(auth, "refresh", None)
        if refresh is None:
            return False
        if self._is_renewed_by_others(seen):
            self.wait_for_turn()
        elif call_user_code("refresh() of the auth object", refresh) is False:
            return False
        else:
            self.renewals += 1
        return True

    def _enter(self, notify: Callable[[BaseException | None], None], *, is_direct: bool = False) -> bool:
        with self._lock:
            me, refusal = threading.get_ident(), None if is_direct else self.refusal
            may_try = self._trying == me or (self._trying is None and refusal is None)
            if self._is_accepted or may_try:
                self._trying = self._trying if self._is_accepted else me
                return True
            if self._trying is not None:
                self._waiting.append(notify)
                return False
        notify(refusal)
        return False

    def _is_renewed_by_others(self, seen: int) -> bool:
        """Return whether another thread has renewed them; if not, this one is to, and its request is a trial."""
        while True:
            outcome: SimpleQueue[BaseException | None] = SimpleQueue()
            with self._lock:
                if self.renewals != seen:
                    return True
                me = threading.get_ident()
                if self._trying in {None, me}:
                    self._is_accepted, self._trying = False, me
                    return False
                self._waiting.append(outcome.put)
            _raise_again(outcome.get())


_ALL: WeakSet[Standing] = WeakSet()
_KEPT: dict[Hashable, Standing] = {}


def standing_of(endpoint: str, auth: object, session: object) -> Standing:
    """Return the standing of credentials at an endpoint; without an auth object, of those of a user's session."""
    key = endpoint, Identity(auth), Identity(session if auth is None else None, by_value=False)
    standing = _KEPT.setdefault(key, Standing())  # no lock: comparing may call code of the user's
    for oldest in list(_KEPT)[:-MAX_STANDINGS]:
        _KEPT.pop(oldest, None)
    return standing


def _forget_threads() -> None:
    """Reset the trials in a forked child, which has none of its parent's threads."""
    for standing in _ALL:
        standing._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)


def _verdict(error: BaseException | None) -> bool | None:
    """Return whether an outcome shows that credentials are accepted or refused; ``None`` if it shows neither."""
    if isinstance(error, AuthenticationError):
        return False
    if error is None or isinstance(error, (NotFoundError, PermissionDeniedError)):
        return True
    status = error.status_code if isinstance(error, ServiceError) else None
    return True if status and 400 <= status < _FIRST_SERVER_ERROR and status != _TIMED_OUT else None  # noqa: PLR2004


def _is_for_all(error: BaseException) -> bool:
    """Return whether other clients would have got the same: not because of a client's settings or Ctrl-C."""
    return isinstance(error, ModelArtsError) and not isinstance(error, ConfigurationError)


def _shared(error: BaseException | None) -> Exception | None:
    if error is None or (isinstance(error, Exception) and _is_for_all(error)):
        return error
    return ConnectionFailedError("The request that was to try the credentials ended without an answer")


def _own(error: BaseException | None) -> BaseException | None:
    """Return a copy of a `ModelArtsError`: the original holds the frames of the thread that raises it."""
    if not isinstance(error, ModelArtsError):
        return error
    own = copy.copy(error)
    own.__cause__ = error.__cause__
    return own


def _raise_again(error: BaseException | None) -> None:
    """Raise a copy of another thread's error, if it holds for this one too."""
    own = _own(error)
    if own is not None and _is_for_all(own):
        raise own


def _call(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        _logger.exception("A callback that waited for credentials has failed")
