"""Traces as a capture that Wireshark reads: pcapng (draft-ietf-opsawg-pcapng), three kinds of block."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from replay.export.packets import packets
from replay.trace.model import Trace
from replay.version import __version__

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_COMMENT, _APPLICATION = 1, 4  # options of a section
_RAW_IP = 101  # LINKTYPE_RAW: packets begin with the IP header


def written(traces: Iterable[Trace]) -> Iterator[bytes]:
    """The blocks of a capture of these connections, one after the other. The header lines of the logs are
    comments on the capture."""
    traces = tuple(traces)
    comments = [f"{name}: {value}" for trace in traces for name, value in trace.headers]
    options = b"".join(_option(_COMMENT, comment) for comment in comments)
    options += _option(_APPLICATION, f"replay {__version__}")
    yield _block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options + bytes(4))
    yield _block(_INTERFACE, struct.pack("<HHI", _RAW_IP, 0, 0))
    start = 0
    for number, trace in enumerate(traces):
        at = start
        for packet in packets(trace, number):
            at = start + packet.at
            size = len(packet.octets)
            head = struct.pack("<IIIII", 0, at >> 32, at & 0xFFFFFFFF, size, size)
            yield _block(_PACKET, head + _padded(packet.octets))
        start = at + 1


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _option(code: int, text: str) -> bytes:
    value = text.encode("utf-8", "replace")[:0xFFFF]
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
