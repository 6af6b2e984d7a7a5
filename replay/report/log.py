"""The entries of a trace, one line each, in the words of a wire log; long ones are cut to the width."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rich.text import Text

from replay.report import safe, words
from replay.report.layout import DIM, sides, text
from replay.report.stream import Placed, Stream, Streams
from replay.trace.kinds import write
from replay.trace.literal import quote
from replay.trace.model import SECOND, Entry, Octets, Trace
from replay.wire.side import Side

TAIL = 10
"""Entries at the end of a log that a failure shows."""


def tail(trace: Trace, streams: Streams, width: int, most: int = TAIL) -> Iterator[Text]:
    """The last entries of the log, with what the octets are beside them."""
    first = max(0, len(trace.entries) - most)
    return lines(trace, streams, range(first, len(trace.entries)), width)


def whole(trace: Trace, streams: Streams, width: int, most: int = 200) -> Iterator[Text]:
    """All entries; of very many, the first and the last ones."""
    total = len(trace.entries)
    if total <= most:
        yield from lines(trace, streams, range(total), width)
        return
    yield from lines(trace, streams, range(most // 2), width)
    yield text((f"  … {words.count(total - most, 'entry', 'entries')} …", DIM))
    yield from lines(trace, streams, range(total - most // 2, total), width)


def lines(
    trace: Trace, streams: Streams, numbers: Iterable[int], width: int, indent: int = 2
) -> Iterator[Text]:
    """One line for each of these entries."""
    begun = _begun(streams.values())
    heads = {number for stream in streams.values() for number in stream.entries(0, stream.head)}
    shown = streams[trace.recorder].numbers
    for number in numbers:
        entry = trace.entries[number]
        gloss = ""
        if isinstance(entry, Octets) and width >= 60:
            gloss = _gloss(begun.get(number, []))
        room = max(20, width - indent - (len(gloss) + 2 if gloss else 0))
        digits = 6 if width >= 110 else 3
        said = line(entry, trace.recorder, room - 4, digits=digits, head=number in heads)
        yield sides(text(" " * indent, (f"{shown[number]:03} ", DIM), said), text((gloss, DIM)), width)


def line(entry: Entry, recorder: Side, width: int, digits: int = 0, head: bool = False) -> str:
    """One entry, without its number; its time with so many digits, or not at all."""
    at = "" if entry.at is None or not digits else f"+{entry.at / SECOND:.{digits}f} "
    said = at + safe.escape(write(entry, recorder)[0])
    return said + octets(entry, width - len(said), head) if isinstance(entry, Octets) else said


def octets(entry: Octets, width: int, head: bool) -> str:
    """The octets of an entry in so many cells, of an HTTP head quoted, else in hex; then how many."""
    more = entry.cut.more if entry.cut else 0
    first = entry.data[: max(8, width)]
    shown = quote(first) if head or not first else first.hex()
    if len(shown) <= width and len(first) == len(entry.data) and entry.cut is None:
        return shown
    ending = "…" if more is None else f"… {words.count(len(entry.data) + more, 'octet')}"
    return shown[: max(8, width - len(ending))] + ending


def _begun(streams: Iterable[Stream]) -> dict[int, list[str]]:
    """What frames begin in an entry, in words."""
    begun: dict[int, list[str]] = defaultdict(list)
    for stream in streams:
        for placed in stream.frames:
            if (place := stream.place(placed.start)) is not None and len(begun[place.entry]) < 4:
                begun[place.entry].append(frame(placed, stream))
    return begun


def frame(placed: Placed, stream: Stream) -> str:
    """'binary 126', 'close 1000', 'continuation 0': a frame in a few words."""
    name = words.opcode(placed.header.opcode)
    if placed.header.opcode == 8 and len(data := stream.payload(placed, 2)) == 2:
        return f"{name} {int.from_bytes(data, 'big')}"
    return f"{name} {placed.header.length}" + ("" if placed.header.fin else "+")


def _gloss(frames: list[str]) -> str:
    return ", ".join(frames[:2]) + (", …" if len(frames) > 2 else "")
