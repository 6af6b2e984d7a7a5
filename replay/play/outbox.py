"""What an endpoint still has to write, and what it has just written."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from replay.trace.model import Octets
from replay.wire.side import Side
from replay.wire.writes import Writes


class Written(Struct, frozen=True):
    """Consecutive writes."""

    writes: Writes  # of which they are a part
    start: int
    end: int
    at: int  # when the last one was written

    def entry(self, side: Side) -> Octets:
        """The entry of a trace for these writes."""
        octets, chop = self.writes.octets, self.writes.chop
        run = chop if chop is not None and self.end - self.start > chop else None
        return Octets(side, octets[self.start : self.end], self.at, chop=run)

    def before(self, other: Written) -> Written | None:
        """Both together, if the other ones come next and are like these."""
        if self.writes is other.writes and self.end == other.start:
            return Written(self.writes, self.start, other.end, other.at)
        return None


class Outbox:
    """The writes that wait."""

    def __init__(self) -> None:
        self._waiting: deque[Writes] = deque()
        self._at = 0  # octets of the first of these that have been taken

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, writes: Writes) -> None:
        if writes.octets or writes.chop is None:
            self._waiting.append(writes)

    def clear(self) -> None:
        self._waiting.clear()
        self._at = 0

    @property
    def first(self) -> tuple[Writes, int]:
        """Those that come next, and how many of their octets have been taken."""
        return self._waiting[0], self._at

    def next(self, count: int) -> list[bytes]:
        """The next writes, so many or all that are like the first of them."""
        writes, at = self.first
        if writes.chop is None:
            return [writes.octets]
        return writes.single(at, min(len(writes.octets), at + count * writes.chop))

    def take(self, count: int, at: int) -> Written:
        """Take the writes that `next` returns: they are written at this time."""
        writes, start = self.first
        size = len(writes.octets)
        end = size if writes.chop is None else min(size, start + count * writes.chop)
        self._at = end
        if end == size:
            self._waiting.popleft()
            self._at = 0
        return Written(writes, start, end, at)
