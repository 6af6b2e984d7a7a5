"""The verdicts of a stored run, derived again from its logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from replay.campaign.judged import judged
from replay.cases.model import Case
from replay.cases.recorded import under
from replay.source import SourceError
from replay.store.sources import StoredCases
from replay.store.stored_run import StoredCase, StoredRun
from replay.suite.files import Item
from replay.trace.model import Trace
from replay.verdict.result import Judged
from replay.verdict.stored_verdict import StoredVerdict


class Rejudged(Struct, frozen=True):
    """A stored case and its verdict, derived again. Without a result, `fault` says why there is none."""

    case: StoredCase
    result: Judged | None
    fault: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether behaviour, closing and the broken rules are the stored ones, or there is no verdict both
        times."""
        was, now = self.case.verdict, self.result
        if was is None or now is None:
            return False
        stored = [(breach.rule, breach.offset) for breach in was.broken]
        broken = [(breach.rule, breach.start) for breach in now.broken]
        unjudged = (was.unjudged is None) is (now.unjudged is None)
        return unjudged and (was.behaviour, was.closing, stored) == (now.behaviour, now.closing, broken)


Observed = Callable[[StoredCase, StoredVerdict], tuple[Item, Trace]]
"""What a case of a run is judged by, and what was observed of it. Raises SourceError."""


def observing(run: StoredRun) -> Observed:
    cases = StoredCases(run)

    def observed(case: StoredCase, verdict: StoredVerdict) -> tuple[Item, Trace]:
        judged_by = under(_expected(case, cases), run.profile, run.tester)
        return Item(judged_by, verdict.path, verdict.notes), case.observed()

    return observed


def rejudge(run: StoredRun) -> Iterator[Rejudged]:
    """Judge the stored cases again, one by one and offline. Cases without a result are skipped."""
    observed = observing(run)
    return (rejudged(run, case, observed) for case in run.cases if case.here)


def rejudged(run: StoredRun, case: StoredCase, observed: Observed) -> Rejudged:
    """Judge a stored case again."""
    if case.verdict is None:
        return Rejudged(case, None, case.fault)
    try:
        return Rejudged(case, judged(*observed(case, case.verdict), run.tester))
    except SourceError as error:
        return Rejudged(case, None, str(error))


def _expected(case: StoredCase, cases: StoredCases) -> Case:
    if case.source is None:
        return cases.bundled(case.id)
    if case.of == "spec":
        return cases.of_spec(case.id, case.source)
    return cases.of_log(case.id, case.source, case.own)
