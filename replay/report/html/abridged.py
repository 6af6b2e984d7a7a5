"""What the page says of a case that passed and whose log is long: only the part of the log that is shown is
read, and the verdict is the stored one. Pure."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from replay.cases.echo import RepeatedEchoes
from replay.cases.model import Behaviour, Case, Outcome
from replay.cases.received import received
from replay.protocol.events import Violation
from replay.protocol.interpreter import Interpreter, has_opening, observe
from replay.report import log
from replay.report.diff import AROUND
from replay.report.html import model
from replay.report.html.connection import Shown, cost
from replay.report.html.model import Detail
from replay.trace.excerpt import closing, excerpt
from replay.trace.model import Trace
from replay.verdict.facts import closing_facts
from replay.verdict.result import ClosingVerdict, Judged
from replay.verdict.stored_verdict import StoredVerdict
from replay.wire.side import Side

ROWS = 2 * AROUND + 1
"""Events that are shown beside what is expected."""

LEAST_READ = 40
"""Entries in which these are looked for."""


def abridged(verdict: StoredVerdict, case: Case, trace: Trace, tester: Side, room: int) -> Detail | None:
    """All that the page says, with about `room` characters of the log: of its beginning, and its closing
    handshake. None: more has to be read for that, or all of the log fits."""
    outcome = _outcome(case) if _is_fine(verdict) else None
    first = bisect_right([*accumulate(map(cost, trace.entries))], room)
    last = closing(trace)
    if outcome is None or first == len(trace.entries) or last is None or last <= first:
        return None
    beginning = trace.entries[: min(last, max(first, LEAST_READ))]
    began = observe(Trace(trace.recorder, beginning), case.reading)
    ended = Interpreter(trace.recorder, case.reading, opened=True).feed_all(trace.entries[last:])
    events = (*began, *ended)
    seen = received(began, tester, case.kinds, case.profile)
    if len(seen) < ROWS or any(isinstance(event, Violation) for event in events):
        return None
    if (found := excerpt(trace, first, last)) is None:
        return None
    result = Judged(
        case=case,
        trace=found.trace,
        events=began,
        behaviour=verdict.behaviour,
        closing=verdict.closing,
        closing_reason=verdict.closing_reason,
        facts=closing_facts(events, tester, has_opening(trace)),
        broken=(),
        notes=verdict.notes,
        outcome=outcome,
        nearest=outcome,
        expected=outcome.patterns,
        received=seen,
        divergence=None,
    )
    told = {None, *log.told(found.trace)}
    shown = [number for number in found.shown if number in told]
    return model.detail(result, Shown(shown, found.left), found.numbers)


def _is_fine(verdict: StoredVerdict) -> bool:
    well = verdict.behaviour is Behaviour.OK and verdict.closing is ClosingVerdict.OK
    return well and not verdict.broken and verdict.divergence is None


def _outcome(case: Case) -> Outcome | None:
    """The outcome that is OK, if there is one alone, and enough events come in it, one for each pattern."""
    outcomes = [outcome for outcome in case.outcomes if outcome.verdict is Behaviour.OK]
    if (
        case.closing is None
        or case.trace is not None
        or len(outcomes) != 1
        or len(outcomes[0].patterns) < ROWS
    ):
        return None
    patterns = outcomes[0].patterns
    of_round = patterns.first if isinstance(patterns, RepeatedEchoes) else patterns
    plain = (pattern.kind in case.kinds and not pattern.optional for pattern in of_round)
    return outcomes[0] if all(plain) else None
