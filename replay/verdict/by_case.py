"""The rule that a failure shows to be broken although no octet breaks it: the one that its case is about.

Only a case that is judged by the RFCs tells, as its outcomes are all that they allow. It doesn't if another
breach explains the failure, if the testee didn't come to what the case is about, or if the verdict is only
NON-STRICT where the rule is a MUST.
"""

from __future__ import annotations

from msgspec.structs import replace

from replay.cases.fit import Difference
from replay.cases.model import Behaviour, EventKind
from replay.cases.received import is_free
from replay.protocol.events import NotOpened, Violation, Why
from replay.protocol.rules import RULES, TOLD, Rule
from replay.verdict.cause import accepted, cause, form, illegal
from replay.verdict.result import ByCase, Judged

_GENERAL = frozenset({"server-refuses-bad-request", "client-fails-opening"})
"""Rules that are broken whenever an opening handshake isn't refused, so that the case says more."""


def told(result: Judged) -> Judged:
    """The result with the rule that its case shows to be broken, if it does, and its cause if it fails."""
    if result.case.by_text and result.case.rule is not None and _shows(result, RULES[result.case.rule]):
        result = replace(result, broken=(_breach(result, result.case.rule), *result.broken))
    return replace(result, cause=cause(result))


def _shows(result: Judged, rule: Rule) -> bool:
    """Whether the verdict says that the testee broke the case's rule."""
    testee = result.facts.tester.other
    if rule.binds not in (None, testee) or not _asked(result):
        return False
    counted = [one for one in result.broken if one.rule not in _GENERAL and not is_free(one)]
    counted += [one for one in result.broken if one.rule == rule.id]
    if result.behaviour is Behaviour.NON_STRICT:
        return rule.level == "SHOULD" and not counted
    if result.behaviour is not Behaviour.FAILED or any(
        RULES[one.rule].level != "SHOULD" for one in counted
    ):
        return False
    return rule.id not in TOLD or _put_up_with(result, rule)


def _asked(result: Judged) -> bool:
    """Whether the testee came to what the case is about."""
    if any(isinstance(event, NotOpened) and event.why is Why.UNREACHED for event in result.events):
        return False
    return result.facts.opened or result.case.open is not None


def _put_up_with(result: Judged, rule: Rule) -> bool:
    """Whether the testee accepted what breaks this rule: if it had broken the rule itself, its octets would
    show that."""
    bait = illegal(result)
    if bait is not None:
        return bait.rule == rule.id and accepted(result, bait)
    tester = result.facts.tester
    return any(isinstance(e, Violation) and e.side is tester and e.rule == rule.id for e in result.events)


def _breach(result: Judged, rule: str) -> ByCase:
    """The breach, at what the testee sent in place of something else, or at the end of what it sent."""
    testee, found = result.facts.tester.other, result.divergence
    seen = None if found is None or found.observed is None else found.observed
    at = max((event.end for event in result.events if event.side is testee), default=0)
    if seen is not None and seen.side is testee:
        at = seen.start
    entry = max(0, len(result.trace.entries) - 1) if seen is None else seen.entry
    detail = _detail(result, found)
    return ByCase(side=testee, entry=entry, start=at, end=at, rule=rule, detail=detail, frame=at)


def _detail(result: Judged, found: Difference | None) -> str:
    """How the rule is broken, in a few words."""
    if found is None or not result.facts.opened:
        return result.closing_reason
    testee = result.facts.tester.other.value
    match found.expected.kind if found.expected is not None else None:
        case EventKind.NOT_OPENED:
            return "the connection was opened"
        case EventKind.END:
            return f"the {testee} went on" if found.observed is not None else f"the {testee} didn't end TCP"
    return form(result, found)
