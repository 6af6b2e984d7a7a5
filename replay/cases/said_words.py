"""The words for what a message says: the name of each built-in view, and `view` for all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

from replay.cases.said import Said
from replay.source import SourceError, Span
from replay.typed import nodes, schema
from replay.typed.readers import Files, Key, Mapped, Reader, Record, expected
from replay.values.fields_view import size_of
from replay.values.filling import fill
from replay.values.shape import Fresh, Known, Shape, parts
from replay.values.views import BUILT_IN, FIELDS, view

T = TypeVar("T")


class _Layout(Struct, frozen=True):
    """The format of a binary message, as of Python's module struct."""

    wants: str = "a format of Python's module struct, such as '>BQ4s'"

    def read(self, node: nodes.Node, files: Files) -> str:
        if not isinstance(node, nodes.Scalar) or not node.text:
            raise expected(self.wants, node)
        try:
            size_of(node.text)
        except ValueError as error:
            raise SourceError(node.span, str(error)) from None
        return node.text

    def schema(self) -> schema.Schema:
        return {"type": "string", "minLength": 1}


class _Viewed(Struct, Generic[T], frozen=True):
    """A mapping with the name of a view and the value of the message."""

    shape: Reader[Shape]
    make: Callable[[Said], T]
    wants: str = "the name of a view with a value, as in 'view: {json: 7}'"

    def read(self, node: nodes.Node, files: Files) -> T:
        if not isinstance(node, nodes.Mapping) or len(node.pairs) != 1:
            raise expected(self.wants, node)
        name, value = node.pairs[0]
        view(name.text, name.span)
        return self.make(Said(name.text, self.shape.read(value, files)))

    def schema(self) -> schema.Schema:
        return {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": schema.of(self.shape),
        }


def sendable(said: Said, span: Span | None) -> Said:
    """What is sent, if its view can write it, as far as that is known before it is sent. Raises
    SourceError."""
    if any(isinstance(part, Known | Fresh) for part in parts(said.shape)):
        return said
    try:
        view(said.view).encode(fill(said.shape, {}, None)[0])
    except ValueError as error:
        raise SourceError(span, f"a value that {error}") from None
    return said


def said_words(shape: Reader[Shape], make: Callable[[Said], T]) -> dict[str, Reader[T]]:
    """A word for each view, and what is made of a message that is read so. Raises SourceError for a view
    that isn't there."""

    def word(name: str) -> Reader[T]:
        return Mapped(shape, lambda found: make(Said(name, found)))

    fields = Record(
        "the fields of a binary message",
        {
            "format": Key(
                _Layout(), "Their layout, as of Python's module struct: '>' is network order.", True
            ),
            "values": Key(shape, "Their values, as a list.", True),
        },
        lambda found: make(Said(FIELDS + found.values["format"], found.values["values"])),
    )
    return {**{name: word(name) for name in BUILT_IN}, "fields": fields, "view": _Viewed(shape, make)}
