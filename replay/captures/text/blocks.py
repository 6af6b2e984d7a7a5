"""Hex dumps with offsets, row by row: which rows belong together, and the octets that they make."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, field

from replay import limits
from replay.captures.text import dumps
from replay.captures.text.dumps import Row
from replay.source import Source, SourceError, Span

MAX_OCTETS = limits.ENTRY.default

_BASES = (16, 8, 10)
"""Of offsets: hex, as nearly all programs write them; octal, as od does; decimal."""


class Part(NamedTuple):
    """Octets of a dump that follow one another, and the rows that have them."""

    data: bytes
    span: Span


class Block(Struct):
    """A dump that is being read. Its last row waits for the next one, whose offset tells its size."""

    source: Source
    bases: tuple[int, ...] = _BASES
    have: int = 0  # octets up to the last row
    last: Row | None = None
    squeezed: bool = False  # the last row is repeated, as the '*' below it says
    width: int = 0
    data: bytearray = field(default_factory=bytearray)
    start: int = 0
    end: int = 0
    parts: list[Part] = field(default_factory=list)

    def follows(self, row: Row) -> bool:
        """Whether a row continues this dump."""
        return bool(self._fitting(row))

    def add(self, row: Row) -> None:
        """Take a row that follows. Raises SourceError if the row before it has other octets than its
        column of text says."""
        if self.last is not None:
            self.bases = self._fitting(row) or self.bases
            self._settle(_value(row, self.bases[0]) - self.have)
        if not self.data:
            self.start = row.start
        self.last = row

    def flush(self) -> list[Part]:
        """What was read so far, when another dump is continued, or at the end."""
        self._settle(None)
        self._cut()
        parts, self.parts = self.parts, []
        return parts

    def missing(self, row: Row) -> SourceError:
        """The error for a row that doesn't follow."""
        span = self.source.span(row.start, row.start + len(row.offset))
        before = self.have + (sum(map(len, self.last.groups)) if self.last else 0)
        said = f"{before:x}" if self.bases[0] == 16 else str(before)
        return SourceError(
            span,
            f"expected the offset {said}, as {before} octets are above this row",
            "rows of this dump are missing, or they aren't in their order",
        )

    def _fitting(self, row: Row) -> tuple[int, ...]:
        """The bases in which the offset of a row is the number of octets before it."""
        return tuple(base for base in self.bases if self._fits(row, base))

    def _fits(self, row: Row, base: int) -> bool:
        size = _value(row, base) - self.have
        if self.last is None:
            return size == 0
        if self.squeezed:
            whole = sum(map(len, self.last.groups[: self.width or None]))
            return size >= 0 and whole > 0
        return size > 0 and dumps.groups_of(self.last, size) is not None

    def _settle(self, size: int | None) -> None:
        """Take the last row."""
        if (row := self.last) is None:
            return
        squeezed, self.squeezed = self.squeezed, False
        octets, end = dumps.settled(self.source, row, None if squeezed else size, self.width)
        if squeezed and size is not None and octets:
            octets = self._repeated(row, octets, size)
        if len(self.data) + len(octets) > MAX_OCTETS:
            span = self.source.span(row.start, row.end)
            raise SourceError(span, f"this dump has more than {MAX_OCTETS:,} octets")
        self.have += len(octets)
        self.data += octets
        self.end = end
        self.last = None
        short = len(octets) < self.width
        self.width = max(self.width, len(octets))
        if short and size is not None:  # a dump of a stream begins a row anew with each write
            self._cut()

    def _repeated(self, row: Row, octets: bytes, size: int) -> bytes:
        if size > MAX_OCTETS or size % len(octets):
            span = self.source.span(row.start, row.end)
            raise SourceError(
                span, f"{size} octets can't be this row again and again, as the '*' below says"
            )
        return octets * (size // len(octets))

    def _cut(self) -> None:
        if self.data:
            self.parts.append(Part(bytes(self.data), self.source.span(self.start, self.end)))
            self.data = bytearray()


def _value(row: Row, base: int) -> int:
    """The offset of a row in a base; one that no row follows, if it has digits of another."""
    try:
        return int(row.offset, base)
    except ValueError:
        return -1
