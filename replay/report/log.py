"""The entries of a trace, one line each, in the words of a wire log; long ones are cut to the width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from replay.report import safe, words
from replay.report.layout import DIM, sides, text
from replay.report.stream import Placed, SentOctets, Streams
from replay.trace.kinds import write
from replay.trace.literal import quote
from replay.trace.model import SECOND, Digest, Entry, Octets, Trace
from replay.wire.side import Side

TAIL = 10
"""How many entries at the end of a log a failure shows."""


def tail(trace: Trace, streams: Streams, width: int, most: int = TAIL) -> Iterator[Text]:
    """The last entries of the log, with the meaning of their octets next to them."""
    return lines(trace, streams, told(trace)[-most:], width)


def whole(trace: Trace, streams: Streams, width: int, most: int = 200) -> Iterator[Text]:
    """All entries, or if there are very many, the first and the last ones."""
    numbers = told(trace)
    if len(numbers) <= most:
        yield from lines(trace, streams, numbers, width)
        return
    yield from lines(trace, streams, numbers[: most // 2], width)
    yield text((f"  … {words.count(len(numbers) - most, 'entry', 'entries')} …", DIM))
    yield from lines(trace, streams, numbers[-(most // 2) :], width)


def told(trace: Trace) -> list[int]:
    """The numbers of the entries, without those whose octets were all left out in favour of a MESSAGE
    line."""
    covered = {number for some in left_out(trace).values() for number in some}
    return [number for number in range(len(trace.entries)) if number not in covered]


def left_out(trace: Trace) -> dict[int, list[int]]:
    """By the number of each MESSAGE line, the numbers of the entries that it replaces: they come before it
    and have none of their octets."""
    found: dict[int, list[int]] = {}
    waiting: dict[Side, list[int]] = {side: [] for side in Side}
    for number, entry in enumerate(trace.entries):
        if isinstance(entry, Digest):
            found[number], waiting[entry.side] = waiting[entry.side], []
        elif isinstance(entry, Octets):
            if entry.cut and not entry.data:
                waiting[entry.side].append(number)
            elif waiting[entry.side]:
                waiting[entry.side] = []
    return found


def lines(
    trace: Trace, streams: Streams, numbers: Iterable[int], width: int, indent: int = 2
) -> Iterator[Text]:
    """One line for each of these entries."""
    heads = {number for stream in streams.values() for number in stream.entries(0, stream.head)}
    shown = streams[trace.recorder].numbers
    messages = left_out(trace)
    for number in numbers:
        entry = trace.entries[number]
        gloss = ""
        if isinstance(entry, Octets) and width >= 60:
            gloss = _gloss(streams[entry.side], number)
        if isinstance(entry, Digest) and width >= 60:
            gloss = not_kept([trace.entries[each] for each in messages.get(number, [])])
        room = max(20, width - indent - (len(gloss) + 2 if gloss else 0))
        digits = 6 if width >= 110 else 3
        said = line(entry, trace.recorder, room - 4, digits=digits, head=number in heads)
        yield sides(text(" " * indent, (f"{shown[number]:03} ", DIM), said), text((gloss, DIM)), width)


def line(entry: Entry, recorder: Side, width: int, digits: int = 0, head: bool = False) -> str:
    """One entry without its number; its time has `digits` decimals, or is left out if that is 0."""
    at = "" if entry.at is None or not digits else f"+{entry.at / SECOND:.{digits}f} "
    said = at + safe.escape(write(entry, recorder)[0])
    return said + octets(entry, width - len(said), head) if isinstance(entry, Octets) else said


def octets(entry: Octets, width: int, head: bool) -> str:
    """The octets of an entry in `width` cells, as quoted text for an HTTP head and otherwise in hex, and
    their number."""
    if entry.cut and not entry.data:
        return not_kept([entry])
    more = entry.cut.more if entry.cut else 0
    first = entry.data[: max(8, width)]
    shown = quote(first) if head or not first else first.hex()
    run = f" in {_count(entry):,} writes of {entry.chop}" if entry.chop is not None else ""
    if len(shown) + len(run) <= width and len(first) == len(entry.data) and entry.cut is None:
        return shown + run
    ending = "…" if more is None else f"… {words.count(len(entry.data) + more, 'octet')}"
    ending += run
    return shown[: max(8, width - len(ending))] + ending


def in_writes(entry: Octets) -> str:
    """How many writes a run has, and how long they are; empty for any other entry."""
    if entry.chop is None:
        return ""
    return f"in {_count(entry):,} writes of {words.count(entry.chop, 'octet')}"


def _count(entry: Octets) -> int:
    return 1 if entry.chop is None else -(-size(entry) // entry.chop)


def not_kept(entries: Sequence[Entry]) -> str:
    """How many octets of these entries were not kept; empty if none."""
    cut = [entry for entry in entries if isinstance(entry, Octets) and entry.cut is not None]
    if not cut:
        return ""
    known = all(entry.cut is not None and entry.cut.more is not None for entry in cut)
    return f"{words.count(sum(map(size, cut)), 'octet') if known else 'octets'}, not kept"


def size(entry: Octets) -> int:
    """The octets of an entry, including those that were not kept."""
    return len(entry.data) + (entry.cut.more or 0 if entry.cut is not None else 0)


def sizes(entries: Iterable[Octets]) -> Counter[int]:
    """How many writes and reads there are of each size."""
    found = Counter[int]()
    for entry in entries:
        whole = size(entry)
        full, rest = divmod(whole, entry.chop) if entry.chop is not None else (0, whole)
        if full and entry.chop is not None:
            found[entry.chop] += full
        if rest or not full:
            found[rest] += 1
    return found


def frame(placed: Placed, stream: SentOctets) -> str:
    """A frame in a few words: 'binary 126', 'close 1000', 'close, empty', 'continuation 0'."""
    name = words.opcode(placed.header.opcode)
    if placed.header.opcode == 8 and not placed.header.length:
        return f"{name}, empty"
    if placed.header.opcode == 8 and len(data := stream.payload(placed, 2)) == 2:
        return f"{name} {int.from_bytes(data, 'big')}"
    packed = " RSV1" if placed.header.rsv & 4 else ""
    return f"{name} {placed.header.length}{packed}" + ("" if placed.header.fin else "+")


def _gloss(stream: SentOctets, number: int) -> str:
    """In words, the frames that begin in an entry."""
    frames = [frame(placed, stream) for placed in stream.begun_in(number, 3)]
    return ", ".join(frames[:2]) + (", …" if len(frames) > 2 else "")
