"""Condenses the trace of a connection with many compressed rounds: keeps digests of messages, not octets.

That is done only if each round came back as it was sent, and nothing else in between; any other connection
is kept whole.
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
"""Octets at the start of such a connection that are kept in any case."""

HELD = limits.HELD.default
"""Octets after those that are kept until so many have accumulated, in case the connection ends badly."""


class Condensed:
    """The compressed rounds of a connection, as long as each comes back equal to what was sent."""

    def __init__(self, start: int, tester: Side, expected: Sequence[Pattern]) -> None:
        """`start`: the number of their first entry. `expected`: what comes back in each round."""
        self.done = 0
        self._expected = expected
        self._start, self._tester = start, tester  # the first entry whose octets may be dropped
        self._next = start
        self._size = 0  # octets of all rounds
        self._held = 0  # octets of the rounds from `_start` on
        self._ends: dict[int, int] = {}  # the numbers of these rounds, by the entry that completed them

    def add(self, entries: list[Entry], at: int) -> None:
        """Note that entry `at` completed a round; may drop the octets of earlier rounds from `entries`."""
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
        """The entries, with octets replaced by a digest of each message after its last entry."""
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
        """The message of a round: its opcode, length and SHA-256."""
        pattern = self._expected[number]
        assert pattern.payload is not None
        return (Opcode.TEXT if pattern.kind is EventKind.TEXT else Opcode.BINARY, *digest(pattern.payload))
