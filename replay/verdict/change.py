"""Compares two runs of the same cases. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from msgspec import Struct

from replay import limits
from replay.cases.model import Behaviour
from replay.cases.recorded import case_of
from replay.cases.select import natural
from replay.source import SourceError
from replay.trace.model import SECOND, Cut, Digest, Logging, Octets, Trace
from replay.verdict.judge import judge
from replay.verdict.result import GOOD, ClosingVerdict, Judged, rank

SLOWER = limits.SLOWER.default * SECOND // 1000
"""A difference in duration is reported if it is at least this many microseconds, and at least half of the
longer duration."""


class Change(Enum):
    WORSE = "worse"
    BETTER = "better"
    OTHER = "other"  # another verdict that is neither worse nor better, or only one of them was judged
    NEW = "new"
    GONE = "gone"
    EVENTS = "events"  # the same verdict, with other events or another end
    SAME = "same"


class Known(Struct, frozen=True):
    """What is known of a case in one of the two runs."""

    id: str
    title: str
    behaviour: Behaviour
    closing: ClosingVerdict
    duration: int | None  # microseconds
    trace: Callable[[], Trace | None]  # reads the log; None: there is none. Raises SourceError
    light: bool = True  # the log is small enough to be read in any case
    unjudged: bool = False  # see `CaseResult.unjudged`


class Run(Struct, frozen=True):
    """One of the two runs, with the name that the user gave it."""

    name: str
    cases: Mapping[str, Known]
    agent: str = ""
    partial: str | None = None  # why cases are missing, if some are
    missing: frozenset[str] = frozenset()  # their ids


class Changed(Struct, frozen=True):
    """A case before and after. One of the two may be missing."""

    id: str
    change: Change
    before: Known | None
    after: Known | None
    apart: Judged | None = None  # the events after, judged by those before; None: no difference
    unseen: str | None = None  # why the events aren't compared

    @property
    def title(self) -> str:
        known = self.after or self.before
        return known.title if known else ""

    @property
    def moved(self) -> int | None:
        """By how many microseconds it became slower (negative: faster), if that is worth reporting."""
        if self.before is None or self.after is None:
            return None
        was, now = self.before.duration, self.after.duration
        if was is None or now is None or abs(now - was) < max(SLOWER, max(now, was) // 2):
            return None
        return now - was


class Comparison(Struct, frozen=True):
    before: Run
    after: Run
    cases: tuple[Changed, ...]  # without their evidence

    @property
    def worse(self) -> bool:
        """Whether a verdict got worse, or cases are missing because a run was cut off."""
        cut_off = self.after.partial is not None and any(one.change is Change.GONE for one in self.cases)
        return cut_off or any(one.change is Change.WORSE for one in self.cases)

    def durations(self) -> tuple[int, int, int]:
        """The number of cases that both runs have, and the microseconds that they took before and after."""
        both = [(one.before, one.after) for one in self.cases]
        known = [
            (was.duration, now.duration)
            for was, now in both
            if was and now and was.duration is not None and now.duration is not None
        ]
        return len(known), sum(was for was, _ in known), sum(now for _, now in known)


def compare(before: Run, after: Run) -> Iterator[Changed]:
    """Compare case by case, in natural order. Reads the logs of cases that both runs have, unless the logs
    are large and the verdicts are the same."""
    for id in sorted({**before.cases, **after.cases}, key=natural):
        yield _case(before.cases.get(id), after.cases.get(id), id)


def _case(was: Known | None, now: Known | None, id: str) -> Changed:
    if was is None or now is None:
        return Changed(id, Change.NEW if was is None else Change.GONE, was, now)
    change = _change(was, now)
    if change is Change.SAME and not (was.light and now.light):
        return Changed(id, change, was, now, unseen="the logs are large")
    apart, unseen = _apart(was, now)
    if change is Change.SAME and apart is not None:
        change = Change.EVENTS
    return Changed(id, change, was, now, apart, unseen)


def _change(was: Known, now: Known) -> Change:
    if (was.behaviour, was.closing, was.unjudged) == (now.behaviour, now.closing, now.unjudged):
        return Change.SAME
    if was.unjudged or now.unjudged:
        return Change.OTHER
    before, after = rank(was.behaviour, was.closing), rank(now.behaviour, now.closing)
    if before == after:
        return Change.OTHER
    return Change.WORSE if after > before else Change.BETTER


def _apart(was: Known, now: Known) -> tuple[Judged | None, str | None]:
    """The new events judged by the old ones, as if those were a recording, if they differ; else why they
    can't be compared."""
    try:
        before, after = was.trace(), now.trace()
    except SourceError as error:
        return None, error.message
    if before is None or after is None:
        return None, "one of the logs is missing"
    tester = before.recorder
    if tester is not after.recorder:
        return None, "one log is of a client, the other of a server"
    for trace, when in ((before, "before"), (after, "after")):
        if _lacks(trace):
            return None, f"octets are missing in the log from {when}"
    found = judge(case_of(before, now.id, tester), after, tester)
    if found.divergence is None and found.closing in GOOD:
        return None, None
    return found, None


def _lacks(trace: Trace) -> bool:
    """Whether octets of the testee are missing."""
    testee = trace.recorder.other
    return any(
        isinstance(entry, Logging | Digest)
        or (isinstance(entry, Octets) and isinstance(entry.cut, Cut) and entry.side is testee)
        for entry in trace.entries
    )
