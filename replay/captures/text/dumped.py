"""Finds the dumps of a text among its lines. Two that are read in turn, one of which is indented, are those
of both sides of a stream."""

from __future__ import annotations

from replay.captures.text import dumps, packet
from replay.captures.text.blocks import Block
from replay.captures.text.collected import Collected, Heading
from replay.captures.text.dumps import Row
from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Packet, Piece
from replay.source import Source, SourceError

_OF_WORDS = 7
"""Digits of the offset in a dump of words."""


class Dumps:
    """The dumps that are being read, by their indent."""

    def __init__(self, source: Source, out: Collected) -> None:
        self.only = False  # the text is one of packets, and nothing else in it counts
        self.size: int | None = None  # of the packet that is expected; 0: its octets were read already
        self._source, self._out = source, out
        self._blocks: dict[int, Block] = {}
        self._headings: dict[int, Heading] = {}
        self._rows: list[tuple[int, int]] = []  # the pieces of these dumps, and their indent
        self._active: int | None = None

    def row(self, start: int, end: int, at: int | None, sender: Sender | None = None) -> bool:
        """Take a line, if it is a row of a dump. Raises SourceError for a row that can't follow."""
        text = self._source.text
        if (found := dumps.row(text, start, end)) is None:
            if self._active is not None and text[start:end].strip() == "*":
                self._blocks[self._active].squeezed = True
                return True
            return False
        block = self._blocks.get(found.indent)
        if block is None or not block.follows(found):
            if not self._begins(found, block):
                return False
            block = self._begin(found, at, sender)
        if self._active is not None and self._active != found.indent:
            self._flush(self._active)
        self._active = found.indent
        block.add(found)
        return True

    def _begins(self, row: Row, block: Block | None) -> bool:
        """Whether a row begins a dump: its offset is 0. Any other has to follow one, if it is surely a
        row."""
        if len(row.offset) == _OF_WORDS and any(len(group) == 2 for group in row.groups):
            span = self._source.span(row.start, row.end)
            hint = "`hexdump -C` and `xxd` print octets in their order"
            raise SourceError(span, "the octets of each word may be swapped in this dump", hint)
        zero = not int(row.offset, 16) and len(row.offset) >= 4
        if zero and (row.sure or row.apart):
            return True
        if row.sure and (self._blocks or len(row.groups) > 1):
            raise (block or Block(self._source)).missing(row)
        return False

    def _begin(self, row: Row, at: int | None, sender: Sender | None) -> Block:
        if row.indent in self._blocks:
            self._flush(row.indent)
        said, self._out.heading = self._out.heading, Heading()
        said.sender = sender or said.sender
        said.at = at if said.at is None else said.at
        self._headings[row.indent] = said
        self._blocks[row.indent] = block = Block(self._source)
        return block

    def leave(self) -> None:
        """Take the dumps, which end before another line."""
        if not self._blocks:
            return
        if self._active is not None:
            self._flush(self._active)
        if len(self._blocks) > 1:
            first, pieces = min(self._blocks), self._out.pieces
            for number, indent in self._rows:
                if pieces[number].sender is None:
                    sender = Sender.ME if indent == first else Sender.PEER
                    pieces[number] = pieces[number]._replace(sender=sender)
        self._blocks, self._headings, self._rows, self._active = {}, {}, [], None

    def _flush(self, indent: int) -> None:
        heading, out = self._headings[indent], self._out
        if heading.skip:
            return
        for part in self._blocks[indent].flush():
            if self.size is not None and len(part.data) != self.size:
                continue
            if self.only or packet.link_type(part.data) is not None:
                self.size = None if self.size is None else 0
                out.packets.append(Packet(part.data, part.span, heading.at))
                heading.size = None
                continue
            self._rows.append((len(out.pieces), indent))
            out.take(Piece(heading.sender, part.data, part.span, heading.at), heading)
        out.due(heading)
