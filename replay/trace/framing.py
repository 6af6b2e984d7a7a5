"""Where the frames of a connection stand in the entries of its trace, and who recorded them.

`located` finds them in octets that are all there. What takes octets as they come, and has to know where it
is in between, reads them by the `FrameDecoder` of `wire`: it holds no payload and looks at no entry twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from replay import limits
from replay.trace.model import Cut, Drop, Logging, Octets
from replay.wire.frame import FrameHeader, alike, decode_header
from replay.wire.masking import mask
from replay.wire.side import Side

MAX_FRAMES = limits.FRAMES.default
"""Frames that are told apart in one run of octets; behind so many, no borders are known."""

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_SWITCHED = re.compile(rb"HTTP/1\.\d 101\b")
_AGAIN = {
    Side.CLIENT: re.compile(rb"GET [^\r\n]{0,8192} HTTP/1\.\d\r?\n"),
    Side.SERVER: re.compile(rb"HTTP/1\.\d 101\b"),
}
"""What a side starts an opening handshake with."""
_STATUS = len("HTTP/1.1 101 ")
_LONGEST_HEADER = 14
HEADS = (b"GET ", b"HTTP/")


class LoggedFrame(NamedTuple):
    """A frame in the octets of one side."""

    first: int  # index of the entry with its first octet
    last: int  # index of the entry with the last of its octets that is there
    header: FrameHeader | None  # None: not even the header is whole
    at: int  # where it starts in the first entry
    run: bytes  # octets with the frame among them: those of the entry that holds it, else its own
    start: int  # where it starts in `run`
    body: int  # where its payload starts in `run`

    @property
    def whole(self) -> bool:
        return self.header is not None and self.body + self.header.length <= len(self.run)

    @property
    def lacking(self) -> int:
        """Octets of its payload that aren't there."""
        return self.body + self.header.length - self.end if self.header else 0

    @property
    def end(self) -> int:
        """Where it ends in `run`, as far as it is there."""
        return min(len(self.run), self.body + self.header.length) if self.header else len(self.run)

    def row(self, times: int) -> Iterator[LoggedFrame]:
        """So many frames that are alike, one behind the other in this entry, this one first."""
        for number in range(times):
            by = number * (self.end - self.start)
            yield self._replace(at=self.at + by, start=self.start + by, body=self.body + by) if by else self

    def payload(self) -> bytes:
        """The payload, unmasked, as far as it is there."""
        if self.header is None:
            return b""
        return mask(memoryview(self.run)[self.body : self.body + self.header.length], self.header.key)


class FramePlace(NamedTuple):
    """Where a frame starts in a run of octets."""

    number: int  # of the entry, in the run
    at: int  # in the entry
    header: FrameHeader | None  # None: not even that is whole
    times: int  # so many continuation frames that are alike stand in a row here, whole in the entry


@dataclass(slots=True)
class LoggedFrames:
    """The frames of one side. In the entries of `lost`, behind missing octets, no borders are known."""

    rows: list[tuple[LoggedFrame, int]] = field(default_factory=list)
    """Frames, and how many that are alike each of them is the first of."""
    lost: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    """Entries behind whose last shown octet a head or a frame ends."""
    unsure: int | None = None
    """The first entry that left out octets without saying how many."""

    @property
    def frames(self) -> list[LoggedFrame]:
        """All of them, one by one."""
        return [each for found, times in self.rows for each in found.row(times)]


Run = list[tuple[int, bytes]]
"""Entries whose octets follow one another."""


def stream(entries: Sequence[object], side: Side, *, aligned: bool = False) -> LoggedFrames:
    """Find the frames that `side` sent. Whatever isn't an Octets or Logging entry is skipped.

    `aligned`: behind octets that are missing, the next entry starts a frame; so does an
    Autobahn report, which logs one write a frame.
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
    """Take the frames of a run of octets; is the next octet the first of a frame?"""
    number, at = _place(run, 0, 0)
    if opening and _octets(run, number, 0, _STATUS)[0].startswith(HEADS):
        octets = run[number][1]
        if (end := END_OF_HEAD.search(octets)) is None:
            octets = b"".join(data for _, data in run)
            end = END_OF_HEAD.search(octets)
        number, at = _place(run, number, end.end() if end else len(octets))
        if end and number == len(run):
            out.ends.add(run[-1][0])
        if end is None or (octets.startswith(b"HTTP/") and not _SWITCHED.match(octets)):
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


def located(run: Run, number: int = 0, at: int = 0) -> Iterator[FramePlace]:
    """The frames in a run of octets, from octet `at` of an entry on; the last one may be unfinished."""
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
    """The entry with the octet that is so far behind the first of an entry, and where in it: both by
    their number in the run."""
    while number < len(run) and offset >= len(run[number][1]):
        offset -= len(run[number][1])
        number += 1
    return number, offset


def _octets(run: Run, number: int, at: int, most: int) -> tuple[bytes, int]:
    """So many octets from a place on, as far as they are there, and the entry with the last of them."""
    pieces: list[bytes] = []
    last = number
    while most and number < len(run):
        if piece := run[number][1][at : at + most]:
            pieces.append(piece)
            last, most = number, most - len(piece)
        number, at = number + 1, 0
    return b"".join(pieces), last


def recorder(entries: Sequence[object], me: Side) -> Side | None:
    """Who recorded this, as far as the octets tell, if `me` is the side whose octets are TX.

    Who sent the request line is the client; else who masked; else who sent frames alone.
    """
    for side in (me, me.other):
        if (head := _head(entries, side)) is not None:
            client = side if head == b"GET " else side.other
            return Side.CLIENT if client is me else Side.SERVER
    mine, theirs = stream(entries, me).frames, stream(entries, me.other).frames
    for frames, who in ((mine, Side.CLIENT), (theirs, Side.SERVER)):
        if any(found.header is not None and found.header.key for found in frames):
            return who
    return Side.SERVER if mine and not theirs else Side.CLIENT if theirs and not mine else None


def _head(entries: Sequence[object], side: Side) -> bytes | None:
    """What the octets of `side` start with, if it is the start of an HTTP head."""
    start = b""
    for entry in entries:
        if isinstance(entry, Octets) and entry.side is side:
            start += entry.data[:5]
            if len(start) >= 5 or entry.cut is not None:
                break
    return next((head for head in HEADS if start.startswith(head)), None)


def second_connection(entries: Sequence[object]) -> Octets | None:
    """The entry with which another opening handshake starts, once one is done or TCP has ended.

    Inside of a frame there is none: that is payload, whatever it looks like.
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
