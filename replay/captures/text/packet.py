"""Packets that a text shows octet by octet, headers included, and the lines that describe them."""

from __future__ import annotations

import re

ETHERNET, RAW, COOKED, COOKED_2, LOOPBACK = 1, 101, 113, 276, 0
"""Link types, by their numbers in captures."""

_TCP = 6
_HEADER = 20
_IP_AT = {ETHERNET: (14, 12), COOKED: (16, 14), COOKED_2: (20, 0)}
"""Where IP begins, and where the header before it names the protocol."""

_TCPDUMP = re.compile(
    r"(?:.{0,120}[ \t])?IP6? \S+ > \S+: |.{0,120} ethertype |(?:ARP|STP|LLDP), "
    r"|(?:.{0,120}[ \t])?IP6? \((?:tos|class|flowlabel|hlim) |[ \t]*\S+ > \S+: Flags \["
)
_TSHARK = re.compile(r"[ \t]*\d+[ \t]+\d+\.\d+[ \t]+\S+[ \t]+(?:→|->)[ \t]+\S+[ \t]+\w")
_CAPTURED = re.compile(r"Frame \d+: \d+ bytes on wire \(\d+ bits\), (?P<size>\d+) bytes captured ")


def describes(text: str, start: int, end: int) -> bool:
    """Whether a line describes a packet whose octets may follow."""
    return bool(_TCPDUMP.match(text, start, end) or _TSHARK.match(text, start, end))


def captured(text: str, start: int, end: int) -> int | None:
    """How many octets of a packet there are, as the line says with which tshark begins to describe it in
    detail. The octets of its parts may follow as well."""
    found = _CAPTURED.match(text, start, end)
    return None if found is None else int(found["size"])


def link_type(octets: bytes) -> int | None:
    """What a packet of TCP over IP begins with; None: these octets aren't one. They are only taken for one
    if its length or its checksum is right, as is hardly ever so by chance."""
    if _is_ip(octets, 0):
        return RAW
    for link, (at, named) in _IP_AT.items():
        if octets[named : named + 2] in (b"\x08\x00", b"\x86\xdd") and _is_ip(octets, at):
            return link
    if octets[:4] in (b"\x02\0\0\0", b"\0\0\0\x02", b"\x1e\0\0\0", b"\0\0\0\x1e") and _is_ip(octets, 4):
        return LOOPBACK
    return None


def likely(octets: bytes) -> int:
    """The link type of something that is known to be a packet, TCP or not."""
    found = link_type(octets)
    return found if found is not None else RAW if octets[:1] and octets[0] >> 4 in (4, 6) else ETHERNET


def _is_ip(octets: bytes, at: int) -> bool:
    header = octets[at : at + _HEADER]
    if len(header) < _HEADER:
        return False
    room = len(octets) - at
    if header[0] >> 4 == 6:
        return header[6] == _TCP and int.from_bytes(header[4:6], "big") + 40 == room
    if header[0] >> 4 != 4 or header[0] & 15 < 5 or header[9] != _TCP:
        return False
    size = int.from_bytes(header[2:4], "big")
    return size == room or _sum(octets[at : at + 4 * (header[0] & 15)]) == 0xFFFF


def _sum(header: bytes) -> int:
    """The sum of an IPv4 header, which is all ones if its checksum is right."""
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
