"""Limits of the testee's own are named, with the size at which they bit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour, Case, Closing, EventKind, Outcome, Pattern, Profile
from replay.cases.payload import Payload
from replay.cases.step import OpenFrame, SendData, SendFrame
from replay.suite.files import known
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.memory import against

BIG = Payload(b"*", 2**20)


def case(payload: Payload, fragments: int = 1) -> Case:
    pieces = tuple(
        SendFrame(1 if not number else 0, payload, fin=number == fragments - 1)
        for number in range(fragments)
    )
    whole = Pattern(EventKind.TEXT, Payload(payload.octets * fragments))
    return Case("x", "", "", pieces, (Outcome(Behaviour.OK, (whole,)),))


def close(code: int, reason: bytes = b"") -> str:
    return encode(frame(8, code.to_bytes(2, "big") + reason)).hex()


@pytest.mark.parametrize("code", [1009, 1011])
def test_a_close_that_names_a_limit(code: int) -> None:
    big = case(BIG)
    ends: list[dict[str, object]] = [
        {"at": 0.1, "octets": close(code, b"no more")},
        {"at": 0.2, "tcp": "drop"},
    ]
    (note,) = judge(big, against(big, Side.CLIENT, ends), Side.CLIENT).notes
    closed = f"it closed with {code} after a message of 1 MiB, with the reason 'no more'"
    assert note == f"a limit of the server: {closed}; raise the limit"


@pytest.mark.parametrize("id", ["9.1.1", "9.2.2", "9.3.6", "9.4.6", "9.5.6", "9.6.6"])
def test_by_the_rfc_a_limit_is_no_breach_of_the_suite(id: str) -> None:
    limited: list[dict[str, object]] = [{"at": 0.1, "octets": close(1009)}, {"at": 0.2, "tcp": "drop"}]
    verdicts = {}
    for profile in Profile:
        large = known()[id].under(profile)
        found = judge(large, against(large, Side.CLIENT, limited), Side.CLIENT)
        verdicts[profile] = found.behaviour, found.closing
    assert verdicts == {
        Profile.AUTOBAHN: (Behaviour.FAILED, ClosingVerdict.FAILED),
        Profile.RFC: (Behaviour.NON_STRICT, ClosingVerdict.OK),
    }


def test_by_the_rfc_silence_is_no_limit() -> None:
    large = known()["9.1.1"].under(Profile.RFC)
    found = judge(large, against(large, Side.CLIENT, [{"at": 10.2, "octets": close(1000)}]), Side.CLIENT)
    assert found.behaviour is Behaviour.FAILED
    assert found.divergence is not None
    assert found.divergence.field == "missing"


def test_a_drop_at_a_large_message() -> None:
    big = case(BIG)
    trace = against(big, Side.CLIENT, [{"at": 0.1, "tcp": "drop"}])
    (note,) = judge(big, trace, Side.CLIENT).notes
    ended = "it ended TCP without a Close frame after a message of 1 MiB"
    assert note == f"perhaps a limit of the server: {ended}"


def test_many_fragments() -> None:
    many = case(Payload(b"*"), 5000)
    trace = against(many, Side.CLIENT, [{"at": 0.1, "octets": close(1009)}, {"at": 0.2, "tcp": "drop"}])
    (note,) = judge(many, trace, Side.CLIENT).notes
    assert "closed with 1009 after a message of 5000 octets in 5000 frames" in note


@pytest.mark.parametrize("end", [{"octets": close(1002)}, {"octets": close(1011)}, {"tcp": "drop"}])
def test_other_ends_are_no_limit(end: dict[str, str]) -> None:
    small = case(Payload(b"*", 10))
    trace = against(small, Side.CLIENT, [{"at": 0.1, **end}, {"at": 0.2, "tcp": "drop"}])
    assert judge(small, trace, Side.CLIENT).notes == ()


@pytest.mark.parametrize(
    ("payload", "fragments", "large"),
    [
        (Payload(b"*", 4096), 1, True),
        (Payload(b"*", 4095), 1, False),
        (Payload(b""), 4096, True),
        (Payload(b""), 4095, False),
    ],
)
@pytest.mark.parametrize("end", [{"octets": close(1008)}, {"octets": close(1011)}, {"tcp": "drop"}])
def test_what_refuses_a_message_may_be_a_limit_from_4096_on(
    payload: Payload, fragments: int, large: bool, end: dict[str, str]
) -> None:
    of = case(payload, fragments)
    trace = against(of, Side.CLIENT, [{"at": 0.1, **end}, {"at": 0.2, "tcp": "drop"}])
    notes = [note for note in judge(of, trace, Side.CLIENT).notes if "a limit of the server" in note]
    assert bool(notes) is large


def test_a_message_that_has_only_begun_is_told_by_what_was_sent_of_it() -> None:
    of = Case("x", "", "", (OpenFrame(2, 9000), SendData(Payload(b"*", 4086))), (Outcome(Behaviour.OK),))
    trace = against(of, Side.CLIENT, [{"at": 0.1, "octets": close(1009)}, {"at": 0.2, "tcp": "drop"}])
    (note,) = judge(of, trace, Side.CLIENT).notes
    assert "closed with 1009 after an unfinished message of 4102 octets;" in note


def test_a_close_that_answers_the_tester_s_is_no_limit() -> None:
    of = replace(known()["1.1.1"], closing=Closing())
    ends: list[dict[str, object]] = [
        {"at": 0.1, "octets": "8100"},
        {"at": 0.2, "octets": close(1009)},
        {"at": 0.3, "tcp": "drop"},
    ]
    result = judge(of, against(of, Side.CLIENT, ends), Side.CLIENT)
    assert result.facts.closed_by_tester
    assert not [note for note in result.notes if "limit" in note]


@pytest.mark.parametrize("reason", [b"", b"no more"])
def test_a_limit_before_any_message_has_no_size(reason: bytes) -> None:
    of = Case("x", "", "", (), (Outcome(Behaviour.OK),))
    trace = against(
        of, Side.CLIENT, [{"at": 0.1, "octets": close(1009, reason)}, {"at": 0.2, "tcp": "drop"}]
    )
    (note,) = judge(of, trace, Side.CLIENT).notes
    said = ", with the reason 'no more'" if reason else ""
    assert note == f"a limit of the server: it closed with 1009{said}; raise the limit"
