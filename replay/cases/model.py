"""What a case sends and what may come back. Its roles are tester and testee; `play` maps them to client and
server."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import ClassVar, Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.cases.connect import Connect
from replay.cases.declared import Declared
from replay.cases.opening import Answer, Head, Opening
from replay.cases.payload import Payload
from replay.cases.said import Said
from replay.cases.step import Repeat, SendFrame, SendMessage, Step
from replay.protocol.events import Event
from replay.protocol.frame_rules import NEVER_SENT, ORIGINAL, REGISTERED, Reading
from replay.protocol.negotiation import Ask
from replay.source import Located, Span
from replay.trace.model import SECOND, Trace
from replay.wire.side import Side


class Profile(Enum):
    """What a verdict is based on: Autobahn's judgement, or the RFCs and the current registries."""

    AUTOBAHN = "autobahn"
    RFC = "rfc"

    @property
    def reading(self) -> Reading:
        """How a connection is read under this profile."""
        return Reading(REGISTERED, True) if self is Profile.RFC else ORIGINAL


class Behaviour(Enum):
    """Autobahn's words for how a testee behaved, in the order of the columns of a table."""

    OK = "OK"
    NON_STRICT = "NON-STRICT"
    INFORMATIONAL = "INFORMATIONAL"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    FAILED = "FAILED"


# What may come back.


class EventKind(Enum):
    """The events that a pattern can ask for. Close and violation describe only a recorded connection."""

    TEXT = "text"
    BINARY = "binary"
    PONG = "pong"
    STILL_OPEN = "still-open"
    CLOSE = "close"
    VIOLATION = "violation"
    END = "end"
    NOT_OPENED = "not-opened"
    OPENED = "opened"

    __hash__ = object.__hash__


DATA = frozenset({EventKind.TEXT, EventKind.BINARY, EventKind.PONG, EventKind.STILL_OPEN})
"""The events that the outcomes of a spec list, in the order of arrival: Autobahn's `received`."""

RECORDED = frozenset(EventKind) - {EventKind.STILL_OPEN, EventKind.OPENED}
"""The events by which a recorded connection is compared."""


class Pattern(Located, frozen=True):
    """One expected event. A field that is None matches anything."""

    origin: ClassVar = ("span", "recorded")

    kind: EventKind
    payload: Payload | None = None  # for text, binary and pong
    said: Said | None = None  # for text and binary, in place of a payload
    tag: str | None = None  # for still-open
    after: int | None = None  # microseconds in which nothing may come, if still-open is about that
    code: int | None = None  # for a Close (None: a Close without a code), or an HTTP status
    rule: str | None = None  # for a violation
    answer: Answer | None = None  # for opened and not-opened
    optional: bool = False  # whether it may be missing
    span: Span | None = None
    recorded: Event | None = None
    """The event of a recorded trace from which the pattern was made, so that its octets can be shown."""


class AnyOrder(Located, frozen=True):
    """Several lists of events, of which each is in order: one may come before, after or between the events
    of another."""

    strands: tuple[tuple[Pattern, ...], ...]
    span: Span | None = None


class Series(Located, frozen=True):
    """An event that comes several times in a row."""

    each: Pattern
    times: int | None = None  # None: once or more often
    span: Span | None = None


Expected = Pattern | AnyOrder | Series


def leaves(expected: Iterable[Expected]) -> Iterator[Pattern]:
    """The patterns in a list of what is expected, whatever their order."""
    for item in expected:
        match item:
            case Pattern():
                yield item
            case AnyOrder():
                yield from itertools.chain.from_iterable(item.strands)
            case Series():
                yield item.each


class Outcome(Located, frozen=True):
    """A complete, ordered list of events, and the verdict that it earns."""

    verdict: Behaviour
    expected: Sequence[Expected] = ()
    anything: bool = False  # matches any events; there are no patterns
    closing: Closing | None = None  # matches only if the connection ends like this; None: as the case says
    echoes: bool = False  # whether some of the patterns are the echo of what is sent
    grouped: bool = False  # whether not all of what is expected are patterns
    span: Span | None = None

    @property
    def patterns(self) -> Sequence[Pattern]:
        """What is expected, without its groups."""
        if self.grouped:
            return tuple(leaves(self.expected))
        return cast("Sequence[Pattern]", self.expected)


class Closing(Located, frozen=True):
    """How the connection must end."""

    by: Literal["tester", "testee", "either"] = "tester"  # which of them sends the first Close
    codes: tuple[int | None, ...] | None = (
        1000,
        None,
    )  # a None among them: no code; None instead of them: any code
    usual: bool = True  # Autobahn asks for these codes, but no RFC prescribes them
    clean: bool = True  # whether both Close frames must be sent and the server must end TCP
    wrong_code_fails: bool = False  # whether any other code fails the behaviour too
    decisive: bool = False  # whether the behaviour fails too if the wrong side closes
    tcp: Literal["fin", "rst", "ended", "kept"] | None = None
    """How the testee has to end TCP: in this way, in any way (ended), or not before the tester (kept)."""
    span: Span | None = None

    def takes(self, code: int, profile: Profile) -> bool:
        """Whether the testee's Close may carry this code. About the code of an answer RFC 6455 only says
        that it typically is the one received (§5.5.1), and about the code of a failure only that it is
        appropriate (§7.1.7)."""
        if profile is Profile.RFC and self.usual:
            return code not in NEVER_SENT
        return self.codes is None or code in self.codes


class Patience(Struct, frozen=True):
    """How long the testee may take once everything has been sent, and what the tester does then.

    With `stalled`, the time is counted from the first step, and anew whenever octets pass in either
    direction.
    """

    after: int = limits.PATIENCE.default * SECOND
    then: Literal["fail", "close"] = "fail"
    stalled: bool = False


class Deflate(Struct, frozen=True):
    """The permessage-deflate that a case is about; a testee that declines it is UNIMPLEMENTED."""

    offer: str  # sent by a tester that is the client: the value of Sec-WebSocket-Extensions
    asks: tuple[Ask, ...] = (
        Ask(),
    )  # asked by a tester that is the server, in addition to what the client asks of it


class Disputed(Struct, frozen=True):
    """Where Autobahn and the RFCs differ: why, and what replaces the case's own values in `Profile.RFC`."""

    why: str
    outcomes: tuple[Outcome, ...] | None = None
    closing: Closing | None = None


class Bound(Struct, frozen=True):
    """The limit that a case is about."""

    name: str  # of declared.BOUNDS
    declared: Declared

    @property
    def promised(self) -> bool:
        """Whether the testee promises to keep it. Otherwise a size is assumed, and nothing it does is
        wrong."""
        return self.declared.promises(self.name)


class Round(Located, frozen=True):
    """A part of a conversation: the next one begins once an outcome of this one has come."""

    steps: Sequence[Step]
    outcomes: tuple[Outcome, ...]
    span: Span | None = None


class Answering(Located, frozen=True):
    """What is sent whenever an event comes, such as the application's own ping."""

    to: Pattern
    step: SendFrame | SendMessage
    span: Span | None = None


class Turns(Struct, frozen=True):
    """The part that one connection has in a conversation over several."""

    conversation: str  # its id, which the ids of the connections begin with
    connection: str
    rounds: tuple[int, ...]  # the number of each of its rounds in the whole conversation, from 0
    total: int  # rounds of the whole conversation that are over when it may end
    opens: int | None = None  # the round for which it is made; None: it is open from the start


class Case(Located, frozen=True):
    """A conversation: `steps` and `outcomes` are those of its last round, and most cases have no other."""

    id: str
    title: str
    section: str
    steps: Sequence[Step]
    outcomes: tuple[Outcome, ...]
    closing: Closing | None = Closing()  # None: as recorded, which the outcome says
    patience: Patience = Patience()
    rule: str | None = None  # the rule that the case is about, by its name in the table of rules
    trace: Trace | None = None  # recorded octets to send in place of the steps
    measured: bool = False  # whether Autobahn compares only lengths, and ends at the first wrong one
    one_mask: bool = False  # whether all frames of the connection have the same masking key
    deflate: Deflate | None = None
    open: Opening | None = None  # the opening handshake, if the case is about it
    limit: Bound | None = None  # the limit that the case is about, if it is
    together: str | None = None  # the name that the connections of a group share
    testee: Side | None = None  # the only side that the case can test
    disputed: Disputed | None = None
    description: str | None = None  # what it does, in the words of its spec
    expectation: str | None = (
        None  # what it expects; both are otherwise derived from what it sends and expects
    )
    profile: Profile = Profile.AUTOBAHN
    by_text: bool = False  # judged by the RFCs alone, under each profile
    connect: Connect | None = None  # how it reaches the application
    turns: Turns | None = None  # if it is one of several connections of a conversation
    fresh: bool = False  # whether the server is started anew for it
    earlier: tuple[Round, ...] = ()  # the rounds before the last one
    ignored: tuple[Pattern, ...] = ()  # what may come at any time, any number of times
    answers: tuple[Answering, ...] = ()
    span: Span | None = None

    @property
    def talk(self) -> tuple[Round, ...]:
        """All its rounds."""
        return (*self.earlier, Round(self.steps, self.outcomes, self.span))

    @property
    def length(self) -> int:
        """How many rounds its spec has. Of several connections, each waits for the others in one more."""
        return len(self.earlier) + (self.turns is None)

    @property
    def converses(self) -> bool:
        """Whether it is about what an application says, which Autobahn has no words for."""
        return bool(self.earlier or self.passed_over or any(one.said is not None for one in self._patterns))

    @property
    def all_steps(self) -> Iterator[Step]:
        """The steps of all rounds."""
        return itertools.chain.from_iterable(part.steps for part in self.talk)

    @property
    def passed_over(self) -> tuple[Pattern, ...]:
        """The events that no round has to expect."""
        return (*self.ignored, *(answer.to for answer in self.answers))

    @property
    def kinds(self) -> frozenset[EventKind]:
        """The events of the testee that the outcomes mention."""
        if self.closing is None:
            return RECORDED
        if self.measured or self.rounds:
            return DATA - {EventKind.PONG}
        named = {pattern.kind for pattern in self._patterns}
        # A client that gives up sends nothing, so whatever breaks a rule before that counts too.
        return DATA | named | ({EventKind.VIOLATION} if EventKind.END in named else set())

    def head(self, tester: Side) -> Head | None:
        """The head that the tester sends in place of the default one, if the case has one."""
        if self.open is None:
            return None
        return self.open.request if tester is Side.CLIENT else self.open.response

    def joined(self, tester: Side) -> Sequence[SendFrame]:
        """The first frames, which share the last write of the tester's head."""
        head = self.head(tester)
        if head is None or not head.joined:
            return ()
        frames: list[SendFrame] = []
        for step in self.steps:
            if not isinstance(step, SendFrame):
                break
            frames.append(step)
        return frames

    @property
    def about_opening(self) -> bool:
        """Whether it says how the opening handshake has to go."""
        if self.open is not None:
            return True
        handshake = {EventKind.OPENED, EventKind.NOT_OPENED}
        return self.closing is not None and any(one.kind in handshake for one in self._patterns)

    @property
    def may_stay_closed(self) -> bool:
        """Whether there may be no connection: an outcome says so."""
        kinds = {pattern.kind for pattern in self._patterns}
        anything = any(outcome.anything for outcome in self.outcomes)
        return self.about_opening and (anything or bool(kinds & {EventKind.NOT_OPENED, EventKind.END}))

    @property
    def _patterns(self) -> Iterator[Pattern]:
        """What the outcomes of its rounds expect."""
        for part in self.talk:
            for outcome in part.outcomes:
                yield from outcome.patterns

    @property
    def echoes(self) -> bool:
        """Whether the case makes sense only for a testee that echoes."""
        return any(outcome.echoes for outcome in self.outcomes)

    @property
    def rounds(self) -> Repeat | None:
        """The first repeat of the case, if there is one: a message that differs ends the case."""
        return next((step for step in self.steps if isinstance(step, Repeat)), None)

    @property
    def reading(self) -> Reading:
        """How its connections are read: under the RFC's profile, the codes that the case itself allows
        count as assigned too."""
        reading = self.profile.reading
        closings = (self.closing, *(outcome.closing for outcome in self.outcomes))
        own = (code for closing in closings if closing is not None for code in closing.codes or ())
        argued = frozenset(code for code in own if code is not None)
        return Reading(reading.codes | argued, True) if self.profile is Profile.RFC else reading

    def ending(self, outcome: Outcome) -> Closing | None:
        """How the connection must end after this outcome; None: as recorded."""
        return outcome.closing or self.closing

    def under(self, profile: Profile) -> Case:
        """The case as it is under this profile."""
        profile = Profile.RFC if self.by_text else profile
        argued = self.disputed if profile is Profile.RFC else None
        return replace(
            self,
            profile=profile,
            expectation=self.expectation if argued is None else None,
            outcomes=self.outcomes if argued is None or argued.outcomes is None else argued.outcomes,
            closing=self.closing if argued is None or argued.closing is None else argued.closing,
        )
