"""Where the frames of a connection stand in the entries of its trace, and who recorded them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from replay import limits
from replay.trace.model import Cut, Drop, Logging, Octets
from replay.wire.frame import Header, alike, decode_header
from replay.wire.masking import mask
from replay.wire.side import Side

MAX_FRAMES = limits.FRAMES.default
"""Frames that are told apart in one run of octets; behind so many, no borders are known."""

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_SWITCHED = re.compile(rb"HTTP/1\.\d 101\b")
_AGAIN = {
    Side.CLIENT: re.compile(rb"GET [^\r\n]{0,8192} HTTP/1\.\d\r?\n"),
    Side.SERVER: re.compile(rb"HTTP/1\.\d 101\b"),
}
"""What a side starts an opening handshake with."""
_STATUS = len("HTTP/1.1 101 ")
HEADS = (b"GET ", b"HTTP/")


@dataclass(frozen=True, slots=True)
class Found:
    """A frame in the octets of one side."""

    first: int  # index of the entry with its first octet
    last: int  # index of the entry with the last of its octets that is there
    header: Header | None  # None: not even the header is whole
    run: bytes = field(repr=False)
    at: int  # where it starts in the first entry
    start: int  # where it starts in `run`
    body: int  # where its payload starts in `run`

    @property
    def whole(self) -> bool:
        return self.header is not None and self.body + self.header.length <= len(self.run)

    @property
    def end(self) -> int:
        """Where it ends in `run`, as far as it is there."""
        return min(len(self.run), self.body + self.header.length) if self.header else len(self.run)

    def payload(self) -> bytes:
        """The payload, unmasked, as far as it is there."""
        if self.header is None:
            return b""
        return mask(memoryview(self.run)[self.body : self.body + self.header.length], self.header.key)


@dataclass(slots=True)
class Stream:
    """The frames of one side. In the entries of `lost`, behind missing octets, no borders are known."""

    frames: list[Found] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    """Entries behind whose last shown octet a head or a frame ends."""
    most: int | None = None
    crowded: set[int] = field(default_factory=set)
    """Entries that hold more than `most` frames: those of them that are alike are left out."""


def stream(
    entries: Sequence[object], side: Side, *, aligned: bool = False, most: int | None = None
) -> Stream:
    """Find the frames that `side` sent. Whatever isn't an Octets or Logging entry is skipped.

    `aligned`: behind octets that are missing, the next entry starts a frame; so does an
    Autobahn report, which logs one write a frame. `most`: see `Stream.crowded`.
    """
    out = Stream(most=most)
    run: list[tuple[int, bytes]] = []
    opening, lost = True, False
    for index, entry in enumerate(entries):
        if isinstance(entry, Logging):
            _scan(out, run, opening, None)
            run, lost, opening = [], False, opening and not run
        elif isinstance(entry, Octets) and entry.side is side:
            if lost:
                out.lost.add(index)
                continue
            run.append((index, entry.data))
            if entry.cut is not None:
                lost = not _scan(out, run, opening, entry.cut) and not aligned
                run, opening = [], False
    _scan(out, run, opening, None)
    return out


def _scan(out: Stream, run: Sequence[tuple[int, bytes]], opening: bool, cut: Cut | None) -> bool:
    """Take the frames of a run of octets; is the next octet the first of a frame?"""
    octets = b"".join(data for _, data in run) if len(run) != 1 else run[0][1]
    marks = _Marks(run)
    at = 0
    if opening and octets.startswith(HEADS):
        end = _END_OF_HEAD.search(octets)
        at = end.end() if end else len(octets)
        if end and at == len(octets):
            out.ends.add(run[-1][0])
        if end is None or (octets.startswith(b"HTTP/") and not _SWITCHED.match(octets)):
            out.lost.update(index for index, _ in run)
            return False
    count = 0
    while at < len(octets):
        first, offset = marks.entry(at)
        if count >= MAX_FRAMES:
            out.lost.update(index for index, _ in run if index >= first)
            return False
        header, body = decode_header(octets, at) or (None, len(octets))
        if out.most is not None and header is not None and not header.first:
            times = alike(octets, at, body, header.length, marks.end)
            if times > out.most:
                out.crowded.add(first)
                count += times
                at += times * (body - at + header.length)
                continue
        count += 1
        end_at = body + header.length if header else len(octets)
        last, _ = marks.entry(min(end_at, len(octets)) - 1)
        out.frames.append(Found(first, last, header, octets, offset, at, body))
        if header is None or end_at > len(octets):
            return header is not None and cut is not None and cut.more == end_at - len(octets)
        at = end_at
        if at == len(octets):
            out.ends.add(run[-1][0])
    return cut is not None and cut.more == 0


class _Marks:
    """Which entry an octet of a run stands in, and where; asked for in rising order."""

    def __init__(self, run: Sequence[tuple[int, bytes]]) -> None:
        self._run = run
        self._at = self._start = 0

    @property
    def end(self) -> int:
        """Where the entry that was asked for last ends."""
        return self._start + len(self._run[self._at][1])

    def entry(self, offset: int) -> tuple[int, int]:
        while offset - self._start >= len(self._run[self._at][1]):
            self._start += len(self._run[self._at][1])
            self._at += 1
        return self._run[self._at][0], offset - self._start


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
