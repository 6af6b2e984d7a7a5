"""What the parts of a case say by themselves: rounds, closings, kinds of events, profiles."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay import limits
from replay.cases.model import (
    DATA,
    RECORDED,
    Behaviour,
    Case,
    Closing,
    Disputed,
    EventKind,
    Outcome,
    Profile,
)
from replay.cases.payload import Payload
from replay.cases.step import Pause, Repeat, SendFrame, SendMessage, is_text

LEAST = limits.LEAST_ROUNDS.default
CASE = Case("x", "", "", (), ())


@pytest.mark.parametrize(
    ("times", "size", "enough", "played"),
    [
        (10_000, 100, 100 * (LEAST + 5), LEAST + 5),
        (10_000, 100, 100 * (LEAST + 5) + 1, LEAST + 6),
        (10_000, 100, 100, LEAST),
        (10_000, 0, LEAST + 7, LEAST + 7),
        (3, 100, 1, 3),
        (LEAST + 2, 100, 10**6, LEAST + 2),
    ],
)
def test_so_many_rounds_are_enough(times: int, size: int, enough: int, played: int) -> None:
    steps = (SendFrame(1, Payload(b"a", size - size // 2)), SendMessage(True, Payload(b"a", size // 2)))
    short = Repeat(times, steps, enough).shortened()
    assert (short.times, short.of, short.steps) == (played, times, steps)
    assert Repeat(times, steps).shortened() == Repeat(times, steps)


def test_each_round_sends_the_next_slice_of_text_or_octets() -> None:
    steps = (SendMessage(True, Payload("éa".encode(), next=1)), SendFrame(2, Payload(b"xyz", next=2)))
    repeat = Repeat(3, steps)
    assert [[step.payload.octets for step in repeat.round(number)] for number in range(3)] == [
        ["é".encode(), b"xy"],
        [b"a", b"zx"],
        ["é".encode(), b"yz"],
    ]
    assert not repeat.alike
    assert not Repeat(3, (SendFrame(1), *steps[:1])).alike
    assert Repeat(3, (SendFrame(1), SendFrame(2))).alike


def test_which_steps_are_text() -> None:
    assert [
        is_text(step)
        for step in (SendMessage(True), SendMessage(False), SendFrame(1), SendFrame(2), SendFrame(0))
    ] == [
        True,
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("closing", "code", "autobahn", "rfc"),
    [
        (Closing(), 1000, True, True),
        (Closing(), 1002, False, True),
        (Closing(), 1005, False, False),
        (Closing(codes=(1002,), usual=False), 1000, False, False),
        (Closing(codes=(1002,), usual=False), 1002, True, True),
        (Closing(codes=None), 3000, True, True),
        (Closing(codes=None, usual=False), 3000, True, True),
    ],
)
def test_which_codes_a_closing_takes(closing: Closing, code: int, autobahn: bool, rfc: bool) -> None:
    assert closing.takes(code, Profile.AUTOBAHN) is autobahn
    assert closing.takes(code, Profile.RFC) is rfc


def test_which_events_a_case_is_about() -> None:
    rounds = Repeat(2, (SendFrame(1),))
    assert CASE.kinds == DATA
    assert replace(CASE, closing=None).kinds == RECORDED
    assert replace(CASE, closing=None, measured=True).kinds == RECORDED
    assert replace(CASE, measured=True).kinds == DATA - {EventKind.PONG}
    assert replace(CASE, steps=(Pause(1), rounds)).kinds == DATA - {EventKind.PONG}
    assert replace(CASE, steps=(Pause(1), rounds, Repeat(3, ()))).rounds is rounds
    assert replace(CASE, steps=(Pause(1),)).rounds is None


def test_a_case_makes_sense_without_echo_unless_an_outcome_is_one() -> None:
    plain, echo = Outcome(Behaviour.OK), Outcome(Behaviour.OK, echoes=True)
    assert not CASE.echoes
    assert not replace(CASE, outcomes=(plain,)).echoes
    assert replace(CASE, outcomes=(plain, echo)).echoes


def test_codes_that_a_case_allows_are_assigned_codes_under_the_rfc() -> None:
    known = Profile.RFC.reading.codes
    case = replace(
        CASE,
        closing=Closing(codes=(2999, None)),
        outcomes=(Outcome(Behaviour.OK, closing=Closing(codes=(1999,))), Outcome(Behaviour.OK)),
    )
    assert case.reading == Profile.AUTOBAHN.reading
    strict = replace(case, profile=Profile.RFC)
    assert strict.reading.codes == known | frozenset({2999, 1999})
    assert replace(strict, closing=None, outcomes=()).reading.codes == known
    assert replace(strict, closing=Closing(codes=None), outcomes=()).reading.codes == known


def test_how_a_connection_ends_says_the_outcome_or_the_case() -> None:
    own = Closing("testee")
    case = replace(CASE, closing=Closing("either"))
    assert case.ending(Outcome(Behaviour.OK)) == Closing("either")
    assert case.ending(Outcome(Behaviour.OK, closing=own)) is own
    assert replace(CASE, closing=None).ending(Outcome(Behaviour.OK)) is None


def test_what_is_disputed_is_replaced_under_the_rfc() -> None:
    first, other = (Outcome(Behaviour.OK),), (Outcome(Behaviour.NON_STRICT),)
    case = replace(CASE, outcomes=first, expectation="as told")
    assert case.under(Profile.RFC) == replace(case, profile=Profile.RFC)
    disputed = replace(case, disputed=Disputed("why", other))
    assert disputed.under(Profile.AUTOBAHN) == disputed
    strict = disputed.under(Profile.RFC)
    assert (strict.outcomes, strict.closing, strict.expectation) == (other, case.closing, None)
    strict = replace(case, disputed=Disputed("why", None, Closing("testee"))).under(Profile.RFC)
    assert (strict.outcomes, strict.closing) == (first, Closing("testee"))
