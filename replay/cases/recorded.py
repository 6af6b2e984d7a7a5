"""A recorded trace as its own expectation: the same events from the testee, in the same order."""

from __future__ import annotations

from msgspec.structs import replace

from replay.cases.difference import kind
from replay.cases.model import RECORDED, Behaviour, Case, Outcome, Pattern, Profile
from replay.cases.payload import Payload
from replay.cases.received import received
from replay.cases.swapped import swapped
from replay.protocol.events import Close, Event, Message, NotOpened, Opened, Pong, Requested, Violation
from replay.protocol.frame_rules import Reading
from replay.protocol.interpreter import has_opening, observe
from replay.protocol.negotiation import Agreed
from replay.protocol.rules import RULES
from replay.source import SourceError
from replay.trace import framing
from replay.trace.model import Cut, Digest, Drop, Logging, Octets, Timer, Trace
from replay.wire.side import Side


def case_of(trace: Trace, name: str, tester: Side, profile: Profile = Profile.AUTOBAHN) -> Case:
    """The case that the log of an unknown case makes. The close reason, headers and fragmentation may
    differ."""
    span = next((entry.span for entry in trace.entries if entry.span), None)
    return Case(
        id=name,
        title=trace.header("title") or "as recorded",
        section="",
        steps=(),
        outcomes=(Outcome(Behaviour.OK, patterns(trace, tester, profile, profile.reading), span=span),),
        closing=None,
        trace=trace,
        profile=profile,
        span=span,
    )


def under(case: Case, profile: Profile, tester: Side) -> Case:
    """The case as this profile and this tester have it. A recording expects what the profile sees in it.
    What the tester of a known case sent, this tester sends."""
    if case.closing is None and case.trace is not None:
        return case_of(case.trace, case.id, tester, profile)
    if case.trace is not None and case.open is None and case.trace.recorder is not tester:
        case = replace(case, trace=swapped(case.trace))
    return case.under(profile)


def patterns(trace: Trace, tester: Side, profile: Profile, reading: Reading) -> tuple[Pattern, ...]:
    """What the recorded testee did, as patterns."""
    events = received(observe(trace, reading), tester, RECORDED, profile)
    return tuple(_pattern(event, trace) for event in events if not _contradicts_itself(event))


def _contradicts_itself(event: Event) -> bool:
    """Whether the event says that the recorded 101 doesn't answer the recorded request, as after an edit:
    what answers a request is up to the server, and follows from what is sent."""
    opening = isinstance(event, Violation) and event.rule.startswith("response-")
    return opening or (isinstance(event, NotOpened) and event.status == 101)


def _pattern(event: Event, trace: Trace) -> Pattern:
    word = kind(event)
    assert word is not None
    payload: Payload | None = None
    code: int | None = None
    match event:
        case Message(digest=None) | Pong():
            payload = Payload(event.data)
        case Close():
            code = event.code
        case NotOpened():
            code = event.status
    rule = event.rule if isinstance(event, Violation) else None
    span = trace.entries[event.entry].span
    return Pattern(word, payload, code=code, rule=rule, span=span, recorded=event)


def recorded_terms(trace: Trace) -> Agreed | None:
    """The compression that was negotiated on the recorded connection."""
    opened = (event for event in observe(trace) if isinstance(event, Opened))
    return next((event.agreed for event in opened), None)


def recorded_target(case: Case) -> str | None:
    """The target that was requested in the log of a case that is its own expectation."""
    if case.trace is None or case.closing is not None:
        return None
    requests = (event.request for event in observe(case.trace) if isinstance(event, Requested))
    return next((request.target for request in requests), None)


def compresses(trace: Trace, side: Side) -> bool:
    """Whether this side sent a compressed message or began one."""
    streams = framing.stream(trace.entries, side).frames
    return any(found.header is not None and found.header.rsv & 4 for found in streams)


def has_websocket(trace: Trace) -> bool:
    """Whether there is a request for a WebSocket connection or at least one whole frame. A log that ended
    before the request may still have been meant as one."""
    if not has_opening(trace):
        return any(found.whole for side in Side for found in framing.stream(trace.entries, side).frames)
    events = observe(trace)
    asked = [event.request for event in events if isinstance(event, Requested)]
    if asked:
        return any("websocket" in request.tokens("Upgrade") for request in asked) or any(
            isinstance(event, Opened) for event in events
        )
    return any(not isinstance(entry, Timer | Drop | Logging) for entry in trace.entries)


def check_servable(case: Case) -> None:
    """Raise SourceError if the recorded 101 of the server breaks a rule: the log shows what one client did
    with such a response, not what any client should do."""
    trace = case.trace
    if trace is None or case.open is not None:
        return
    breach: Violation | None = None
    for event in observe(trace):
        match event:
            case Violation(side=Side.SERVER):
                breach = breach or event
            case Opened() | NotOpened(status=101) if breach is not None:
                raise SourceError(
                    trace.entries[breach.entry].span,
                    f"the log can't be served: its 101 breaks {RULES[breach.rule].reference} "
                    f"({breach.rule}): {breach.detail}",
                    "a correct client refuses such a response, and what it does then isn't judged; "
                    "`replay run` and `replay check` accept the log as it is",
                )
            case Opened() | NotOpened():
                return


def check_replayable(trace: Trace, name: str, sides: frozenset[Side] = frozenset(Side)) -> None:
    """Raise SourceError if octets of these sides are missing that a replay has to send or to expect."""
    for entry in trace.entries:
        match entry:
            case Octets(cut=Cut(), side=side) | Digest(side=side) if side in sides:
                raise SourceError(
                    entry.span,
                    f"{name} can't be replayed: octets of the {side.value} are missing here",
                    "the log was cut when it was written; `replay check` and `replay show` read the rest",
                )
            case Logging(on=False):
                raise SourceError(
                    entry.span,
                    f"{name} can't be replayed: its recorder logged no octets from here on",
                    "`replay check` and `replay show` read the rest",
                )
