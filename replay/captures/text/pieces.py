"""What a text says was sent, piece by piece, before it is known who the client is."""

from __future__ import annotations

from typing import NamedTuple

from replay.captures.messages import Told
from replay.captures.text.marks import Sender
from replay.source import Span
from replay.trace.model import Cut, How


class Piece(NamedTuple):
    """Octets or a frame that somebody sent, or the end of what they sent."""

    sender: Sender | None  # None: the text doesn't say
    what: bytes | Told | How
    span: Span
    at: int | None = None  # microseconds
    cut: Cut | None = None  # octets that are missing after these


class Packet(NamedTuple):
    """A packet with its headers."""

    octets: bytes
    span: Span
    at: int | None = None


class Pasted(NamedTuple):
    """What was found in a text."""

    pieces: list[Piece]
    packets: list[Packet]
    said: tuple[str, ...] = ()  # what is missing or made up
    prose: int = 0  # lines without octets that say nothing about any
