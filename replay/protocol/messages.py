"""Joins fragments to messages (RFC 6455 §5.4) and validates UTF-8 as it arrives (§8.1)."""

from __future__ import annotations

import codecs

from msgspec import Struct, field

from replay.protocol.events import Spoilt
from replay.wire.deflate import Inflater

BEFORE = 64
"""Octets of the output before a fault that are kept."""


class Utf8:
    """Validates UTF-8, however it is split, and reports the first wrong octet as soon as it arrives.

    Python's incremental decoder does the work (RFC 3629), but is one octet late on surrogates: it reports
    `ed a0`, which no third octet can complete, only when that octet arrives.
    """

    def __init__(self, name: str = "message") -> None:
        self.wrong = ""  # what is wrong, as a clause that refers to the text by `name`
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._fed = 0
        self._pending = False  # the text so far ends inside a code point

    def takes(self, data: bytes) -> bool:
        """Whether this data is certainly valid, however it is split."""
        return not self._pending and data.isascii()

    def feed(self, data: bytes, final: bool = False) -> int | None:
        """The offset, in all that was fed, of the first wrong octet; None: there is none.

        With `final`, text that ends inside a code point is wrong one octet past its end.
        """
        if self.takes(data):
            self._fed += len(data)
            return None
        pending = bytes(self._decoder.getstate()[0])
        base = self._fed - len(pending)
        self._fed += len(data)
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            return self._found(bytes(error.object), base, error.start, error.end, error.reason)
        pending = bytes(self._decoder.getstate()[0])
        self._pending = bool(pending)
        if len(pending) == 2 and pending[0] == 0xED and pending[1] >= 0xA0:
            return self._found(pending, self._fed - 2, 0, 1, "invalid continuation byte")
        return None

    def _found(self, data: bytes, base: int, start: int, end: int, reason: str) -> int:
        """The offset of the wrong octet; sets `wrong` from the reason that Python gives."""
        if reason == "invalid start byte":
            place = f"at offset {base + start} of the {self._name}"
            self.wrong = f"0x{data[start]:02x} {place} cannot begin a character"
            return base + start
        begun = " ".join(f"0x{octet:02x}" for octet in data[start:end])
        if end < len(data):
            place = f"at offset {base + end} of the {self._name}"
            self.wrong = f"0x{data[end]:02x} {place} cannot follow {begun}"
        else:
            place = f"which begins with {begun} at offset {base + start}"
            self.wrong = f"the {self._name} ends inside a character, {place}"
        return base + end


def is_utf8(data: bytes) -> bool:
    """Whether a whole text is valid UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


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
