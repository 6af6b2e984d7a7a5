"""The cause of a failure, as a value, so that failures with the same cause are reported together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from replay.cases.cost import volume
from replay.cases.difference import Difference, kind
from replay.cases.model import EventKind
from replay.protocol.events import Close, CloseBegins, Event, Message, NotOpened, Pong, Violation
from replay.protocol.rules import RULES
from replay.verdict.result import ByCase, CaseResult, Cause, Judged, Misdeed

_PONGS = ("ping-answered", "pong-echoes-ping")

UNREFUSED = ("server-refuses-bad-request", "client-fails-opening")
"""Rules that are broken whenever an opening handshake isn't refused that has to be."""

_SHOWN = {EventKind.PONG: _PONGS, EventKind.NOT_OPENED: UNREFUSED, EventKind.END: UNREFUSED}
"""The rules that are broken if something else comes than an event of this kind."""

_BLAMES = (1002, 1007)
"""Close codes with which a side says that the other one broke a rule (RFC 6455 §7.4.1)."""


class FailureGroup(Struct, frozen=True):
    """Cases of one run that fail for the same cause."""

    cause: Cause | None  # None: unknown
    results: tuple[CaseResult, ...]

    @property
    def example(self) -> CaseResult:
        """The case with the least traffic."""
        return min(self.results, key=lambda result: volume(result.case))


def by_cause(results: Iterable[CaseResult], strict: bool = False) -> tuple[FailureGroup, ...]:
    """The results that fail a run, grouped by cause, with the most frequent cause first."""
    found: dict[object, list[CaseResult]] = {}
    for result in results:
        if result.counts(strict):
            found.setdefault(result.cause or result.heading, []).append(result)
    groups = sorted(found.values(), key=len, reverse=True)
    return tuple(FailureGroup(some[0].cause, tuple(some)) for some in groups)


def cause(result: Judged) -> Cause | None:
    """The main cause of a failure; None: the result isn't one."""
    if not result.failed:
        return None
    facts = result.facts
    if not facts.opened:
        return _unopened(result)
    if result.case.closing is None:
        return _unlike_the_log(result)
    bait = illegal(result)
    shown = next((one for one in result.broken if isinstance(one, ByCase)), None)
    if shown is not None and (bait is None or bait.rule != shown.rule):
        return Cause(Misdeed.BREAKS, shown.rule)
    ending = result.case.ending(result.nearest) or result.case.closing
    code = facts.testee_close.code if facts.testee_close else None
    own = next((e for e in result.broken if RULES[e.rule].code is not None and e is not shown), None)
    if own is not None and (bait is None or before(own, bait, result.events)):
        return Cause(Misdeed.BREAKS, own.rule)
    if bait is not None:
        answer = answer_to(result, bait)
        other = isinstance(answer, Violation) and answer.rule != bait.rule
        if isinstance(answer, Violation) and other and RULES[answer.rule].code is not None:
            return Cause(Misdeed.BREAKS, answer.rule)
        if accepted(result, bait):
            return Cause(Misdeed.ACCEPTS, bait.rule)
    found = result.divergence
    missing = found is not None and found.expected is not None and found.observed is None
    if bait is None and (missing or ending.by == "tester") and not facts.failed_by_tester:
        if facts.closed_by_testee:
            return Cause(Misdeed.REFUSES, code=code)
        if facts.dropped_by_testee and not facts.closed_by_tester:
            return Cause(Misdeed.DROPS)
    if found is not None:
        shows = _SHOWN.get(found.expected.kind, ()) if found.expected is not None else ()
        if rule := next((one.rule for one in result.broken if one.rule in shows), None):
            return Cause(Misdeed.BREAKS, rule)
        return Cause(Misdeed.DIFFERS, detail=form(result, found))
    if facts.testee_close is not None and ending.codes is not None and code not in ending.codes:
        return Cause(Misdeed.REFUSES if bait is None and code in _BLAMES else Misdeed.CODE, code=code)
    if result.broken:
        return Cause(Misdeed.BREAKS, result.broken[0].rule)
    if facts.tester_close is not None and facts.testee_close is None:
        return Cause(Misdeed.BREAKS, "close-answered")
    return Cause(Misdeed.ENDS, detail=result.closing_reason)


def illegal(result: Judged) -> Violation | None:
    """The first breach of the tester for which a testee has to fail the connection."""
    tester = result.facts.tester
    breaches = (event for event in result.events if isinstance(event, Violation) and event.side is tester)
    return next((breach for breach in breaches if RULES[breach.rule].code is not None), None)


def accepted(result: Judged, bait: Violation) -> bool:
    """Whether the testee accepted the breach instead of failing the connection at once. It accepts a Close
    by answering with the same code."""
    facts, found, answer = result.facts, result.divergence, answer_to(result, bait)
    if isinstance(answer, Violation) and answer.rule == bait.rule:
        return True
    if found is not None and found.expected is None and found.observed is answer:
        return found.observed is not None
    if facts.tester_close is not None and facts.tester_close.start == bait.frame:
        reply = facts.testee_close
        return reply is not None and reply.code == facts.tester_close.code
    ended_it = facts.dropped_by_testee and not facts.closed_by_tester
    return not facts.closed_by_testee and not ended_it


def answer_to(result: Judged, bait: Violation) -> Event | None:
    """The first event of the testee after the breach that it should refuse, except for expected ones; None:
    there was none before the tester asked it to close."""
    found = result.divergence
    wanted = {id(event) for event in result.received[: None if found is None else found.at]}
    behind = iter(result.events)
    for event in behind:
        if event is bait:
            break
    kinds = (EventKind.TEXT, EventKind.BINARY, EventKind.PONG, EventKind.CLOSE, EventKind.VIOLATION)
    for event in behind:
        if event.side is not result.facts.tester:
            if kind(event) in kinds and id(event) not in wanted:
                return event
        elif isinstance(event, Close | CloseBegins) and event.start != bait.frame:
            return None
    return None


def before(one: Violation, other: Violation, events: Sequence[Event]) -> bool:
    first = next(event for event in events if event is one or event is other)
    return first is one


def _unopened(result: Judged) -> Cause:
    status = next((event.status for event in result.events if isinstance(event, NotOpened)), None)
    rule = result.broken[0].rule if result.broken else None
    return Cause(Misdeed.UNOPENED, rule, status, detail="" if rule or status else result.closing_reason)


def _unlike_the_log(result: Judged) -> Cause:
    """The cause for a log that is its own expectation, in which the end of the connection is no event."""
    found = result.divergence
    if found is None:
        return Cause(Misdeed.ENDS, detail=result.closing_reason)
    got = found.observed
    if isinstance(got, Violation) and got.side is not result.facts.tester:
        return Cause(Misdeed.BREAKS, got.rule)
    return Cause(Misdeed.DIFFERS, detail=form(result, found))


def repeated(result: Judged, found: Difference) -> bool:
    """Whether the unexpected event has the same payload as the one just before it."""
    got, at = found.observed, found.at - 1
    if not isinstance(got, Message | Pong) or at < 0 or at >= len(result.received):
        return False
    before = result.received[at]
    return type(before) is type(got) and before.data == got.data


def form(result: Judged, found: Difference) -> str:
    """What kind of difference it is, without offsets and sizes, so that equal ones are grouped."""
    if found.field == "opening":
        return found.said
    want, got = found.expected, found.observed
    of = "" if got is None else _named(got)
    if repeated(result, found):
        return f"the same {'Pong' if isinstance(got, Pong) else 'message'} twice"
    if want is None:
        return f"{of} that nobody asked for"
    wanted = want.kind.value
    if got is None:
        return f"no {wanted}"
    if want.said is not None and found.field == "value":
        view, differs = want.said.view, found.mismatch
        return (
            f"{of} that isn't {view}" if differs is None else f"another value at {differs.path} in {view}"
        )
    if found.offset is None or want.payload is None:
        return f"{of} in place of {wanted}" if of != wanted else f"another {wanted}"
    name = "Pong" if isinstance(got, Pong) else "message"
    if found.offset >= len(getattr(got, "data", b"")):
        return f"a {name} cut short"
    return f"a {name} too long" if found.offset >= len(want.payload) else f"a {name} with other octets"


def _named(event: Event) -> str:
    found = kind(event)
    return "something" if found is None else found.value
