"""The rule that a failure shows to be broken although no octet breaks it: the one that its case is about,
or one that the tester broke on purpose and the testee accepted.

Only a case that is judged by the RFCs tells, as its outcomes are all that they allow. It doesn't if another
breach explains the failure, if the testee didn't come to what the case is about, or if the verdict is only
NON-STRICT where the rule is a MUST.
"""

from __future__ import annotations

import itertools

from msgspec.structs import replace

from replay.cases.difference import Difference
from replay.cases.model import Behaviour, EventKind
from replay.cases.received import is_free
from replay.protocol.events import NotOpened, Violation, Why
from replay.protocol.rules import RULES, TOLD
from replay.verdict.cause import UNREFUSED, accepted, before, cause, form, illegal
from replay.verdict.fresh import BY_OCTETS
from replay.verdict.own_limit import what_it_made_of
from replay.verdict.result import ByCase, ClosingVerdict, Judged

_ENDING = frozenset({"close-answered", "close-before-drop", "server-drops"})
"""Rules for the end of a connection, which explain nothing that happened before it."""


_OF_RECEIVER = {
    "client-masks": "server-closes-on-unmasked",
    "server-does-not-mask": "client-closes-on-masked",
}
"""What a side breaks that accepts a breach, if the broken rule binds the other side alone."""


def told(result: Judged) -> Judged:
    """The result with the rule that its case shows to be broken, if it does, and its cause if it fails."""
    rule = _shown(result) if result.case.by_text and _asked(result) else None
    if rule is not None and RULES[rule].binds in (None, result.facts.tester.other):
        result = replace(result, broken=(_breach(result, rule), *result.broken))
    return replace(result, cause=cause(result))


def _shown(result: Judged) -> str | None:
    """The rule that the testee broke by the verdict of a case."""
    own = result.case.rule
    if own is not None and result.behaviour is Behaviour.NON_STRICT:
        return own if RULES[own].level == "SHOULD" and all(map(is_free, result.broken)) else None
    if result.behaviour is not Behaviour.FAILED:
        return None
    bait = illegal(result)
    taken = bait is not None and (accepted(result, bait) or bait.rule == own)
    if bait is not None and taken and RULES[bait.rule].level != "SHOULD":
        own = _OF_RECEIVER.get(bait.rule, bait.rule)
    elif own in BY_OCTETS:
        return None
    elif own in TOLD and own not in UNREFUSED and (bait is not None or not _sent(result, own)):
        return None  # if it had broken the rule itself, its octets would show that
    return None if own is None or _explained(result, own) else own


def _sent(result: Judged, rule: str) -> bool:
    """Whether the tester broke this rule."""
    tester = result.facts.tester
    return any(isinstance(e, Violation) and e.side is tester and e.rule == rule for e in result.events)


def _explained(result: Judged, rule: str) -> bool:
    """Whether a breach in octets explains the failure, or is one of this rule anyway."""
    bait, apart = illegal(result), _apart(result)
    baited = bait is not None and accepted(result, bait)
    if any(one.rule == rule for one in result.broken):
        return True
    for one in itertools.takewhile(
        lambda one: one.rule not in UNREFUSED, result.broken
    ):  # the rest follows
        follows = baited and bait is not None and not before(one, bait, result.events)
        beside = apart and (one.rule in _ENDING or follows)
        if not (beside or is_free(one) or RULES[one.rule].level == "SHOULD"):
            return True
    return False


def _apart(result: Judged) -> bool:
    """Whether the case fails apart from any breach: something else came, the wrong side closed, or the code
    is wrong."""
    ending = result.case.ending(result.nearest)
    closed = ending is None or result.facts.closed_by_the_right_side(ending.by)
    return result.divergence is not None or not closed or result.closing is ClosingVerdict.WRONG_CODE


def _asked(result: Judged) -> bool:
    """Whether the testee came to what the case is about."""
    if any(isinstance(event, NotOpened) and event.why is Why.UNREACHED for event in result.events):
        return False
    return result.facts.opened or result.case.about_opening


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
    testee, opened = result.facts.tester.other.value, result.facts.opened
    if opened and result.case.limit is not None:
        return what_it_made_of(result.events, result.facts)
    match found.expected.kind if found is not None and found.expected is not None else None:
        case EventKind.NOT_OPENED if opened:
            return "the connection was opened"
        case EventKind.END if found is not None:
            return f"the {testee} went on" if found.observed is not None else f"the {testee} didn't end TCP"
    return form(result, found) if found is not None and opened else result.closing_reason
