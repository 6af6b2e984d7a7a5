"""Decodes a stream of octets, however it is split, into pieces of frames (RFC 6455 §5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay.wire.frame import FrameHeader, alike, decode_header
from replay.wire.masking import mask


class Piece(NamedTuple):
    """A part of a frame's payload, unmasked, as soon as it has arrived."""

    header: FrameHeader
    start: int  # offset of the frame's first octet in the stream
    at: int  # offset of `data` in the payload
    data: bytes  # empty where payloads are skipped
    opens: bool  # the first piece of its frame, with which the header is judged
    last: bool  # completes the frame
    times: int = 1  # this many consecutive complete frames with the same header; `data` is of all of them
    missing: int = 0  # octets of the payload that aren't known; `data` is empty

    @property
    def stream_at(self) -> int:
        """Offset of `data` in the stream."""
        return self.start + self.header.size + self.at

    def single(self) -> Iterator[Piece]:
        """Yield each of the frames as a piece of its own."""
        size = self.header.length
        for number in range(self.times):
            start = self.start + number * (self.header.size + size)
            data = self.data[number * size : (number + 1) * size]
            yield self._replace(start=start, data=data, times=1)

    def cut(self, sizes: Sequence[int]) -> Iterator[Piece]:
        """Split the piece into chunks of these sizes, which add up to its data."""
        at = 0
        for number, size in enumerate(sizes, 1):
            whole = self.last and number == len(sizes)
            opens = self.opens and number == 1
            yield Piece(self.header, self.start, self.at + at, self.data[at : at + size], opens, whole)
            at += size


class FrameDecoder:
    """Decodes octets, however they are split, into pieces of frames. Buffers at most one header, never a
    payload.

    A frame yields its first piece as soon as its header is complete (empty if no octet of the payload has
    arrived), then one piece for each chunk. Continuation frames with the same header that are complete
    within one chunk are returned as one piece.
    """

    def __init__(self, stream_at: int = 0, skips: bool = False) -> None:
        """`stream_at`: the number of octets that precede the first frame in this side's stream.
        `skips`: don't look at the payloads of data frames; such a frame yields only its first and its
        last piece."""
        self._position = stream_at
        self._skips = skips
        self._buffer = bytearray()
        self._header: FrameHeader | None = None
        self._start = stream_at
        self._at = 0

    @property
    def unfinished(self) -> int:
        """Octets received of an incomplete frame."""
        if self._header is None:
            return len(self._buffer)
        return self._header.size + self._at

    @property
    def held(self) -> bytes:
        """The octets of an incomplete header."""
        return bytes(self._buffer)

    @property
    def begun(self) -> tuple[int, int] | None:
        """The offset of the incomplete frame in the stream, and its first octet; None: there is none."""
        if self._header is not None:
            return self._start, self._header.first
        return (self._start, self._buffer[0]) if self._buffer else None

    @property
    def size(self) -> int | None:
        """The size that the incomplete frame will have; None until its header is complete."""
        return None if self._header is None else self._header.size + self._header.length

    @property
    def lacking(self) -> int:
        """Octets that the incomplete data frame still lacks; 0 if there is none with a complete header."""
        return 0 if self._header is None or self._header.is_control else self.left

    @property
    def left(self) -> int:
        """Octets that the incomplete frame still lacks; 0 if there is none with a complete header."""
        return 0 if self._header is None else self._header.length - self._at

    def alone(self, data: bytes) -> tuple[FrameHeader, int] | None:
        """The header and where the payload starts, if the next octets of the stream are exactly one frame.
        They aren't consumed yet."""
        if self._header is not None or self._buffer or (found := decode_header(data)) is None:
            return None
        return found if found[1] + found[0].length == len(data) else None

    def passed(self, size: int) -> None:
        """Consume the frame that `alone` found, of this many octets."""
        self._position += size

    def skip(self, most: int) -> Piece | None:
        """Skip at most this many unknown octets of the stream, up to the end of the incomplete frame; None:
        there is none, or its header is incomplete."""
        header = self._header
        if header is None:
            return None
        size = min(most, header.length - self._at)
        piece = Piece(
            header, self._start, self._at, b"", False, self._at + size == header.length, missing=size
        )
        self._at += size
        self._position += size
        if piece.last:
            self._header = None
        return piece

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
        """How many continuation frames with the same header follow one another, from the one whose header
        ends at `body`, and can be unmasked together; 0: this frame has to be read by itself."""
        header = self._header
        if header is None or header.first or body < header.size:
            return 0
        if header.key and header.length & 3 and not self._skips:
            return 0
        keyed = body - len(header.key) if self._skips else body  # no two keys of a client need be equal
        return alike(data, body - header.size, body, header.length, len(data), keyed)

    def together(self, octets: bytes, at: int, chop: int, most: int) -> int:
        """How many of the next writes, `octets` from `at` on in pieces of `chop` octets, can be read in one
        step with the same result as one by one: those within the payload of a data frame, or those that are
        a middle fragment each. At least 1, at most `most`."""
        if header := self._header:
            rest = min(len(octets) - at, most * chop)
            within = -(-rest // chop) if rest <= self.left else self.left // chop
            return 1 if header.is_control else max(1, within)
        found = None if self._buffer else decode_header(octets, at)
        if found is None or found[0].first or found[1] - at + found[0].length != chop:
            return 1
        header, body = found
        end = min(len(octets), at + most * chop)
        return max(1, alike(octets, at, body, header.length, end, body - len(header.key)))

    def _read_header(self, data: bytes, at: int) -> int:
        """Complete the header with octets of `data`; returns how many were consumed."""
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
