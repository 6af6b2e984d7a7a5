"""Validates UTF-8 as it arrives (RFC 6455 §8.1)."""

from __future__ import annotations

import codecs


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
