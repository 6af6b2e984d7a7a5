"""What a message says: a value, as a view reads it, in which there may be matchers and names."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from replay.protocol.events import Message
from replay.values.shape import Free, Fresh, Keyed, Known, Listed, Names, Shape, Value
from replay.values.views import view

NO_NAMES: Names = {}


class Said(Struct, frozen=True):
    """The value of a message that is sent or expected."""

    view: str
    shape: Shape


class Unread(Struct, frozen=True):
    """Why a message has no value in a view."""

    reason: str


def as_expected(shape: Shape) -> Shape:
    """What an echo of this value is like: what was made for it comes back."""
    return _changed(shape, lambda new: Known(new.name) if new.name else Free(new.kind), lambda known: known)


def as_sent(shape: Shape) -> Shape:
    """What a message is like that was made of this value: it shows what was made, under the same names."""
    return _changed(shape, lambda new: Free(new.kind, new.name), lambda known: Free("any"))


def _changed(shape: Shape, fresh: Callable[[Fresh], Shape], known: Callable[[Known], Shape]) -> Shape:
    """The shape of a value that is sent, with others in place of what is only known when it is."""
    match shape:
        case Fresh():
            return fresh(shape)
        case Known():
            return known(shape)
        case Keyed():
            items = tuple((key, _changed(one, fresh, known)) for key, one in shape.items)
            return replace(shape, items=items)
        case Listed():
            return replace(shape, items=tuple(_changed(one, fresh, known) for one in shape.items))
    return shape


def read(name: str, message: Message) -> Value | Unread:
    """What a message says in the view of this name."""
    try:
        return view(name).decode(message.text, message.data)
    except ValueError as error:
        return Unread(str(error))
