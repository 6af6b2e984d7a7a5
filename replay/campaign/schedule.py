"""Which cases run when, again, or alone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from replay import limits
from replay.cases.cost import at_once, silence, volume, weight
from replay.cases.model import Case
from replay.live.assignment import Phase
from replay.verdict.result import Judged

HEAVY = limits.HEAVY.default
"""Octets from which on a case shares the testee with few others."""

HUGE = limits.HUGE.default
"""... with none: what is held of it is several times as much."""


BEFORE, CASES, AGAIN, AFTER = "before", "cases", "again", "after"
"""The names of phases: the canary, the cases once, those that are looked at twice, the canary."""


def phases(cases: Sequence[Case], jobs: int | None, one_by_one: Collection[int] = ()) -> tuple[Phase, ...]:
    """All cases once: the light ones, those that wait longest first, and then the heavy ones, those that
    cost most first; at the end those that are played one by one, in their order.

    `jobs`: how many connections there may be at once; None: as many as do good.
    """
    costs = [weight(case) for case in cases]
    waits = [
        (-silence(case), -case.patience.after, -(cost // HEAVY))
        for case, cost in zip(cases, costs, strict=True)
    ]
    sizes = [volume(case) for case in cases]
    huge = tuple(n for n, case in enumerate(cases) if at_once(case) >= HUGE and n not in one_by_one)
    light = [n for n, size in enumerate(sizes) if size < HEAVY and n not in one_by_one]
    heavy = [n for n, size in enumerate(sizes) if size >= HEAVY and n not in (*huge, *one_by_one)]
    busy = jobs or limits.BUSY.default
    few = min(busy, limits.HEAVY_JOBS.default)
    planned = (
        Phase(CASES, tuple(sorted(light, key=waits.__getitem__)), busy, jobs or limits.ROOM.default, True),
        Phase(CASES, huge, apart=True),
        Phase(CASES, tuple(sorted(heavy, key=costs.__getitem__, reverse=True)), few, few, True),
        Phase(CASES, tuple(sorted(one_by_one))),
    )
    return tuple(phase for phase in planned if phase.numbers)


def workers(cases: Sequence[Case], jobs: int | None) -> int:
    """How many processes beside this one the cases can keep busy; one is none."""
    enough = sum(map(weight, cases)) // HUGE
    number = min(enough, len(cases), jobs or limits.WORKERS.default)
    return number if number > 1 else 0


def alone(number: int) -> Phase:
    """One case once more, with nobody beside it."""
    return Phase(AGAIN, (number,))


def may_be_luck(result: Judged) -> bool:
    """Whether a failure is looked at twice: not where it is expected, or took long or much."""
    failed = result.counts() or result.unjudged is not None
    return failed and not result.facts.limit_reached and result.trace.size < HEAVY
