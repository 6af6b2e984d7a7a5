"""What was seen on a connection: a `Trace`, which a log parses to and a live run yields.

The order of the entries decides what came first, never a difference of clocks.
Times and durations are whole microseconds, so that a written log reads back equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from replay.source import Span
from replay.wire.side import Side

SECOND = 1_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Octets that the log left out behind the ones that it holds; None: it doesn't say."""

    more: int | None = None
    sha256: str | None = None  # of all octets of the entry, left out ones with the others


@dataclass(frozen=True, slots=True)
class Octets:
    """One write or one read."""

    side: Side  # who sent them
    data: bytes
    at: int | None = None  # microseconds since the start of the connection
    cut: Cut | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Octets], tuple[object, ...]]:
        return Octets, (self.side, self.data, self.at, self.cut, self.span)  # several times as fast


@dataclass(frozen=True, slots=True)
class Digest:
    """A message known by its SHA-256 only (RFC 6455 §5.4: fragments joined)."""

    side: Side
    opcode: int  # 1 text, 2 binary
    length: int
    sha256: str
    at: int | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


class Wait(Enum):
    """What a timer waits for. The first three are declared by a case, the others are limits."""

    DELAY = "delay"  # a pause; when it ends, the connection is still open
    FAIL = "fail"  # then the tester fails the connection
    CLOSE = "close"  # then the tester closes the connection
    EVENTS = "events"  # the patience for what the recorded testee sent next
    OPENING = "opening"  # the opening handshake
    CLOSING = "closing"  # the other side's Close, after ours
    DROP = "drop"  # the server's end of TCP, after both Closes
    LIMIT = "limit"  # the whole case

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of the recorder's that was set, or that ran out."""

    wait: Wait
    fired: bool
    after: int | None = None  # microseconds; None where a log doesn't say
    tag: str | None = None  # of a DELAY: the name by which an expectation knows it
    at: int | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


class How(Enum):
    """How an end of TCP looked to the recorder."""

    FIN = "FIN"
    RST = "RST"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Drop:
    """The end of TCP, and who ended it."""

    side: Side
    how: How = How.UNKNOWN
    at: int | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unreached:
    """TCP (or TLS) never stood: refused, no route, no such name, timed out."""

    reason: str
    at: int | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logging:
    """The recorder stopped logging octets, or began again. Octets in between are missing."""

    on: bool
    at: int | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


Entry = Octets | Digest | Timer | Drop | Unreached | Logging


@dataclass(frozen=True, slots=True)
class Trace:
    """A connection as one recorder saw it."""

    recorder: Side
    entries: tuple[Entry, ...]
    headers: tuple[tuple[str, str], ...] = ()
    """'# key: value' lines, in order: case, agent and whatever else the recorder noted."""

    @property
    def size(self) -> int:
        """The octets of both sides."""
        return sum(len(entry.data) for entry in self.entries if isinstance(entry, Octets))

    def header(self, key: str) -> str | None:
        """The value of the first header line with this key."""
        return next((value for name, value in self.headers if name == key), None)
