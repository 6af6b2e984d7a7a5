"""The formats of recordings, each known by its content, never by the name of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from replay.captures.content import Content
from replay.captures.model import Captured, Wanted
from replay.captures.packets.files import Told, is_capture, packets


class Format(NamedTuple):
    name: str  # in plain words
    known: Callable[[bytes], bool]  # whether a file that begins with these octets has this format
    read: Callable[[Content, Wanted], Iterator[Captured]]  # its connections, in order; raises SourceError


def _wirelog(content: Content, wanted: Wanted) -> Iterator[Captured]:
    from replay.trace import wirelog

    parsed = wirelog.read(content.source())
    yield Captured(1, parsed.trace, notes=parsed.warnings)


def _capture(content: Content, wanted: Wanted) -> Iterator[Captured]:
    from replay.captures.packets import reader

    told = Told()
    yield from reader.connections(content.name, packets(content.name, content.blocks(), told), wanted, told)


FORMATS: tuple[Format, ...] = (Format("a capture, pcap or pcapng", is_capture, _capture),)

WIRELOG = Format("a wire log or a report of Autobahn", lambda head: True, _wirelog)
"""What everything is taken for that has none of the other formats."""


def format_of(head: bytes) -> Format:
    """The format of a file that begins with these octets."""
    return next((one for one in FORMATS if one.known(head)), WIRELOG)


def read(content: Content, wanted: Wanted) -> Iterator[Captured]:
    """The connections in a file, at least one, in the order of their first packets. Raises SourceError."""
    return format_of(content.head).read(content, wanted)
