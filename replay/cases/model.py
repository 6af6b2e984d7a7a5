"""What a case sends and what may come back. Roles are tester and testee; `play` binds them to sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from replay import limits
from replay.cases.payload import NOTHING, Payload
from replay.protocol.events import Event
from replay.protocol.frame_rules import NEVER_SENT, ORIGINAL, REGISTERED, Reading
from replay.protocol.negotiation import Ask
from replay.source import Span
from replay.trace.model import SECOND, Trace
from replay.wire.frame import Opcode


class Profile(Enum):
    """By what is judged: as the original judges, or as the RFCs and today's registry have it."""

    AUTOBAHN = "autobahn"
    RFC = "rfc"

    @property
    def reading(self) -> Reading:
        """By what a connection is read."""
        return Reading(REGISTERED, True) if self is Profile.RFC else ORIGINAL


class Behaviour(Enum):
    """Autobahn's words for what a testee did. The order is that of a table's columns."""

    OK = "OK"
    NON_STRICT = "NON-STRICT"
    INFORMATIONAL = "INFORMATIONAL"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    FAILED = "FAILED"


# What the tester does, in order.


@dataclass(frozen=True, slots=True)
class SendFrame:
    """One frame. Masked as the tester's side has to, unless `mask` says otherwise."""

    opcode: int
    payload: Payload = NOTHING
    fin: bool = True
    rsv: int = 0
    mask: bytes | bool | None = None  # None: as the rule wants; False: unmasked; octets: this key
    length: int | None = None  # the length announced, where it isn't the payload's
    form: int | None = None  # octets of extended length, where they aren't the fewest
    chop: int | None = None  # octets a write; None: a write, which frames beside it may share
    name: str | None = None  # by which the expected echo of the message that it begins is known
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SendMessage:
    """A data message, cut into frames of `fragment` octets, as `wire.frame.encode_message` does it."""

    text: bool
    payload: Payload = NOTHING
    fragment: int | None = None  # None: one frame; of a compressed message, octets as on the wire
    name: str | None = None
    compress: bool = True  # if permessage-deflate was agreed
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
    exact: bool = False  # never shortened
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OpenFrame:
    """The header of a frame alone; its payload follows in pieces."""

    opcode: int
    length: int  # the octets that it announces
    fin: bool = True
    rsv: int = 0
    mask: bytes | bool | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SendData:
    """The next octets of the frame that was opened, in one write."""

    payload: Payload
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Rounds: each is sent once the messages of those before it have come back."""

    times: int
    steps: tuple[SendFrame | SendMessage, ...]
    enough: int | None = None  # octets: as many rounds as make them do, unless all are asked for
    of: int | None = None  # the rounds that there would be of it, where they are fewer
    span: Span | None = field(default=None, compare=False, repr=False)

    def shortened(self) -> Repeat:
        """As few rounds as do."""
        if self.enough is None:
            return self
        wanted = -(-self.enough // max(1, sum(len(step.payload) for step in self.steps)))
        times = min(self.times, max(wanted, limits.LEAST_ROUNDS.default))
        return replace(self, times=times, of=self.times)

    def round(self, number: int) -> tuple[SendFrame | SendMessage, ...]:
        """What is sent in a round, from 0."""
        return tuple(
            replace(step, payload=step.payload.of_round(number, is_text(step))) for step in self.steps
        )

    @property
    def alike(self) -> bool:
        """Whether all rounds send the same."""
        return all(step.payload.next is None for step in self.steps)


def is_text(step: SendFrame | SendMessage) -> bool:
    """Whether it sends text, or begins to."""
    return step.text if isinstance(step, SendMessage) else step.opcode == Opcode.TEXT


Step = SendFrame | SendMessage | SendClose | Pause | OpenFrame | SendData | Repeat


# What may come back.


class EventKind(Enum):
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

    __hash__ = object.__hash__


DATA = frozenset({EventKind.TEXT, EventKind.BINARY, EventKind.PONG, EventKind.STILL_OPEN})
"""What a spec's outcomes list, in the order of arrival: Autobahn's `received`."""

RECORDED = frozenset(EventKind) - {EventKind.STILL_OPEN}
"""What a recorded connection is compared by."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One event that is expected. What is None may be anything."""

    kind: EventKind
    payload: Payload | None = None  # of a text, binary or pong
    tag: str | None = None  # of still-open
    code: int | None = None  # of a close (None: a Close without a code), or an HTTP status
    rule: str | None = None  # of a violation
    optional: bool = False  # it may be missing
    span: Span | None = field(default=None, compare=False, repr=False)
    recorded: Event | None = field(default=None, compare=False, repr=False)
    """The event of a recorded trace that this was made of, so that its octets can be shown."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A list of events, complete and in order, and the verdict that it earns."""

    verdict: Behaviour
    patterns: Sequence[Pattern] = ()
    anything: bool = False  # whatever comes; there are no patterns
    closing: Closing | None = None  # it fits only if the connection ends so; None: as the case says
    echoes: bool = False  # some of the patterns are the echo of what is sent
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Closing:
    """How the connection must end."""

    by: Literal["tester", "testee", "either"] = "tester"  # who sends the first Close
    codes: tuple[int | None, ...] | None = (1000, None)  # None in it: no code; instead of it: any code
    usual: bool = True  # the codes are those that the original asks for, and no text prescribes
    clean: bool = True  # both Closes must pass, and the server must end TCP
    wrong_code_fails: bool = False  # another code fails the behaviour too
    decisive: bool = False  # the wrong side closing fails the behaviour too
    span: Span | None = field(default=None, compare=False, repr=False)

    def takes(self, code: int, profile: Profile) -> bool:
        """Whether the testee's Close may carry this code. RFC 6455 says of the code in an answer only that
        it is typically the one received (§5.5.1), and of that of a failure only that it is appropriate
        (§7.1.7)."""
        if profile is Profile.RFC and self.usual:
            return code not in NEVER_SENT
        return self.codes is None or code in self.codes


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the testee may take once all is sent, and what the tester does then.

    `stalled`: it starts with the sending, and again whenever octets pass in either direction.
    """

    after: int = limits.PATIENCE.default * SECOND
    then: Literal["fail", "close"] = "fail"
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class Deflate:
    """The permessage-deflate that a case is about; a testee that declines it is UNIMPLEMENTED."""

    offer: str  # by a tester that is the client: the value of Sec-WebSocket-Extensions
    asks: tuple[Ask, ...] = (Ask(),)  # by one that is the server, beside what the client wishes of it


@dataclass(frozen=True, slots=True)
class Disputed:
    """Where the original and the RFCs differ: why, and what replaces the case's own in `Profile.RFC`."""

    why: str
    outcomes: tuple[Outcome, ...] | None = None
    closing: Closing | None = None


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
    measured: bool = False  # the original compares lengths alone, and ends with the first wrong one
    one_mask: bool = False  # one masking key for the whole connection
    deflate: Deflate | None = None
    disputed: Disputed | None = None
    description: str | None = None  # what it does, in the words of its spec
    expectation: str | None = None  # what it wants; both are else made of what it sends and expects
    profile: Profile = Profile.AUTOBAHN
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def kinds(self) -> frozenset[EventKind]:
        """The events of the testee that outcomes speak of."""
        if self.closing is None:
            return RECORDED
        return DATA - {EventKind.PONG} if self.measured or self.rounds else DATA

    @property
    def echoes(self) -> bool:
        """Whether it has no meaning for a testee that echoes nothing."""
        return any(outcome.echoes for outcome in self.outcomes)

    @property
    def rounds(self) -> Repeat | None:
        """The first of its rounds, if it has some: a message that differs ends the case."""
        return next((step for step in self.steps if isinstance(step, Repeat)), None)

    @property
    def reading(self) -> Reading:
        """By what its connections are read: by the RFC's profile the case's own codes are assigned, too."""
        reading = self.profile.reading
        closings = (self.closing, *(outcome.closing for outcome in self.outcomes))
        own = (code for closing in closings if closing is not None for code in closing.codes or ())
        argued = frozenset(code for code in own if code is not None)
        return Reading(reading.codes | argued, True) if self.profile is Profile.RFC else reading

    def ending(self, outcome: Outcome) -> Closing | None:
        """How the connection must end where these events came; None: as recorded."""
        return outcome.closing or self.closing

    def under(self, profile: Profile) -> Case:
        """The case as this profile has it."""
        argued = self.disputed if profile is Profile.RFC else None
        return replace(
            self,
            profile=profile,
            expectation=self.expectation if argued is None else None,
            outcomes=self.outcomes if argued is None or argued.outcomes is None else argued.outcomes,
            closing=self.closing if argued is None or argued.closing is None else argued.closing,
        )
