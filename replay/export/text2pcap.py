"""A trace as text that text2pcap makes a capture of."""

from __future__ import annotations

from collections.abc import Iterator

from replay.export.packets import FIRST_PORT, HTTP, MOST, timed
from replay.trace.model import SECOND, Octets, Trace
from replay.wire.side import Side

_ROW = 16
_DAY = 24 * 60 * 60 * SECOND


def has_gap(trace: Trace) -> bool:
    """Whether octets are missing, which this format can't say."""
    return any(isinstance(entry, Octets) and entry.cut is not None for entry in trace.entries)


def command(trace: Trace) -> str:
    """What reads it: I and O are directions, and TCP headers are made up."""
    ports = (FIRST_PORT, HTTP) if trace.recorder is Side.CLIENT else (HTTP, FIRST_PORT)
    return f"text2pcap -D -t %H:%M:%S.%f -T {ports[0]},{ports[1]}"


def written(trace: Trace) -> Iterator[str]:
    """Lines: of each write its direction (O is the recorder's) and time, and its octets in hex with their
    offsets."""
    for name, value in trace.headers:
        yield f"# {name}: {value.encode('unicode_escape').decode('ascii')}"
    yield f"# {command(trace)} FILE FILE.pcapng"
    for at, entry in timed(trace):
        if not isinstance(entry, Octets):
            continue
        mark = "O" if entry.side is trace.recorder else "I"
        for write in entry.writes.single():
            for start in range(0, len(write), MOST):
                yield f"{mark} {_time(at)}"
                yield from _rows(write[start : start + MOST])
                yield ""


def _rows(octets: bytes) -> Iterator[str]:
    for start in range(0, len(octets), _ROW):
        yield f"{start:06x} {octets[start : start + _ROW].hex(' ')}"


def _time(at: int) -> str:
    seconds, fraction = divmod(at % _DAY, SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"
