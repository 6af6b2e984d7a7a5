"""Which cases run when, again, or alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from replay import limits
from replay.spec.cost import at_once, silence, volume
from replay.spec.model import Case
from replay.verdict.result import CaseResult

HEAVY = limits.HEAVY.default
"""Octets from which on a case shares the testee with few others."""

HUGE = limits.HUGE.default
"""... with none: what is held of it is several times as much."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Endpoints, by number, that may overlap: `busy` of them at once, and `room` with those that wait."""

    name: str
    numbers: tuple[int, ...] = (0,)
    busy: int = 1
    room: int = 1


BEFORE, CASES, AGAIN, AFTER = "before", "cases", "again", "after"
"""The names of phases: the canary, the cases once, those that are looked at twice, the canary."""


def phases(cases: Sequence[Case], jobs: int | None) -> tuple[Phase, ...]:
    """All cases once: the light ones, those that wait longest first, and then the heavy ones.

    `jobs`: how many connections there may be at once; None: as many as do good.
    """
    waits = [(-silence(case), -case.patience.after) for case in cases]
    weights = [volume(case) for case in cases]
    huge = tuple(number for number, case in enumerate(cases) if at_once(case) >= HUGE)
    light = [number for number, weight in enumerate(weights) if weight < HEAVY]
    heavy = tuple(n for n, weight in enumerate(weights) if weight >= HEAVY and n not in huge)
    busy = jobs or limits.BUSY.default
    few = min(busy, limits.HEAVY_JOBS.default)
    planned = (
        Phase(CASES, tuple(sorted(light, key=waits.__getitem__)), busy, jobs or limits.ROOM.default),
        Phase(CASES, huge),
        Phase(CASES, heavy, few, few),
    )
    return tuple(phase for phase in planned if phase.numbers)


def alone(number: int) -> Phase:
    """One case once more, with nobody beside it."""
    return Phase(AGAIN, (number,))


def may_be_luck(result: CaseResult) -> bool:
    """Whether a failure is looked at twice: not where it is expected, or took long or much."""
    return result.counts() and not result.facts.limit_reached and result.trace.size < HEAVY
