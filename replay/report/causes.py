"""Why a case fails, and what the failures with the same cause have in common, in sentences without a full
stop."""

from __future__ import annotations

from msgspec.structs import replace

from replay.cases.cost import volume
from replay.cases.model import Behaviour
from replay.protocol.events import Close, Message, Pong, Unparsed, Violation
from replay.protocol.rules import RULES
from replay.report import differences, safe, words
from replay.report.words import BEHAVIOURS
from replay.verdict.cause import answer_to, illegal, repeated
from replay.verdict.result import GOOD, MOST_BROKEN, ByCase, CaseResult, Cause, Judged, Misdeed
from replay.verdict.stored_verdict import CauseWords
from replay.wire.side import Side

BY_SILENCE = {"close-answered", "close-before-drop", "server-drops", "ping-answered", "pong-echoes-ping"}
"""Rules that are broken by something that doesn't come, so that there is no octet to point at."""

LEGAL = "although nothing that was sent is against a rule"


def said(result: CaseResult) -> CauseWords | None:
    """None if the case doesn't fail, or nothing is known about why."""
    cause = result.cause
    if cause is None:
        return None
    words = sentence(cause, result.facts.tester.other)
    return CauseWords(cause.key, words, result.why, volume(result.case))


def explained(result: Judged) -> Judged:
    """The result with the reason why it isn't OK."""
    well = result.behaviour is Behaviour.OK and not result.failed
    return result if well else replace(result, why=why(result))


def sentence(cause: Cause, testee: Side) -> str:
    """What is wrong in all of the cases."""
    who, rule = f"the {testee.value}", cause.rule or ""
    match cause.fault:
        case Misdeed.UNOPENED if cause.rule is not None:
            return f"the opening handshake of {who} breaks {_rule(rule)}"
        case Misdeed.UNOPENED if cause.code is not None:
            return f"{who} answers the opening handshake with HTTP status {cause.code}, not 101"
        case Misdeed.ACCEPTS:
            meaning = f"{words.reference(rule)}: {words.sentence(rule).removesuffix('.')}"
            return (
                f"{who} accepts what breaks {rule} ({meaning}); it was to fail the connection{_with(rule)}"
            )
        case Misdeed.CODE:
            return f"{who} closes with {_coded(cause.code)}, where another code is wanted"
        case Misdeed.REFUSES:
            return f"{who} closes the connection with {_coded(cause.code)}, {LEGAL}"
        case Misdeed.DROPS:
            return f"{who} ends TCP without a Close frame, {LEGAL}"
        case Misdeed.BREAKS:
            return f"{who} breaks {_rule(rule)}"
        case Misdeed.DIFFERS:
            return f"{who} sends something else than was expected: {safe.escape(cause.detail, 200)}"
    return safe.escape(cause.detail, 300)


def why(result: Judged) -> str:
    """Why a verdict isn't what it should be, or why there is none."""
    if result.unjudged is not None:
        return result.unjudged
    cause = result.cause
    if cause is None:
        return BEHAVIOURS[result.behaviour] if result.closing in GOOD else result.closing_reason
    if result.divergence is not None and result.divergence.field == "opening":
        return differences.difference(result.divergence)  # it says what the recorded handshake contained
    who = f"the {result.facts.tester.other.value}"
    match cause.fault:
        case Misdeed.ACCEPTS if (bait := illegal(result)) is not None:
            return (
                f"{who} accepted what breaks {bait.rule}, {words.reference(bait.rule)} "
                f"({safe.escape(bait.detail, 200)}): it {_did(result, bait)}; it was to fail the connection"
                f"{_with(bait.rule)}"
            )
        case Misdeed.CODE:
            bait = illegal(result)
            of = "" if bait is None else f" for a breach of {bait.rule}"
            return f"{who} closed with {_closed(result)}{of}, expected {_codes(result)}"
        case Misdeed.REFUSES:
            did = "answered the Close" if result.facts.closed_by_tester else "closed the connection"
            wanted = _wanted(result) if result.divergence else f"; expected {_codes(result)}"
            return f"{who} {did} with {_closed(result)}, {LEGAL}{wanted}"
        case Misdeed.DROPS:
            return f"{who} ended TCP without a Close frame, {LEGAL}{_wanted(result)}"
        case Misdeed.BREAKS | Misdeed.UNOPENED if cause.rule is not None:
            breach = next((one for one in result.broken if one.rule == cause.rule), None)
            said = f"{who} broke {cause.rule}, {words.reference(cause.rule)}: "
            found = result.divergence
            if isinstance(breach, ByCase) and found is not None and (result.facts.opened or found.observed):
                return said + differences.difference(found)
            detail = result.closing_reason if breach is None else breach.detail
            if cause.rule == "pong-echoes-ping" and found is not None and found.offset is not None:
                detail = differences.difference(found)
            return said + safe.escape(detail, 300) + (_wanted(result) if result.facts.opened else "")
    if not result.facts.opened and not result.case.may_stay_closed:
        return result.closing_reason
    if result.behaviour is Behaviour.FAILED and result.divergence is not None:
        twice = "; it is what came just before, once more" if repeated(result, result.divergence) else ""
        return differences.difference(result.divergence) + twice + _uncounted(result)
    return result.closing_reason


def _rule(rule: str) -> str:
    return f"{rule}, {words.reference(rule)}: {words.sentence(rule).removesuffix('.')}"


def _with(rule: str) -> str:
    """' with 1007 (invalid payload data)', for what is broken."""
    code = RULES[rule].code if rule in RULES else None
    return "" if code is None else f" with {words.code(code)}"


def _coded(code: int | None) -> str:
    return words.code(code) if code is not None else "no code"


def _codes(result: Judged) -> str:
    """The codes with which the testee might have closed."""
    ending = result.case.ending(result.nearest)
    wanted = () if ending is None else ending.codes or ()
    return " or ".join(words.code(code) for code in wanted if code is not None) or "no code"


def _closed(result: CaseResult) -> str:
    """The Close of the testee: its code and reason."""
    close = result.facts.testee_close
    if close is None:
        return "no code"
    return words.event(replace(close, valid=True)).removeprefix("close, ")


def _did(result: Judged, bait: Violation) -> str:
    """What the testee did instead of failing the connection."""
    match answer_to(result, bait):
        case Violation(rule=rule) if rule == bait.rule:
            return "sent the same back"
        case Close() as close:
            return f"answered with {words.noun(close)}"
        case (Message() | Pong()) as event:
            return f"sent {words.noun(event)}"
        case None:
            return "did nothing, and left the connection open"
    return "went on"


def _wanted(result: Judged) -> str:
    """What was expected at that point."""
    found = result.divergence
    if found is None or found.expected is None:
        return ""
    return f"; expected {words.noun(found.expected)}"


def _uncounted(result: Judged) -> str:
    """What came, if nothing more came that counts."""
    found, testee = result.divergence, result.facts.tester.other
    if found is None or found.observed is not None or not result.facts.opened:
        return ""
    counted = {id(event) for event in result.received}
    for event in result.events:
        if event.side is not testee or id(event) in counted:
            continue
        if isinstance(event, Message | Pong):
            return f"; {words.noun(event)} came too late to count"
        if isinstance(event, Unparsed):
            return f"; {safe.escape(event.reason, 200)}"
        if isinstance(event, Violation) and event.rule not in BY_SILENCE:
            return f"; what came breaks {event.rule}: {safe.escape(event.detail, 200)}"
    return ""


def broken(result: CaseResult) -> list[str]:
    """The first rules that a case which passes broke nevertheless, each in a sentence."""
    return [
        f"breaks {breach.rule}, {words.reference(breach.rule)}: {breach.detail}"
        for breach in result.broken[:MOST_BROKEN]
    ]
