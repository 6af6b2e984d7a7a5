"""The one comparison of observed events with a list of expected ones: open, complete or apart.

The player uses it to decide whether it may stop waiting, and the judge to decide the verdict, so the two
can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from replay.cases.model import EventKind, Pattern
from replay.cases.opening import answer_fault
from replay.cases.payload import digest
from replay.protocol.events import (
    Close,
    End,
    Event,
    Fired,
    Holes,
    Message,
    NotOpened,
    Opened,
    Pong,
    Violation,
)
from replay.trace.model import Wait


class Difference(Struct, frozen=True):
    """The first place where expected and observed events differ."""

    at: int  # the index of the event; -1 is the opening handshake before them
    expected: Pattern | None  # None: nothing more was expected
    observed: Event | None  # None: nothing more came
    field: Literal["kind", "payload", "tag", "code", "rule", "missing", "unexpected", "opening", "answer"]
    offset: int | None = None  # for a payload, the first octet that differs or is missing
    said: str = ""  # for the opening handshake, how it differs


class Fit(Struct, frozen=True):
    state: Literal["open", "complete", "apart"]
    at: int  # the index of the event where they differ, or the number of events
    why: Difference | None = None
    ways: tuple[tuple[int, ...], ...] = ((),)
    """The ways in which the events fit, the one that misses the least last. A way is the optional patterns
    that no event came for."""

    needed: int | None = (
        None  # how many patterns are needed: those after them are optional. None: not known yet
    )

    @property
    def missed(self) -> tuple[int, ...]:
        """The optional patterns that no event came for, in the way that misses the least."""
        return self.ways[-1]

    def taken(self, patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
        """The patterns without the optional ones that are missing: pattern n belongs to event n."""
        border = self.at + len(self.missed)
        return tuple(
            pattern
            for number, pattern in enumerate(patterns)
            if (number not in self.missed if number < border else not pattern.optional)
        )

    def missing(self, patterns: Sequence[Pattern]) -> Difference | None:
        """What is missing once nothing more can come; None if they are complete."""
        if self.state == "open":
            return Difference(self.at, patterns[self.at], None, "missing")
        return self.why


_STRAIGHT: tuple[tuple[int, ...], ...] = ((),)
"""The only way in which no optional pattern was skipped."""


NOTHING_YET = Fit("open", 0)
"""Before the first event."""


def fit(expected: Sequence[Pattern], events: Iterable[Event], before: Fit = NOTHING_YET) -> Fit:
    """Compare events in order, up to the first difference.

    `complete` is final only when the connection has ended: a later event can still differ. `before` is the
    result for the events that came before these.
    """
    if before.state == "apart":
        return before
    at, ways, most, needed = before.at, before.ways, len(expected), before.needed
    if needed is None:
        needed = next((number for number in range(most, 0, -1) if not expected[number - 1].optional), 0)
    for event in events:
        if ways == _STRAIGHT and at < most:
            want = expected[at]
            if not want.optional and difference(at, want, event) is None:
                at += 1
                continue
        tried = _tried(expected, at, ways)
        differences = [difference(at, expected[number], event) for number in tried]
        fitting = tuple(way for way, why in zip(tried.values(), differences, strict=True) if why is None)
        if not fitting:
            full = at + len(ways[-1]) == most
            why = Difference(at, None, event, "unexpected") if full else differences[-1]
            return Fit("apart", at, why, ways, needed)
        at, ways = at + 1, fitting
    state: Literal["open", "complete"] = "open" if at + len(ways[-1]) < needed else "complete"
    return Fit(state, at, None, ways, needed)


def _tried(
    expected: Sequence[Pattern], at: int, ways: Sequence[tuple[int, ...]]
) -> dict[int, tuple[int, ...]]:
    """The patterns that event number `at` may match, in order, each with the way that leads to it. From
    each way these are the patterns up to the first one that isn't optional, or up to where the next way
    continues."""
    tried: dict[int, tuple[int, ...]] = {}
    starts = [at + len(way) for way in ways]
    for way, start, end in zip(ways, starts, [*starts[1:], len(expected)], strict=True):
        for number in range(start, end):
            tried[number] = way
            if not expected[number].optional:
                break
            way = (*way, number)
    return tried


def kind(event: Event) -> EventKind | None:
    """The word of the spec language for an event; None if expectations don't cover it."""
    match event:
        case Message():
            return EventKind.TEXT if event.text else EventKind.BINARY
        case Pong():
            return EventKind.PONG
        case Close():
            return EventKind.CLOSE
        case Violation():
            return EventKind.VIOLATION
        case End():
            return EventKind.END
        case NotOpened():
            return EventKind.NOT_OPENED
        case Opened():
            return EventKind.OPENED
        case Fired(wait=Wait.DELAY, tag=str()):
            return EventKind.STILL_OPEN
    return None


def difference(at: int, want: Pattern, got: Event) -> Difference | None:
    """How an event differs from the one expected at index `at`; None if it doesn't."""
    if kind(got) is not want.kind:
        return Difference(at, want, got, "kind")
    match got:
        case Message(digest=(length, sha256)) if want.payload is not None:
            if digest(want.payload) != (length, sha256):
                return Difference(at, want, got, "payload")
        case Message() | Pong() if want.payload is not None:
            if not got.holes and want.payload.equals(got.data):
                return None
            if (offset := _differs(want.payload.octets, got.data, got.holes)) is not None:
                return Difference(at, want, got, "payload", offset)
        case Fired() if want.tag is not None and got.tag != want.tag:
            return Difference(at, want, got, "tag")
        case Close() if got.code != want.code:
            return Difference(at, want, got, "code")
        case Violation() if got.rule != want.rule:
            return Difference(at, want, got, "rule")
        case Opened() | NotOpened() if want.answer is not None:
            if (said := answer_fault(want.answer, got)) is not None:
                return Difference(at, want, got, "answer", said=said)
        case NotOpened() if got.status != want.code:
            return Difference(at, want, got, "code")
    return None


def _differs(expected: bytes, data: bytes, holes: Holes) -> int | None:
    """`first_difference` for a payload with holes, where the log left something out: any octets match
    there."""
    at = taken = 0
    for start, length in holes:
        known = data[taken : taken + start - at]
        if (offset := first_difference(expected[at:start], known)) is not None:
            return at + offset
        if length is None:
            return None
        at, taken = start + length, taken + len(known)
    if at > len(expected):
        return len(expected)
    offset = first_difference(expected[at:], data[taken:])
    return None if offset is None else at + offset


def first_difference(expected: bytes, observed: bytes) -> int | None:
    """The first offset at which two payloads differ, or where the shorter one ends; None if they are
    equal."""
    if expected == observed:
        return None
    low, high = 0, min(len(expected), len(observed))
    if expected[:high] == observed[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if expected[low:middle] == observed[low:middle]:
            low = middle
        else:
            high = middle
    return low
