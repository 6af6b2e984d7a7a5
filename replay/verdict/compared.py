"""Compares what came back with what a case expects, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay.cases.difference import Difference
from replay.cases.fit import Fit
from replay.cases.model import Behaviour, Case, EventKind, Expected, Outcome, Pattern
from replay.cases.received import received
from replay.cases.sent_names import sent_names
from replay.cases.walk import Walk
from replay.protocol.events import Event
from replay.values.shape import Names
from replay.verdict.closing import closing_verdict
from replay.verdict.facts import ClosingFacts
from replay.verdict.result import ClosingVerdict

_ENDING = frozenset({EventKind.CLOSE, EventKind.END, EventKind.NOT_OPENED})


def compare(case: Case, events: Sequence[Event], facts: ClosingFacts, names: Names) -> Compared:
    """The first outcome that fits, or the one that fits the longest. The end of a recorded connection isn't
    compared here, but by the closing verdict. `names` were captured on other connections."""
    kinds = case.kinds - _ENDING if case.closing is None else case.kinds
    seen = received(events, facts.tester, kinds, case.profile)
    lists = [[_wanted(outcome, kinds) for outcome in part.outcomes] for part in case.talk]
    walk = Walk(lists, case.passed_over, {**names, **sent_names(case, events, facts.tester)})
    walk.take(seen)
    came = [case.talk[number].outcomes[which].verdict for number, which in enumerate(walk.came)]
    met = facts.opened or case.closing is None or case.about_opening
    compared = []
    for outcome, wanted, found in zip(case.talk[walk.number].outcomes, walk.lists, walk.fits, strict=True):
        fits = walk.last and (outcome.anything or (found.state == "complete" and met))
        if outcome.closing is not None:
            fits &= closing_verdict(outcome.closing, facts, events, case.profile)[0] is ClosingVerdict.OK
        behaviour = max((*came, outcome.verdict), key=list(Behaviour).index) if fits else Behaviour.FAILED
        compared.append(
            Compared(
                outcome=outcome,
                expected=found.taken(wanted),
                received=tuple(walk.events),
                fit=found,
                missing=found.missing(wanted),
                fits=fits,
                behaviour=behaviour,
                number=walk.number,
            )
        )
        if fits:
            return compared[-1]
    return max(compared, key=_how_far)


def _wanted(outcome: Outcome, kinds: frozenset[EventKind]) -> Sequence[Expected]:
    if outcome.grouped:
        return outcome.expected
    return tuple(pattern for pattern in outcome.patterns if pattern.kind in kinds)


class Compared(NamedTuple):
    outcome: Outcome
    expected: tuple[Pattern, ...]
    received: tuple[Event, ...]
    fit: Fit
    missing: Difference | None
    fits: bool
    behaviour: Behaviour
    number: int  # of the round


def _how_far(of: Compared) -> tuple[int, int]:
    """How far an outcome fits: the number of events, then the number of octets of the next one."""
    return of.fit.at, (of.fit.why.offset or 0) if of.fit.why else 0
