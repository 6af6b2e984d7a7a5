"""The beginning of a long trace and its closing handshake, without what is between."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from replay.trace.model import Cut, Digest, Entry, Octets, Trace
from replay.trace.written import numbers
from replay.wire.frame import Opcode, decode_header
from replay.wire.side import Side


class Excerpt(Struct, frozen=True):
    """What is left of a trace. In it, what is left out is an entry without octets for each side."""

    trace: Trace
    shown: Sequence[int | None]  # its entries, and None for those that are left out
    left: int  # how many these are
    numbers: Sequence[int]  # of its entries in the written log of the whole trace


def closing(trace: Trace) -> int | None:
    """The entry with which the closing handshake begins: from there on, each side sends a Close frame in
    one write, and nothing else. None: it doesn't stand apart like this."""
    closes: dict[Side, int] = {}
    for number in range(len(trace.entries) - 1, -1, -1):
        entry = trace.entries[number]
        if isinstance(entry, Octets):
            if not _is_close(entry) or entry.side in closes:
                return None
            closes[entry.side] = number
            if len(closes) == len(Side):
                return number
    return None


def excerpt(trace: Trace, first: int, last: int) -> Excerpt | None:
    """The entries before `first`, or a few less, and those from `last` on. None: something else than octets
    and messages would be left out, or it isn't known how much."""
    while first and _is_empty(trace.entries[first - 1]):  # a message that follows has its octets
        first -= 1
    middle = trace.entries[first:last]
    sizes = dict.fromkeys(Side, 0)
    for entry in middle:
        if isinstance(entry, Octets) and (entry.cut is None or entry.cut.more is not None):
            sizes[entry.side] += len(entry.data) + ((entry.cut.more or 0) if entry.cut else 0)
        elif not isinstance(entry, Digest):
            return None
    gaps = [Octets(side, b"", cut=Cut(size)) for side, size in sizes.items()]
    entries = (*trace.entries[:first], *gaps, *trace.entries[last:])
    known = numbers(trace)
    return Excerpt(
        trace=Trace(trace.recorder, entries, trace.headers),
        shown=[*range(first), None, *range(first + len(gaps), len(entries))],
        left=sum(not _is_empty(entry) for entry in middle),
        numbers=[*known[:first], *known[first : first + 1] * len(gaps), *known[last:]],
    )


def _is_empty(entry: Entry) -> bool:
    """Whether none of the octets of an entry are known."""
    return isinstance(entry, Octets) and entry.cut is not None and not entry.data


def _is_close(entry: Octets) -> bool:
    """Whether an entry is a Close frame, whole and alone."""
    if entry.cut is not None or (found := decode_header(entry.data)) is None:
        return False
    header, _ = found
    return header.opcode == Opcode.CLOSE and header.size + header.length == len(entry.data)
