"""What cases cost: octets, how long they keep an endpoint busy, and the silence before the best verdict."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.cost import at_once, silence, volume, waits_out, weight
from replay.cases.model import Behaviour, Case, Closing, EventKind, Outcome, Pattern
from replay.cases.payload import Payload
from replay.cases.recorded import case_of
from replay.cases.step import OpenFrame, Pause, Repeat, SendClose, SendData, SendFrame, SendMessage, Step
from replay.suite.files import known
from replay.trace.model import SECOND, Octets, Timer, Trace, Wait
from replay.wire.side import Side

HEADER, TRIP, WRITE = 14, 16 * 1024, 6 * 1024
FRAGMENTS_64_KIB = 4 * 2**20 // 64  # of 64 octets in 4 MiB


@pytest.mark.parametrize(
    ("id", "octets", "rounds", "small_writes"),
    [
        ("1.1.1", HEADER, 0, 0),
        ("1.1.2", 125 + HEADER, 0, 0),
        ("1.1.8", 65536 + HEADER, 0, 65536 // 997),
        ("2.10", 10 * (9 + HEADER), 0, 0),
        ("7.1.1", 12 + HEADER, 0, 0),
        ("9.1.1", 65536 + HEADER, 0, 0),
        ("9.3.1", 4 * 2**20 + HEADER + FRAGMENTS_64_KIB * HEADER, 0, 0),
        ("9.5.1", 2**20 + HEADER, 0, 2**20 // 64),
        ("9.7.1", 1000 * HEADER, 1000, 0),
        ("12.1.1", 1000 * (16 + HEADER), 1000, 0),
    ],
)
def test_a_case_weighs_what_it_sends_and_what_it_waits_for(
    id: str, octets: int, rounds: int, small_writes: int
) -> None:
    case = known()[id]
    assert abs(volume(case) - octets) <= 2 * HEADER
    assert weight(case) == volume(case) + TRIP * (1 + rounds) + WRITE * small_writes
    assert at_once(case) == (volume(case) // rounds if rounds else volume(case))


def test_the_exact_octets_of_some_cases() -> None:
    ids = ("1.1.1", "2.10", "3.2", "7.1.4", "9.3.1", "10.1.1", "12.1.1", "12.1.11")
    assert {id: volume(known()[id]) for id in ids} == {
        "1.1.1": 14,
        "2.10": 230,
        "3.2": 68,
        "7.1.4": 40,
        "9.3.1": 5111822,
        "10.1.1": 66250,
        "12.1.1": 30000,
        "12.1.11": 216350,
    }
    assert at_once(known()["12.1.11"]) == 8192 + HEADER + (8192 + HEADER) // 256 * HEADER


@pytest.mark.parametrize(
    ("id", "seconds", "out"),
    [
        ("1.1.1", 0, False),
        ("5.19", 1, False),
        ("6.4.1", 1, False),
        ("7.1.1", 0, False),
    ],
)
def test_silence_is_what_passes_on_the_way_to_the_best_verdict(id: str, seconds: int, out: bool) -> None:
    assert (silence(known()[id]), waits_out(known()[id])) == (seconds * SECOND, out)


A, B = (Pattern(EventKind.TEXT, Payload(octets)) for octets in (b"a", b"b"))
MAYBE = replace(A, optional=True)


def case_with(*alternatives: tuple[Pattern, ...], **more: object) -> Case:
    outcomes = tuple(Outcome(Behaviour.OK, patterns) for patterns in alternatives)
    return replace(Case("x", "", "", (), outcomes, closing=Closing()), **more)


@pytest.mark.parametrize(
    ("case", "out"),
    [
        (case_with(()), True),
        (case_with((A,)), False),
        (case_with((MAYBE,)), True),
        (case_with((MAYBE, B)), False),
        (case_with((A,), (A, B)), True),  # the second may come still
        (case_with((A,), (A, MAYBE)), False),
        (case_with((A,), (B, A)), False),
        (case_with((A, B), (A,)), False),
        (case_with((), (A,)), True),
        (case_with((), steps=(SendClose(1000, b""),)), False),
        (case_with((), closing=Closing(by="testee")), False),
        (case_with((), closing=None), False),
    ],
)
def test_where_nothing_else_ends_a_case_its_patience_counts_as_silence(case: Case, out: bool) -> None:
    assert waits_out(case) is out
    assert silence(case) == (case.patience.after if out else 0)


def test_a_log_costs_the_octets_of_both_sides_and_the_pauses_that_ran_out() -> None:
    pauses = (
        Timer(Wait.DELAY, False, 5, "A"),
        Timer(Wait.DELAY, True, 5, "A"),
        Timer(Wait.DELAY, True, None, "B"),
        Timer(Wait.DELAY, False, 7, "C"),
        Timer(Wait.FAIL, True, 9),
    )
    trace = Trace(Side.CLIENT, (Octets(Side.CLIENT, b"\x81\0"), Octets(Side.SERVER, b"\x81\1a"), *pauses))
    case = case_of(trace, "log", Side.CLIENT)
    assert (volume(case), at_once(case), silence(case)) == (5, 5, 5)
    assert weight(case) == 5 + TRIP


def frames(*sizes: int, chop: int | None = None) -> tuple[SendFrame, ...]:
    return tuple(SendFrame(1, Payload(b"a", size), chop=chop) for size in sizes)


@pytest.mark.parametrize(
    ("steps", "octets", "once"),
    [
        ((), 0, 0),
        (frames(5), 19, 19),
        ((SendClose(1000, b"long enough"), OpenFrame(1, 500), Pause(1)), 42, 42),
        ((OpenFrame(1, 500), SendData(Payload(b"abc"))), 31, 31),
        ((SendMessage(True, Payload(b"a", 86), fragment=10),), 100 + 10 * HEADER, 240),
        ((SendMessage(True, Payload(b"a", 85), fragment=10),), 99 + 9 * HEADER, 225),
        ((Repeat(3, frames(5, 6)),), 3 * 39, 39),
        ((Repeat(3, frames(5)), *frames(30)), 3 * 19 + 44, 44),
        ((Repeat(3, frames(50)), *frames(30)), 3 * 64 + 44, 64),
        ((Repeat(3, (SendFrame(1, Payload(b"abcdef", next=2)),)),), 3 * 16, 16),
    ],
)
def test_the_octets_of_steps(steps: tuple[Step, ...], octets: int, once: int) -> None:
    case = case_with((A,), steps=steps)
    assert volume(case) == octets
    assert at_once(case) == once


def test_a_round_trip_for_each_round_and_some_time_for_each_small_write() -> None:
    case = case_with(
        (A,), steps=(*frames(10, chop=3), *frames(11), *frames(7, chop=7), Repeat(3, frames(0)))
    )
    assert weight(case) == volume(case) + TRIP * 4 + WRITE * 4
    assert (
        weight(case_with((A,), steps=(Repeat(2, frames(0)), Repeat(3, frames(0))))) == 5 * HEADER + TRIP * 6
    )


@pytest.mark.parametrize(
    ("steps", "silent"),
    [
        ((Pause(5),), 5),
        ((Pause(5), Pause(7)), 12),
        ((Pause(5, "A"),), 5),
        ((Pause(5, "B"),), 0),
        ((Pause(5, "A"), Pause(7, "B"), Pause(11)), 16),
        (frames(1), 0),
    ],
)
def test_only_pauses_on_the_way_to_the_best_outcome_count(steps: tuple[Step, ...], silent: int) -> None:
    best, other = (Pattern(EventKind.STILL_OPEN, tag=tag) for tag in "AB")
    assert silence(case_with((best,), (other,), steps=steps)) == silent
