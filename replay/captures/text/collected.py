"""Collects the pieces of a text while it is read, with what headings say about them."""

from __future__ import annotations

from msgspec import Struct, field

from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Packet, Pasted, Piece
from replay.source import SourceError
from replay.trace.model import Cut


class Heading(Struct):
    """What was said about the octets below."""

    sender: Sender | None = None
    at: int | None = None
    size: int | None = None  # how many octets they are, less those that were read
    skip: bool = False  # they aren't those of the wire
    begun: bool = False  # the first of them were read


class Collected(Struct):
    """What was found so far."""

    pieces: list[Piece] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    said: dict[str, None] = field(default_factory=dict)
    heading: Heading = field(default_factory=Heading)
    prose: int = 0

    def take(self, piece: Piece, heading: Heading | None = None) -> None:
        """Add a piece, which a heading may have announced with its size."""
        if heading is not None and heading.size is not None and isinstance(piece.what, bytes):
            heading.size -= len(piece.what)
            if heading.size < 0:
                more = -heading.size
                said = f"here are {more} octet{'s' * (more > 1)} more than were announced above"
                raise SourceError(piece.span, said)
            heading.begun = True
        self.pieces.append(piece)

    def announce(self, heading: Heading) -> None:
        """Take a line that says something about the octets below."""
        self.due(self.heading)
        self.heading = heading

    def due(self, heading: Heading) -> None:
        """What a heading announced and what didn't come is missing."""
        left, heading.size = heading.size, None
        if left and heading.begun:
            self.pieces[-1] = self.pieces[-1]._replace(cut=Cut(left))

    def all(self) -> Pasted:
        """What was found in the whole text."""
        self.due(self.heading)
        return Pasted(self.pieces, self.packets, tuple(self.said), self.prose)
