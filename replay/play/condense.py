"""A connection of compressed rounds as it is kept: each message by its digest, where the octets are many.

Only where every round came back as it was sent, and nothing else came between: all else is kept whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from replay import limits
from replay.cases.model import EventKind, Pattern
from replay.cases.payload import digest
from replay.trace.model import Cut, Digest, Entry, Octets
from replay.wire.frame import Opcode
from replay.wire.side import Side

WHOLE = limits.WHOLE.default
"""Octets of such a connection that are kept as they are."""

HELD = limits.HELD.default
"""... and behind them, until it is known how it ends."""


class Condensed:
    """The compressed rounds of a connection, each as it comes back equal to what was sent."""

    def __init__(self, start: int, tester: Side, expected: Sequence[Pattern]) -> None:
        """Entry number `start` will be the first of them; `expected` is what comes back in each."""
        self.done = 0
        self._expected = expected
        self._start, self._tester = start, tester  # of the rounds whose octets may go
        self._next = start
        self._size = 0  # octets of all rounds ...
        self._held = 0  # ... and of those from `start` on
        self._ends: dict[int, int] = {}  # the numbers of those, by the entry that completed them

    def add(self, entries: list[Entry], at: int) -> None:
        """A round has ended with entry `at`. Old octets may go."""
        size = sum(len(entry.data) for entry in entries[self._next : at + 1] if isinstance(entry, Octets))
        self.done += 1
        self._size += size
        self._next = at + 1
        if self._size <= WHOLE:
            self._start = self._next
            return
        self._held += size
        self._ends[at] = self.done - 1
        if self._held > HELD:
            entries[:] = self.condensed(entries)
            self._start = self._next = self._next + len(self._ends) * 2
            self._held = 0
            self._ends.clear()

    def condensed(self, entries: Sequence[Entry]) -> list[Entry]:
        """Each message's digest behind its last entry, in place of the octets."""
        digests = self._digests(entries[self._start : self._next])
        return [*entries[: self._start], *digests, *entries[self._next :]]

    def _digests(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        messages = {at: self._message(number) for at, number in self._ends.items()}
        coming = iter(messages.values())
        sent = False
        for number, entry in enumerate(entries, self._start):
            if not isinstance(entry, Octets):
                yield entry
                continue
            if entry.side is not self._tester and sent:
                yield Digest(self._tester, *next(coming))
            sent = entry.side is self._tester
            cut = Cut(len(entry.data), hashlib.sha256(entry.data).hexdigest())
            yield Octets(entry.side, b"", entry.at, cut)
            if number in messages:
                yield Digest(self._tester.other, *messages[number])

    def _message(self, number: int) -> tuple[Opcode, int, str]:
        """That of a round: its opcode, its length and its SHA-256."""
        pattern = self._expected[number]
        assert pattern.payload is not None
        return (Opcode.TEXT if pattern.kind is EventKind.TEXT else Opcode.BINARY, *digest(pattern.payload))
