"""From what the two ends of a connection sent, piece by piece, to its trace. All readers end here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from replay.trace.framing import recorder as client_of
from replay.trace.model import Cut, Drop, Entry, How, Octets, Trace
from replay.wire.side import Side


class Chunk(NamedTuple):
    """Octets that one end wrote at once, as far as the recording tells; octets that are missing; or the
    end of what it sends."""

    peer: int  # 0 or 1: which of the two ends
    data: bytes = b""
    at: int | None = None  # microseconds since the start of the connection
    cut: Cut | None = None  # what is missing after these octets
    end: How | None = None  # how the end of its direction came, after these octets


def trace_of(chunks: Iterable[Chunk], client: int | None = None, recorder: Side | None = None) -> Trace:
    """The trace of these chunks. Each is an entry of its own; the first end is the end of TCP.

    `client` is the end that is the client; None: it is the one that sent a request or masked frames.
    `recorder` is the side as which the trace is replayed; None: the client.
    """
    sides = (Side.CLIENT, Side.SERVER) if client != 1 else (Side.SERVER, Side.CLIENT)
    entries: list[Entry] = []
    ended = False
    for peer, data, at, cut, end in chunks:
        if data or cut is not None:
            entries.append(Octets(sides[peer], data, at, cut))
        if end is not None and not ended:
            entries.append(Drop(sides[peer], end, at))
            ended = True
    if client is None and client_of(entries, Side.CLIENT) is Side.SERVER:
        entries = [_swapped(entry) for entry in entries]
    return Trace(recorder or Side.CLIENT, tuple(entries))


def _swapped(entry: Entry) -> Entry:
    match entry:
        case Octets(side, data, at, cut):
            return Octets(side.other, data, at, cut)
        case Drop(side, how, at):
            return Drop(side.other, how, at)
    return entry
