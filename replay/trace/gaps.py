"""Restores octets that a log cut off from what its FRAME lines say about them.

A report shows the first octets of a read and leaves out the rest; a page doesn't even tell its length. A
FRAME line replaces the missing octets of its frame: all of them if it shows the whole payload, else those
of the header, and the number of the others. Octets that the log has are never replaced.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from replay import limits
from replay.trace.annotation import FrameLine
from replay.trace.framing import last_head
from replay.trace.model import Cut, Entry, Octets
from replay.wire.decoder import FrameDecoder
from replay.wire.frame import FrameHeader, encode_header, frame
from replay.wire.handshake import may_be_head
from replay.wire.masking import mask
from replay.wire.side import Side

Drafts = Sequence[Entry | FrameLine]

MAX_ROWS = limits.GAP_ROWS.default
"""FRAME lines that are used to restore what was cut off from one read."""


class _Row(NamedTuple):
    """What a FRAME line says about the octets on the wire."""

    place: int  # its index in the drafts
    header: bytes
    length: int
    body: bytes | None  # the payload as it was on the wire, if it is known

    @property
    def size(self) -> int:
        return len(self.header) + self.length


class _Lost(Exception):
    """Where frames begin is no longer known."""


def bridged(drafts: Drafts, side: Side, sent_by: Side, ahead: bool) -> list[Entry | FrameLine]:
    """The drafts, with the octets of a side that were cut off restored from its FRAME lines.

    `ahead`: FRAME lines precede their octets; else they follow them.
    """
    rows = [_row(number, one, sent_by) for number, one in enumerate(drafts) if _is_line(one, side)]
    if not rows or not any(_is_cut(one, side) for one in drafts):
        return list(drafts)
    walk = _Walk(rows, ahead, [n for n, one in enumerate(drafts) if _is_octets(one, side)])
    out: list[Entry | FrameLine] = []
    for number, one in enumerate(drafts):
        if isinstance(one, Octets) and one.side is side:
            out += walk.take(number, one)
        else:
            out.append(one)
    return out


def _is_octets(one: Entry | FrameLine, side: Side) -> bool:
    return isinstance(one, Octets) and one.side is side


def _is_line(one: Entry | FrameLine, side: Side) -> bool:
    return isinstance(one, FrameLine) and one.side is side


def _is_cut(one: Entry | FrameLine, side: Side) -> bool:
    return isinstance(one, Octets) and one.side is side and one.cut is not None and one.cut.sha256 is None


def _row(place: int, line: Entry | FrameLine, sent_by: Side) -> _Row | None:
    """What a line says about the octets on the wire; None: not enough."""
    assert isinstance(line, FrameLine)
    payload, opcode, rsv = line.payload(), line.value("OPCODE"), line.value("RSV", 0)
    length = line.value("PAYLOAD-REPEAT-LEN") or line.value("PAYLOAD-LEN")
    length = len(payload) if length is None and payload is not None else length
    key = line.value("MASK") or b""
    if not isinstance(opcode, int) or not isinstance(rsv, int) or not isinstance(length, int):
        return None
    if not (0 <= opcode < 16 and 0 <= rsv < 8 and length < 1 << 63 and isinstance(key, bytes)):
        return None
    if bool(key) is not bool(line.value("MASKED", sent_by is Side.CLIENT)) or len(key) not in (0, 4):
        return None
    header = frame(opcode, fin=bool(line.value("FIN", True)), rsv=rsv, key=key, length=length).header
    body = mask(payload, key) if payload is not None and len(payload) == length else None
    return _Row(place, encode_header(header), length, body)


class _Walk(Struct):
    """Follows the frames of one side from entry to entry, to know which FRAME line belongs to each."""

    rows: Sequence[_Row | None]
    ahead: bool
    places: Sequence[int]  # of the entries of the side
    frames: FrameDecoder = field(default_factory=lambda: FrameDecoder(skips=True))
    at: int = 0  # entries taken
    begun: int = 0  # frames that have begun
    head: bytes | None = b""  # of the HTTP head so far; None: it has ended
    within: int = -1  # entries up to this place are payload, at unknown offsets
    lost: bool = False
    pieces: list[bytes | int] = field(default_factory=list)  # of the current entry: octets, or how many

    def take(self, place: int, entry: Octets) -> list[Octets]:
        """The entry, restored as far as possible; in several parts if holes remain."""
        self.at += 1
        self.pieces = []
        try:
            if self.lost or (entry.cut is not None and entry.cut.sha256 is not None):
                raise _Lost
            if place <= self.within:
                self._inside(place, entry)
                return self._made(entry)
            if (data := self._behind_head(entry)) is not None:
                skipped = len(entry.data) - len(data)
                if skipped:
                    self.pieces.append(entry.data[:skipped])
                self._octets(data)
                if entry.cut is not None:
                    self._missing(place, entry.cut.more)
            else:
                return [entry]
        except _Lost:
            self.lost = True
            return [entry]
        made = self._made(entry)
        same = entry.cut is None or entry.cut.more is not None
        return made if made and not (same and [one.data for one in made] == [entry.data]) else [entry]

    def _behind_head(self, entry: Octets) -> bytes | None:
        """The octets of an entry that come after the HTTP head; None: it has only octets of the head."""
        if self.head is None:
            return entry.data
        before, self.head = self.head, self.head + entry.data
        if not may_be_head(self.head):
            self.head = None
            self._read(before)
            return entry.data
        if (found := last_head(self.head)) is None:
            if entry.cut is not None:
                self.head = None
            return None
        behind = len(self.head) - found[1]
        self.head = None
        return entry.data[len(entry.data) - behind :]

    def _octets(self, data: bytes) -> None:
        """Take octets that the log has."""
        if data:
            self.pieces.append(data)
        self._read(data)

    def _read(self, data: bytes) -> None:
        for piece in self.frames.feed(data):
            for _ in range(piece.times if piece.opens else 0):
                self._begin(piece.header)

    def _begin(self, header: FrameHeader) -> None:
        row = self._next()
        if row is not None and encode_header(header) != row.header:
            self.rows = ()  # lines that contradict the octets can't be trusted for missing ones
        self.begun += 1

    def _next(self) -> _Row | None:
        """What the line of the next frame says."""
        return self.rows[self.begun] if self.begun < len(self.rows) else None

    def _missing(self, place: int, more: int | None) -> None:
        if not self.rows:
            raise _Lost
        if more is None:
            return self._unknown(place)
        while more:
            if self.frames.left:
                more -= self._of_payload(more)
            else:
                more -= self._described(more)
        return None

    def _of_payload(self, most: int) -> int:
        """Take at most `most` missing octets of the current frame: from its line, if it has them all."""
        size = min(self.frames.left, most)
        row = self.rows[self.begun - 1] if self.begun <= len(self.rows) else None
        if row is not None and row.body is not None:
            at = len(row.body) - self.frames.left
            self.pieces.append(row.body[at : at + size])
        else:
            self.pieces.append(size)
        self.frames.skip(size)
        return size

    def _described(self, most: int | None = None) -> int:
        """Restore the next frame from its line, or as many of its octets as there is room for."""
        row, held = self._next(), self.frames.held
        if row is None or not row.header.startswith(held):
            raise _Lost
        if most is not None and len(row.header) - len(held) > most:
            raise _Lost
        octets = (row.header[len(held) :] + (row.body or b""))[:most]
        self.begun += 1
        self.frames.feed(octets)
        self.pieces.append(octets)
        return len(octets)

    def _unknown(self, place: int) -> None:
        """Restore an unknown number of octets: up to the end of the last frame whose line says that it has
        arrived."""
        following = self.places[self.at] if self.at < len(self.places) else None
        before = len(self.pieces)
        if self.frames.held:
            self._described()
        if left := self.frames.left:
            if (last := self._last_of_frame(place)) > place:
                self.within = last
                self.pieces.append(left)
                return
            self._of_payload(left)
        self._rest(following)
        if len(self.pieces) == before:
            raise _Lost  # no line says what is missing

    def _rest(self, following: int | None) -> None:
        """Restore the frames after these octets whose lines precede the next octets."""
        if self.ahead:
            return
        for _ in range(MAX_ROWS):
            row = self._next()
            if row is None or (following is not None and row.place > following):
                return
            self._described()
            if self.frames.left:
                self._of_payload(self.frames.left)
        raise _Lost

    def _last_of_frame(self, place: int) -> int:
        """The place of the entry with the last octet of the current frame."""
        number = self.begun if self.ahead else self.begun - 1
        if not 0 < self.begun <= len(self.rows):
            raise _Lost
        if self.ahead and number == len(self.rows):
            return self.places[-1]
        row = self.rows[number]
        if row is None:
            raise _Lost
        before = bisect_left(self.places, row.place)
        return max(place, self.places[before - 1]) if before else place

    def _inside(self, place: int, entry: Octets) -> None:
        """Take an entry whose octets belong to a payload that is counted already. The last such entry may
        hold further frames."""
        if place < self.within:
            return None
        self.frames.skip(self.frames.left)
        following = self.places[self.at] if self.at < len(self.places) else None
        if entry.cut is not None:
            return self._rest(following)
        size = 0
        for number in range(self.begun, len(self.rows)):
            row = self.rows[number]
            if row is None or self.ahead or (following is not None and row.place > following):
                break
            size += row.size
        if size > len(entry.data):
            raise _Lost
        if size:
            self._octets(entry.data[len(entry.data) - size :])
        return None

    def _made(self, entry: Octets) -> list[Octets]:
        """The entry made of its pieces: an entry that ends in a cut for each hole."""
        out: list[Octets] = []
        data, hole = b"", 0
        for piece in self.pieces:
            if isinstance(piece, int):
                hole += piece
                continue
            if hole:
                out.append(replace(entry, data=data, cut=Cut(hole)))
                data, hole = b"", 0
            data += piece
        if data or hole:
            out.append(replace(entry, data=data, cut=Cut(hole) if hole else None))
        return out
