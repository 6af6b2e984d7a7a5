"""Octets that are written one after the other, in writes of equal size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct


class Writes(Struct, frozen=True):
    octets: bytes
    chop: int | None = None  # octets of each write, of which the last may have fewer; None: one write

    @property
    def count(self) -> int:
        return 1 if self.chop is None else -(-len(self.octets) // self.chop)

    def single(self, start: int = 0, end: int | None = None) -> list[bytes]:
        """The writes from octet `start`, at which one begins, to `end`."""
        if self.chop is None:
            return [self.octets]
        octets, chop = self.octets, self.chop
        end = len(octets) if end is None else end
        return [octets[at : min(at + chop, end)] for at in range(start, end, chop)]

    def behind(self, skipped: int) -> Iterator[Writes]:
        """The same writes without the first octets."""
        chop, rest = self.chop, self.octets[skipped:]
        if chop is None:
            yield Writes(rest)
            return
        first = -skipped % chop
        if first:
            yield Writes(rest[:first])
        if len(rest) > first:
            yield Writes(rest[first:], chop)


def grouped(pieces: Iterable[bytes]) -> Iterator[Writes]:
    """These writes, none of which is empty. Two or more of equal size that follow one another become one
    value, together with a shorter one after them."""
    run: list[bytes] = []
    for piece in pieces:
        if not run or len(piece) == len(run[0]):
            run.append(piece)
            continue
        ends = len(run) > 1 and len(piece) < len(run[0])
        yield _joined([*run, piece] if ends else run)
        run = [] if ends else [piece]
    if run:
        yield _joined(run)


def _joined(pieces: Sequence[bytes]) -> Writes:
    return Writes(b"".join(pieces), len(pieces[0])) if len(pieces) > 1 else Writes(pieces[0])
