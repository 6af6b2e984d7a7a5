"""Rounds that came back as they were sent are kept by their digests, and their octets released in time."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.cases.model import EventKind, Pattern
from replay.cases.payload import Payload
from replay.play.condense import HELD, WHOLE, Condensed
from replay.protocol.events import Close, Message
from replay.trace.model import Cut, Digest, Entry, Octets, Timer, Wait
from replay.wire.frame import Opcode
from replay.wire.side import Side

START: list[Entry] = [Octets(Side.CLIENT, b"GET"), Octets(Side.SERVER, b"HTTP"), Timer(Wait.FAIL, False, 1)]
END: list[Entry] = [Octets(Side.CLIENT, b"bye"), Octets(Side.SERVER, b"bye")]


def rounds(tester: Side, sizes: list[int], pieces: int) -> tuple[list[list[Entry]], list[Pattern]]:
    """Of each: what the tester sends in two writes, and what comes back in so many reads."""
    made, patterns = [], []
    for number, size in enumerate(sizes):
        octets = bytes([number % 251]) * size
        step = max(1, -(-size // pieces))
        sent: list[Entry] = [
            Octets(tester, octets[: size // 2], number),
            Octets(tester, octets[size // 2 :], number),
        ]
        back: list[Entry] = [
            Octets(tester.other, octets[at : at + step], number) for at in range(0, size, step)
        ]
        made.append([*sent, *back])
        kind = EventKind.TEXT if number % 2 else EventKind.BINARY
        patterns.append(Pattern(kind, Payload(b"message %d" % number)))
    return made, patterns


def told(entries: list[Entry], pattern: Pattern, tester: Side) -> list[Entry]:
    """A round as it is kept without its octets."""
    assert pattern.payload is not None
    octets = pattern.payload.octets
    opcode = Opcode.TEXT if pattern.kind is EventKind.TEXT else Opcode.BINARY
    message = (opcode, len(octets), hashlib.sha256(octets).hexdigest())
    cut: list[Entry] = [
        Octets(one.side, b"", one.at, Cut(len(one.data), hashlib.sha256(one.data).hexdigest()))
        for one in entries
        if isinstance(one, Octets)
    ]
    return [*cut[:2], Digest(tester, *message), *cut[2:], Digest(tester.other, *message)]


def kept(made: list[list[Entry]], patterns: list[Pattern], tester: Side) -> list[Entry]:
    """The first octets as they are, all behind them by digests."""
    result, size = [*START], 0
    for entries, pattern in zip(made, patterns, strict=True):
        size += sum(len(one.data) for one in entries if isinstance(one, Octets))
        result += entries if size <= WHOLE else told(entries, pattern, tester)
    return result


SIZES = [
    [100],
    [WHOLE // 2, 1],  # just as many as are kept, and the first that is not
    [WHOLE // 2, 1, HELD // 2, 1, 1],
    [WHOLE // 2, HELD // 2 + 1, 1],
    [HELD // 4 + 1] * 14,
    [WHOLE // 2, *[HELD // 2] * 4, 3],
]


@pytest.mark.parametrize("sizes", SIZES, ids=map(len, SIZES))
@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("pieces", [1, 3])
def test_what_is_kept_does_not_depend_on_when_octets_are_released(
    tester: Side, sizes: list[int], pieces: int
) -> None:
    made, patterns = rounds(tester, sizes, pieces)
    entries = [*START]
    condensed = Condensed(len(entries), tester, patterns)
    total = held = released = 0
    for number, one in enumerate(made, 1):
        entries += one
        condensed.add(entries, len(entries) - 1, 0)
        size = sum(len(entry.data) for entry in one if isinstance(entry, Octets))
        total += size
        held += size if total > WHOLE else 0
        if held > HELD:
            held, released = 0, number
        assert condensed.done == number
        rest = [entry for some in made[released:number] for entry in some]
        assert entries == [*kept(made[:released], patterns[:released], tester), *rest]
    assert condensed.condensed([*entries, *END]) == [*kept(made, patterns, tester), *END]


@settings(max_examples=8)
@given(
    st.lists(st.sampled_from([1, 1000, WHOLE // 8, HELD // 8, HELD // 2]), max_size=9),
    st.sampled_from(Side),
)
def test_rounds_of_any_sizes_are_kept_so(sizes: list[int], tester: Side) -> None:
    made, patterns = rounds(tester, sizes, 2)
    entries = [*START]
    condensed = Condensed(len(entries), tester, patterns)
    for one in made:
        entries += one
        condensed.add(entries, len(entries) - 1, 0)
    assert condensed.condensed([*entries, *END]) == [*kept(made, patterns, tester), *END]


def test_events_of_dropped_octets_are_not_known() -> None:
    """... such as a Close that came in one read with the last message."""
    tester = Side.CLIENT
    made, patterns = rounds(tester, [WHOLE // 2, 1], 1)
    entries = [*START]
    condensed = Condensed(len(entries), tester, patterns)
    for one in made:
        entries += one
        condensed.add(entries, len(entries) - 1, 7)
    last = len(entries) - 1
    close = Close(side=tester.other, entry=last, start=7, end=9, code=None, reason=b"", valid=True)
    assert condensed.events([close]) is None
    told = condensed.events([replace(close, entry=last + 1)])
    assert told is not None
    assert [(event.entry, type(event)) for event in told] == [(last + 2, Message), (last + 3, Close)]
