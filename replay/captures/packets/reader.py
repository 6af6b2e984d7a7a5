"""The WebSocket connections in a capture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from msgspec.structs import replace

from replay import limits
from replay.captures.model import Captured, Wanted
from replay.captures.packets import link, midstream, tcp, tls
from replay.captures.packets.files import Packet, Told
from replay.captures.packets.link import Segment
from replay.captures.packets.tcp import Connection, Piece
from replay.captures.streams import trace_of
from replay.source import SourceError, printable
from replay.wire.handshake import MAX_HEAD

MOST_HELD = limits.CAPTURED.default
"""Octets of connections that have ended, up to which all are given in the order of their first packets."""

MOST_OF_ONE = limits.LOG.default // 2
"""Octets of one connection that are read; it counts as missing what it sends after them."""

MOST_ENTRIES = limits.ENTRIES.default // 2

MOST_OPEN = 2**16
"""Connections that are followed at the same time, and that are known to have ended."""

_LINE = re.compile(rb"GET (?P<target>[^ \r\n]{0,8192}) ")
_REQUEST = re.compile(
    rb"GET [^ \r\n]{0,8192} HTTP/1\.\d\r?\n(?=(?:[^\r\n]{0,65536}\r?\n){0,256}?"
    rb"(?:Upgrade[ \t]*:[^\r\n]*websocket|Sec-WebSocket-Key[ \t]*:))",
    re.IGNORECASE,
)
_SWITCHED = re.compile(rb"HTTP/1\.1 101\b")
_HTTP = re.compile(rb"[A-Z]{1,20} |HTTP/1\.")
_GET = b"GET "
_TLS = b"\x16\x03"
_FIRST = 32

_End = tuple[bytes, int]
"""An address and a port."""


class _Followed:
    """A TCP connection, and what is kept of it: nothing before a request for a WebSocket."""

    def __init__(self, connection: Connection, late: bool) -> None:
        """`late`: whether to keep it if the capture doesn't have its beginning."""
        self.connection = connection
        self.number: int | None = None  # of the WebSocket connection
        self.client: int | None = None
        self.path: str | None = None
        self.pieces: list[Piece] = []
        self.size = 0
        self.ends_at: int | None = None  # the packet from which on nothing is kept
        self.first = b""
        self._late = late
        self._begun: tuple[list[Piece], list[Piece]] = ([], [])  # what may become a request

    def take(self, pieces: Iterable[Piece]) -> bool:
        """Keep what is needed of what came; returns whether a request for a WebSocket is now there."""
        found = False
        for piece in pieces:
            self.first = self.first or piece.data[:_FIRST]
            if self.client is None and self._asks(piece):
                self._begin(piece.end)
                found = True
            elif self.client is None and _SWITCHED.match(piece.data):
                self._begin(1 - piece.end)  # of the request, not all was captured
                self._keep(piece)
                found = True
            elif self.client is not None or (self._late and not self.connection.opened):
                self._keep(piece)
        return found

    def _begin(self, client: int) -> None:
        self.client, self.pieces = client, self._begun[client]
        self.size = sum(len(each.data) for each in self.pieces)
        if (line := _LINE.match(b"".join(each.data for each in self.pieces))) is not None:
            self.path = line["target"].decode("latin-1")

    def _keep(self, piece: Piece) -> None:
        if self.size + len(piece.data) > MOST_OF_ONE or len(self.pieces) >= MOST_ENTRIES:
            self.ends_at = self.ends_at or piece.number
        if self.ends_at is None:
            self.pieces.append(piece)
            self.size += len(piece.data)

    def _asks(self, piece: Piece) -> bool:
        """Whether a request for a WebSocket is there with this piece."""
        begun = self._begun[piece.end]
        if begun and begun[-1].missing:
            begun.clear()
        begun.append(piece)
        octets = b"".join(each.data for each in begun)
        found = _REQUEST.search(octets) if _GET in octets else None
        start = octets.rfind(_GET) if found is None else found.start()
        ended = start >= 0 and (b"\n\r\n" in octets[start:] or len(octets) - start > MAX_HEAD)
        none = start < 0 and not _GET.startswith(octets)
        if found is None and not piece.missing and (ended or none):
            begun.clear()
            return False
        while start > 0 and start >= len(begun[0].data):
            start -= len(begun.pop(0).data)
        if start > 0:
            begun[0].data, begun[0].start = begun[0].data[start:], begun[0].start + start
        return found is not None

    @property
    def joined_late(self) -> bool:
        """Whether it may be a WebSocket whose beginning the capture doesn't have."""
        return self.client is None and not (
            self.connection.opened or self.tls or not self.first or _HTTP.match(self.first)
        )

    @property
    def tls(self) -> bool:
        """Whether it begins like TLS: with a record of a handshake (RFC 8446 §5.1)."""
        return self.first.startswith(_TLS)


def connections(name: str, packets: Iterable[Packet], wanted: Wanted, told: Told) -> Iterator[Captured]:
    """The WebSocket connections of a capture. Raises SourceError if it has none."""
    found = _Connections(name, wanted, told)
    reader = link.Reader()
    for packet in packets:
        if (segment := reader.segment(packet)) is not None:
            yield from found.take(segment)
    yield from found.rest()
    if not found.count:
        raise found.none(reader.unknown)


class _Connections:
    """The connections of a capture while it is read."""

    def __init__(self, name: str, wanted: Wanted, told: Told) -> None:
        self.count = 0  # of WebSocket connections
        self._name, self._wanted, self._told = name, wanted, told
        self._open: dict[frozenset[_End], _Followed] = {}
        self._ended: list[Captured] = []
        self._closed: dict[frozenset[_End], None] = {}
        self._held = self._others = self._tls = self._late = 0
        self._joined: list[_Followed] = []

    def take(self, segment: Segment) -> Iterator[Captured]:
        key = frozenset((segment.source, segment.target))
        followed = self._open.get(key)
        if followed is not None and followed.connection.is_followed_by(segment):
            self._end(key)
            followed = None
        if followed is None:
            begins = segment.flags & link.SYN
            if not begins and (not segment.length or key in self._closed):
                return  # it says nothing of what isn't there, or repeats it
            if len(self._open) >= MOST_OPEN:
                self._end(next(iter(self._open)))
            self._closed.pop(key, None)
            late = self._wanted.recorder is not None
            followed = self._open[key] = _Followed(Connection(segment), late)
        self._number(followed, followed.connection.take(segment))
        if followed.connection.closed:
            self._end(key)
            self._closed[key] = None
            if len(self._closed) > MOST_OPEN:
                del self._closed[next(iter(self._closed))]
        if self._held > MOST_HELD:
            yield from self._give()

    def _number(self, followed: _Followed, pieces: Iterable[Piece]) -> None:
        if followed.take(pieces):
            self.count += 1
            followed.number = self.count

    def rest(self) -> Iterator[Captured]:
        for key in [*self._open]:
            self._end(key)
        if not self.count:
            for followed in self._joined:
                self.count += 1
                followed.number = self.count
                self._finish(followed)
        if self._tls and self._ended and not (self._wanted.keylog or self._told.secrets):
            last = max(self._ended, key=lambda one: one.number)
            self._ended.remove(last)
            said = f"{_count(self._tls, 'other connection')} of the capture can't be read, because of TLS"
            self._ended.append(replace(last, notes=(*last.notes, f"{printable(self._name)}: {said}")))
        yield from self._give()

    def none(self, unknown: set[int]) -> SourceError:
        """Why there is no connection."""
        name = printable(self._name)
        if self._late:
            said = f"{name}: the capture begins in the middle of {_count(self._late, 'connection')}"
            hint = (
                "`--as client` or `--as server` reads each side from its first packet on that is made of "
                "whole frames; nothing is known of the handshake then"
            )
            return SourceError(None, f"{said}, without an opening handshake", hint)
        if self._tls:
            said = f"{name}: no connection asks for a WebSocket in plain text, and {self._tls:,} use TLS"
            return SourceError(None, said, tls.way_out(self._name, self._wanted, bool(self._told.secrets)))
        if unknown:
            kinds = ", ".join(map(str, sorted(unknown)))
            said = f"{name}: the packets have a link layer that isn't known (LINKTYPE {kinds})"
            return SourceError(None, said, "known are Ethernet, Linux cooked, loopback, PPP and raw IP")
        there = (
            f"it has {_count(self._others, 'other TCP connection')}" if self._others else "it has no TCP"
        )
        damage = f"; {self._told.damage}" if self._told.damage else ""
        said = f"{name}: no connection in this capture asks for a WebSocket: {there}{damage}"
        return SourceError(None, said, "a WebSocket begins with a request that has 'Upgrade: websocket'")

    def _end(self, key: frozenset[_End]) -> None:
        followed = self._open.pop(key)
        self._number(followed, followed.connection.rest())
        if followed.number is not None:
            self._finish(followed)
        elif followed.joined_late:
            self._late += 1
            if self._wanted.recorder is not None:
                self._joined.append(followed)
        elif followed.tls:
            self._tls += 1
            self._told.encrypted += 1
        else:
            self._others += 1

    def _finish(self, followed: _Followed) -> None:
        assert followed.number is not None
        self._held += followed.size
        damage = None if followed.connection.closed else self._told.damage
        self._ended.append(_captured(self._name, followed, self._wanted, damage))

    def _give(self) -> Iterator[Captured]:
        self._ended.sort(key=lambda one: one.number)
        yield from self._ended
        self._ended, self._held = [], 0


def _captured(name: str, followed: _Followed, wanted: Wanted, damage: str | None) -> Captured:
    connection = followed.connection
    began = connection.began
    chunks, client, late = [*tcp.chunks(followed.pieces, began)], followed.client, list[str]()
    if client is None:
        chunks, client, late = midstream.begun(chunks)
    trace = trace_of(chunks, client, wanted.recorder)
    ends = [_address(*end) for end in connection.ends]
    assert followed.number is not None
    return Captured(
        number=followed.number,
        trace=trace,
        client=None if client is None else ends[client],
        server=None if client is None else ends[1 - client],
        path=followed.path,
        at=began,
        notes=tuple(f"{printable(name)}: {said}" for said in (*late, *_notes(followed, damage))),
    )


MOST_NOTES = 3


def _notes(followed: _Followed, damage: str | None) -> Iterator[str]:
    """What the capture doesn't have of a connection."""
    gaps = [piece for piece in followed.pieces if piece.missing]
    for piece in gaps[:MOST_NOTES]:
        who = "one side"
        if followed.client is not None:
            who = "the client" if piece.end == followed.client else "the server"
        said = f"{_count(piece.missing, 'octet')} that {who} sent"
        yield f"{said} {'is' if piece.missing == 1 else 'are'} missing near packet {piece.number}"
    if len(gaps) > MOST_NOTES:
        yield f"there are {_count(len(gaps) - MOST_NOTES, 'more gap')}"
    if followed.ends_at is not None:
        said = "the connection is too long, and nothing of it is read from here on"
        yield f"{said}: packet {followed.ends_at}"
    if damage is not None:
        yield damage


def _address(address: bytes, port: int) -> str:
    host = ip_address(address)
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
