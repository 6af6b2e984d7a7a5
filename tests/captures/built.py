"""Captures, made packet by packet."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import ip_address
from typing import NamedTuple

from replay.wire.frame import encode_header, frame
from replay.wire.handshake import accept
from replay.wire.masking import mask

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 80)
SYN, FIN, RST, ACK = 2, 1, 4, 16
KEY = "dGhlIHNhbXBsZSBub25jZQ=="

REQUEST = (
    f"GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()
RESPONSE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {accept(KEY)}\r\n\r\n"
).encode()

Address = tuple[str, int]


class Tcp(NamedTuple):
    """A segment."""

    source: Address
    target: Address
    seq: int
    data: bytes = b""
    flags: int = ACK
    ack: int = 0

    def octets(self) -> bytes:
        head = struct.pack(
            ">HHIIBBHHH",
            *(self.source[1], self.target[1], self.seq % 2**32, self.ack % 2**32),
            *(0x50, self.flags, 65535, 0, 0),
        )
        return head + self.data


def sent(payload: bytes, opcode: int = 1, *, masked: bool, fin: bool = True) -> bytes:
    """The octets of a frame."""
    key = b"\x01\x02\x03\x04" if masked else b""
    header = frame(opcode, fin=fin, key=key, length=len(payload)).header
    return encode_header(header) + mask(payload, key)


def ip(segment: Tcp, *, options: bytes = b"", extensions: bytes = b"") -> bytes:
    """The packet of IPv4 or IPv6 with this segment. `extensions`: a header of IPv6 without its first
    octet."""
    source, target = (ip_address(end[0]) for end in (segment.source, segment.target))
    body = segment.octets()
    if source.version == 6:
        kind, more = (0, b"\x06" + extensions) if extensions else (6, b"")
        head = struct.pack(">IHBB", 6 << 28, len(more + body), kind, 64)
        return head + source.packed + target.packed + more + body
    size = 20 + len(options)
    first = 0x40 | size // 4
    head = struct.pack(">BBHHHBBH", first, 0, size + len(body), 7, 0, 64, 6, 0)
    return head + source.packed + target.packed + options + body


def fragments(packet: bytes, size: int) -> list[bytes]:
    """A packet of IPv4 in fragments."""
    head, body, out = packet[:20], packet[20:], []
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        field = at // 8 | 0x2000 * (at + size < len(body))
        out.append(head[:2] + struct.pack(">HHH", 20 + len(piece), 7, field) + head[8:] + piece)
    return out


def _kind(packet: bytes) -> bytes:
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


def ethernet(packet: bytes, tags: bytes = b"") -> bytes:
    return b"\x00" * 12 + tags + _kind(packet) + packet


LINKS = {
    "ethernet": (1, ethernet),
    "padded": (1, lambda packet: ethernet(packet) + b"\x00" * 6),
    "VLAN": (1, lambda packet: ethernet(packet, b"\x81\x00\x00\x05")),
    "QinQ": (1, lambda packet: ethernet(packet, b"\x88\xa8\x00\x05\x81\x00\x00\x06")),
    "null, little": (0, lambda packet: b"\x02\x00\x00\x00" + packet),
    "null, big": (0, lambda packet: b"\x00\x00\x00\x1e" + packet),
    "loop": (108, lambda packet: b"\x00\x00\x00\x02" + packet),
    "raw": (101, lambda packet: packet),
    "raw of BSD": (12, lambda packet: packet),
    "IPv4": (228, lambda packet: packet),
    "cooked": (113, lambda packet: b"\x00" * 14 + _kind(packet) + packet),
    "cooked v2": (276, lambda packet: _kind(packet) + b"\x00" * 18 + packet),
}
"""Link types, and the octets of a packet of IP on each."""


def pcap(
    packets: Sequence[bytes], link: int = 1, order: str = "<", units: int = 10**6, snaplen: int = 2**18
) -> bytes:
    """A capture file. Packets come a thousandth of a second apart."""
    magic = 0xA1B2C3D4 if units == 10**6 else 0xA1B23C4D
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)]
    for number, packet in enumerate(packets):
        kept = packet[:snaplen]
        fraction = (number % 1000) * units // 1000
        out += [
            struct.pack(order + "IIII", 1_700_000_000 + number // 1000, fraction, len(kept), len(packet))
        ]
        out.append(kept)
    return b"".join(out)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += b"\x00" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order: str = "<") -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link: int, resolution: int | None = None) -> bytes:
    options = b"" if resolution is None else struct.pack(order + "HHBxxxHH", 9, 1, resolution, 0, 0)
    return block(order, 1, struct.pack(order + "HHI", link, 0, 0) + options)


def enhanced(order: str, which: int, time: int, packet: bytes) -> bytes:
    head = struct.pack(order + "IIIII", which, time >> 32, time & 0xFFFFFFFF, len(packet), len(packet))
    return block(order, 6, head + packet)


def talk(
    client: Address = CLIENT, server: Address = SERVER, start: tuple[int, int] = (1000, 5000)
) -> list[Tcp]:
    """The segments of a connection: its handshake, a message each way, both Closes, and its end."""
    at, out = list(start), list[Tcp]()

    def send(end: int, data: bytes = b"", flags: int = ACK) -> None:
        ends = (client, server) if end == 0 else (server, client)
        out.append(Tcp(*ends, at[end], data, flags, at[1 - end]))
        at[end] += len(data) + bool(flags & (SYN | FIN))

    send(0, flags=SYN)
    send(1, flags=SYN | ACK)
    send(0)
    send(0, REQUEST)
    send(1, RESPONSE)
    send(0, sent(b"Hello", masked=True))
    send(1, sent(b"Hello", masked=False))
    send(0, sent(b"a longer message", masked=True))
    send(1, sent(b"a longer message", masked=False))
    send(0, sent(b"\x03\xe8", 8, masked=True))
    send(1, sent(b"\x03\xe8", 8, masked=False))
    send(1, flags=FIN | ACK)
    send(0, flags=FIN | ACK)
    return out
