"""Judges how a connection was closed."""

from __future__ import annotations

from collections.abc import Sequence

from replay.cases.model import Case, Closing, Profile
from replay.protocol.events import Event, NotOpened
from replay.protocol.interpreter import has_opening, observe
from replay.verdict.facts import ClosingFacts, closing_facts
from replay.verdict.result import ClosingVerdict
from replay.wire.side import Side

Verdict = tuple[ClosingVerdict, str]
"""The verdict, and the reason for it as a sentence."""


def closing_verdict(
    closing: Closing, facts: ClosingFacts, events: Sequence[Event], profile: Profile
) -> Verdict:
    """Autobahn's table: the first row that applies. The second row is ours: there, Autobahn never ends."""
    tester, testee = facts.tester.value, facts.tester.other.value
    code = facts.testee_close.code if facts.testee_close else None
    if not facts.opened:
        return ClosingVerdict.FAILED, _why_not_opened(events)
    if facts.limit_reached:
        return ClosingVerdict.UNCLEAN, f"the {tester} gave up: {_limit(facts)}"
    if not facts.closed_by_the_right_side(closing.by):
        return ClosingVerdict.FAILED, _who_closed(facts, closing.by)
    if closing.clean and facts.unclean_reason:
        return ClosingVerdict.UNCLEAN, facts.unclean_reason
    if code is not None and not closing.takes(code, profile):
        wanted = " or ".join(str(known) for known in closing.codes or () if known is not None) or "no code"
        if _only_answered(facts):
            answered = f"the {testee} only answered the Close {code} with which the {tester} had failed"
            return ClosingVerdict.WRONG_CODE, f"{answered} the connection; expected {wanted}"
        return ClosingVerdict.WRONG_CODE, f"the {testee} closed with code {code}, expected {wanted}"
    if closing.tcp is not None and (fault := facts.end_fault(closing.tcp)):
        return ClosingVerdict.UNCLEAN, fault
    if closing.tcp is None and facts.tester is Side.CLIENT and facts.dropped_by_tester:
        return ClosingVerdict.FAILED_BY_CLIENT, "the client had to end TCP; expected the server to end it"
    if (breach := facts.let_pass) is not None:
        failed = f"but in this log the {tester} did not fail the connection for it"
        return ClosingVerdict.FAILED, f"the {testee} broke the rule {breach.rule}, {failed}"
    return ClosingVerdict.OK, "the connection was closed as expected"


def recorded_closing(case: Case, facts: ClosingFacts, seen: Sequence[Event]) -> Verdict:
    """Compare the end with that of the recording: who closed, with what code, cleanly or not, and who ended
    TCP."""
    assert case.trace is not None
    events = observe(case.trace, case.reading)
    before = closing_facts(events, facts.tester, has_opening(case.trace))
    testee = facts.tester.other.value
    # A recorded 101 that doesn't answer the recorded request was edited, as the log continues after it.
    was_open = before.opened or any(isinstance(e, NotOpened) and e.status == 101 for e in events)
    if facts.opened is not was_open:
        if was_open:
            return ClosingVerdict.FAILED, "the connection was never opened; in the log it was"
        refusal = _refusal(events)
        why = f": {refusal.reason}" if refusal else ""
        return ClosingVerdict.FAILED, f"the connection was opened; in the log it was not{why}"
    if facts.limit_reached and not before.limit_reached:
        return ClosingVerdict.UNCLEAN, f"the {facts.tester.value} gave up: {_limit(facts)}"
    if not was_open:  # then either side may end TCP
        return _not_opened_either(events, seen)
    if facts.closed_by_testee and not before.closed_by_testee:
        return ClosingVerdict.FAILED, f"the {testee} sent the first Close frame; in the log it did not"
    if before.closed_by_testee and not facts.closed_by_testee and facts.tester_close:
        return (
            ClosingVerdict.FAILED,
            f"the {testee} did not close or fail the connection; in the log it did",
        )
    if before.testee_close and not facts.testee_close:
        return ClosingVerdict.UNCLEAN, f"the {testee} sent no Close frame; in the log it did"
    if before.clean and facts.unclean_reason:
        return ClosingVerdict.UNCLEAN, f"{facts.unclean_reason}; in the log the closing was clean"
    if facts.testee_close and before.testee_close and facts.testee_close.code != before.testee_close.code:
        was, now = (_code(close.code) for close in (before.testee_close, facts.testee_close))
        return ClosingVerdict.WRONG_CODE, f"the {testee} closed with {now}; in the log with {was}"
    if before.dropped_by_testee and not facts.dropped_by_testee:
        reason = f"the {testee} did not end TCP; in the log it did"
        by_client = facts.tester is Side.CLIENT
        return (ClosingVerdict.FAILED_BY_CLIENT if by_client else ClosingVerdict.UNCLEAN), reason
    if before.dropped_by_tester and facts.dropped_by_testee:
        return ClosingVerdict.FAILED, f"the {testee} ended TCP; in the log the {facts.tester.value} did"
    return ClosingVerdict.OK, "the connection ended as in the log"


def _not_opened_either(recorded: Sequence[Event], seen: Sequence[Event]) -> Verdict:
    """The connection was opened neither here nor in the log. A refusal is an answer, so a server that no
    longer gives one differs from the log. After it, either side may end TCP (RFC 9112 §9)."""
    was, now = _refusal(recorded), _refusal(seen)
    if was and was.status and now and not now.status:
        return ClosingVerdict.FAILED, f"{_why_not_opened(seen)}; in the log {was.reason}"
    return ClosingVerdict.OK, "the connection was not opened, as in the log"


def _refusal(events: Sequence[Event]) -> NotOpened | None:
    return next((event for event in events if isinstance(event, NotOpened)), None)


def _why_not_opened(events: Sequence[Event]) -> str:
    found, said = _refusal(events), "the connection was never opened"
    return f"{said}: {found.reason}" if found else said


def _limit(facts: ClosingFacts) -> str:
    if facts.bound is not None:
        return bounded(facts)
    if facts.closed_by_testee and facts.tester_close and facts.tester is Side.CLIENT:
        return "both sides had sent a Close frame, but the server did not end TCP"
    return "the time for the whole case ran out"


def bounded(facts: ClosingFacts) -> str:
    testee = facts.tester.other.value
    return f"the {testee} sent more than replay reads from one connection, which is {facts.bound}"


def _who_closed(facts: ClosingFacts, wanted: str) -> str:
    tester, testee = facts.tester.value, facts.tester.other.value
    if wanted == "testee":
        return f"the {tester} had to close the connection; expected the {testee} to fail or close it"
    if facts.closed_by_testee:
        return f"the {testee} sent the first Close frame; expected the {tester} to close"
    if facts.dropped_by_testee:
        return f"the {testee} ended TCP without a Close frame; expected the {tester} to close"
    return f"the {tester} ended TCP before it had sent a Close frame"


def _only_answered(facts: ClosingFacts) -> bool:
    """Whether the testee's Close has the code with which the tester had failed the connection before."""
    ours, theirs = facts.tester_close, facts.testee_close
    failed = facts.failed_by_tester and facts.closed_by_tester
    return failed and ours is not None and theirs is not None and theirs.valid and ours.code == theirs.code


def _code(code: int | None) -> str:
    return "no code" if code is None else f"code {code}"
