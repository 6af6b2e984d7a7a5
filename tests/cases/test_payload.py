"""The octets of a payload, all of them and round by round."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cases.payload import Payload, digest


@given(st.binary(min_size=1, max_size=40), st.integers(0, 10_000))
def test_a_unit_is_repeated_or_cut_to_a_size(unit: bytes, size: int) -> None:
    payload = Payload(unit, size)
    assert payload.octets == (unit * (size + 1))[:size]
    assert len(payload) == size
    assert digest(payload) == (size, hashlib.sha256(payload.octets).hexdigest())


@pytest.mark.parametrize("size", [4095, 4096, 4097, 8192, 12291, 20_000])
def test_a_large_payload_is_whole(size: int) -> None:
    for unit in (b"a", b"abc", b"x" * 4096, b"y" * 5000):
        assert Payload(unit, size).octets == (unit * size)[:size]


@pytest.mark.parametrize("size", [3, 2**16 - 1, 2**16, 2**16 + 5, 70_000])
@pytest.mark.parametrize("unit", [b"a", b"abc", b"y" * 5000])
def test_other_octets_are_told_from_those_of_a_payload(unit: bytes, size: int) -> None:
    payload = Payload(unit, size)
    octets = payload.octets
    assert payload.equals(octets)
    for at in (0, 1, size // 2, size - 1):
        assert not payload.equals(octets[:at] + b"?" + octets[at + 1 :])
    assert not any(map(payload.equals, (b"", octets[:-1], octets + unit[:1], octets * 2)))


def test_a_payload_without_a_size_is_its_unit() -> None:
    assert (Payload(b"abc").octets, len(Payload(b"abc"))) == (b"abc", 3)
    assert (Payload(b"", 0).octets, len(Payload(b"", 0))) == (b"", 0)
    assert (Payload(b"abc", 0).octets, len(Payload(b"abc", 0))) == (b"", 0)
    assert (Payload().octets, len(Payload())) == (b"", 0)


@pytest.mark.parametrize(
    ("unit", "size", "text", "rounds"),
    [
        ("abcde", 2, False, ["ab", "cd", "ea", "bc", "de", "ab"]),
        ("abcde", 5, False, ["abcde", "abcde"]),
        ("abc", 3, True, ["abc", "abc"]),
        ("aéx", 2, True, ["aé", "xa", "éx"]),
        ("aéx", 2, False, [b"a\xc3", b"\xa9x", b"a\xc3"]),
    ],
)
def test_each_round_sends_the_next_slice(
    unit: str, size: int, text: bool, rounds: list[str | bytes]
) -> None:
    payload = Payload(unit.encode(), next=size)
    assert len(payload) == size
    assert payload.octets == unit.encode()
    for number, part in enumerate(rounds):
        octets = part if isinstance(part, bytes) else part.encode()
        sliced = payload.of_round(number, text)
        assert (sliced.octets, len(sliced)) == (octets, len(octets))
    assert Payload(b"abc", 5).of_round(3, text) == Payload(b"abc", 5)
