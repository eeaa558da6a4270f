"""The exceptions of this package, with `ModelArtsError` as their common base.

Attributes hold the raw facts; ``str()`` puts them into one sentence. Mistakes in a call itself (an empty
identifier, a number in place of a string) are the usual `ValueError` and `TypeError`.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, TypeVar

from .text import printable

ErrorT = TypeVar("ErrorT", bound=BaseException)


class ModelArtsError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    message : str, optional
        Description of the error, without a full stop. Default: the `summary` of the class.
    status_code : int, optional
        HTTP status of the response; ``None`` when there was no response.
    error_code : str, optional
        The service's own code, such as ``ModelArts.4359`` or ``APIG.0301``.
    error_msg : str, optional
        The service's own message.
    request_id : str, optional
        ID of the request, for the service's support.
    retry_after : float, optional
        Seconds to wait, as the service asks; ``None`` when it does not.

    Examples
    --------
    With ``export`` and ``client`` as in the example of `watch_export`:

    >>> try:
    ...     client.get_export_task(export.dataset_id, "no-such-task")
    ... except ModelArtsError as error:
    ...     print(type(error).__name__, error.status_code, error.error_code)
    NotFoundError 400 ModelArts.4359
    """

    summary: ClassVar[str] = "The request to ModelArts failed"

    def __init__(
        self,
        message: str | None = None,
        *,
        status_code: int | None = None,
        error_code: str | None = None,
        error_msg: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(self.summary if message is None else message)
        self.status_code = status_code
        self.error_code = error_code
        self.error_msg = error_msg
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        sentence: str = self.args[0]
        if self.error_msg:
            sentence += f': the service says "{" ".join(self.error_msg.split())}"'
        facts = [
            f"HTTP {self.status_code}" if self.status_code is not None else None,
            self.error_code,
            f"request {self.request_id}" if self.request_id else None,
        ]
        known = ", ".join(fact for fact in facts if fact)
        whole = f"{sentence} ({known})" if known else sentence
        return "\n".join(map(printable, whole.splitlines()))


class ConfigurationError(ModelArtsError):
    """The configuration is missing, incomplete or invalid; nothing was sent."""

    summary = "The client configuration is invalid"


class AuthenticationError(ModelArtsError):
    """The service rejected the credentials (HTTP 401, or a code that says so).

    Parameters
    ----------
    message : str, optional
        As for `ModelArtsError`.
    expired : bool, default False
        Whether the service says that they have expired.
    **facts
        As for `ModelArtsError`.
    """

    summary = "The credentials were refused"

    def __init__(
        self,
        message: str | None = None,
        *,
        expired: bool = False,
        **facts: Any,  # noqa: ANN401 - those of the base
    ) -> None:
        super().__init__(message, **facts)
        self.expired = expired


class PermissionDeniedError(ModelArtsError):
    """The credentials are valid but do not permit reading this export (HTTP 403)."""

    summary = "These credentials may not read this export"


class NotFoundError(ModelArtsError):
    """No such dataset or export task, or no such API at this endpoint (HTTP 404, or 400 with a code that says so)."""

    summary = "There is no such dataset or export task"


class ThrottledError(ModelArtsError):
    """The service asks for fewer requests (HTTP 429); `retry_after` is the time to wait, if the service sends it."""

    summary = "The service asks for fewer requests"


class ServiceError(ModelArtsError):
    """The service answered with any other error."""

    summary = "The service could not answer"


class ConnectionFailedError(ModelArtsError):
    """There was no response: nothing listens there, the connection broke, TLS failed or the time ran out."""

    summary = "The service could not be reached"


class MalformedResponseError(ModelArtsError):
    """The response is not one that the API documents: it is no JSON object, or far too long."""

    summary = "The answer is not a JSON object"


class ExportFailedError(ModelArtsError):
    """The export itself ended as FAILED; raised by `ExportTask.raise_for_status` only."""

    summary = "The export failed"


def raise_bare(error: BaseException) -> NoReturn:
    """Raise an error without the frames and the context it has so far: local variables there may hold secrets."""
    try:
        raise error.with_traceback(None)
    finally:
        error.__context__ = None
        del error  # or its traceback would hold it, and it its traceback


def without_request(error: ErrorT, *, message: bool = True) -> ErrorT:
    """Return a copy of another library's error as a cause, without its request, its traceback or, optionally, message.

    The original may hold a request with its headers, and its traceback the local variables of the code that
    made them: secrets, which some ways of printing a traceback show.
    """
    copy: ErrorT = type(error).__new__(type(error))
    copy.args = (str(error),) if message else ()
    return copy
