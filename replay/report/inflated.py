"""Compressed messages (RFC 7692): what was sent on the wire, and what it inflates to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from rich.text import Text

from replay.cases.difference import Difference
from replay.cases.payload import Payload
from replay.protocol.events import Event, Message, Opened, Spoilt
from replay.report import safe, words
from replay.report.layout import DIM, labelled, text, wrapped
from replay.report.octets import MARGIN, header_bits, pointed_inflated
from replay.report.stream import SentOctets
from replay.wire.side import Side

MOST_FRAMES = 6
"""The most frames of a message that are listed."""


def agreed(events: Sequence[Event], width: int) -> Iterator[Text]:
    """What the opening handshake negotiated, if anything."""
    for event in events:
        if isinstance(event, Opened) and event.agreed is not None:
            yield from labelled("agreed", str(event.agreed), width)


def message(event: Message) -> str:
    """'RSV1: 18 octets in 2 frames inflate to 16 (×0.89): "…"'."""
    size = wire(event)
    frames = f" in {len(event.parts)} frames" if len(event.parts) > 1 else ""
    data = event.data
    said = safe.sample(data[: words.SAMPLE], len(data), text=event.text) if data else "nothing"
    verb = "inflates" if size == 1 else "inflate"
    return f"RSV1: {words.count(size, 'octet')}{frames} {verb} to {len(data)} ({ratio(event)}): {said}"


def spoilt(found: Spoilt) -> str:
    """How far a message inflates, and where inflating fails."""
    start = found.length - len(found.tail)
    came = safe.sample(found.tail, found.length, start, found.text) if found.tail else "nothing"
    end = "" if found.at is None else f", up to octet {found.at} of the compressed payload"
    return f"RSV1: inflates to {words.count(found.length, 'octet')}{end}: {came}"


def wire(event: Message) -> int:
    """The octets of a message's payload as they were sent."""
    return sum(length for _, length in event.parts)


def ratio(*events: Message) -> str:
    """How much longer the messages are than what was sent: '×3.25'."""
    times = sum(len(event.data) for event in events) / max(1, sum(map(wire, events)))
    return f"×{times:.2f}" if times < 10 else f"×{times:.0f}"


def differing(event: Message, found: Difference, stream: SentOctets, width: int) -> Iterator[Text]:
    """Where a compressed message differs, which is no place on the wire, and the frames in which it
    came."""
    want = found.expected.payload if found.expected is not None else None
    if found.offset is not None and want is not None:
        wanted = partial(_octet, want)
        yield from pointed_inflated(event.data, found.offset, width, wanted)
    yield from _carried(event, stream, width)


def _octet(payload: Payload, at: int) -> bytes:
    return words.part(payload, at, at + 1)


def _carried(event: Message, stream: SentOctets, width: int) -> Iterator[Text]:
    placed = [found for start, _ in event.parts if (found := stream.frame_around(start - 1)) is not None]
    starts = ", ".join(str(found.start) for found in placed[:MOST_FRAMES])
    more = f" and {len(placed) - MOST_FRAMES} more" if len(placed) > MOST_FRAMES else ""
    said = f"{words.count(wire(event), 'octet')} ({ratio(event)}) in {words.count(len(placed), 'frame')}"
    said += f", at octet{'s' if len(placed) > 1 else ''} {starts}{more} of the {stream.side.value}'s stream"
    for number, line in enumerate(wrapped(said, width, " " * MARGIN)):
        yield text(("  compressed" if not number else "").ljust(MARGIN), line[MARGIN:])
    if placed:
        yield from header_bits(placed[0], stream, width)


def totals(events: Sequence[Event], sides: Sequence[tuple[Side, str]], width: int) -> Iterator[Text]:
    """What each side compressed in total, under the name that it is given."""
    for side, name in sides:
        sent = [event for event in events if isinstance(event, Message) and event.side is side]
        packed = [event for event in sent if event.compressed]
        digests = [event for event in sent if event.digest]
        said = f"{len(packed)} of {words.count(len(sent) - len(digests), 'message')} compressed"
        if packed:
            octets = sum(len(event.data) for event in packed)
            said += f": {words.count(sum(map(wire, packed)), 'octet')} for {octets} ({ratio(*packed)})"
        if digests:
            said += f"; {len(digests)} more by digest only"
        lines = wrapped(said, width, " " * 24)
        for number, line in enumerate(lines):
            yield text((f"  {name}".ljust(24) if not number else " " * 24, DIM), line[24:])
