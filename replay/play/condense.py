"""A connection of compressed rounds as it is kept: each message by its digest, where the octets are many.

Only where every round came back as it was sent, and nothing else came between: all else is kept whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from replay import limits
from replay.protocol.events import Message
from replay.trace.model import Cut, Digest, Entry, Octets
from replay.wire.frame import Opcode
from replay.wire.side import Side

WHOLE = limits.WHOLE.default
"""Octets of such a connection that are kept as they are."""


def digest(message: Message) -> tuple[int, str]:
    """The length of a message, and its SHA-256."""
    return len(message.data), hashlib.sha256(message.data).hexdigest()


def condensed(
    entries: Sequence[Entry], start: int, echoes: Mapping[int, Message], tester: Side
) -> list[Entry]:
    """The entries without the octets of the rounds, each message by its digest behind its last entry.

    From entry `start` on the connection consists of rounds, up to the last of `echoes`: the messages that
    came back, by the entry that completed them, equal to those that were sent. The first rounds are kept,
    up to WHOLE octets.
    """
    end = max(echoes) + 1
    kept = 0
    for number in range(start, end):
        entry = entries[number]
        kept += len(entry.data) if isinstance(entry, Octets) else 0
        if kept > WHOLE:
            break
        if number in echoes:
            start = number + 1
    rest = {number: message for number, message in echoes.items() if number >= start}
    return [*entries[:start], *_rounds(entries[start:end], start, rest, tester), *entries[end:]]


def _rounds(
    entries: Sequence[Entry], start: int, echoes: Mapping[int, Message], tester: Side
) -> Iterator[Entry]:
    coming = iter(echoes.values())
    sent = False
    for number, entry in enumerate(entries, start):
        if not isinstance(entry, Octets):
            yield entry
            continue
        if entry.side is not tester and sent:
            yield _told(next(coming), tester)
        sent = entry.side is tester
        yield Octets(
            entry.side, b"", entry.at, Cut(len(entry.data), hashlib.sha256(entry.data).hexdigest())
        )
        if number in echoes:
            yield _told(echoes[number], tester.other)


def _told(message: Message, side: Side) -> Digest:
    length, sha256 = message.digest or digest(message)
    return Digest(side, Opcode.TEXT if message.text else Opcode.BINARY, length, sha256)
