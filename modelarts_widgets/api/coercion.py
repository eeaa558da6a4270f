"""`Document`, the base of all models, and coercion of JSON values to the types they declare: lossless, or ``None``.

The service sends other JSON types than its tables declare: a number where a string is documented,
a word where a boolean is.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from .text import plain

DocumentT = TypeVar("DocumentT", bound="Document")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text(value: object) -> str | None:
    """Return a string; numbers and booleans in their JSON form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value) if isinstance(value, (str, int, float)) else None
    except ValueError:  # an integer with more digits than Python converts
        return None


def number(value: object) -> float | None:
    """Return a finite number, given as such or as text. Booleans do not count."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def integer(value: object) -> int | None:
    """Return a whole number, given as such or as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    read = number(value)
    return int(read) if read is not None and read.is_integer() else None


def boolean(value: object) -> bool | None:
    """Return a boolean, given as such or as text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def texts(value: object) -> tuple[str, ...] | None:
    """Return a tuple of strings; items that are not scalar are left out."""
    if not isinstance(value, list):
        return None
    return tuple(read for read in map(text, value) if read is not None)


def text_lists(value: object) -> dict[str, tuple[str, ...] | None] | None:
    """Return a dictionary of tuples of strings; a value that is not a list is ``None``."""
    return {key: texts(item) for key, item in value.items()} if isinstance(value, dict) else None


def moment(milliseconds: int | None) -> datetime | None:
    """Return a point of time since 1970 as an aware UTC datetime, or ``None`` where there is none that far away."""
    try:
        return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def one(document: type[DocumentT]) -> Callable[[object], DocumentT | None]:
    """Return a function that reads a field with another document."""
    return lambda value: document.from_json(value) if isinstance(value, dict) else None


def many(document: type[DocumentT]) -> Callable[[object], tuple[DocumentT, ...] | None]:
    """Return a function that reads a field with a list of documents."""

    def read(value: object) -> tuple[DocumentT, ...] | None:
        if not isinstance(value, list):
            return None
        return tuple(document.from_json(item) for item in value if isinstance(item, dict))

    return read


def field(read: Callable[[object], object], about: str, *, hashed: bool = True) -> Any:  # noqa: ANN401 - of any type
    """Declare a field, ``None`` by default, with the function that reads it and a description for users."""
    return dataclasses.field(default=None, hash=hashed, metadata={"read": read, "about": about})


@dataclasses.dataclass(frozen=True)
class Document:
    """Base of all documents. Every field is ``None`` when the service does not send it."""

    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False, repr=False, kw_only=True)
    """The JSON object as received, undeclared keys among them."""

    @classmethod
    def from_json(cls: type[DocumentT], document: Mapping[str, Any]) -> DocumentT:
        """Return the document in a decoded JSON object. Never raises: values that cannot be coerced are ``None``."""
        readers = _readers(cls)  # type: ignore[arg-type] # a class can be hashed
        return cls(raw=document, **{name: read(document[name]) for name, read in readers if name in document})

    def to_dict(self) -> dict[str, Any]:
        """Return the document for ``json.dumps``; see `ExportTask.to_dict`."""
        return {**plain(self.raw), **{name: plain(getattr(self, name)) for name, _ in _readers(type(self))}}  # type: ignore[arg-type] # a class can be hashed


@functools.cache
def _readers(document: type[Document]) -> list[tuple[str, Callable[[object], object]]]:
    return [(field.name, field.metadata["read"]) for field in dataclasses.fields(document) if field.metadata]
