"""The packets in a capture: pcap and pcapng, in either byte order, read as a stream.

Both formats are a header and records of a few fields.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from replay import limits
from replay.source import SourceError, printable

MICROSECONDS = 10**6
MAX_BLOCK = limits.PACKET.default

_PCAP = {
    bytes.fromhex("d4c3b2a1"): ("<", MICROSECONDS, 16),
    bytes.fromhex("a1b2c3d4"): (">", MICROSECONDS, 16),
    bytes.fromhex("4d3cb2a1"): ("<", 10**9, 16),
    bytes.fromhex("a1b23c4d"): (">", 10**9, 16),
    bytes.fromhex("34cdb2a1"): ("<", MICROSECONDS, 24),  # of an old patch for Linux
    bytes.fromhex("a1b2cd34"): (">", MICROSECONDS, 24),
}
"""By the first octets: byte order, units of time in a second, octets of a packet's header."""

_PCAPNG = bytes.fromhex("0a0d0d0a")
_ORDERS = {bytes.fromhex("4d3c2b1a"): "<", bytes.fromhex("1a2b3c4d"): ">"}
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 2, 3, 6, 10
_RESOLUTION, _OFFSET = 9, 14  # options of an interface


class Packet(NamedTuple):
    """A packet, or as much of it as was captured."""

    number: int  # from 1, as Wireshark shows it
    at: int | None  # microseconds since 1970
    link: int  # the type of its link layer
    octets: bytes
    length: int  # octets that it had on the wire


class Told(Struct):
    """What a capture says beside its packets, as far as it has been read."""

    secrets: list[bytes] = field(default_factory=list)  # key logs of TLS
    damage: str | None = None  # why it wasn't read to its end
    encrypted: int = 0  # connections within TLS


class _Interface(NamedTuple):
    link: int
    snap: int  # the most octets that are captured of a packet; 0: all
    units: int  # of time, in a second
    offset: int  # seconds to add


class _Ended(Exception):
    """The capture ends in the middle of something."""


def is_capture(head: bytes) -> bool:
    """Whether a file that begins with these octets is a pcap or a pcapng."""
    return head[:4] in _PCAP or (head[:4] == _PCAPNG and head[8:12] in _ORDERS)


def packets(name: str, blocks: Iterable[bytes], told: Told) -> Iterator[Packet]:
    """All packets of a capture. Damage ends it, and is told. Raises SourceError if it isn't a capture."""
    octets = _Octets(blocks)
    try:
        magic = octets.take(4)
        yield from _pcap(octets, *_PCAP[magic]) if magic in _PCAP else _pcapng(octets, magic, told)
    except KeyError:
        raise SourceError(None, f"{printable(name)}: this is neither a pcap nor a pcapng") from None
    except _Ended:
        told.damage = "the capture ends in the middle of a packet"
    except _Damaged as damage:
        told.damage = str(damage)


class _Damaged(Exception):
    """The capture can't be read on."""


class _Octets:
    """The octets of a file, taken piece by piece."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._block, self._at = b"", 0

    def take(self, count: int) -> bytes:
        """The next octets. Raises _Ended."""
        end = self._at + count
        if end > len(self._block):
            pieces = [self._block[self._at :]]
            there = len(pieces[0])
            while there < count:
                block = next(self._blocks, None)
                if block is None:
                    raise _Ended
                pieces.append(block)
                there += len(block)
            self._block, self._at, end = b"".join(pieces), 0, count
        taken = self._block[self._at : end]
        self._at = end
        return taken

    def ended(self) -> bool:
        """Whether there are no more octets."""
        while self._at == len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return True
            self._block, self._at = block, 0
        return False


def _pcap(octets: _Octets, order: str, units: int, size: int) -> Iterator[Packet]:
    *_, link = struct.unpack(order + "HHiIII", octets.take(20))
    read = struct.Struct(order + "IIII").unpack_from
    number = 0
    while not octets.ended():
        number += 1
        seconds, fraction, there, length = read(octets.take(size))
        _bounded(there, number)
        at = seconds * MICROSECONDS + fraction * MICROSECONDS // units
        yield Packet(number, at, link & 0xFFFF, octets.take(there), max(there, length))


def _pcapng(octets: _Octets, magic: bytes, told: Told) -> Iterator[Packet]:
    if magic != _PCAPNG:
        raise KeyError(magic)
    order, interfaces, number = _ORDERS[_start(octets)], list[_Interface](), 0
    while not octets.ended():
        head = octets.take(8)
        kind, size = struct.unpack(order + "II", head)
        if kind == _SECTION:
            order, interfaces = _section(octets, head), []
            continue
        _bounded(size, number + 1)
        if size < 12:
            raise _Damaged(f"a block after packet {number} says that it has {size} octets")
        body = octets.take(size - 8)[: size - 12]
        if kind == _INTERFACE:
            interfaces.append(_interface(order, body))
        elif kind == _SECRETS:
            told.secrets.append(_secrets(order, body))
        elif kind in _READERS:
            number += 1
            yield _READERS[kind](order, body, interfaces, number)


def _start(octets: _Octets) -> bytes:
    """The byte-order magic of the first section, which is read to its end."""
    size, magic = octets.take(4), octets.take(4)
    (length,) = struct.unpack(_ORDERS[magic] + "I", size)
    _skip(octets, length - 12)
    return magic


def _section(octets: _Octets, head: bytes) -> str:
    """The byte order of a further section, which is read to its end."""
    magic = octets.take(4)
    if magic not in _ORDERS:
        raise _Damaged("a section of the capture has no byte order")
    (length,) = struct.unpack(_ORDERS[magic] + "I", head[4:])
    _skip(octets, length - 12)
    return _ORDERS[magic]


def _skip(octets: _Octets, count: int) -> None:
    _bounded(count, 0)
    octets.take(max(0, count))


def _bounded(size: int, number: int) -> None:
    if size > MAX_BLOCK:
        where = f"packet {number}" if number else "a section"
        raise _Damaged(f"{where} says that it has {size:,} octets, so the capture is damaged from there on")


def _interface(order: str, body: bytes) -> _Interface:
    if len(body) < 8:
        raise _Damaged("an interface of the capture is incomplete")
    link, _, snap = struct.unpack_from(order + "HHI", body)
    units, offset = MICROSECONDS, 0
    for code, value in _options(order, body[8:]):
        if code == _RESOLUTION and value:
            exponent = value[0] & 0x7F
            units = 2**exponent if value[0] & 0x80 else 10**exponent
        elif code == _OFFSET and len(value) == 8:
            (offset,) = struct.unpack(order + "q", value)
    return _Interface(link, snap, units, offset)


def _options(order: str, octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(octets):
        code, size = struct.unpack_from(order + "HH", octets, at)
        if not code:
            return
        yield code, octets[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4


def _secrets(order: str, body: bytes) -> bytes:
    if len(body) < 8:
        return b""
    (size,) = struct.unpack_from(order + "I", body, 4)
    return body[8 : 8 + size]


_Read = Callable[[str, bytes, list[_Interface], int], Packet]


def _packet(order: str, body: bytes, interfaces: list[_Interface], number: int) -> Packet:
    return _timed("IIIII", order, body, interfaces, number)


def _old_packet(order: str, body: bytes, interfaces: list[_Interface], number: int) -> Packet:
    return _timed("HxxIIII", order, body, interfaces, number)


def _timed(fields: str, order: str, body: bytes, interfaces: list[_Interface], number: int) -> Packet:
    if len(body) < 20:
        raise _Damaged(f"packet {number} is incomplete")
    which, high, low, there, length = struct.unpack_from(order + fields, body)
    interface = _of(interfaces, which, number)
    at = (high << 32 | low) * MICROSECONDS // interface.units + interface.offset * MICROSECONDS
    octets = body[20 : 20 + there]
    return Packet(number, at, interface.link, octets, max(len(octets), length))


def _simple(order: str, body: bytes, interfaces: list[_Interface], number: int) -> Packet:
    if len(body) < 4:
        raise _Damaged(f"packet {number} is incomplete")
    interface = _of(interfaces, 0, number)
    (length,) = struct.unpack_from(order + "I", body)
    there = min(length, interface.snap or length)
    octets = body[4 : 4 + there]
    return Packet(number, None, interface.link, octets, max(len(octets), length))


def _of(interfaces: list[_Interface], which: int, number: int) -> _Interface:
    if which >= len(interfaces):
        raise _Damaged(f"packet {number} is from an interface that the capture doesn't describe")
    return interfaces[which]


_READERS: dict[int, _Read] = {_PACKET: _packet, _OLD_PACKET: _old_packet, _SIMPLE: _simple}
