"""Frames as they are on the wire (RFC 6455 §5.2), legal or not. Knows no rule.

A frame keeps its reserved bits, the form of its length and its masking key, so that
`encode(decode(octets)) == octets` holds for every frame, even for one that no endpoint may send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import chain
from operator import add
from struct import iter_unpack
from typing import NamedTuple

from replay.wire.masking import mask
from replay.wire.writes import Writes


class Opcode(IntEnum):
    """RFC 6455 §5.2, §11.8. 3-7 and 11-15 are reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


CONTROL_PAYLOAD = 125
"""Octets that the payload of a control frame may have (RFC 6455 §5.5)."""


class FrameHeader(NamedTuple):
    """A frame header, octet for octet."""

    first: int  # the first octet: FIN, RSV1-3 and opcode
    form: int  # octets of extended length as encoded: 0, 2 or 8, even if fewer would do
    length: int
    key: bytes  # b"" if unmasked, which is not the same as a key of zeros

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

    header: FrameHeader
    payload: bytes


def minimal_form(length: int) -> int:
    """Octets of extended length that RFC 6455 §5.2 requires: 0 up to 125, 2 up to 65535, else 8."""
    return 0 if length < 126 else 2 if length < 65536 else 8


def reserved(bits: int) -> str:
    """The names of the reserved bits that are 1: 'RSV2', 'RSV1, RSV2 and RSV3'."""
    *others, last = [f"RSV{number}" for number in (1, 2, 3) if bits & 8 >> number]
    return f"{', '.join(others)} and {last}" if others else last


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
    """Build any frame. `length` and `form` may be wrong; by default they are right, and `form` is minimal.

    Raises ValueError for what can't be encoded: a length that doesn't fit its form, a key that isn't 0 or
    4 octets long, an opcode over 15.
    """
    length = len(payload) if length is None else length
    form = minimal_form(length) if form is None else form
    if not 0 <= length < {0: 126, 2: 2**16, 8: 2**64}.get(form, 0):
        raise ValueError(f"a length of {length} doesn't fit a form of {form} octets")
    if len(key) not in (0, 4) or not 0 <= opcode <= 15 or not 0 <= rsv <= 7:
        raise ValueError("key: 0 or 4 octets, opcode: 0 to 15, rsv: 0 to 7")
    return Frame(FrameHeader(fin << 7 | rsv << 4 | opcode, form, length, key), payload)


def encode_header(header: FrameHeader) -> bytes:
    """The octets of a header."""
    short = {0: header.length, 2: 126, 8: 127}[header.form]
    masked = 0x80 if header.key else 0
    extended = header.length.to_bytes(header.form, "big") if header.form else b""
    return bytes((header.first, masked | short)) + extended + header.key


def encode(frame: Frame) -> bytes:
    """The octets of a frame, its payload masked with its key."""
    return encode_header(frame.header) + mask(frame.payload, frame.header.key)


def encode_message(
    opcode: int, octets: bytes, fragment: int | None, keys: Callable[[], bytes], rsv: int = 0
) -> Writes:
    """The frames of a message (§5.4), each in a write of its own and with its own key: of `fragment` octets
    each, or a single one if that is None.

    As in Autobahn, a message whose length is a multiple of `fragment` ends with an empty frame.
    """
    if fragment is None or len(octets) <= fragment:
        key = keys()
        return Writes(_header(0x80 | rsv << 4 | opcode, key, len(octets)) + mask(octets, key))
    starts = range(0, len(octets) + 1, fragment)
    drawn = [keys() for _ in starts]
    same = drawn.count(drawn[0]) == len(drawn)
    if fragment % 4 == 0 and same:  # one call masks the whole message
        octets = mask(octets, drawn[0])
        whole = memoryview(octets)[: starts[-1]]
        payloads = [*chain.from_iterable(iter_unpack(f"{fragment}s", whole)), octets[starts[-1] :]]
    else:
        payloads = [mask(octets[at : at + fragment], key) for at, key in zip(starts, drawn, strict=True)]
    first = _header(opcode | rsv << 4, drawn[0], fragment)
    last = _header(0x80, drawn[-1], len(payloads[-1])) + payloads.pop()
    if same:
        frames = [first, _header(Opcode.CONTINUATION, drawn[0], fragment).join(payloads), last]
    else:
        middle = (_header(Opcode.CONTINUATION, key, fragment) for key in drawn[1:-1])
        frames = [*map(add, (first, *middle), payloads), last]
    return Writes(b"".join(frames), len(first) + fragment)


def _header(first: int, key: bytes, length: int) -> bytes:
    return encode_header(FrameHeader(first, minimal_form(length), length, key))


def decode_header(buf: bytes | bytearray, at: int = 0) -> tuple[FrameHeader, int] | None:
    """The header at `at` and where its payload starts; None if it is incomplete. Judges nothing."""
    if len(buf) < at + 2:
        return None
    second = buf[at + 1]
    length = second & 0x7F
    form = 0 if length < 126 else 2 if length == 126 else 8
    key_at = at + 2 + form
    body_at = key_at + 4 if second & 0x80 else key_at
    if len(buf) < body_at:
        return None
    if form:
        length = int.from_bytes(buf[at + 2 : key_at], "big")
    return FrameHeader(buf[at], form, length, bytes(buf[key_at:body_at])), body_at


def frame_headers(octets: bytes) -> Iterator[tuple[FrameHeader, int, int]]:
    """The header of each frame in `octets`, and where its payload starts and ends. The payload of the last
    frame may end beyond `octets`."""
    end = 0
    while (found := decode_header(octets, end)) is not None:
        header, body = found
        end = body + header.length
        yield header, body, end


def decode(octets: bytes) -> tuple[list[Frame], bytes]:
    """All complete frames in `octets`, and the octets of an incomplete one after them."""
    frames: list[Frame] = []
    rest = 0
    for header, body, end in frame_headers(octets):
        if end > len(octets):
            break
        frames.append(Frame(header, mask(octets[body:end], header.key)))
        rest = end
    return frames, octets[rest:]


def alike(octets: bytes, start: int, body: int, length: int, end: int, compared: int | None = None) -> int:
    """How many complete frames with the header at `start` follow one another before `end`, each with a
    payload of `length` octets. Only the octets up to `compared` have to be equal, or the whole header.

    Takes time linear in their number: each octet of the header is compared in a slice over many frames,
    and over ever more of them."""
    stride = body - start + length
    most, times, step = max(0, end - start) // stride, 0, 8
    while times < most:
        count = min(step, most - times)
        for column in range(start, body if compared is None else compared):
            found = octets[column + times * stride : start + (times + count) * stride : stride]
            count = min(count, len(found) - len(found.lstrip(octets[column : column + 1])))
        times += count
        if count < step:
            break
        step *= 2
    return times
