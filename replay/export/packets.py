"""A trace as the TCP segments that would carry it, each in an IPv4 packet (RFC 791, RFC 9293).

Addresses and ports are made up: a log has none. Sequence numbers, acknowledgements and checksums are right,
each write ends with a segment that has PSH, and octets that the log left out are missing in the sequence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from msgspec import Struct

from replay.trace.model import Drop, Entry, How, Octets, Trace
from replay.wire.side import Side

ADDRESSES = {Side.CLIENT: bytes((192, 0, 2, 1)), Side.SERVER: bytes((192, 0, 2, 2))}
"""Addresses that are reserved for documentation (RFC 5737)."""

HTTP = 80
"""The server's port, by which other programs know that the connection begins with HTTP."""

FIRST_PORT = 49152
"""The client's port on the first connection (RFC 6335 §6: the first of the dynamic ports)."""

MOST = 65535 - 40
"""The most octets of a segment: an IPv4 packet has at most 65535 octets, of which headers take 40."""

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

_SCALE = bytes((3, 3, 14, 0))  # the option for windows of up to 1 GiB (RFC 7323 §2.2)
_IP = struct.Struct("!BBHHHBBH4s4s")
_TCP = struct.Struct("!HHIIBBHHH")
_SEQUENCE = 2**32


class Packet(Struct, frozen=True):
    """An IPv4 packet, and when it was sent, in microseconds since the start of the connection."""

    at: int
    octets: bytes


class _Sender:
    """The segments of both sides of a connection."""

    def __init__(self, number: int) -> None:
        self._ports = {Side.CLIENT: FIRST_PORT + number, Side.SERVER: HTTP}
        self._next = {Side.CLIENT: 1000, Side.SERVER: 2000}  # sequence numbers
        self._count = 0

    def segment(self, at: int, side: Side, flags: int, data: bytes = b"") -> Packet:
        other = side.other
        options = _SCALE if flags & SYN else b""
        size = _TCP.size + len(options)
        acknowledged = self._next[other] if flags & ACK else 0

        def tcp(checksum: int) -> bytes:
            fields = (self._next[side], acknowledged, size // 4 << 4, flags, 65535, checksum, 0)
            return _TCP.pack(self._ports[side], self._ports[other], *fields) + options

        pseudo = ADDRESSES[side] + ADDRESSES[other] + struct.pack("!HH", 6, size + len(data))
        octets = tcp(_checksum(pseudo + tcp(0) + data)) + data
        self._count += 1
        self.skip(side, len(data) + bool(flags & (SYN | FIN)))
        return Packet(at, _ip(self._count, ADDRESSES[side], ADDRESSES[other], octets))

    def skip(self, side: Side, octets: int) -> None:
        """These octets were sent, but aren't there."""
        self._next[side] = (self._next[side] + octets) % _SEQUENCE


def packets(trace: Trace, number: int = 0) -> Iterator[Packet]:
    """The packets of a connection, which is number `number` of a file.

    A gap of unknown length is one missing octet.
    """
    sender = _Sender(number)
    for side, flags in ((Side.CLIENT, SYN), (Side.SERVER, SYN | ACK), (Side.CLIENT, ACK)):
        yield sender.segment(0, side, flags)
    for at, entry in timed(trace):
        if isinstance(entry, Octets):
            for write in entry.writes.single():
                for start in range(0, len(write), MOST):
                    last = start + MOST >= len(write)
                    piece = write[start : start + MOST]
                    yield sender.segment(at, entry.side, ACK | PSH if last else ACK, piece)
            if entry.cut is not None:
                sender.skip(entry.side, 1 if entry.cut.more is None else entry.cut.more)
        elif isinstance(entry, Drop):
            yield sender.segment(at, entry.side, ACK | (RST if entry.how is How.RST else FIN))


def timed(trace: Trace) -> Iterator[tuple[int, Entry]]:
    """The entries with their times. One without a time was sent a microsecond after the one before it."""
    at = 0
    for entry in trace.entries:
        at = at + 1 if entry.at is None else max(at, entry.at)
        yield at, entry


def _ip(number: int, source: bytes, target: bytes, data: bytes) -> bytes:
    def head(checksum: int) -> bytes:
        # version 4 with a header of five words; "don't fragment"; 64 hops; protocol 6 is TCP
        size = _IP.size + len(data)
        return _IP.pack(0x45, 0, size, number & 0xFFFF, 0x4000, 64, 6, checksum, source, target)

    return head(_checksum(head(0))) + data


def _checksum(octets: bytes) -> int:
    """The ones' complement of the ones' complement sum of all 16-bit words (RFC 1071).

    2^16 is 1 modulo 2^16 - 1, so this sum is the remainder of the octets, taken as one number.
    """
    value = int.from_bytes(octets + b"\0" * (len(octets) % 2), "big")
    return 0xFFFF - (value % 0xFFFF or (0xFFFF if value else 0))
