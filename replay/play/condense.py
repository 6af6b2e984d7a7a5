"""Condenses the trace of a connection with many compressed rounds: keeps digests of messages, not octets.

That is done only if each round came back as it was sent, and nothing else in between; any other connection
is kept whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from replay import limits
from replay.cases.model import EventKind, Pattern
from replay.cases.payload import digest
from replay.protocol.events import Event, Message
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
        self._ends: dict[int, tuple[int, int]] = {}
        """The numbers of these rounds and where their messages ended, by the entry that completed them."""

    def add(self, entries: list[Entry], at: int, end: int) -> bool:
        """Note that entry `at` completed a round, whose message ended at octet `end`; may drop the
        octets of earlier rounds from `entries`. Returns whether a digest will do for this one."""
        size = 0
        for entry in entries[self._next : at + 1]:
            if isinstance(entry, Octets):
                size += len(entry.data)
        self.done += 1
        self._size += size
        self._next = at + 1
        if self._size <= WHOLE:
            self._start = self._next
            return False
        self._held += size
        self._ends[at] = self.done - 1, end
        if self._held > HELD:
            entries[:] = self.condensed(entries)
            self._start = self._next = self._next + len(self._ends) * 2
            self._held = 0
            self._ends.clear()
        return True

    def events(self, others: Sequence[Event]) -> tuple[Event, ...] | None:
        """The events of the condensed entries, given those that aren't messages with a digest. None: some
        belong to entries whose octets are dropped."""
        before = [event for event in others if event.entry < self._start]
        after = [event for event in others if event.entry >= self._next]
        if len(before) + len(after) < len(others):
            return None
        added = 2 * len(self._ends)  # digests
        messages = [self._event(at + 2 * place, at) for place, at in enumerate(self._ends, 1)]
        return (*before, *messages, *(replace(event, entry=event.entry + added) for event in after))

    def _event(self, entry: int, at: int) -> Message:
        number, end = self._ends[at]
        opcode, length, sha256 = self._message(number)
        return Message(
            side=self._tester.other,
            entry=entry,
            start=end,
            end=end,
            text=opcode == Opcode.TEXT,
            data=b"",
            parts=(),
            digest=(length, sha256),
        )

    def condensed(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries, with octets replaced by a digest of each message after its last entry."""
        digests = self._digests(entries[self._start : self._next])
        return [*entries[: self._start], *digests, *entries[self._next :]]

    def _digests(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        messages = {at: self._message(number) for at, (number, _) in self._ends.items()}
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
            yield Octets(entry.side, b"", entry.at, cut, chop=entry.chop)
            if number in messages:
                yield Digest(self._tester.other, *messages[number])

    def _message(self, number: int) -> tuple[Opcode, int, str]:
        """The message of a round: its opcode, length and SHA-256."""
        pattern = self._expected[number]
        assert pattern.payload is not None
        return (Opcode.TEXT if pattern.kind is EventKind.TEXT else Opcode.BINARY, *digest(pattern.payload))
