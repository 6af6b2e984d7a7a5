"""Judges behaviour and closing: pure functions of the case and the observed trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from replay.cases.model import Behaviour, Case, Closing, Profile
from replay.cases.opening import response_values
from replay.cases.received import is_free
from replay.cases.recorded import compresses, recorded_terms
from replay.cases.sent_names import makes_names
from replay.cases.step import SendEnd
from replay.protocol.events import Event, Gap, Message, Opened, Requested, Unparsed, Violation
from replay.protocol.interpreter import has_opening, observe
from replay.protocol.rules import RULES
from replay.trace.model import BROKEN_BY, NAMES, Entry, Trace
from replay.trace.packed import pack
from replay.values import names_text
from replay.verdict import opening
from replay.verdict.by_case import told
from replay.verdict.closing import bounded, closing_verdict, recorded_closing
from replay.verdict.compared import Compared, compare
from replay.verdict.facts import ClosingFacts, closing_facts
from replay.verdict.fresh import stale
from replay.verdict.late import answered_late
from replay.verdict.own_limit import found_limit
from replay.verdict.result import GOOD, ClosingVerdict, Judged, Logged, verdict_of
from replay.verdict.unseen import Unseen, decided
from replay.wire.side import Side

REENCODED = "reencoded"
"""The header of a trace whose tester compressed the recorded messages again."""


def judge(case: Case, trace: Trace, tester: Side, notes: tuple[str, ...] = ()) -> Judged:
    """The verdict on one observed connection.

    A case of a spec is judged by Autobahn's decision table. A recorded case is compared with its recording:
    the same events from the testee, and the same end.

    A failure is left unjudged if a limit on what is read cut off the connection, or if a client acted too
    late, since a client can't be asked to do it again.
    """
    events = observe(trace, case.reading)
    result = _judged(case, trace, tester, events, notes)
    if not result.failed:
        return told(result)
    by = trace.header(BROKEN_BY)
    if by is not None and (result.divergence is None or result.divergence.observed is None):
        return result.left_unjudged(f"the conversation was broken off on the connection {by!r}")
    if result.facts.bound is not None and not _decided(result):
        return result.left_unjudged(bounded(result.facts))
    if tester is Side.SERVER:
        testee_closes = case.closing is not None and case.closing.by == "testee"
        late = answered_late(trace, events, tester, testee_closes)
        if late is not None:
            patient = _judged(case, trace, tester, late.events, notes)
            good = patient.closing in GOOD or not testee_closes
            if patient.behaviour is not Behaviour.FAILED and good:
                return result.left_unjudged(late.said)
    return told(result)


def passes(
    case: Case,
    trace: Trace,
    tester: Side,
    notes: tuple[str, ...] = (),
    events: tuple[Event, ...] | None = None,
) -> Logged | None:
    """The verdict on a connection without any fault; None: it needs `judge`. `events` are those of the
    trace, if they are known already, without the tester's own messages.

    It doesn't read the tester's own messages, nor look for breaches in them, which would cost as much as
    for the testee's. They could only excuse the testee: if it broke no rule and everything expected came,
    `judge` gives the same verdict.
    """
    both = case.trace is not None or makes_names(case)
    if events is None or both:
        events = observe(trace, case.reading, None if both else tester)
    result = _judged(case, trace, tester, events, notes)
    well = result.behaviour is Behaviour.OK and result.closing in GOOD and result.divergence is None
    if not well or result.broken:
        return None
    return Logged(**verdict_of(result), log=pack(trace))


def _dropped_by_step(case: Case, facts: ClosingFacts) -> bool:
    """Whether the tester ended TCP without a closing handshake because a step says so."""
    before = facts.dropped_by_tester and facts.testee_close is None and facts.tester_close is None
    return before and any(isinstance(step, SendEnd) for step in case.all_steps)


def _decided(result: Judged) -> bool:
    """Whether a failure is proven by what was observed rather than by what is missing: an event differs, a
    message has grown too large, or the testee closed without what is missing."""
    testee = result.facts.tester.other
    apart = result.divergence is not None and result.divergence.observed is not None
    closed = result.behaviour is Behaviour.FAILED and result.facts.testee_close is not None
    begun = any(isinstance(event, Unparsed) and event.side is testee for event in result.events)
    broken = result.case.profile is Profile.RFC and _by_the_rfcs(Behaviour.OK, result.case, result.broken)
    return apart or closed or begun or broken is Behaviour.FAILED


def _judged(
    case: Case, trace: Trace, tester: Side, events: tuple[Event, ...], notes: tuple[str, ...]
) -> Judged:
    """The verdict on these events of a trace."""
    facts = closing_facts(events, tester, has_opening(trace))
    found = compare(case, events, facts, names_text.read(trace.header(NAMES) or "{}"))
    behaviour = found.behaviour
    unseen = Unseen.of(events, tester)
    declined = case.deflate is not None and facts.opened and facts.agreed is None
    declined &= not (unseen and unseen.handshake)
    declined |= _lacks(case, events, tester)
    if told_only := facts.opened and case.limit is not None and not case.limit.promised:
        behaviour = Behaviour.INFORMATIONAL
    if declined:
        behaviour = Behaviour.UNIMPLEMENTED
    broken = tuple(e for e in events if isinstance(e, Violation) and e.side is not tester)
    if case.together is not None and case.by_text and tester is Side.SERVER:
        broken += tuple(stale(trace, events))
    if case.profile is Profile.RFC:
        behaviour = _by_the_rfcs(behaviour, case, broken)
    missing = None if found.outcome.anything else found.missing
    if missing is not None and case.earlier:
        missing = replace(missing, part=found.number)
    divergence = opening.turned(case, missing, events)
    if case.closing is None and case.trace is not None and case.trace is not trace:
        apart = opening.difference(
            observe(case.trace, case.reading), events, tester, trace.header(REENCODED) is not None
        )
        if apart is not None:
            behaviour, divergence = Behaviour.FAILED, apart
    ending = case.ending(found.outcome) if found.fit.state == "complete" else case.closing
    if declined and case.closing is not None:  # then the tester only closes
        ending = Closing(clean=case.closing.clean)
    if ending is None:
        closing, reason = recorded_closing(case, facts, events)
    elif found.missing is not None and facts.closed_by_tester and case.converses:
        closing = ClosingVerdict.INFORMATIONAL
        reason = f"the conversation was broken off in round {found.number + 1} of {case.length}"
    elif case.converses and _dropped_by_step(case, facts):
        closing, reason = ClosingVerdict.INFORMATIONAL, "replay ended TCP, as its steps say"
    elif not facts.opened and case.may_stay_closed:
        closing, reason = ClosingVerdict.OK, "no connection was opened, as may be"
    elif told_only or (
        found.fits and found.outcome.verdict is Behaviour.INFORMATIONAL and found.outcome.anything
    ):
        closing, reason = ClosingVerdict.INFORMATIONAL, "the connection may end in any way"
    else:
        closing, reason = closing_verdict(ending, facts, events, case.profile)
        if closing is ClosingVerdict.WRONG_CODE and ending.wrong_code_fails:
            behaviour = Behaviour.FAILED
        if ending.decisive and not facts.closed_by_the_right_side(ending.by):
            behaviour = Behaviour.FAILED
    result = Judged(
        case=case,
        trace=trace,
        events=events,
        behaviour=behaviour,
        closing=closing,
        facts=facts,
        outcome=found.outcome if found.fits else None,
        nearest=found.outcome,
        expected=found.expected,
        received=found.received,
        divergence=divergence,
        closing_reason=reason,
        broken=broken,
        server=_server(events),
        notes=tuple(dict.fromkeys((*notes, *_said(case, trace, events, facts), *_stricter(case, found)))),
        duration=_duration(trace.entries),
    )
    if unseen is None:
        return result
    if ending is None:
        return decided(result, unseen.why(), not unseen.hides_testee, True)
    ends = unseen.closing(ending, facts, closing)
    breaches = case.profile is Profile.RFC and _by_the_rfcs(Behaviour.OK, case, broken) is Behaviour.FAILED
    known = declined or breaches
    known |= unseen.behaviour(found.fits, found.fit, found.received, found.outcome.anything, ends)
    return decided(result, unseen.why(), known, ends)


def _lacks(case: Case, events: Sequence[Event], tester: Side) -> bool:
    """Whether the client's request lacks what the response of the case is made of."""
    head = case.head(tester)
    if tester is Side.CLIENT or head is None or not head.names:
        return False
    asked = (event.request for event in events if isinstance(event, Requested))
    return any(not head.names <= response_values(request).keys() for request in asked)


def _by_the_rfcs(behaviour: Behaviour, case: Case, broken: Sequence[Violation]) -> Behaviour:
    """The behaviour under the profile `rfc`, given the rules that were broken: breaking a MUST of RFC 7692
    fails a case about compression, breaking any MUST one that is judged by the text, and breaking a SHOULD
    never fails a case. Autobahn only asks whether the messages come back."""
    rules = [RULES[violation.rule] for violation in broken]
    if case.by_text:
        counts = (RULES[one.rule] for one in broken if not is_free(one) or one.rule == case.rule)
        if any(rule.level != "SHOULD" for rule in counts):
            return Behaviour.FAILED
    if case.deflate is not None and any(rule.rfc == 7692 and rule.level != "SHOULD" for rule in rules):
        return Behaviour.FAILED
    if behaviour is Behaviour.OK and any(rule.level == "SHOULD" for rule in rules):
        return Behaviour.NON_STRICT
    return behaviour


def _said(case: Case, trace: Trace, events: Sequence[Event], facts: ClosingFacts) -> Iterator[str]:
    if case.trace is not None and case.trace is not trace and facts.opened:
        yield from _refused(case.trace, events, facts)
    yield from found_limit(case.limit, events, facts)
    yield from _remarks(events, facts)


def _refused(log: Trace, events: Sequence[Event], facts: ClosingFacts) -> Iterator[str]:
    """Why no messages of a log were sent: on this connection, its octets would mean something else."""
    if any(isinstance(event, Message) and event.side is facts.tester for event in events):
        return
    terms = recorded_terms(log)
    if facts.agreed != terms and compresses(log, facts.tester):
        here, there = facts.agreed or "no compression", terms or "no compression"
        if facts.tester is Side.SERVER:
            said = f"the client's offer led to {here}, but in the log to {there}"
        else:
            said = f"the server agreed on {here}, but in the log on {there}"
        yield f"the recorded messages were not sent: {said}; --reencode compresses them again"


def _remarks(events: Sequence[Event], facts: ClosingFacts) -> Iterator[str]:
    """Notes on what the verdict itself doesn't say."""
    testee = facts.tester.other
    for event in events:
        unread = isinstance(event, Unparsed) and not isinstance(event, Gap)
        if isinstance(event, Unparsed) and unread and event.side is testee and facts.opened:
            octets = f"the {testee.value}'s octets from offset {event.start} on"
            yield f"{octets} were not decoded: {event.reason}"


def _stricter(case: Case, found: Compared) -> Iterator[str]:
    """A note if Autobahn, which compares only the length here, would have passed the case."""
    why = found.fit.why
    if not case.measured or found.fits or why is None or why.expected is None:
        return
    wanted, got = why.expected.payload, why.observed
    if why.field != "payload" or wanted is None or not isinstance(got, Message):
        return
    if len(wanted) == got.length:
        yield "stricter than Autobahn|Testsuite, which compares only the length here and says OK"


def _server(events: Sequence[Event]) -> str | None:
    opened = next((event for event in events if isinstance(event, Opened)), None)
    return None if opened is None else (opened.response.values("Server") or [""])[0]


def _duration(entries: Sequence[Entry]) -> int | None:
    times = [entry.at for entry in entries if entry.at is not None]
    return times[-1] - times[0] if times else None
