"""The formats of recordings, each known by its content, never by the name of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from replay.captures.content import Content
from replay.captures.model import Captured, Wanted
from replay.captures.packets.files import Told, is_capture, packets
from replay.source import SourceError


class Format(NamedTuple):
    name: str  # in plain words
    known: Callable[[bytes], bool]  # whether a file that begins with these octets has this format
    read: Callable[[Content, Wanted], Iterator[Captured]]  # its connections, in order; raises SourceError


def _wirelog(content: Content, wanted: Wanted) -> Iterator[Captured]:
    from replay.trace import wirelog

    parsed = wirelog.read(content.source())
    yield Captured(1, parsed.trace, notes=parsed.warnings)


def _capture(content: Content, wanted: Wanted) -> Iterator[Captured]:
    from replay.captures.packets import reader, tls

    told, count = Told(), 0
    try:
        found = packets(content.name, content.blocks(), told)
        for one in reader.connections(content.name, found, wanted, told):
            count += 1
            yield one
    except SourceError:
        if count or not told.encrypted or not (wanted.keylog or told.secrets):
            raise
    if told.encrypted and (wanted.keylog or told.secrets):
        yield from tls.connections(content.name, wanted, count + 1)


def _is_text(head: bytes) -> bool:
    from replay.captures.text import known

    return known.is_text(head)


def _text(content: Content, wanted: Wanted) -> Iterator[Captured]:
    from replay.captures.text import recording

    return recording.read(content, wanted)


TEXT = Format("octets or messages as text, such as a hex dump or a HAR", _is_text, _text)

FORMATS: tuple[Format, ...] = (Format("a capture, pcap or pcapng", is_capture, _capture), TEXT)

WIRELOG = Format("a wire log or a report of Autobahn", lambda head: True, _wirelog)
"""What everything is taken for that has none of the other formats."""


def format_of(head: bytes) -> Format:
    """The format of a file that begins with these octets."""
    return next((one for one in FORMATS if one.known(head)), WIRELOG)


def certain(head: bytes) -> bool:
    """Whether a file that begins with these octets certainly is a recording, and not just a text in which
    there are octets as well."""
    from replay.captures.text import known

    found = format_of(head)
    return found is not WIRELOG and (found is not TEXT or known.is_certain(head))


def read(content: Content, wanted: Wanted) -> Iterator[Captured]:
    """The connections in a file, at least one, in the order of their first packets. Raises SourceError."""
    return format_of(content.head).read(content, wanted)
