"""How an event differs from the one that is expected."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from replay.cases.model import EventKind, Pattern
from replay.cases.opening import answer_fault
from replay.cases.payload import digest
from replay.cases.said import NO_NAMES, Unread, read
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
from replay.values.matching import match
from replay.values.mismatch import Mismatch
from replay.values.shape import Names


class Difference(Struct, frozen=True):
    """The first place where expected and observed events differ."""

    at: int  # the index of the event; -1 is the opening handshake before them
    expected: Pattern | None  # None: nothing more was expected
    observed: Event | None  # None: nothing more came
    field: Literal[
        "kind", "payload", "value", "tag", "code", "rule", "missing", "unexpected", "opening", "answer"
    ]
    offset: int | None = None  # for a payload, the first octet that differs or is missing
    said: str = ""  # for the opening handshake, how it differs; for a value that can't be read, why
    mismatch: Mismatch | None = None  # for a value, the part of it that differs
    names: Names = NO_NAMES  # for a value, what was captured before
    part: int | None = None  # the number of its round, from 0, if the case has several


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


def met(at: int, want: Pattern, got: Event, names: Names = NO_NAMES) -> Names | Difference:
    """What is captured once an event has come for this pattern: `names`, and those that the pattern binds;
    or how the event differs."""
    if want.said is None or not isinstance(got, Message):
        why = difference(at, want, got)
        return names if why is None else why
    if got.holes or got.digest is not None:
        return names
    value = read(want.said.view, got)
    if isinstance(value, Unread):
        return Difference(at, want, got, "value", said=value.reason, names=names)
    found = match(want.said.shape, value, names)
    if isinstance(found, Mismatch):
        return Difference(at, want, got, "value", mismatch=found, names=names)
    return {**names, **found} if found else names


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
