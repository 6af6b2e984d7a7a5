"""Which cases are played when, which once more, and which alone. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from replay import limits
from replay.cases.cost import at_once, silence, volume, weight
from replay.cases.model import Case
from replay.live.assignment import Phase
from replay.verdict.result import Judged

HEAVY = limits.HEAVY.default
"""From this many octets on, a case shares the testee with only a few others."""

HUGE = limits.HUGE.default
"""From this many octets on, a case is played alone: it takes several times as much memory."""


BEFORE, CASES, AGAIN, AFTER = "before", "cases", "again", "after"
"""The names of the phases: the canary, the cases, the cases that are played again, the canary."""


def phases(cases: Sequence[Case], jobs: int | None, one_by_one: Collection[int] = ()) -> tuple[Phase, ...]:
    """All cases once: first the light ones, those that wait longest first; then the heavy ones, the most
    expensive first; then those that are played one by one, in their order; and finally each that wants a
    fresh server, and the connections of each conversation that has several.

    `jobs` is the maximum number of connections at once; None means as many as useful.
    """
    costs = [weight(case) for case in cases]
    waits = [
        (-silence(case), -case.patience.after, -(cost // HEAVY))
        for case, cost in zip(cases, costs, strict=True)
    ]
    first: dict[str, tuple[int, int, int]] = {}
    for number, case in enumerate(cases):  # several connections begin one after the other
        if case.together is not None:
            waits[number] = first.setdefault(case.together, waits[number])
    sizes = [volume(case) for case in cases]
    conversations: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        if case.turns is not None:
            conversations.setdefault(case.turns.conversation, []).append(number)
    shared = {number for numbers in conversations.values() for number in numbers}
    fresh = [number for number, case in enumerate(cases) if case.fresh and number not in shared]
    alone = {*one_by_one, *fresh, *shared}
    huge = tuple(n for n, case in enumerate(cases) if at_once(case) >= HUGE and n not in alone)
    light = [n for n, size in enumerate(sizes) if size < HEAVY and n not in alone]
    heavy = [n for n, size in enumerate(sizes) if size >= HEAVY and n not in (*huge, *alone)]
    busy = jobs or limits.BUSY.default
    few = min(busy, limits.HEAVY_JOBS.default)
    planned = (
        Phase(CASES, tuple(sorted(light, key=waits.__getitem__)), busy, jobs or limits.ROOM.default, True),
        Phase(CASES, huge, apart=True),
        Phase(CASES, tuple(sorted(heavy, key=costs.__getitem__, reverse=True)), few, few, True),
        Phase(CASES, tuple(sorted({*one_by_one} - {*fresh} - shared))),
        *(Phase(CASES, (number,), fresh=True) for number in fresh),
        *(
            Phase(CASES, tuple(numbers), len(numbers), len(numbers), fresh=cases[numbers[0]].fresh)
            for numbers in conversations.values()
        ),
    )
    return tuple(phase for phase in planned if phase.numbers)


def workers(cases: Sequence[Case], jobs: int | None) -> int:
    """How many processes besides this one the cases can keep busy; 1 means none."""
    enough = sum(map(weight, cases)) // HUGE
    number = min(enough, len(cases), jobs or limits.WORKERS.default)
    return number if number > 1 else 0


def alone(number: int) -> Phase:
    """One case once more, alone."""
    return Phase(AGAIN, (number,))


def may_be_luck(result: Judged) -> bool:
    """Whether the case of a failure is played again: not if the failure is expected, or took long, or sent
    a lot, nor if it is one of several connections, as it would be alone."""
    if result.case.together is not None or result.case.turns is not None:
        return False
    failed = result.counts() or result.unjudged is not None
    return failed and not result.facts.limit_reached and result.trace.size < HEAVY
