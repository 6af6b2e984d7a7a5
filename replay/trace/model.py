"""What was observed on a connection: a `Trace`, which a log parses to and a live run yields.

The order of the entries alone decides what came first; their times don't. Times and durations are whole
microseconds, so that a log that is written and read again is equal.

Entries are stored as arrays (see `packed`): their tags and the order of their fields don't change, and new
fields with a default come last.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from msgspec import Meta, Struct

from replay.source import Located, Span
from replay.wire.side import Side
from replay.wire.writes import Writes

SECOND = 1_000_000
"""Microseconds."""

NAMES = "names"
"""The header line with what was captured on the other connections of a conversation, as JSON."""

BROKEN_BY = "broken-off-by"
"""The header line with the connection on which a conversation was broken off, if that is another one."""

REDACTED = "redacted"
"""The header line of a log in which something was hidden; its value says what."""


class Cut(Struct, frozen=True, array_like=True):
    """Octets that the log left out after those that it has."""

    more: int | None = None  # how many; None: the log doesn't say
    sha256: str | None = None  # of all octets of the entry, including those left out


class Octets(Located, frozen=True, array_like=True, tag=0):
    """One write, one read, or a run of writes of equal size with nothing else between them."""

    side: Side  # who sent them
    data: bytes
    at: int | None = None  # microseconds since the start of the connection; of a run, when it ended
    cut: Cut | None = None
    span: Span | None = None
    chop: Annotated[int, Meta(ge=1)] | None = None  # octets of each write of a run, but for its last one

    def __reduce__(self) -> tuple[type[Octets], tuple[object, ...]]:
        # Several times as fast as pickling by fields.
        return Octets, (self.side, self.data, self.at, self.cut, self.span, self.chop)

    @property
    def writes(self) -> Writes:
        """The writes, or the read, as far as the log has their octets."""
        return Writes(self.data, self.chop)


class Digest(Located, frozen=True, array_like=True, tag=1):
    """A message of which only the SHA-256 is known (RFC 6455 §5.4: of its joined fragments)."""

    side: Side
    opcode: int  # 1 text, 2 binary
    length: int
    sha256: str
    at: int | None = None
    span: Span | None = None


class Wait(Enum):
    """What a timer is for. A case declares the first three; the others are limits."""

    DELAY = "delay"  # a pause, at whose end the connection should still be open
    FAIL = "fail"  # the tester fails the connection when it expires
    CLOSE = "close"  # the tester closes the connection when it expires
    EVENTS = "events"  # the wait for what the recorded testee sent next
    OPENING = "opening"  # the wait for the opening handshake
    CLOSING = "closing"  # the wait for the other side's Close after ours
    DROP = "drop"  # the wait for the server to end TCP after both Closes
    LIMIT = "limit"  # the whole case

    __hash__ = object.__hash__


class Timer(Located, frozen=True, array_like=True, tag=2):
    """A timer of the recorder that was set or that expired."""

    wait: Wait
    fired: bool
    after: int | None = None  # microseconds; None: the log doesn't say
    tag: str | None = None  # of a DELAY: the name by which expectations refer to it
    at: int | None = None
    span: Span | None = None


class How(Enum):
    """How TCP ended, as seen by the recorder."""

    FIN = "FIN"
    RST = "RST"
    UNKNOWN = "unknown"


class Drop(Located, frozen=True, array_like=True, tag=3):
    """The end of TCP, and the side that ended it."""

    side: Side
    how: How = How.UNKNOWN
    at: int | None = None
    span: Span | None = None


class Unreached(Located, frozen=True, array_like=True, tag=4):
    """TCP or TLS couldn't be established: refused, no route, no such name, timed out."""

    reason: str
    at: int | None = None
    span: Span | None = None


class Logging(Located, frozen=True, array_like=True, tag=5):
    """The recorder stopped or resumed logging octets. Those in between are missing."""

    on: bool
    at: int | None = None
    span: Span | None = None


Entry = Octets | Digest | Timer | Drop | Unreached | Logging


class Trace(Struct, frozen=True):
    """A connection as its recorder saw it."""

    recorder: Side
    entries: tuple[Entry, ...]
    headers: tuple[tuple[str, str], ...] = ()
    """The '# key: value' lines, in order: case, agent and whatever else the recorder noted."""

    @property
    def size(self) -> int:
        """The number of octets that both sides sent."""
        return sum(len(entry.data) for entry in self.entries if isinstance(entry, Octets))

    def header(self, key: str) -> str | None:
        """The value of the first header line with this key."""
        return next((value for name, value in self.headers if name == key), None)
