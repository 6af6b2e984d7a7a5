"""What each case counts as, and how many count as what: the same in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from itertools import islice

from msgspec import Struct

from replay.cases.model import Behaviour
from replay.report import safe, words
from replay.verdict.cause import FailureGroup
from replay.verdict.result import GOOD, UNJUDGED, CaseResult, ClosingVerdict, RunResult

VERDICTS = {behaviour.value: said for behaviour, said in words.BEHAVIOURS.items()} | {
    UNJUDGED: "no verdict, because it would depend on something that wasn't seen",
}
"""What a case is called by its behaviour, or because it has none, in the order in which they are listed."""


class CountedAs(Enum):
    """What a case counts as: exactly one of these."""

    PASSED = "passed"
    FAILED = "failed"  # it fails the run
    EXPECTED = "expected"  # it isn't as it should be, but is listed as expected
    FLAKY = "flaky"  # it failed, and passed when it was played once more, alone
    UNIMPLEMENTED = "unimplemented"  # the testee doesn't have what the case tests
    UNJUDGED = UNJUDGED  # there is no verdict: what it depends on wasn't seen


def count(result: CaseResult, strict: bool = False) -> CountedAs:
    if result.counts(strict):
        return CountedAs.FAILED
    if result.flaky:
        return CountedAs.FLAKY
    if result.is_expected:
        return CountedAs.EXPECTED
    if result.unjudged is not None:
        return CountedAs.UNJUDGED
    return CountedAs.UNIMPLEMENTED if result.behaviour is Behaviour.UNIMPLEMENTED else CountedAs.PASSED


class Tally(Struct, frozen=True):
    """How many cases of some runs count as what, and how many have which verdict."""

    counts: Counter[CountedAs]
    behaviours: Counter[Behaviour]  # an unjudged case counts as INFORMATIONAL here ...
    verdicts: Counter[str]  # ... and as 'unjudged' here
    closings: Counter[ClosingVerdict]
    missing: int  # cases that were to run and have no result
    troubles: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def failed(self) -> bool:
        """Whether any run isn't as it should be."""
        return bool(self.counts[CountedAs.FAILED] or self.troubles)


def tally(runs: Sequence[RunResult]) -> Tally:
    counted = [(result, run.strict) for run in runs for result in run.results]
    return Tally(
        counts=Counter(count(result, strict) for result, strict in counted),
        behaviours=Counter(result.behaviour for result, _ in counted),
        verdicts=Counter(result.word for result, _ in counted),
        closings=Counter(result.closing for result, _ in counted),
        missing=sum(max(0, run.planned - len(run.results)) for run in runs),
        troubles=tuple(said for run in runs for said in [trouble(run)] if said),
    )


def trouble(run: RunResult) -> str | None:
    """Why the run itself isn't as it should be, whatever its cases are; None if it is."""
    said = []
    if run.unreached is not None:
        said.append(f"not reached: {safe.escape(run.unreached, 300)}")
    if run.died_on:
        said.append(
            f"under way when it died: {', '.join(safe.escape(case, 60) for case in run.died_on[:20])}"
        )
    if run.oversized:
        said.append(memory(run.memory or 0, run.most_memory))
    if run.interrupted:
        said.append("interrupted")
    if run.unread:
        first = "; ".join(safe.escape(why, 300) for why in run.unread[:20])
        said.append(f"{words.count(len(run.unread), 'file')} can't be read: {first}")
    if said and len(run.results) < run.planned:
        said.append(f"{len(run.results)} of {words.count(run.planned, 'case')} run")
    if run.strict and run.fixed:
        said.append("; ".join(words.fixed(entry) for entry in run.fixed[:20]))
    return "; ".join(said) or None


def line(found: Tally) -> str:
    """'517 cases: 300 OK, 1 NON-STRICT, 216 UNIMPLEMENTED; closing: 1 UNCLEAN; 1 failed, 2 expected'."""
    verdicts = [f"{found.verdicts[word]} {word}" for word in VERDICTS if found.verdicts[word]]
    closings = [
        f"{found.closings[c]} {c.value}" for c in ClosingVerdict if found.closings[c] and c not in GOOD
    ]
    others = [
        f"{found.counts[c]} {c.value}"
        for c in (CountedAs.FAILED, CountedAs.EXPECTED, CountedAs.FLAKY)
        if found.counts[c]
    ]
    others += [f"{found.missing} not run"] if found.missing else []
    said = words.count(found.total, "case") + (f": {', '.join(verdicts)}" if verdicts else "")
    said += f"; closing: {', '.join(closings)}" if closings else ""
    return said + (f"; {', '.join(others)}" if others else "")


def verdict(result: CaseResult) -> str:
    """'FAILED', 'FAILED, closing UNCLEAN', 'closing UNCLEAN, behaviour OK', 'unjudged': what fails comes
    first."""
    return ", ".join(filter(None, (headline(result), beside(result))))


def headline(result: CaseResult) -> str:
    """'FAILED', 'closing UNCLEAN'."""
    return f"closing {result.heading}" if result.closing_alone else result.heading


def beside(result: CaseResult) -> str:
    """The verdict that isn't in the heading, if it matters: 'closing UNCLEAN', 'behaviour OK'."""
    if result.closing_alone:
        return f"behaviour {result.word}"
    return "" if result.closing in GOOD else f"closing {result.closing.value}"


def also(found: FailureGroup, one: CaseResult, most: int = 12) -> str:
    """A note, after a failure, on others with the same cause: ' (so do 98 more cases: 1.1.2 …)'."""
    if (more := len(found.results) - 1) < 1:
        return ""
    ids = (safe.escape(result.case.id, 60) for result in found.results if result is not one)
    listed = " ".join(islice(ids, most)) + (" …" if more > most else "")
    return f" ({words.count(more, 'more case')} for the same cause: {listed})"


def named(run: RunResult) -> str:
    """The name of a run: the agent, or else the address."""
    return run.agent or run.address


def remarks(result: CaseResult) -> list[str]:
    """What else there is to say about a case: why it isn't OK, how it compares to what is expected,
    notes."""
    said = [result.why] if result.why else []
    if result.expectation is not None:
        said.append(words.expectation(result.expectation))
    return [*said, *result.notes]


def place(result: CaseResult) -> tuple[str, int] | None:
    """File and line of the case, if the user has that file."""
    if result.path is None or result.path == "-":
        return None
    span = result.case.span
    ours = span is not None and span.source.name == result.path
    return result.path, span.line if span is not None and ours else 1


def room(connections: int) -> str:
    """What was found out about how many connections a testee accepts at once."""
    had = words.count(connections, "connection")
    return f"the server accepted no more than {had} at once, so that many were used"


def memory(octets: int, most: int | None) -> str:
    """How much memory the testee had, and the limit that was declared."""
    had = f"the largest process of the server had {octets / 2**20:,.1f} MiB"
    return had if most is None else f"{had}; the limit is {most / 2**20:,.1f} MiB"
