"""A text as a recording: its connections, with what is missing in it or made up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from replay.captures.content import Content
from replay.captures.model import Captured, Wanted
from replay.captures.packets import files
from replay.captures.packets.reader import connections
from replay.captures.text import reader
from replay.captures.text.packet import likely
from replay.captures.text.pieces import Packet
from replay.captures.text.reader import Conversation
from replay.source import printable
from replay.trace.model import Octets, Trace
from replay.wire.side import Side

_REQUEST = re.compile(rb"[A-Z]+ ([!-~]{1,2000}?)(?:\?[!-~]*)? HTTP/\d\.\d\r?\n")


def read(content: Content, wanted: Wanted) -> Iterator[Captured]:
    """The connections in a text. Raises SourceError."""
    found, packets = reader.parts(content.source(), wanted.recorder)
    if packets:
        yield from _reassembled(content.name, packets, wanted)
    for number, one in enumerate(found, 1):
        yield Captured(
            number=number,
            trace=Trace(one.recorder, one.entries),
            client=one.client,
            server=one.server,
            path=_path(one),
            at=one.time,
            notes=tuple(f"{printable(content.name)}: {said}" for said in one.said),
        )


def _reassembled(name: str, packets: Sequence[Packet], wanted: Wanted) -> Iterator[Captured]:
    """The connections of these packets. Their times may be of any day, so none is told."""
    captured = (
        files.Packet(number, one.at, likely(one.octets), one.octets, len(one.octets))
        for number, one in enumerate(packets, 1)
    )
    for found in connections(name, captured, wanted, files.Told()):
        yield replace(found, at=None)


def _path(one: Conversation) -> str | None:
    """What was requested, without the query."""
    asked = next((one for one in one.entries if isinstance(one, Octets) and one.side is Side.CLIENT), None)
    found = _REQUEST.match(asked.data) if asked is not None else None
    return found[1].decode("ascii") if found else None
