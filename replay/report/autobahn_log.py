"""What Autobahn|Testsuite's report of a case says about the connection: its wire log and its statistics."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.protocol.events import Event, Message, Opened
from replay.report import log
from replay.report.stream import Placed, SentOctets
from replay.trace.model import SECOND, Entry, Logging, Octets, Timer, Trace, Wait
from replay.wire.frame import Opcode
from replay.wire.handshake import MAX_HEAD
from replay.wire.side import Side

ROWS = limits.ROWS.default

SHOWN = 64
"""How many octets are shown of a longer sequence ..."""

LONG = 60
"""... which is one of more octets than this."""

_TIMERS = {
    (Wait.DELAY, False): "CT",
    (Wait.DELAY, True): "CTE",
    (Wait.FAIL, False): "KL",
    (Wait.FAIL, True): "KLE",
    (Wait.CLOSE, False): "TI",
    (Wait.CLOSE, True): "TIE",
}

Row = list[Any]


class LoggedConnection(Struct, frozen=True):
    """RX is what the testee sent."""

    request: str
    response: str
    rx_octets: Mapping[int, int]  # the number of reads of each size
    tx_octets: Mapping[int, int]
    rx_frames: Mapping[int, int]  # the number of frames of each opcode
    tx_frames: Mapping[int, int]
    traffic: Mapping[str, int | float | None] | None
    wirelog: Sequence[Row]


def connection(trace: Trace, events: tuple[Event, ...], tester: Side) -> LoggedConnection:
    trace = _write_by_write(trace)
    streams = {side: SentOctets(trace, side, events) for side in Side}
    heads = {side: _head(stream) for side, stream in streams.items()}
    sizes = {side: _sizes(trace, side) for side in Side}
    frames = {
        side: Counter(placed.header.opcode for placed in _whole(one)) for side, one in streams.items()
    }
    return LoggedConnection(
        heads[Side.CLIENT],
        heads[Side.SERVER],
        sizes[tester.other],
        sizes[tester],
        frames[tester.other],
        frames[tester],
        _traffic(streams, events, tester),
        _bounded(_rows(trace, streams, tester)),
    )


def _write_by_write(trace: Trace) -> Trace:
    """The trace with an entry for each write of a run; as it is, if there are more than a log may have."""
    if sum(e.writes.count for e in trace.entries if isinstance(e, Octets)) > limits.ENTRIES.default:
        return trace
    entries: list[Entry] = []
    for entry in trace.entries:
        if isinstance(entry, Octets) and entry.chop is not None and entry.data:
            *writes, last = entry.writes.single()
            entries += [Octets(entry.side, one, entry.at) for one in writes]
            entries.append(replace(entry, data=last, chop=None))
        else:
            entries.append(entry)
    return replace(trace, entries=tuple(entries))


def shown(octets: bytes, total: int | None = None) -> str:
    """Octets as text if they are text, otherwise as '0x' and hex; only the first ones if there are many."""
    head, mark = _cut(octets, total)
    try:
        return head.decode() + mark
    except UnicodeDecodeError:
        return f"0x{head.hex()}{mark}"


def _cut(octets: bytes, total: int | None) -> tuple[bytes, str]:
    total = len(octets) if total is None else total
    return (octets[:SHOWN], " ...") if total > LONG else (octets, "")


def _head(stream: SentOctets) -> str:
    """The request or response."""
    head = stream.slice(0, min(stream.head, MAX_HEAD))
    try:
        return head.decode() or "?"
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _sizes(trace: Trace, side: Side) -> Counter[int]:
    return log.sizes(one for one in trace.entries if isinstance(one, Octets) and one.side is side)


def _whole(stream: SentOctets) -> Iterator[Placed]:
    return (placed for placed in stream.frames if placed.end <= stream.length)


# The wire log.


def _rows(trace: Trace, streams: Mapping[Side, SentOctets], tester: Side) -> Iterator[Row]:
    """One row for each entry and frame. The tester's frames come before the octets in which they begin, the
    testee's after the octets that complete them."""
    begun = _by_entry(streams[tester], lambda placed: placed.start)
    ended = _by_entry(streams[tester.other], lambda placed: max(placed.start, placed.end - 1))
    kept = True
    for number, entry in enumerate(trace.entries):
        if isinstance(entry, Octets) and (left_out := entry.cut is not None and not entry.data) is kept:
            kept = not left_out
            yield ["WLM", kept]
        if isinstance(entry, Octets) and kept:
            head, mark = _cut(entry.data, log.size(entry))
            data = [log.size(entry), head.hex() + mark]
            if entry.side is tester:
                yield from (_sent(placed, streams[tester]) for placed in begun.get(number, ()))
                yield ["TO", data, False]
            else:
                yield ["RO", data]
                yield from (_got(placed, streams[tester.other]) for placed in ended.get(number, ()))
        elif isinstance(entry, Logging):
            yield ["WLM", entry.on]
        else:
            yield from _timer(entry)


def _by_entry(stream: SentOctets, where: Callable[[Placed], int]) -> dict[int, list[Placed]]:
    found: dict[int, list[Placed]] = {}
    for placed in _whole(stream):
        if (place := stream.place(where(placed))) is not None:
            found.setdefault(place.entry, []).append(placed)
    return found


def _sent(placed: Placed, stream: SentOctets) -> Row:
    header = placed.header
    return [
        "TF",
        _payload(placed, stream),
        header.opcode,
        header.fin,
        header.rsv,
        _mask(placed),
        None,
        None,
        False,
    ]


def _got(placed: Placed, stream: SentOctets) -> Row:
    header = placed.header
    return [
        *("RF", _payload(placed, stream), header.opcode, header.fin, header.rsv),
        *(bool(header.key), _mask(placed)),
    ]


def _payload(placed: Placed, stream: SentOctets) -> Row:
    length = placed.header.length
    return [length, shown(stream.payload(placed, SHOWN + 1), length)]


def _mask(placed: Placed) -> str | None:
    return placed.header.key.hex() or None


def _timer(entry: Entry) -> Iterator[Row]:
    if isinstance(entry, Timer) and (name := _TIMERS.get((entry.wait, entry.fired))):
        after = (entry.after or 0) / SECOND
        tag = [entry.tag] if entry.wait is Wait.DELAY else []
        yield [name, *([] if entry.fired else [int(after) if after.is_integer() else after]), *tag]


def _bounded(rows: Iterator[Row]) -> list[Row]:
    """If there are too many rows, the first and the last ones; in between, logging is off."""
    first = list(islice(rows, ROWS // 2))
    last = deque[Row](maxlen=ROWS // 2)
    count = 0
    for row in rows:
        last.append(row)
        count += 1
    return [*first, *([["WLM", False], ["WLM", True]] if count > len(last) else []), *last]


# What was counted of compressed messages.


def _traffic(
    streams: Mapping[Side, SentOctets], events: Sequence[Event], tester: Side
) -> dict[str, int | float | None] | None:
    """None if the connection wasn't opened, or octets weren't kept."""
    if not any(isinstance(event, Opened) for event in events):
        return None
    if any(isinstance(event, Message) and event.digest is not None for event in events):
        return None
    found: dict[str, int | float | None] = {}
    for name, side in (("incoming", tester.other), ("outgoing", tester)):
        frames = [placed for placed in _whole(streams[side]) if placed.header.opcode <= Opcode.BINARY]
        messages = [event for event in events if isinstance(event, Message) and event.side is side]
        wire = sum(placed.end - placed.start for placed in frames)
        payload = sum(placed.header.length for placed in frames)
        plain = sum(len(message.data) for message in messages)
        found |= {
            f"{name}CompressionRatio": payload / plain if plain else None,
            f"{name}OctetsAppLevel": plain,
            f"{name}OctetsWebSocketLevel": payload,
            f"{name}OctetsWireLevel": wire,
            f"{name}WebSocketFrames": len(frames),
            f"{name}WebSocketMessages": len(messages),
            f"{name}WebSocketOverhead": (wire - payload) / payload if payload else None,
            f"preopen{name.capitalize()}OctetsWireLevel": streams[side].head,
        }
    return found
