"""A connection of compressed rounds as it is kept: each message by its digest, where the octets are many.

Only where every round came back as it was sent, and nothing else came between: all else is kept whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from replay import limits
from replay.protocol.events import Message
from replay.spec.payload import Payload, digest
from replay.trace.model import Cut, Digest, Entry, Octets
from replay.wire.frame import Opcode
from replay.wire.side import Side

WHOLE = limits.WHOLE.default
"""Octets of such a connection that are kept as they are."""

HELD = limits.HELD.default
"""... and behind them, until it is known how it ends."""


def known_by_digest(message: Message, like: Payload) -> Message:
    """The message without its octets, which are those of `like`."""
    return replace(message, data=b"", digest=digest(like))


class Rounds:
    """The compressed rounds of a connection, each as it comes back equal to what was sent."""

    def __init__(self, start: int, tester: Side) -> None:
        """Entry number `start` will be the first of them."""
        self.done = 0
        self._start, self._tester = start, tester  # of the rounds whose octets may go
        self._next = start
        self._size = 0  # octets of all rounds ...
        self._held = 0  # ... and of those from `start` on
        self._echoes: dict[int, Message] = {}  # of those, by the entry that completed them

    def add(self, entries: list[Entry], at: int, message: Message) -> None:
        """A round has ended with entry `at`, and this message came back. Old octets may go."""
        size = sum(len(entry.data) for entry in entries[self._next : at + 1] if isinstance(entry, Octets))
        self.done += 1
        self._size += size
        self._next = at + 1
        if self._size <= WHOLE:
            self._start = self._next
            return
        self._held += size
        self._echoes[at] = message
        if self._held > HELD:
            entries[:] = self.condensed(entries)
            self._start = self._next = self._next + len(self._echoes) * 2
            self._held = 0
            self._echoes.clear()

    def condensed(self, entries: Sequence[Entry]) -> list[Entry]:
        """Each message's digest behind its last entry, in place of the octets."""
        digests = self._digests(entries[self._start : self._next])
        return [*entries[: self._start], *digests, *entries[self._next :]]

    def _digests(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        coming = iter(self._echoes.values())
        sent = False
        for number, entry in enumerate(entries, self._start):
            if not isinstance(entry, Octets):
                yield entry
                continue
            if entry.side is not self._tester and sent:
                yield _told(next(coming), self._tester)
            sent = entry.side is self._tester
            cut = Cut(len(entry.data), hashlib.sha256(entry.data).hexdigest())
            yield Octets(entry.side, b"", entry.at, cut)
            if number in self._echoes:
                yield _told(self._echoes[number], self._tester.other)


def _told(message: Message, side: Side) -> Digest:
    assert message.digest is not None
    length, sha256 = message.digest
    return Digest(side, Opcode.TEXT if message.text else Opcode.BINARY, length, sha256)
