"""What a case does and expects, in whole sentences: in the words of its spec, otherwise derived from its
steps.

The tester is called replay, and the testee is called the server or the client if it is known which one it
is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import eq

from msgspec.structs import replace

from replay.cases.echo import echo
from replay.cases.model import Behaviour, Case, Closing, EventKind, Outcome, Pattern, Profile
from replay.cases.open_words import ANY_REFUSAL
from replay.cases.step import SendClose, SendEnd, SendFrame
from replay.report import heads, safe, words
from replay.report.heads import answered
from replay.report.phrases import Phrase, sample, sent, sequence, size_of, written
from replay.source import SourceError
from replay.wire.frame import Opcode
from replay.wire.side import Side


def purpose(case: Case, testee: Side | None = None) -> tuple[str, str]:
    """What a case does, and what it expects of the testee: a server, a client or, with None, either."""
    return description(case, testee), expectation(case, testee)


def _known(case: Case, testee: Side | None) -> Side | None:
    """The testee, which a case may know."""
    return testee or case.testee


def description(case: Case, testee: Side | None = None) -> str:
    """'replay sends a text message of 5 octets ("Hello"), then a Ping without a payload.'"""
    testee = _known(case, testee)
    if case.description is not None:
        return _of(safe.escape(case.description), testee)
    if case.trace is not None and not case.steps:
        return "replay sends what was sent in the log, octet for octet."
    if case.open is not None:
        return _of(_opening(case, testee), testee)
    if case.earlier:
        said = sequence(phrase for part in case.talk for phrase in sent(part.steps))
        return f"A conversation of {case.length} rounds, in which replay sends {said or 'nothing'}."
    if not case.steps:
        return "replay sends nothing."
    agreed = "Once compression (permessage-deflate) is agreed, " if case.deflate is not None else ""
    steps, how = written(case.steps)
    return f"{agreed}replay sends {sequence(sent(steps))}{how}."


def _opening(case: Case, testee: Side | None) -> str:
    """'replay sends an opening request without the header Host, then …'"""
    assert case.open is not None
    said = []
    if case.open.request is not None and testee is not Side.CLIENT:
        said.append(f"sends {heads.described(case.open.request, 'an opening request')}")
    if case.open.response is not None and testee is not Side.SERVER:
        said.append(
            f"answers the client's request with {heads.described(case.open.response, 'a response')}"
        )
    if case.steps:
        steps, how = written(case.steps)
        said.append(f"sends {sequence(sent(steps))}{how}")
    return f"replay {', then '.join(said)}."


def expectation(case: Case, testee: Side | None = None) -> str:
    """'The server is to send the message back; replay then closes the connection with code 1000, …'"""
    testee = _known(case, testee)
    if case.expectation is not None:
        return _of(safe.escape(case.expectation), testee)
    best, *others = case.outcomes
    said = []
    if case.earlier:
        wanted = [pattern for part in case.talk for pattern in part.outcomes[0].patterns]
        return _of(f"The testee is to send {sequence(_patterns(wanted)) or 'nothing'}.", testee)
    if case.closing is None:
        came = sequence(_patterns(best.patterns))
        said.append(f"The testee is to do the same as in the log, in the same order: {came}.")
    elif best.anything:
        verdict = best.verdict.value
        said.append(f"Nothing is asked for: whatever comes back, and however it ends, is {verdict}.")
    else:
        said.append(f"The testee is {_all(case, best, best.closing or case.closing, testee)}.")
    said += [_allowed(case, outcome, testee) for outcome in others]
    if case.deflate is not None:
        said.append("A testee that declines compression is UNIMPLEMENTED.")
    return _of(" ".join(said), testee)


def _of(said: str, testee: Side | None) -> str:
    """With the testee's own name."""
    return said if testee is None else said.replace("testee", testee.value)


_OPENINGS = {
    EventKind.OPENED: "to accept the opening handshake",
    EventKind.NOT_OPENED: "to refuse the opening handshake",
    EventKind.END: "to send no frame and to end TCP",
}
"""What the testee does for the events that a connection begins with, or that it can't have more than."""


def _wants(case: Case, outcome: Outcome) -> str:
    """'to send the message back'."""
    if not outcome.patterns:
        pings = any(isinstance(step, SendFrame) and step.opcode == Opcode.PING for step in case.steps)
        return "to send neither a message nor a Pong" if pings else "to send no message back"
    if (number := _echoed(case, outcome)) is not None:
        if number == 1:
            return "to send the message back"
        return f"to send all {number} messages back, in the same order"
    open_for = [pattern for pattern in outcome.patterns if pattern.kind is EventKind.STILL_OPEN]
    others = [pattern for pattern in outcome.patterns if pattern.kind is not EventKind.STILL_OPEN]
    said = []
    if open_for:
        tags = " and ".join(safe.escape(pattern.tag or "") for pattern in open_for)
        said.append(f"to keep the connection open through {'pauses' if open_for[1:] else 'pause'} {tags}")
    opening = [pattern for pattern in others if pattern.kind in _OPENINGS]
    said += [_OPENINGS[pattern.kind] + _answered(case, outcome, pattern) for pattern in opening]
    if others[len(opening) :]:
        said.append(f"to send {sequence(_patterns(others[len(opening) :]))}")
    return " and ".join(said)


def _answered(case: Case, outcome: Outcome, pattern: Pattern) -> str:
    """What the answer of an opening handshake has to be like; 'in another way' if any refusal will do that
    isn't one of those before."""
    if pattern.answer is None:
        return ""
    before = case.outcomes[: next(n for n, one in enumerate(case.outcomes) if one is outcome)]
    refused = any(one.kind is EventKind.NOT_OPENED for other in before for one in other.patterns)
    other = refused and pattern.answer == ANY_REFUSAL
    return " in another way" if other else answered(pattern.answer)


def _echoed(case: Case, outcome: Outcome) -> int | None:
    """How many messages come back, if all of them do and nothing else does."""
    if not case.steps or case.span is None:
        return None
    try:
        wanted = echo(case.steps, case.span, None)
    except SourceError:  # nothing is sent that could come back
        return None
    found = outcome.patterns
    same = wanted == found or (len(wanted) == len(found) and all(map(eq, wanted, found)))
    return len(wanted) if same else None


def _patterns(patterns: Iterable[Pattern]) -> Iterator[Phrase]:
    return map(_pattern, patterns)


def _pattern(pattern: Pattern) -> Phrase:
    maybe = ", which may be missing" if pattern.optional else ""
    if pattern.said is not None:
        return Phrase(words.noun(pattern), "", maybe)
    if pattern.kind in (EventKind.TEXT, EventKind.BINARY, EventKind.PONG):
        one, many = (
            ("a Pong", "Pongs")
            if pattern.kind is EventKind.PONG
            else (f"a {pattern.kind.value} message", f"{pattern.kind.value} messages")
        )
        if pattern.payload is None:
            return Phrase(one, many, maybe)
        return Phrase(one, many, size_of(pattern.payload), maybe, sample(pattern.payload))
    if pattern.kind is EventKind.END:
        return Phrase("the end of TCP", "ends of TCP")
    return Phrase(words.noun(pattern), "", maybe)


_TCP = {
    "fin": " and to end TCP with FIN",
    "rst": " and to end TCP with RST",
    "ended": " and to end TCP",
    "kept": " and to leave the end of TCP to replay",
}


def _all(case: Case, outcome: Outcome, closing: Closing | None, testee: Side | None) -> str:
    """What the testee has to do for a list of events and the end of the connection."""
    wants = _wants(case, outcome)
    ends = any(pattern.kind in (EventKind.NOT_OPENED, EventKind.END) for pattern in outcome.patterns)
    if closing is None or ends:
        return wants
    if closing.usual and case.profile is Profile.RFC:
        closing = replace(closing, codes=None)
    drops = {Side.SERVER: " and to end TCP", Side.CLIENT: "", None: " and, if it is the server, to end TCP"}
    coded, end = codes(closing), _TCP[closing.tcp] if closing.tcp else drops[testee]
    if closing.by == "testee":
        how = "close the connection itself" if closing.clean else "fail the connection"
        silent = "" if closing.clean else ", or without a Close" + ("," if end else "")
        return f"{wants} and to {how}, by a Close {coded}{silent}{end}"
    if any(isinstance(step, SendEnd) for step in case.steps):
        return f"{wants}{_TCP[closing.tcp] if closing.tcp else ''}"
    end = end if closing.clean else ", or not at all" + ("," if end else "") + end
    if any(isinstance(step, SendClose) for step in case.steps):
        return f"{wants} and to answer the Close {coded}{end}"
    if closing.by == "either":
        return f"{wants}; either side may then close, the testee {codes(closing)}{drops[testee]}"
    first = next((code for code in closing.codes or (1000,) if code is not None), None)
    by = "without a code" if first is None else f"with code {first}"
    answer = "with the same code or none" if closing.codes == (first, None) else coded
    return f"{wants}; replay then closes {by}, and the testee is to answer {answer}{end}"


def codes(closing: Closing) -> str:
    """'with code 1000 (normal closure) or no code'."""
    if closing.codes is None:
        return "with any legal code"
    named = [words.code(code) for code in closing.codes if code is not None]
    if not named:
        return "without a code"
    return f"with code {' or '.join(named)}" + (" or no code" if None in closing.codes else "")


def _allowed(case: Case, outcome: Outcome, testee: Side | None) -> str:
    """Another list of events that earns a verdict."""
    if outcome.anything:
        return f"Anything else is {outcome.verdict.value}."
    verdict = "as good" if outcome.verdict is Behaviour.OK else outcome.verdict.value
    return f"It is {verdict} {_all(case, outcome, outcome.closing, testee)}."
