"""Joins fragments to messages (RFC 6455 §5.4)."""

from __future__ import annotations

from msgspec import Struct, field

from replay.protocol.events import Spoilt
from replay.protocol.utf8 import Utf8
from replay.wire.deflate import Inflater

BEFORE = 64
"""Octets of the output before a fault that are kept."""


class Assembly(Struct):
    """A data message whose frames are still arriving."""

    text: bool
    inflater: Inflater | None  # of a compressed message (RFC 7692 §6)
    chunks: list[bytes] = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)
    utf8: Utf8 | None = None  # None: there is nothing to validate, or no longer
    valid: bool = True
    holes: list[tuple[int, int | None]] = field(default_factory=list)
    blind: bool = False  # the rest of it can't be known
    come: int = 0  # octets up to the end of the last hole
    counted: int = 0  # chunks before the last hole
    compressed: bool = False

    def __post_init__(self) -> None:
        if self.text:
            self.utf8 = Utf8("inflated message" if self.inflater else "message")

    def ignore(self) -> None:
        """Yield no message for it: it breaks a rule, or nobody asks for it."""
        self.utf8, self.valid = None, False
        self.chunks.clear()

    def hole(self, missing: int) -> None:
        """Note that this many octets of the payload are missing. The text after them can't be validated,
        and a compressed message can't be inflated any further."""
        self.come += sum(map(len, self.chunks[self.counted :])) if self.counted < len(self.chunks) else 0
        at, self.counted = self.come, len(self.chunks)
        self.come += missing
        self.utf8 = None
        if self.inflater is not None:
            self.holes, self.inflater, self.blind = [(at, None)], None, True
        elif not self.blind:
            self.holes.append((at, missing))

    def spoilt(self, at: int | None, last: bytes, wrong: int | None = None) -> Spoilt | None:
        """How far it inflated, including `last`, before octet `at` of its payload or octet `wrong` of the
        output; None if it was ignored."""
        if not self.valid:
            return None
        came = [*self.chunks, last]
        start = sum(map(len, came))
        length = start if wrong is None else wrong
        tail = b""
        while came and len(tail) < BEFORE:
            chunk = came.pop()
            start -= len(chunk)
            end = min(len(chunk), max(0, length - start))
            tail = chunk[max(0, end - BEFORE) : end] + tail
        return Spoilt(at, length, tail[-BEFORE:], self.text)

    def takes(self, data: bytes) -> bool:
        """Whether this data is certainly valid, however it is split."""
        return self.inflater is None and not self.blind and (self.utf8 is None or self.utf8.takes(data))

    def offset_to_stream(self, offset: int) -> int:
        """The offset in the stream of its side of octet `offset` of the message."""
        for start, length in self.parts:
            if offset < length:
                return start + offset
            offset -= length
        start, length = self.parts[-1]
        return start + length
