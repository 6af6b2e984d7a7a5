"""A verdict that says that all is well, by itself: without the case, the events and the octets, which are
many and which nobody looks at then. So it is told from one process to another."""

from __future__ import annotations

from dataclasses import dataclass

from replay.cases.model import Behaviour, Case
from replay.protocol.events import Opened, Violation
from replay.trace.model import Trace
from replay.trace.wirelog import storable
from replay.verdict.facts import ClosingFacts
from replay.verdict.result import GOOD, CaseResult, ClosingVerdict


@dataclass(frozen=True, slots=True)
class Passed:
    """What is left of a `CaseResult`."""

    trace: Trace  # without entries
    log: bytes
    opened: tuple[Opened, ...]
    closing: ClosingVerdict
    closing_reason: str
    facts: ClosingFacts
    outcome: int  # of the case's
    broken: tuple[Violation, ...]
    notes: tuple[str, ...]
    duration: int | None

    def result(self, case: Case) -> CaseResult:
        """The result again, of this case."""
        outcome = case.outcomes[self.outcome]
        return CaseResult(
            case=case,
            trace=self.trace,
            events=self.opened,
            behaviour=Behaviour.OK,
            closing=self.closing,
            facts=self.facts,
            outcome=outcome,
            nearest=outcome,
            expected=(),
            received=(),
            divergence=None,
            closing_reason=self.closing_reason,
            broken=self.broken,
            notes=self.notes,
            duration=self.duration,
            log=self.log,
        )


def is_plain(result: CaseResult) -> bool:
    """Whether it says that all is well."""
    return result.behaviour is Behaviour.OK and result.closing in GOOD and result.divergence is None


def passed(result: CaseResult) -> Passed | None:
    """None: it is no such verdict, or its log can't be stored."""
    if not is_plain(result):
        return None
    if (log := storable(result.trace)) is None:
        return None
    fits = [outcome is result.outcome for outcome in result.case.outcomes]
    return Passed(
        trace=Trace(result.trace.recorder, (), result.trace.headers),
        log=log,
        opened=tuple(event for event in result.events if isinstance(event, Opened)),
        closing=result.closing,
        closing_reason=result.closing_reason,
        facts=result.facts,
        outcome=fits.index(True),
        broken=result.broken,
        notes=result.notes,
        duration=result.duration,
    )
