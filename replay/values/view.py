"""What a view is: one way to read messages as values, and to write values as messages."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from replay.values.shape import Value


class View(Struct, frozen=True):
    """One way to read messages."""

    name: str
    decode: Callable[[bool, bytes], Value]
    """What a message says, from whether it is a text and its octets. Raises ValueError with a clause that
    says of the message what is wrong: 'isn't JSON: …'."""
    encode: Callable[[Value], tuple[bool, bytes]]
    """The message that says it: whether it is a text, and its octets. Raises ValueError with a clause that
    says of the value why it can't be sent."""
