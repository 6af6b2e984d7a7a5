"""Compresses the recorded messages of one side again, on the terms that another connection agrees on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from msgspec.structs import replace

from replay.play.compression import Compression
from replay.protocol.events import Message
from replay.protocol.interpreter import observe
from replay.protocol.negotiation import Agreed
from replay.trace import framing
from replay.trace.model import Octets, Trace
from replay.wire.frame import Opcode, encode_message
from replay.wire.side import Side


def reencoded(trace: Trace, side: Side, terms: Agreed | None, keys: Callable[[], bytes]) -> Trace:
    """The trace, with each compressed message of `side` compressed again on these terms (None: not at all).
    It is sent as one frame, in the place of its last frame. All other frames stay as they were recorded."""
    compression = Compression(terms, side) if terms is not None else None
    messages = {
        event.end: event for event in observe(trace) if isinstance(event, Message) and event.side is side
    }
    compressed = {start for event in messages.values() if event.compressed for start, _ in event.parts}
    sizes = (len(one.data) if isinstance(one, Octets) and one.side is side else 0 for one in trace.entries)
    starts = list(accumulate(sizes, initial=0))
    frames = framing.stream(trace.entries, side).frames
    written: dict[int, bytes] = {}
    for found in frames:
        octets = found.run[found.start : found.end]
        before = starts[found.first] + found.at - found.start
        if before + found.body in compressed:
            message = messages.get(before + found.end)
            octets = b"" if message is None else _again(message, compression, keys)
        written[found.last] = written.get(found.last, b"") + octets
    if not frames:
        return trace
    first, at = frames[0].first, frames[0].at

    def data(number: int, octets: bytes) -> bytes:
        return (octets[:at] if number == first else b"") + written.get(number, b"")

    entries = (
        _changed(entry, data(number, entry.data))
        if isinstance(entry, Octets) and entry.side is side and number >= first
        else entry
        for number, entry in enumerate(trace.entries)
    )
    return replace(trace, entries=tuple(entries))


def _changed(entry: Octets, data: bytes) -> Octets:
    """The entry with other octets, in one write; with its own ones, in as many as before."""
    return entry if data == entry.data else replace(entry, data=data, chop=None)


def _again(message: Message, compression: Compression | None, keys: Callable[[], bytes]) -> bytes:
    opcode = Opcode.TEXT if message.text else Opcode.BINARY
    if compression is None:
        return encode_message(opcode, message.data, None, keys).octets
    return encode_message(opcode, compression.message(message.data), None, keys, rsv=4).octets
