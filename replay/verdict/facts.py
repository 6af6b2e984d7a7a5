"""The facts for the closing verdict, read from the events: which side ended the connection, and how."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from replay.cases.model import RECORDED
from replay.cases.received import Received, spoils_close
from replay.protocol.events import Close, CloseBegins, End, Event, Fired, Message, Opened, Violation
from replay.protocol.negotiation import Agreed
from replay.protocol.rules import RULES
from replay.trace.model import How, Wait
from replay.wire.side import Side

FAILING = frozenset(rule.code for rule in RULES.values() if rule.code is not None)
"""Close codes with which a connection is failed for a breach."""


class ClosingFacts(Struct, frozen=True):
    """The inputs of Autobahn's closing table. The testee is the side that `tester` isn't."""

    tester: Side
    opened: bool
    closed_by_tester: bool  # the tester's Close frame came first
    closed_by_testee: bool
    failed_by_tester: bool  # it failed the connection: for a breach by the testee, or after a timeout
    dropped_by_tester: bool  # it ended TCP
    dropped_by_testee: bool
    dropped_as: How | None  # how the testee ended TCP
    waited_in_vain: bool  # a log's tester ended TCP after waiting for the testee to close or to end TCP
    opening_timed_out: bool
    close_timed_out: bool  # the testee didn't answer the tester's Close in time
    drop_timed_out: bool  # the server didn't end TCP in time
    limit_reached: bool  # the time limit of the case, or a limit on what is read, ended it
    bound: str | None  # the limit on what is read, as '4,000 events'; None: it wasn't reached
    agreed: Agreed | None  # the terms of compression
    tester_close: Close | None
    testee_close: Close | None  # the first one, even if it breaks a rule
    let_pass: Violation | None  # a breach for which the tester should have failed the connection

    @property
    def unclean_reason(self) -> str | None:
        """Why the closing handshake isn't clean; None: it is. Both sides have sent a Close and, if the
        tester is the client, the server has ended TCP in time."""
        testee = self.tester.other.value
        if not self.opened:
            return "the connection was never opened"
        if self.testee_close is None:
            return f"the {testee} sent no Close frame"
        if not self.testee_close.valid:
            return f"the {testee}'s Close frame breaks a rule"
        if self.tester_close is None:
            return f"the {self.tester.value} sent no Close frame"
        if self.bound is not None:
            return f"replay stopped reading after {self.bound}"
        if self.limit_reached:
            return "the time for the whole case ran out"
        if self.drop_timed_out:
            return "the server did not end TCP in time"
        return None

    def closed_by_the_right_side(self, wanted: str) -> bool:
        """Whether the side closed first that had to: 'tester', 'testee' or 'either'."""
        if wanted == "testee":
            return not (self.closed_by_tester or self.waited_in_vain)
        return wanted == "either" or self.closed_by_tester

    def end_fault(self, wanted: str) -> str | None:
        """Why the testee didn't end TCP as a case asks: 'fin', 'rst', 'ended' or 'kept'; None: it did."""
        found, testee = self.dropped_as, self.tester.other.value
        if found is None:
            return None if wanted == "kept" else f"the {testee} did not end TCP"
        if wanted in ("ended", found.value.lower()):
            return None
        expected = "it to be left open" if wanted == "kept" else wanted.upper()
        how = f" with {found.value}" if found is not How.UNKNOWN else ""
        return f"the {testee} ended TCP{how}; expected {expected}"

    @property
    def clean(self) -> bool:
        return self.unclean_reason is None


def closing_facts(events: Sequence[Event], tester: Side, opening: bool) -> ClosingFacts:
    """Read the facts from all events of a connection, in order.

    `opening`: the trace begins with an opening handshake; else the connection was open from the start.
    """
    events = [event for event in events if not isinstance(event, Message)]  # they decide nothing here
    bounds = (event.tag for event in events if isinstance(event, Fired) and event.wait is Wait.LIMIT)
    received = Received(tester, RECORDED)
    closes: list[Close] = []
    for event in events:
        received.add(event)
        if isinstance(event, Close) and (event.side is tester or _was_read(event, received.over)):
            closes.append(event)
    first = _first_to_close(events, tester)
    fired = {event.wait for event in events if isinstance(event, Fired)}
    ends = {event.side: event.how for event in events if isinstance(event, End)}
    return ClosingFacts(
        tester=tester,
        opened=not opening or any(isinstance(event, Opened) for event in events),
        closed_by_tester=first is tester,
        closed_by_testee=first is tester.other,
        failed_by_tester=received.failed,
        dropped_by_tester=tester in ends,
        dropped_by_testee=tester.other in ends,
        dropped_as=ends.get(tester.other),
        waited_in_vain=Wait.EVENTS in fired and tester in ends and first is None,
        opening_timed_out=Wait.OPENING in fired,
        close_timed_out=Wait.CLOSING in fired,
        drop_timed_out=Wait.DROP in fired,
        limit_reached=Wait.LIMIT in fired,
        bound=next((bound for bound in bounds if bound is not None), None),
        agreed=next((event.agreed for event in events if isinstance(event, Opened)), None),
        tester_close=next((close for close in closes if close.side is tester), None),
        testee_close=next((close for close in closes if close.side is not tester), None),
        let_pass=_let_pass(events, tester),
    )


def _let_pass(events: Sequence[Event], tester: Side) -> Violation | None:
    """The first breach of a MUST after which the tester closed as if there had been none. Autobahn and
    replay fail the connection there, so such a log comes from another program, or was edited."""
    breach: Violation | None = None
    for event in events:
        match event:
            case Close(side=side, code=code) if side is tester:
                return None if code in FAILING else breach
            case Violation(side=side, code=int(), rule=rule) if side is not tester and breach is None:
                breach = event if RULES[rule].level == "MUST" else None
    return None


def _was_read(close: Close, over: int | None) -> bool:
    """Whether the tester has read the code of a Close: the Close came before the tester ended TCP, or was
    the reason for that."""
    return over is None or (over == close.start and not close.valid)


def _first_to_close(events: Sequence[Event], tester: Side) -> Side | None:
    """The side that sent the first octet of the first Close frame. The tester answers a breach with a Close
    at once, before it looks at what follows the breach."""
    closes = {(event.side, event.start): event for event in events if isinstance(event, Close)}
    answered = any(side is tester for side, _ in closes)
    spoiled = {
        event.frame
        for event in events
        if isinstance(event, Violation) and event.side is tester and spoils_close(event)
    }
    for event in events:
        match event:
            case CloseBegins(side=side, start=start):  # counts if the frame that it becomes does
                close = closes.get((side, start))
                if close is None:
                    counts = side is tester and start not in spoiled
                else:
                    counts = side is tester or close.valid
                if counts:
                    return side
            case Close(valid=valid, side=side) if valid or side is tester:
                return side
            case Violation(side=side, code=code) if side is not tester and answered:
                if code is not None:
                    return tester
    return None
