"""What a spec says of a value in a message: the value itself, or what it has to be like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from replay.source import Located, Span

Scalar: TypeAlias = bool | int | float | str | None
Value: TypeAlias = "Scalar | bytes | list[Value] | dict[str, Value]"
"""A message, or a part of it, as its view reads it."""

Names: TypeAlias = Mapping[str, Value]
"""What has been captured, by its name."""


class Exactly(Located, frozen=True):
    """This value. Numbers are equal by value, whatever their notation."""

    value: Scalar
    span: Span | None = None

    def _said(self) -> list[object]:
        return [isinstance(self.value, bool), self.value]  # true is no number, unlike in Python


class Free(Located, frozen=True):
    """Any value of a kind, which then has a name if one is given."""

    kind: str  # of kinds.KINDS
    name: str | None = None
    span: Span | None = None


class Known(Located, frozen=True):
    """The value that has this name."""

    name: str
    span: Span | None = None


class Fresh(Located, frozen=True):
    """A new value of a kind, made when it is sent."""

    kind: str  # of kinds.KINDS, one that can be made
    name: str | None = None
    span: Span | None = None


class Regex(Located, frozen=True):
    """A text that the pattern matches as a whole."""

    pattern: str
    span: Span | None = None


class Octets(Located, frozen=True):
    """Binary data. A bit that isn't set in the mask, which is equally long, is free."""

    octets: bytes
    mask: bytes
    span: Span | None = None


class Keyed(Located, frozen=True):
    """An object with these keys, in any order."""

    items: tuple[tuple[str, Shape], ...]
    others: bool = False  # whether it may have further keys
    span: Span | None = None


class Listed(Located, frozen=True):
    """A list of these items, in this order."""

    items: tuple[Shape, ...]
    span: Span | None = None


class Unordered(Located, frozen=True):
    """A list of these items, in any order."""

    items: tuple[Shape, ...]
    span: Span | None = None


class Each(Located, frozen=True):
    """A list of any length whose items are all like this."""

    shape: Shape
    span: Span | None = None


Shape: TypeAlias = Exactly | Free | Known | Fresh | Regex | Octets | Keyed | Listed | Unordered | Each


def parts(shape: Shape) -> Iterator[Shape]:
    """The shape and all shapes in it, in the order in which they are written."""
    waiting = [shape]
    while waiting:
        shape = waiting.pop()
        yield shape
        match shape:
            case Keyed(items=items):
                waiting += [inner for _, inner in reversed(items)]
            case Listed(items=within) | Unordered(items=within):
                waiting += reversed(within)
            case Each(shape=inner):
                waiting.append(inner)


def uses(shape: Shape) -> dict[str, Span | None]:
    """The names whose values the shape needs, each with the place of its first use."""
    found: dict[str, Span | None] = {}
    for part in parts(shape):
        if isinstance(part, Known):
            found.setdefault(part.name, part.span)
    return found


def binds(shape: Shape) -> dict[str, Span | None]:
    """The names that the shape gives to values, each with the place where it does so first."""
    found: dict[str, Span | None] = {}
    for part in parts(shape):
        if isinstance(part, Free | Fresh) and part.name is not None:
            found.setdefault(part.name, part.span)
    return found


def shape_of(value: Value, leaf: Callable[[Scalar | bytes], Shape]) -> Shape:
    """The shape of a value, with this one for each of its parts that has no parts."""
    match value:
        case dict():
            return Keyed(tuple((key, shape_of(inner, leaf)) for key, inner in value.items()))
        case list():
            return Listed(tuple(shape_of(inner, leaf) for inner in value))
    return leaf(value)


def exactly(value: Value) -> Shape:
    """The shape of this value alone."""
    return shape_of(value, _exactly)


def _exactly(value: Scalar | bytes) -> Shape:
    return Octets(value, b"\xff" * len(value)) if isinstance(value, bytes) else Exactly(value)
