"""Which cases run when, again, or alone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from replay import schedule
from replay.play.endpoint import Limits
from replay.play.pace import MOST_GROWTH, SHORTEST, Pace
from replay.source import Source, Span
from replay.spec.cost import silence, volume
from replay.suite import known
from replay.trace.model import SECOND
from replay.verdict.judge import judge
from replay.verdict.result import Entry, Expectation, Standing
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.memory import against, echo, join, player

CASES = list(known().values())


def test_each_case_runs_once_and_those_that_wait_begin() -> None:
    light, huge, heavy = schedule.phases(CASES, None)
    assert sorted(light.numbers + huge.numbers + heavy.numbers) == list(range(len(CASES)))
    begin = [CASES[number].id for number in light.numbers[:6]]
    assert sorted(begin) == ["5.19", "5.20", "6.4.1", "6.4.2", "6.4.3", "6.4.4"]
    waits = [silence(CASES[number]) for number in light.numbers]
    assert waits == sorted(waits, reverse=True)
    assert min(volume(CASES[number]) for number in heavy.numbers) >= schedule.HEAVY
    assert min(volume(CASES[number]) for number in huge.numbers) >= schedule.HUGE
    assert huge.room < heavy.room < light.room


@given(st.integers(1, 100))
def test_no_more_connections_than_asked_for(jobs: int) -> None:
    assert {max(phase.busy, phase.room) <= jobs for phase in schedule.phases(CASES, jobs)} == {True}


def test_only_a_failure_may_be_bad_luck() -> None:
    case = known()["1.1.2"]
    own = player(case)
    join(own, echo())
    assert not schedule.may_be_luck(judge(case, own.trace(), Side.CLIENT))
    failed = judge(case, against(case, Side.CLIENT, [{"at": 0.05, "tcp": "drop"}]), Side.CLIENT)
    assert schedule.may_be_luck(failed)
    entry = Entry("1.1.2", ("FAILED",), "known", Span(Source("expected.yaml", ""), 0, 0))
    assert not schedule.may_be_luck(replace(failed, expectation=Expectation(entry, Standing.LISTED)))
    assert schedule.may_be_luck(replace(failed, expectation=Expectation(entry, Standing.EXPIRED)))


def test_what_took_long_or_much_is_not_looked_at_twice() -> None:
    case = known()["1.1.2"]
    flood: list[dict[str, object]] = [{"at": 0.1, "octets": "8900" * 50}] * 20
    over = judge(case, against(case, Side.CLIENT, flood, Limits(reads=5)), Side.CLIENT)
    assert over.failed
    assert not schedule.may_be_luck(over)
    large: list[dict[str, object]] = [{"at": 0.1, "octets": encode(frame(2, bytes(schedule.HEAVY))).hex()}]
    much = judge(case, against(case, Side.CLIENT, large), Side.CLIENT)
    assert much.failed
    assert not much.facts.limit_reached
    assert not schedule.may_be_luck(much)


times = st.integers(1, 100 * SECOND)


@given(times, st.none() | times, times)
def test_waits_are_shortened_and_grow_within_bounds(
    after: int, round_trip: int | None, opening: int
) -> None:
    pace = Pace(round_trip).seen(opening)
    assert after <= pace.grown(after) <= MOST_GROWTH * after
    assert min(after, SHORTEST) <= pace.shortened(after) <= after
    assert round_trip is not None or pace.shortened(after) == after
