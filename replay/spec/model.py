"""What a case sends and what may come back. Roles are tester and testee; `play` binds them to sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from replay import limits
from replay.protocol.events import Event
from replay.source import Span
from replay.trace.model import SECOND, Trace


class Behaviour(Enum):
    """Autobahn's words for what a testee did. The order is that of a table's columns."""

    OK = "OK"
    NON_STRICT = "NON-STRICT"
    INFORMATIONAL = "INFORMATIONAL"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Payload:
    """`unit`, repeated or cut to `size` octets; made only when asked for."""

    unit: bytes = b""
    size: int | None = None

    def __len__(self) -> int:
        return len(self.unit) if self.size is None else self.size

    @property
    def octets(self) -> bytes:
        if self.size is None:
            return self.unit
        return (self.unit * (self.size // len(self.unit) + 1))[: self.size] if self.size else b""


# What the tester does, in order.


@dataclass(frozen=True, slots=True)
class SendFrame:
    """One frame. Masked as the tester's side has to, unless `mask` says otherwise."""

    opcode: int
    payload: Payload = Payload()
    fin: bool = True
    rsv: int = 0
    mask: bytes | bool | None = None  # None: as the rule wants; False: unmasked; octets: this key
    length: int | None = None  # the length announced, where it isn't the payload's
    form: int | None = None  # octets of extended length, where they aren't the fewest
    chop: int | None = None  # octets a write; None: the frame in one write
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SendClose:
    """A Close frame that begins (or answers) the closing handshake, other than a raw frame 8."""

    code: int | None = 1000
    reason: bytes = b""
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Send nothing for so long; with a tag, the end of it is an event (still-open) and the rest
    is sent only while the connection is open."""

    after: int  # microseconds
    tag: str | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


Step = SendFrame | SendClose | Pause


# What may come back.


class Kind(Enum):
    """The events that a pattern can ask for. A spec names the first four; the end of a recorded
    connection is expected by the others."""

    TEXT = "text"
    BINARY = "binary"
    PONG = "pong"
    STILL_OPEN = "still-open"
    CLOSE = "close"
    VIOLATION = "violation"
    END = "end"
    NOT_OPENED = "not-opened"


DATA = frozenset({Kind.TEXT, Kind.BINARY, Kind.PONG, Kind.STILL_OPEN})
"""What a spec's outcomes list, in the order of arrival: Autobahn's `received`."""

RECORDED = frozenset(Kind) - {Kind.STILL_OPEN}
"""What a recorded connection is compared by."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One event that is expected. What is None may be anything."""

    kind: Kind
    payload: Payload | None = None  # of a text, binary or pong
    tag: str | None = None  # of still-open
    code: int | None = None  # of a close (None: a Close without a code), or an HTTP status
    rule: str | None = None  # of a violation
    span: Span | None = field(default=None, compare=False, repr=False)
    recorded: Event | None = field(default=None, compare=False, repr=False)
    """The event of a recorded trace that this was made of, so that its octets can be shown."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A list of events, complete and in order, and the verdict that it earns."""

    verdict: Behaviour
    patterns: tuple[Pattern, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Closing:
    """How the connection must end."""

    by: Literal["tester", "testee", "either"] = "tester"  # who sends the first Close
    codes: tuple[int | None, ...] = (1000, None)  # None: a Close without a code
    clean: bool = True  # both Closes must pass, and the server must end TCP
    wrong_code_fails: bool = False  # another code fails the behaviour too
    decisive: bool = False  # the wrong side closing fails the behaviour too
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the testee may take once all is sent, and what the tester does then."""

    after: int = limits.PATIENCE.default * SECOND
    then: Literal["fail", "close"] = "fail"


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    title: str
    section: str
    steps: Sequence[Step]
    outcomes: tuple[Outcome, ...]
    closing: Closing | None = Closing()  # None: as recorded; the outcome says it
    patience: Patience = Patience()
    rule: str | None = None  # a row of the rule table that the case is about
    trace: Trace | None = None  # recorded octets to send in place of the steps
    span: Span | None = field(default=None, compare=False, repr=False)
