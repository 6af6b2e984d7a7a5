"""Binary messages of a fixed layout as the list of their fields, by the module struct."""

from __future__ import annotations

import struct

from replay.values.shape import Value
from replay.values.view import View

MOST = 2**16
"""The most octets of a layout."""


def size_of(layout: str) -> int:
    """How many octets it has. Raises ValueError with a sentence."""
    try:
        size = struct.calcsize(layout)
    except struct.error as error:
        raise ValueError(f"{layout!r} is no format of Python's module struct: {error}") from None
    if not 0 < size <= MOST:
        raise ValueError(f"a layout has 1 to {MOST} octets, and {layout!r} has {size}")
    return size


def of(layout: str) -> View:
    """The view of messages with this layout. Raises ValueError with a sentence."""
    size = size_of(layout)

    def decode(text: bool, octets: bytes) -> Value:
        if text:
            raise ValueError("is a text message, not a binary one")
        if len(octets) != size:
            raise ValueError(f"has {len(octets)} octets, and {layout!r} takes {size}")
        return list(struct.unpack(layout, octets))

    def encode(value: Value) -> tuple[bool, bytes]:
        if not isinstance(value, list):
            raise ValueError("isn't a list of fields")
        try:
            return False, struct.pack(layout, *value)
        except (struct.error, TypeError, OverflowError) as error:
            raise ValueError(f"doesn't fit {layout!r}: {error}") from None

    return View(f"fields {layout}", decode, encode)
