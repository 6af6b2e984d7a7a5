"""Frames as they stand on the wire (RFC 6455 §5.2), legal or not. Knows no rule.

A frame keeps its reserved bits, the form of its length and its masking key, so that
`encode(decode(octets)) == octets` for every frame, also for those that no endpoint may send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from functools import cache, partial
from operator import add
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


def encode_message(
    opcode: int, octets: bytes, fragment: int | None, keys: Callable[[], bytes], rsv: int = 0
) -> list[bytes]:
    """The frames of a message, each with `fragment` octets of it (§5.4) and a key of its own; None: one.

    As Autobahn does it: where the length is a multiple of `fragment`, an empty frame ends the message.
    """
    if fragment is None or len(octets) <= fragment:
        return [encode(frame(opcode, octets, rsv=rsv, key=keys()))]
    starts = range(0, len(octets) + 1, fragment)
    drawn = [keys() for _ in starts]
    if fragment % 4 == 0 and drawn.count(drawn[0]) == len(drawn):  # as one payload, masked at once
        octets = mask(octets, drawn[0])
        payloads = [octets[at : at + fragment] for at in starts]
    else:
        payloads = [mask(octets[at : at + fragment], key) for at, key in zip(starts, drawn, strict=True)]
    header = cache(partial(_header, length=fragment))
    first = _header(opcode | rsv << 4, drawn[0], fragment)
    middle = [header(Opcode.CONTINUATION, key) for key in drawn[1:-1]]
    last = _header(0x80, drawn[-1], len(payloads[-1]))
    return list(map(add, (first, *middle, last), payloads))


def _header(first: int, key: bytes, length: int) -> bytes:
    return encode_header(Header(first, minimal_form(length), length, key))


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
    data: bytes  # empty where payloads are skipped
    opens: bool  # it comes with the header, so that the header is judged once and at once
    last: bool  # the frame is whole with it
    times: int = 1  # so many whole frames with this header, one behind the other; `data` is of all

    @property
    def stream_at(self) -> int:
        """Where `data` starts in the stream."""
        return self.start + self.header.size + self.at

    def single(self) -> Iterator[Piece]:
        """Each frame by itself."""
        size = self.header.length
        for number in range(self.times):
            start = self.start + number * (self.header.size + size)
            data = self.data[number * size : (number + 1) * size]
            yield self._replace(start=start, data=data, times=1)

    def cut(self, sizes: Sequence[int]) -> Iterator[Piece]:
        """The piece as it comes in chunks of these sizes, which make up its data."""
        at = 0
        for number, size in enumerate(sizes, 1):
            whole = self.last and number == len(sizes)
            opens = self.opens and number == 1
            yield Piece(self.header, self.start, self.at + at, self.data[at : at + size], opens, whole)
            at += size


class FrameDecoder:
    """Octets in any chopping -> pieces of frames. Holds one header at most, never a payload.

    A frame gives its first piece as soon as its header is complete (empty if no octet of the
    payload has come yet), then one a chunk. Continuation frames that are alike, and whole in one
    chunk, come as one piece.
    """

    def __init__(self, stream_at: int = 0, skips: bool = False) -> None:
        """`stream_at`: how many octets of this side's stream stood before the first frame.
        `skips`: the payloads of data frames aren't looked at; such a frame gives its first piece
        and its last one."""
        self._position = stream_at
        self._skips = skips
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

    @property
    def lacking(self) -> int:
        """Octets that the data frame which has begun still lacks; 0: there is none with a whole header."""
        header = self._header
        return 0 if header is None or header.is_control else header.length - self._at

    def alone(self, data: bytes) -> tuple[Header, int] | None:
        """The header and the start of the payload, if the next octets of the stream are one whole frame;
        they aren't taken yet."""
        if self._header is not None or self._buffer or (found := decode_header(data)) is None:
            return None
        return found if found[1] + found[0].length == len(data) else None

    def passed(self, size: int) -> None:
        """The frame of so many octets that `alone` found is taken."""
        self._position += size

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next octets of the stream."""
        pieces: list[Piece] = []
        at, end = 0, len(data)
        while at < end:
            header = self._header
            opens = header is None
            if header is None:
                taken = self._read_header(data, at)
                at += taken
                self._position += taken
                header = self._header
                if header is None:
                    break
            first, _, length, key = header
            if opens and (times := self._alike(data, at)) > 1:
                start, at = at, at + times * (header.size + length) - header.size
                bodies = () if self._skips else range(start, at, header.size + length)
                payloads = mask(b"".join([data[body : body + length] for body in bodies]), key)
                pieces.append(Piece(header, self._start, 0, payloads, True, True, times))
                self._position += at - start
                self._header = None
                continue
            size = min(length - self._at, end - at)
            last = self._at + size == length
            if self._skips and not first & 0x08:
                if opens or last:
                    pieces.append(Piece(header, self._start, self._at, b"", opens, last))
            elif size or opens:
                payload = mask(data[at : at + size] if size < end else data, key, self._at)
                pieces.append(Piece(header, self._start, self._at, payload, opens, last))
            at += size
            self._position += size
            self._at += size
            if last:
                self._header = None
        return pieces

    def _alike(self, data: bytes, body: int) -> int:
        """How many continuation frames of a message begin with the one whose header ends at `body`, and
        can be unmasked together; 0: look at this one alone."""
        header = self._header
        if header is None or header.first or body < header.size or (header.key and header.length & 3):
            return 0
        return alike(data, body - header.size, body, header.length, len(data))

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


def alike(octets: bytes, start: int, body: int, length: int, end: int) -> int:
    """How many frames with the header at `start` follow one another and are whole before `end`, each
    with its payload of `length` octets: the header's columns are compared, not the frames."""
    stride = body - start + length
    times = max(0, end - start) // stride
    for column in range(start, body):
        found = octets[column : start + times * stride : stride]
        times = min(times, len(found) - len(found.lstrip(found[:1])))
    return times
