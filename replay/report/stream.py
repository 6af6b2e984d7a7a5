"""The place of an octet: in the stream of its side, in an entry of the trace, and in a frame.

Nothing is joined or copied except the few octets that are asked for.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice, repeat
from typing import NamedTuple

from replay.protocol.events import Event, Message, Opened, Pong, Unparsed
from replay.trace.framing import Run, last_head, located
from replay.trace.model import Octets, Trace
from replay.trace.written import numbers
from replay.wire.frame import FrameHeader, Opcode
from replay.wire.handshake import MAX_HEAD
from replay.wire.masking import mask
from replay.wire.side import Side


class OctetPlace(NamedTuple):
    """An octet in a trace."""

    entry: int  # the number of the entry
    offset: int  # in this entry
    length: int  # of this entry
    start: int  # the offset of the entry in the stream


class Placed(NamedTuple):
    """A frame in a stream."""

    start: int
    header: FrameHeader

    @property
    def body(self) -> int:
        return self.start + self.header.size

    @property
    def end(self) -> int:
        return self.body + self.header.length

    def row(self, times: int) -> Iterator[Placed]:
        """`times` frames with this header, one after the other, of which this is the first."""
        size = self.end - self.start
        return map(Placed, range(self.start, self.start + times * size, size), repeat(self.header))


class SentOctets:
    """All octets that one side sent."""

    def __init__(self, trace: Trace, side: Side, events: tuple[Event, ...] = ()) -> None:
        self.side = side
        self.recorded = side is trace.recorder  # TX in the log
        self.length = 0
        self.numbers: Sequence[int] = range(len(trace.entries))
        self._entries: list[int] = []
        self._starts: list[int] = []
        self._chunks: list[bytes] = []
        self._runs: list[Run] = []  # the octets after a gap in the log are assumed to begin a frame
        self._begins: list[int] = []  # the first chunk of each run
        self._deflates = any(isinstance(event, Opened) and event.agreed for event in events)
        cuts, joined = set[int](), False
        for number, entry in enumerate(trace.entries):
            if isinstance(entry, Octets) and entry.side is side:
                if not joined:
                    self._runs.append([])
                    self._begins.append(len(self._entries))
                self._runs[-1].append((number, entry.data))
                joined = entry.cut is None
                self._entries.append(number)
                self._starts.append(self.length)
                self._chunks.append(entry.data)
                self.length += len(entry.data)
                if entry.cut is not None:
                    cuts.add(self.length)
                    self.length += entry.cut.more or 0
        self.first = self._entries[0] if self._entries else None
        self.head = self._head_end(events)
        unparsed = [event.start for event in events if isinstance(event, Unparsed) and event.side is side]
        lost = [start for start in unparsed if start not in cuts]
        self._limit = min([self.length, *lost])  # no frames can be told apart from here on

    def _head_end(self, events: tuple[Event, ...]) -> int:
        """Where the opening handshake of this side ends and its frames begin."""
        for event in events:
            if isinstance(event, Opened):
                return len(event.request.octets) if self.side is Side.CLIENT else event.end
        start = self.slice(0, MAX_HEAD)
        if not start.startswith((b"GET ", b"HTTP/")):
            return self.length if start[:1].isalpha() else 0
        head = last_head(start)
        return self.length if head is None else head[1]

    def slice(self, start: int, end: int) -> bytes:
        """The octets from `start` up to `end`, or up to the first one that is missing."""
        found = b""
        index = bisect.bisect_right(self._starts, start) - 1
        while start < end and 0 <= index < len(self._starts):
            at = start - self._starts[index]
            piece = self._chunks[index][at : at + end - start]
            if not piece and self._chunks[index]:
                break
            found += piece
            start += len(piece)
            index += 1
            if index < len(self._starts) and self._starts[index] != start:
                break
        return found

    def place(self, offset: int) -> OctetPlace | None:
        """The entry that contains the octet; for the end of the stream, the place after the last one."""
        index = bisect.bisect_right(self._starts, min(offset, self.length - 1)) - 1
        if index < 0:
            return None
        start, length = self._starts[index], len(self._chunks[index])
        if offset - start > length:
            return None
        return OctetPlace(self._entries[index], offset - start, length, start)

    def entries(self, start: int, end: int) -> list[int]:
        """The numbers of the entries that contain octets from `start` up to `end`."""
        first = max(0, bisect.bisect_right(self._starts, start) - 1)
        return self._entries[first : bisect.bisect_left(self._starts, end)]

    def _walk(self, at: int) -> Iterator[tuple[Placed, int]]:
        """Frames, each with the number of equal frames that follow one another from it on in one entry."""
        index = max(0, bisect.bisect_right(self._starts, at) - 1)
        for number in range(max(0, bisect.bisect_right(self._begins, index) - 1), len(self._runs)):
            begin = self._begins[number]
            index = max(index, begin)
            for found in located(self._runs[number], index - begin, max(0, at - self._starts[index])):
                start = self._starts[begin + found.number] + found.at
                if start >= self._limit:
                    return
                if found.header is not None:
                    placed, room = Placed(start, found.header), self._limit - start
                    yield placed, min(found.times, -(-room // (placed.end - start)))

    def begun_in(self, entry: int, most: int) -> list[Placed]:
        """The first frames that begin in this entry."""
        index = bisect.bisect_left(self._entries, entry)
        if index == len(self._entries) or self._entries[index] != entry:
            return []
        end = self._starts[index] + len(self._chunks[index])
        first = bisect.bisect_left(self._rows, self._starts[index], key=lambda row: row[0].start)
        rows = (one.row(times) for one, times in self._rows[first : first + most])
        return [placed for placed in islice(chain.from_iterable(rows), most) if placed.start < end]

    @cached_property
    def _rows(self) -> list[tuple[Placed, int]]:
        return list(self._walk(self.head))

    @cached_property
    def frames(self) -> list[Placed]:
        """The frames after the opening handshake. The last one may be unfinished."""
        return [placed for one, times in self._rows for placed in one.row(times)]

    def frame(self, start: int) -> Placed | None:
        """The frame that starts here."""
        found = next(self._walk(start), None) if self.head <= start < self.length else None
        return found[0] if found is not None and found[0].start == start else None

    def frame_around(self, offset: int) -> Placed | None:
        """The frame that contains this octet."""
        index = bisect.bisect_right(self._rows, offset, key=lambda row: row[0].start) - 1
        if index < 0:
            return None
        one, times = self._rows[index]
        size = one.end - one.start
        return Placed(one.start + min(times - 1, (offset - one.start) // size) * size, one.header)

    @cached_property
    def packed(self) -> frozenset[int]:
        """Where the frames of compressed messages start."""
        found, inside = set[int](), False
        for placed in self.frames if self._deflates else ():
            if placed.header.opcode in (Opcode.TEXT, Opcode.BINARY):
                inside = bool(placed.header.rsv & 4)
            if inside and placed.header.opcode <= Opcode.BINARY:
                found.add(placed.start)
        return frozenset(found)

    def payload(self, placed: Placed, limit: int) -> bytes:
        """The first octets of a frame's payload, unmasked."""
        end = min(placed.end, placed.body + limit)
        return mask(self.slice(placed.body, end), placed.header.key)


Streams = dict[Side, SentOctets]


def both(trace: Trace, events: tuple[Event, ...], known: Sequence[int] | None = None) -> Streams:
    """The streams of both sides, which know the numbers of the entries in the written log; `known`: these
    numbers."""
    streams = {side: SentOctets(trace, side, events) for side in Side}
    known = numbers(trace) if known is None else known
    for stream in streams.values():
        stream.numbers = known
    return streams


def parts(event: Event, stream: SentOctets) -> tuple[tuple[int, int], ...]:
    """Where the payload of a message or Pong is in its stream: (offset, length) for each frame.

    Empty if there is no such place: inflated octets aren't on the wire as they are shown.
    """
    if isinstance(event, Message):
        return () if event.compressed else event.parts
    if isinstance(event, Pong) and (placed := stream.frame(event.start)) is not None:
        return ((placed.body, len(event.data)),)
    return ()


def to_stream(pieces: tuple[tuple[int, int], ...], offset: int) -> int | None:
    """Where octet `offset` of a payload is in the stream; the end of the payload is after its last
    octet."""
    for start, length in pieces:
        if offset < length:
            return start + offset
        offset -= length
    return pieces[-1][0] + pieces[-1][1] if pieces and not offset else None


def to_payload(pieces: tuple[tuple[int, int], ...], position: int) -> int | None:
    """The offset in the payload of this octet of the stream; None if it isn't part of the payload."""
    before = 0
    for start, length in pieces:
        if start <= position < start + length:
            return before + position - start
        before += length
    return None
