"""TCP put together again: from segments to what each end wrote, in the order in which it could be read.

A hole in the sequence is a gap once the other end has acknowledged what is behind it. Should its octets
come after all, they take their place.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct, field

from replay.captures.packets.link import ACK, FIN, RST, SYN, Segment
from replay.captures.streams import Chunk
from replay.trace.model import Cut, How

MOST_WAITING, MOST_SEGMENTS = 2**22, 2**12
"""Octets and segments behind a hole that wait until it is filled. Then it is a gap, acknowledged or not."""

_TURN = 2**32
_HALF = 2**31


class Piece(Struct):
    """Octets of one end that follow one another, or the place of some that are missing."""

    end: int  # which end wrote them: 0 or 1
    number: int  # of the packet
    at: int | None
    start: int  # their place in what this end sends
    data: bytes = b""
    missing: int = 0  # octets that are missing behind `data`
    filled: list[Piece] = field(default_factory=list)  # what came late for the missing ones, in order
    how: How | None = None  # the end of TCP, behind `data`

    @property
    def hole(self) -> int:
        """Where the missing octets begin."""
        return self.start + len(self.data)

    def fill(self, place: int, late: Piece) -> None:
        """Put octets that come late, of which the first has this place, where they are missing."""
        at = bisect_right(self.filled, place, key=lambda each: each.start)
        cursor = max(place, self.hole, self.filled[at - 1].hole if at else 0)
        end = min(place + len(late.data), self.hole + self.missing)
        while cursor < end:
            until = min(end, self.filled[at].start if at < len(self.filled) else end)
            if cursor < until:
                data = late.data[cursor - place : until - place]
                self.filled.insert(at, Piece(self.end, late.number, self.at, cursor, data))
                at += 1
            cursor = max(until, self.filled[at].hole) if at < len(self.filled) else end
            at += 1

    def pieces(self) -> Iterator[Piece]:
        """This piece and what filled it, in order, with only those octets missing that didn't come."""
        parts = [self, *self.filled]
        ends = [each.start for each in self.filled] + [self.hole + self.missing]
        for part, until in zip(parts, ends, strict=True):
            part.missing = until - part.hole
        self.filled = []
        return iter(parts)


class _Direction:
    """What one end sends."""

    def __init__(self, end: int) -> None:
        self._end = end
        self.first: int | None = None  # the sequence number of its first octet
        self.opened = False  # whether its SYN was seen
        self._next = 0  # the place of the next octet
        self._waiting: list[tuple[int, int, Segment]] = []  # behind a hole, by their places
        self._held = 0
        self._fin: int | None = None  # the place of its FIN
        self._last: tuple[int, int | None] = (0, None)  # its last packet, and when it was
        self._gaps: list[Piece] = []  # in order
        self._acknowledged = 0  # the place up to which the other end has read
        self.ended = False

    def place(self, sequence: int) -> int:
        """The place of a sequence number near the next one."""
        assert self.first is not None
        ahead = (sequence - self.first - self._next) % _TURN
        return self._next + (ahead if ahead < _HALF else ahead - _TURN)

    def take(self, segment: Segment) -> Iterator[Piece]:
        """What can be read once this segment is there."""
        begins = segment.sequence + bool(segment.flags & SYN)
        if self.first is None:
            self.first = begins % _TURN
        place = self.place(begins)
        self._last = segment.number, segment.at
        if segment.flags & FIN:
            self._fin = place + segment.length
        if segment.length:
            if place > self._next:
                insort(self._waiting, (place, segment.number, segment))
                self._held += len(segment.data)
                if self._held > MOST_WAITING or len(self._waiting) > MOST_SEGMENTS:
                    yield from self._pass()
                return
            yield from self._read(place, segment)
            yield from self._release()
        yield from self._finish(segment.number, segment.at)

    def acknowledge(self, sequence: int) -> None:
        """The other end has read up to this sequence number."""
        self._acknowledged = max(self._acknowledged, self.place(sequence))

    def skip(self) -> Iterator[Piece]:
        """What the other end has read, with gaps in place of what is missing."""
        yield from self._until(self._acknowledged)

    def rest(self) -> Iterator[Piece]:
        """What waits at the end of the capture."""
        yield from self._until(max(self._acknowledged, self._fin or 0))
        while self._waiting:
            yield from self._pass()
        yield from self._finish(*self._last)

    def _until(self, place: int) -> Iterator[Piece]:
        while self._waiting and self._waiting[0][0] <= place:
            yield from self._pass()
        unsure = 1  # a single octet that was acknowledged may be a FIN that is missing
        if self._fin is not None:
            place, unsure = min(place, self._fin), 0
        if place > self._next + unsure:
            yield self._gap(place, *self._last)

    def _pass(self) -> Iterator[Piece]:
        """Go on behind the first hole."""
        ahead, _, segment = self._waiting[0]
        yield self._gap(ahead, segment.number, segment.at)
        yield from self._release()
        yield from self._finish(segment.number, segment.at)

    def _gap(self, until: int, number: int, at: int | None) -> Piece:
        gap = Piece(self._end, number, at, self._next, missing=until - self._next)
        self._gaps.append(gap)
        self._next = until
        return gap

    def _release(self) -> Iterator[Piece]:
        """What doesn't have to wait any more."""
        count = 0
        for place, _, segment in self._waiting:
            if place > self._next:
                break
            count += 1
            self._held -= len(segment.data)
            yield from self._read(place, segment)
        del self._waiting[:count]

    def _read(self, place: int, segment: Segment) -> Iterator[Piece]:
        """The octets of a segment that weren't there yet."""
        if place < self._next:
            self._fill(place, segment)
        known = self._next - place
        if segment.length <= known:
            return
        data = segment.data[max(0, known) :]
        piece = Piece(self._end, segment.number, segment.at, self._next, data)
        piece.missing = segment.length - known - len(data)
        if piece.missing:
            self._gaps.append(piece)
        self._next = place + segment.length
        yield piece

    def _fill(self, place: int, segment: Segment) -> None:
        """Put octets that come late where they are missing."""
        late = Piece(self._end, segment.number, segment.at, place, segment.data)
        first = bisect_right(self._gaps, place, key=lambda gap: gap.hole + gap.missing)
        for gap in islice(self._gaps, first, None):
            if gap.hole >= late.hole:
                break
            gap.fill(place, late)

    def _finish(self, number: int, at: int | None) -> Iterator[Piece]:
        if self._fin is not None and self._next >= self._fin and not self.ended:
            self.ended = True
            yield Piece(self._end, number, at, self._next, how=How.FIN)


class Connection:
    """The segments of one TCP connection, as far as they have come."""

    def __init__(self, segment: Segment) -> None:
        """With its first segment, which has yet to be taken."""
        self.number, self.began = segment.number, segment.at
        self.ends = (segment.source, segment.target)
        self._directions = (_Direction(0), _Direction(1))
        self._reset = False

    @property
    def opened(self) -> bool:
        """Whether the capture has its beginning."""
        return any(direction.opened for direction in self._directions)

    @property
    def closed(self) -> bool:
        """Whether nothing more is to come, but acknowledgements and repetitions."""
        return self._reset or all(direction.ended for direction in self._directions)

    def is_followed_by(self, segment: Segment) -> bool:
        """Whether a segment between the same ends begins another connection."""
        if segment.flags & (SYN | ACK) != SYN:
            return False
        end = self.ends.index(segment.source)
        first = self._directions[end].first
        if first is None:
            return self._directions[1 - end].first is not None
        return first != (segment.sequence + 1) % _TURN

    def take(self, segment: Segment) -> Iterator[Piece]:
        """What can be read once this segment is there, in order.

        An acknowledgement alone may have been captured before what it acknowledges. An answer hardly ever
        is: what it follows is then either there, or missing.
        """
        end = self.ends.index(segment.source)
        ours, theirs = self._directions[end], self._directions[1 - end]
        if segment.flags & SYN:
            ours.opened = True
        if segment.acknowledged is not None and not segment.flags & RST:
            if theirs.first is None:
                theirs.first = segment.acknowledged
            theirs.acknowledge(segment.acknowledged)
            if segment.length or segment.flags & FIN:
                yield from theirs.skip()
        if not segment.flags & RST:
            yield from ours.take(segment)
        elif not self._reset and ours.first is not None:
            yield from self.rest()
            yield Piece(end, segment.number, segment.at, 0, how=How.RST)
            self._reset = True

    def rest(self) -> Iterator[Piece]:
        """What still waits when the capture ends."""
        for direction in self._directions:
            yield from direction.rest()


def chunks(pieces: list[Piece], began: int | None) -> Iterator[Chunk]:
    """The same with times from the beginning of the connection on, none of which is before another one."""
    last = 0
    for each in pieces:
        for piece in each.pieces():
            at = None
            if piece.at is not None and began is not None:
                at = last = max(last, piece.at - began)
            cut = Cut(piece.missing) if piece.missing else None
            if piece.data or cut is not None or piece.how is not None:
                yield Chunk(piece.end, piece.data, at, cut, piece.how)
