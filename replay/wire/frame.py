"""Frames as they stand on the wire (RFC 6455 §5.2), legal or not. Knows no rule.

A frame keeps its reserved bits, the form of its length and its masking key, so that
`encode(decode(octets)) == octets` for every frame, also for those that no endpoint may send.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from replay.wire.masking import mask


class Opcode(IntEnum):
    """RFC 6455 §5.2, §11.8. 3-7 and 11-15 are reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Header(NamedTuple):
    """A frame header, octet for octet."""

    first: int  # FIN, RSV1-3 and opcode, the octet as it came
    form: int  # octets of extended length: 0, 2 or 8 (a small length in 8 octets stays 8)
    length: int
    key: bytes  # b"" is unmasked; a key of zeros is something else

    @property
    def fin(self) -> bool:
        return bool(self.first & 0x80)

    @property
    def rsv(self) -> int:
        """RSV1, RSV2, RSV3 as one number: 4, 2, 1."""
        return self.first >> 4 & 7

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def is_control(self) -> bool:
        return bool(self.first & 0x08)

    @property
    def size(self) -> int:
        """Octets of the header itself: 2 to 14."""
        return 2 + self.form + len(self.key)


class Frame(NamedTuple):
    """A header and the payload, unmasked. The payload may be shorter than the header says."""

    header: Header
    payload: bytes


def minimal_form(length: int) -> int:
    """Octets of extended length that RFC 6455 §5.2 calls for: 0 up to 125, 2 up to 65535, else 8."""
    return 0 if length < 126 else 2 if length < 65536 else 8


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    key: bytes = b"",
    length: int | None = None,
    form: int | None = None,
) -> Frame:
    """Build any frame. `length` and `form` may lie; by default they tell the truth, minimally.

    Raises ValueError for what no octets can express: a length that its form can't hold,
    a key that isn't 0 or 4 octets long, an opcode over 15.
    """
    length = len(payload) if length is None else length
    form = minimal_form(length) if form is None else form
    if not 0 <= length < {0: 126, 2: 2**16, 8: 2**64}.get(form, 0):
        raise ValueError(f"a length of {length} doesn't fit a form of {form} octets")
    if len(key) not in (0, 4) or not 0 <= opcode <= 15 or not 0 <= rsv <= 7:
        raise ValueError("key: 0 or 4 octets, opcode: 0 to 15, rsv: 0 to 7")
    return Frame(Header(fin << 7 | rsv << 4 | opcode, form, length, key), payload)


def encode_header(header: Header) -> bytes:
    """The octets of a header."""
    short = {0: header.length, 2: 126, 8: 127}[header.form]
    masked = 0x80 if header.key else 0
    extended = header.length.to_bytes(header.form, "big") if header.form else b""
    return bytes((header.first, masked | short)) + extended + header.key


def encode(frame: Frame) -> bytes:
    """The octets of a frame, its payload masked with its key."""
    return encode_header(frame.header) + mask(frame.payload, frame.header.key)


def decode_header(buf: bytes | bytearray, at: int = 0) -> tuple[Header, int] | None:
    """The header at `at` and where its payload starts; None: incomplete. Judges nothing."""
    if len(buf) < at + 2:
        return None
    form = {126: 2, 127: 8}.get(buf[at + 1] & 0x7F, 0)
    key_at = at + 2 + form
    body_at = key_at + (4 if buf[at + 1] & 0x80 else 0)
    if len(buf) < body_at:
        return None
    length = int.from_bytes(buf[at + 2 : key_at], "big") if form else buf[at + 1] & 0x7F
    return Header(buf[at], form, length, bytes(buf[key_at:body_at])), body_at


def decode(octets: bytes) -> tuple[list[Frame], bytes]:
    """All whole frames in `octets`, and the octets of the unfinished one behind them."""
    frames: list[Frame] = []
    at = 0
    while (found := decode_header(octets, at)) is not None:
        header, body_at = found
        end = body_at + header.length
        if end > len(octets):
            break
        frames.append(Frame(header, mask(octets[body_at:end], header.key)))
        at = end
    return frames, octets[at:]


class Piece(NamedTuple):
    """A part of a frame's payload, unmasked, as soon as it has come."""

    header: Header
    start: int  # where the frame's first octet stands in the stream
    at: int  # offset of `data` in the payload
    data: bytes
    opens: bool  # it comes with the header, so that the header is judged once and at once

    @property
    def last(self) -> bool:
        return self.at + len(self.data) >= self.header.length

    @property
    def stream_at(self) -> int:
        """Where `data` starts in the stream."""
        return self.start + self.header.size + self.at


class FrameDecoder:
    """Octets in any chopping -> pieces of frames. Holds one header at most, never a payload.

    A frame gives its first piece as soon as its header is complete (empty if no octet of the
    payload has come yet), then one a chunk.
    """

    def __init__(self, stream_at: int = 0) -> None:
        """`stream_at`: how many octets of this side's stream stood before the first frame."""
        self._position = stream_at
        self._buffer = bytearray()
        self._header: Header | None = None
        self._start = stream_at
        self._at = 0

    @property
    def unfinished(self) -> int:
        """Octets of a frame that has begun and isn't whole."""
        if self._header is None:
            return len(self._buffer)
        return self._header.size + self._at

    @property
    def size(self) -> int | None:
        """Octets that the frame which has begun will have; None as long as its header isn't whole."""
        return None if self._header is None else self._header.size + self._header.length

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next octets of the stream."""
        pieces: list[Piece] = []
        at, end = 0, len(data)
        while at < end:
            if self._header is None:
                taken = self._read_header(data, at)
                at += taken
                self._position += taken
                if self._header is None:
                    break
                opens = True
            else:
                opens = False
            header = self._header
            wanted = header.length - self._at
            chunk = data[at : at + wanted] if wanted else b""
            if chunk or opens:
                payload = mask(chunk, header.key, self._at)
                pieces.append(Piece(header, self._start, self._at, payload, opens))
            at += len(chunk)
            self._position += len(chunk)
            self._at += len(chunk)
            if self._at == header.length:
                self._header = None
        return pieces

    def _read_header(self, data: bytes, at: int) -> int:
        """Complete the header with octets of `data`; how many were taken."""
        if not self._buffer:
            self._start = self._position
            if (found := decode_header(data, at)) is not None:
                self._header, self._at = found[0], 0
                return found[1] - at
        held = len(self._buffer)
        self._buffer += data[at : at + 14 - held]
        if (found := decode_header(self._buffer)) is None:
            return len(self._buffer) - held
        self._header, self._at = found[0], 0
        self._buffer.clear()
        return found[1] - held
