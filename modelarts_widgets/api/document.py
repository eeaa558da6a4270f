"""`Document`: what all documents of the service have in common: read from JSON, kept as received, written again."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .plain import plain

DocumentT = TypeVar("DocumentT", bound="Document")


def one(document: type[DocumentT]) -> Callable[[object], DocumentT | None]:
    """Return what reads a field that holds another document."""
    return lambda value: document.from_json(value) if isinstance(value, dict) else None


def many(document: type[DocumentT]) -> Callable[[object], tuple[DocumentT, ...] | None]:
    """Return what reads a field that holds several of them."""

    def read(value: object) -> tuple[DocumentT, ...] | None:
        if not isinstance(value, list):
            return None
        return tuple(document.from_json(item) for item in value if isinstance(item, dict))

    return read


def field(read: Callable[[object], object], *, hashed: bool = True) -> Any:  # noqa: ANN401 - stands for any field type
    """Declare a field, ``None`` by default, with what reads it."""
    return dataclasses.field(default=None, hash=hashed, metadata={"read": read})


@dataclasses.dataclass(frozen=True)
class Document:
    """Base of all documents. Every field is ``None`` when the service does not send it."""

    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False, repr=False, kw_only=True)
    """The JSON object as received, undeclared keys among them."""

    @classmethod
    def from_json(cls: type[DocumentT], document: Mapping[str, Any]) -> DocumentT:
        """Return the document in a decoded JSON object. Never raises: what cannot be coerced is ``None``."""
        return cls(raw=document, **{name: read(document.get(name)) for name, read in _readers(cls)})  # type: ignore[arg-type] # a class can be hashed

    def to_dict(self) -> dict[str, Any]:
        """Return the document for ``json.dumps``; see `ExportTask.to_dict`."""
        return {**plain(self.raw), **{name: plain(getattr(self, name)) for name, _ in _readers(type(self))}}  # type: ignore[arg-type] # a class can be hashed


@functools.cache
def _readers(document: type[Document]) -> list[tuple[str, Callable[[object], object]]]:
    return [(field.name, field.metadata["read"]) for field in dataclasses.fields(document) if field.metadata]
