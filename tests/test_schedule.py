"""Which cases run when, again, or alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.campaign import schedule
from replay.cases.cost import silence, volume
from replay.cases.model import Case, Profile
from replay.play.echo import CLOSING
from replay.play.endpoint import Limits
from replay.play.pace import MOST_GROWTH, SHORTEST, Pace
from replay.source import Source, Span
from replay.suite.files import known
from replay.trace.model import SECOND
from replay.verdict.judge import judge
from replay.verdict.result import Entry, Expectation, Standing
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.memory import against, echo, join, player
from tests.play.test_words import case

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


def length(of: Case) -> int:
    """Microseconds that a case takes against a server without fault, of which a read takes none."""
    own = player(of)
    join(own, echo())
    at = own.entries[-1].at
    assert at is not None
    return at


@pytest.mark.parametrize("profile", Profile)
def test_silence_is_how_long_a_server_without_fault_takes(profile: Profile) -> None:
    light = [each.under(profile) for each in CASES if volume(each) < schedule.HEAVY and not each.deflate]
    beside = {each.id: length(each) - silence(each) for each in light}
    assert not {id for id, took in beside.items() if not 0 <= took <= CLOSING}


@pytest.mark.parametrize(
    ("send", "expect", "waits"),
    [
        ("[text: a]", "[ok: [echo], non-strict: []]", False),
        ("[text: a, ping: p]", "[ok: [echo, pong: p], non-strict: [pong: p, echo]]", False),
        ("[text: a]", "[ok: [echo], non-strict: [echo, text: b]]", True),
        ("[text: a]", "[ok: [echo], non-strict: [pong: {utf8: p, optional: true}, echo, text: b]]", True),
        ("[text: a]", "[ok: any]", True),
        ("[pong: p]", "[ok: []]", True),
        ("[text: a, close: 1000]", "[ok: [echo], non-strict: [echo, text: b]]", False),
        ("[pause: {after: 1 s, tag: A}]", "[ok: [still-open: A]]", True),
    ],
)
def test_patience_is_silence_where_nothing_else_ends_the_case(send: str, expect: str, waits: bool) -> None:
    found = case(send, expect)
    assert silence(found) == length(found) == waits * SECOND


@given(st.integers(1, 100))
def test_no_more_connections_than_asked_for(jobs: int) -> None:
    assert {max(phase.busy, phase.room) <= jobs for phase in schedule.phases(CASES, jobs)} == {True}


def test_only_a_failure_may_be_bad_luck() -> None:
    plain = known()["1.1.2"]
    own = player(plain)
    join(own, echo())
    assert not schedule.may_be_luck(judge(plain, own.trace(), Side.CLIENT))
    failed = judge(plain, against(plain, Side.CLIENT, [{"at": 0.05, "tcp": "drop"}]), Side.CLIENT)
    assert schedule.may_be_luck(failed)
    entry = Entry("1.1.2", ("FAILED",), "known", Span(Source("expected.yaml", ""), 0, 0))
    assert not schedule.may_be_luck(replace(failed, expectation=Expectation(entry, Standing.LISTED)))
    assert schedule.may_be_luck(replace(failed, expectation=Expectation(entry, Standing.EXPIRED)))


def test_what_took_long_or_much_is_not_looked_at_twice() -> None:
    plain = known()["1.1.2"]
    flood: list[dict[str, object]] = [{"at": 0.1, "octets": "8900" * 50}] * 20
    over = judge(plain, against(plain, Side.CLIENT, flood, Limits(reads=5)), Side.CLIENT)
    assert over.unjudged is not None
    assert not schedule.may_be_luck(over)
    large: list[dict[str, object]] = [{"at": 0.1, "octets": encode(frame(2, bytes(schedule.HEAVY))).hex()}]
    much = judge(plain, against(plain, Side.CLIENT, large), Side.CLIENT)
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
