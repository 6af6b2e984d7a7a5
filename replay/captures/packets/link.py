"""From a packet to the TCP segment in it: link layers, IPv4 (RFC 791) and IPv6 (RFC 8200)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from replay.captures.packets.files import Packet

TCP = 6
FIN, SYN, RST, ACK = 1, 2, 4, 16

_IPV4, _IPV6 = 0x0800, 0x86DD
_TAGS = {0x8100, 0x88A8, 0x9100}  # VLAN (IEEE 802.1Q and 802.1ad)
_PPPOE = 0x8864
_PPP = {0x0021: _IPV4, 0x0057: _IPV6}
_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _OPTIONS = 0, 43, 44, 51, 60

MOST_FRAGMENTED = 1024
"""IPv4 packets whose fragments are waited for at the same time."""


class Segment(NamedTuple):
    """A TCP segment (RFC 9293)."""

    number: int  # of its packet
    at: int | None  # microseconds since 1970
    source: tuple[bytes, int]  # address and port
    target: tuple[bytes, int]
    sequence: int
    acknowledged: int | None
    flags: int
    data: bytes  # as far as it was captured
    length: int  # of all of its data


class Reader:
    """Finds the segments. Fragments of IPv4 are put together."""

    def __init__(self) -> None:
        self.unknown: set[int] = set()
        """Types of link layers that aren't known, whose packets are passed over."""
        self._fragments: dict[bytes, dict[int, bytes]] = {}

    def segment(self, packet: Packet) -> Segment | None:
        """The segment in a packet; None: there is none, or not enough of it was captured."""
        at = _ip_at(packet.link, packet.octets)
        if at is None:
            if packet.link not in _LINKS:
                self.unknown.add(packet.link)
            return None
        octets = packet.octets[at:]
        version = octets[0] >> 4 if octets else 0
        if version == 4:
            return self._ipv4(packet, octets, packet.length - at)
        return _ipv6(packet, octets, packet.length - at) if version == 6 else None

    def _ipv4(self, packet: Packet, octets: bytes, length: int) -> Segment | None:
        if len(octets) < 20:
            return None
        size, fragment, protocol = struct.unpack_from("!2xH2xHxB", octets)
        head = (octets[0] & 15) * 4
        if protocol != TCP or head < 20:
            return None
        size = size or length  # 0 where the network card cuts it into packets
        body = octets[head:size]
        source, target = octets[12:16], octets[16:20]
        if not fragment & 0x3FFF:
            return _tcp(packet, source, target, body, size - head)
        key = octets[4:6] + octets[12:20]
        return self._fragment(packet, key, fragment, body, source, target)

    def _fragment(
        self, packet: Packet, key: bytes, field: int, body: bytes, source: bytes, target: bytes
    ) -> Segment | None:
        if len(self._fragments) >= MOST_FRAGMENTED and key not in self._fragments:
            del self._fragments[next(iter(self._fragments))]
        parts = self._fragments.setdefault(key, {})
        parts[(field & 0x1FFF) * 8] = body
        if not field & 0x2000:
            parts[-1] = (field & 0x1FFF).to_bytes(2, "big")  # the last one has been seen
        if -1 not in parts:
            return None
        whole = b""
        for start in sorted(start for start in parts if start >= 0):
            if start > len(whole):
                return None
            whole = whole[:start] + parts[start]
        if int.from_bytes(parts[-1], "big") * 8 not in parts:
            return None
        del self._fragments[key]
        return _tcp(packet, source, target, whole, len(whole))


def _ipv6(packet: Packet, octets: bytes, length: int) -> Segment | None:
    if len(octets) < 40:
        return None
    size, following = struct.unpack_from("!4xHB", octets)
    end, at = (40 + size if size else length), 40
    while following in (_HOP, _ROUTING, _OPTIONS, _AUTHENTICATION, _FRAGMENT):
        if at + 8 > len(octets):
            return None
        if following == _FRAGMENT and int.from_bytes(octets[at + 2 : at + 4], "big") & 0xFFF9:
            return None  # a part of a packet
        more = octets[at + 1]
        step = {_FRAGMENT: 8, _AUTHENTICATION: (more + 2) * 4}.get(following, (more + 1) * 8)
        following = octets[at]
        at += step
    if following != TCP:
        return None
    return _tcp(packet, octets[8:24], octets[24:40], octets[at:end], end - at)


def _tcp(packet: Packet, source: bytes, target: bytes, octets: bytes, length: int) -> Segment | None:
    if len(octets) < 20:
        return None
    from_port, to_port, sequence, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", octets)
    head = (offset >> 4) * 4
    if head < 20:
        return None
    return Segment(
        number=packet.number,
        at=packet.at,
        source=(source, from_port),
        target=(target, to_port),
        sequence=sequence,
        acknowledged=acknowledged if flags & ACK else None,
        flags=flags,
        data=octets[head:],
        length=max(0, length - head),
    )


def _ethernet(octets: bytes) -> int | None:
    return _ethertype(octets, 12)


def _ethertype(octets: bytes, at: int) -> int | None:
    """Where IP begins after the type at this place."""
    while (kind := int.from_bytes(octets[at : at + 2], "big")) in _TAGS:
        at += 4
    if kind == _PPPOE:
        return at + 10 if int.from_bytes(octets[at + 8 : at + 10], "big") in _PPP else None
    return at + 2 if kind in (_IPV4, _IPV6) else None


def _cooked(octets: bytes) -> int | None:
    return _ethertype(octets, 14)


def _cooked_2(octets: bytes) -> int | None:
    kind = int.from_bytes(octets[:2], "big")
    return 20 if kind in (_IPV4, _IPV6) else _ethertype(octets, 22) if kind in _TAGS else None


def _ppp(octets: bytes) -> int | None:
    at = 2 if octets[:2] == b"\xff\x03" else 0
    return at + 2 if int.from_bytes(octets[at : at + 2], "big") in _PPP else None


def _loopback(octets: bytes) -> int | None:
    """The number of the family depends on the system, so the version of IP decides."""
    return 4


def _raw(octets: bytes) -> int | None:
    return 0


_LINKS: dict[int, Callable[[bytes], int | None]] = {
    0: _loopback,
    1: _ethernet,
    9: _ppp,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked_2,
}
"""By the link types of captures (https://www.tcpdump.org/linktypes.html): where IP begins in a packet."""


def _ip_at(link: int, octets: bytes) -> int | None:
    find = _LINKS.get(link)
    return None if find is None else find(octets)
