"""Finds the frames of a connection in the entries of its trace, and the side that recorded them.

`located` finds frames in octets that are all present. Code that takes octets as they arrive, and has to
know its position in a frame at any time, uses the `FrameDecoder` of `wire`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from replay import limits
from replay.trace.model import Cut, Drop, Logging, Octets
from replay.wire.frame import FrameHeader, alike, decode_header
from replay.wire.handshake import is_head
from replay.wire.masking import mask
from replay.wire.side import Side

MAX_FRAMES = limits.FRAMES.default
"""Frames that are located in one run of octets; after these, frame boundaries count as unknown."""

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.\d 1(?!01)\d\d\b")
_SWITCHED = re.compile(rb"HTTP/1\.\d 101\b")
_AGAIN = {
    Side.CLIENT: re.compile(rb"GET [^\r\n]{0,8192} HTTP/1\.\d\r?\n"),
    Side.SERVER: re.compile(rb"HTTP/1\.\d 101\b"),
}
"""How each side begins an opening handshake."""
_STATUS = len("HTTP/1.1 101 ")
_LONGEST_HEADER = 14


class LoggedFrame(NamedTuple):
    """A frame in the octets of one side."""

    first: int  # index of the entry with its first octet
    last: int  # index of the entry with the last of its octets that the log has
    header: FrameHeader | None  # None: even the header is incomplete
    at: int  # its offset in the first entry
    run: bytes  # the octets of the entry that contains the whole frame, else only the frame's own
    start: int  # its offset in `run`
    body: int  # the offset of its payload in `run`

    @property
    def whole(self) -> bool:
        return self.header is not None and self.body + self.header.length <= len(self.run)

    @property
    def lacking(self) -> int:
        """Octets of its payload that are missing."""
        return self.body + self.header.length - self.end if self.header else 0

    @property
    def end(self) -> int:
        """The offset in `run` of the end of the frame, or of the part of it that is present."""
        return min(len(self.run), self.body + self.header.length) if self.header else len(self.run)

    def row(self, times: int) -> Iterator[LoggedFrame]:
        """This frame and those after it in its entry that have the same header: `times` in all."""
        for number in range(times):
            by = number * (self.end - self.start)
            yield self._replace(at=self.at + by, start=self.start + by, body=self.body + by) if by else self

    def payload(self) -> bytes:
        """The payload, unmasked, as far as it is present."""
        if self.header is None:
            return b""
        return mask(memoryview(self.run)[self.body : self.body + self.header.length], self.header.key)


class FramePlace(NamedTuple):
    """Where a frame starts in a run of octets."""

    number: int  # of the entry, in the run
    at: int  # offset in the entry
    header: FrameHeader | None  # None: even that is incomplete
    times: int  # consecutive continuation frames with this header that are complete in the entry


class LoggedFrames(Struct):
    """The frames of one side."""

    rows: list[tuple[LoggedFrame, int]] = field(default_factory=list)
    """Each frame with the number of consecutive frames with the same header that it stands for."""
    lost: set[int] = field(default_factory=set)
    """Entries after missing octets, in which no frame boundaries are known."""
    ends: set[int] = field(default_factory=set)
    """Entries whose last octet in the log is the last one of a head or a frame."""
    unsure: int | None = None
    """The first entry that left out octets without saying how many."""

    @property
    def frames(self) -> list[LoggedFrame]:
        """All of them, one by one."""
        return [each for found, times in self.rows for each in found.row(times)]


def last_head(octets: bytes) -> tuple[int, int] | None:
    """Where the head starts and ends that follows any interim responses (RFC 9110 §15.2); None: it is
    incomplete."""
    start = 0
    while (found := END_OF_HEAD.search(octets, start)) is not None:
        if not _INTERIM.match(octets, start):
            return start, found.end()
        start = found.end()
    return None


Run = list[tuple[int, bytes]]
"""The index and the octets of entries that follow one another without a hole."""


def stream(entries: Sequence[object], side: Side, *, aligned: bool = False) -> LoggedFrames:
    """Find the frames that `side` sent. Everything but Octets and Logging entries is skipped.

    `aligned`: the entry after missing octets starts with a frame, as in an Autobahn report, which logs each
    frame as a write of its own.
    """
    out = LoggedFrames()
    run: Run = []
    opening, lost = True, False
    for index, entry in enumerate(entries):
        if isinstance(entry, Octets):
            if entry.side is not side:
                continue
            if entry.cut is not None and entry.cut.more is None and out.unsure is None:
                out.unsure = index
            if lost:
                out.lost.add(index)
                continue
            run.append((index, entry.data))
            if entry.cut is not None:
                lost = not _scan(out, run, opening, entry.cut) and not aligned
                run, opening = [], False
        elif isinstance(entry, Logging):
            _scan(out, run, opening, None)
            run, lost, opening = [], False, opening and not run
    _scan(out, run, opening, None)
    return out


def _scan(out: LoggedFrames, run: Run, opening: bool, cut: Cut | None) -> bool:
    """Take the frames of a run of octets; returns whether another frame begins after it."""
    number, at = _place(run, 0, 0)
    if opening and is_head(_octets(run, number, 0, _STATUS)[0]):
        octets = run[number][1]
        if (head := last_head(octets)) is None:
            octets = b"".join(data for _, data in run)
            head = last_head(octets)
        number, at = _place(run, number, head[1] if head else len(octets))
        if head and number == len(run):
            out.ends.add(run[-1][0])
        if head is None or (octets.startswith(b"HTTP/") and not _SWITCHED.match(octets, head[0])):
            out.lost.update(index for index, _ in run)
            return False
    found, count = None, 0
    for place in located(run, number, at):
        found = _logged(run, place)
        if count + place.times > MAX_FRAMES:
            out.rows.append((found, MAX_FRAMES - count))
            out.lost.update(index for index, _ in run[place.number :])
            return False
        out.rows.append((found, place.times))
        count += place.times
    if found is not None and not found.whole:
        return found.header is not None and cut is not None and cut.more == found.lacking
    if found is not None:
        out.ends.add(run[-1][0])
    return cut is not None and cut.more == 0


def located(run: Run, number: int, at: int) -> Iterator[FramePlace]:
    """The frames in a run of octets, from octet `at` of an entry on; the last one may be incomplete."""
    number, at = _place(run, number, at)
    while number < len(run):
        data = run[number][1]
        found = decode_header(data, at) or decode_header(_octets(run, number, at, _LONGEST_HEADER)[0])
        if found is None:
            yield FramePlace(number, at, None, 1)
            return
        header = found[0]
        size, times = header.size + header.length, 1
        if not header.first and at + size <= len(data):
            times = alike(data, at, at + header.size, header.length, len(data))
        yield FramePlace(number, at, header, times)
        number, at = _place(run, number, at + times * size)


def _logged(run: Run, place: FramePlace) -> LoggedFrame:
    number, at, header, _ = place
    first, data = run[number]
    size = _LONGEST_HEADER if header is None else header.size + header.length
    if header is not None and at + size <= len(data):
        return LoggedFrame(first, first, header, at, data, at, at + header.size)
    octets, last = _octets(run, number, at, size)
    return LoggedFrame(first, run[last][0], header, at, octets, 0, header.size if header else len(octets))


def _place(run: Run, number: int, offset: int) -> tuple[int, int]:
    """The entry in the run, and the offset in it, that is `offset` octets after the start of entry
    `number`."""
    while number < len(run) and offset >= len(run[number][1]):
        offset -= len(run[number][1])
        number += 1
    return number, offset


def _octets(run: Run, number: int, at: int, most: int) -> tuple[bytes, int]:
    """At most `most` octets from a place in the run on, and the entry with the last of them."""
    pieces: list[bytes] = []
    last = number
    while most and number < len(run):
        if piece := run[number][1][at : at + most]:
            pieces.append(piece)
            last, most = number, most - len(piece)
        number, at = number + 1, 0
    return b"".join(pieces), last


def recorder(entries: Sequence[object], me: Side) -> Side | None:
    """The side that recorded these entries, as far as the octets tell; `me` is the side that sent TX.

    The client is the side that sent a request line; else the one that masked its frames; else, if only one
    side sent frames, that one counts as the server.
    """
    for side in (me, me.other):
        if is_head(head := _head(entries, side)):
            client = side.other if head.startswith(b"HTTP/") else side
            return Side.CLIENT if client is me else Side.SERVER
    mine, theirs = stream(entries, me).frames, stream(entries, me.other).frames
    for frames, who in ((mine, Side.CLIENT), (theirs, Side.SERVER)):
        if any(found.header is not None and found.header.key for found in frames):
            return who
    return Side.SERVER if mine and not theirs else Side.CLIENT if theirs and not mine else None


def _head(entries: Sequence[object], side: Side) -> bytes:
    """The first octets of a side."""
    start = b""
    for entry in entries:
        if isinstance(entry, Octets) and entry.side is side:
            start += entry.data[:_STATUS]
            if len(start) >= _STATUS or entry.cut is not None:
                break
    return start


def second_connection(entries: Sequence[object]) -> Octets | None:
    """The entry that starts another opening handshake, after the first one or after the end of TCP.

    What looks like one inside a frame is payload.
    """
    first = {
        side: next(
            (one for one in entries if isinstance(one, Octets) and one.side is side and one.data), None
        )
        for side in Side
    }
    begins: dict[Side, set[int]] = {}
    switched, ended = b"", False
    for index, entry in enumerate(entries):
        ended = ended or isinstance(entry, Drop)
        if not isinstance(entry, Octets):
            continue
        side = entry.side
        done = ended or _SWITCHED.match(switched)
        if side is Side.SERVER and len(switched) < _STATUS:
            switched += entry.data[:_STATUS]
        if not done or entry is first[side] or not _AGAIN[side].match(entry.data):
            continue
        if side not in begins:
            begins[side] = {found.first for found in stream(entries, side).frames if not found.at}
        if ended or index in begins[side]:
            return entry
    return None
