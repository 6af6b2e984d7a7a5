"""UTF-8 is judged at the very octet that makes it wrong (RFC 3629 §4)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.protocol.utf8 import Utf8

INTERESTING = bytes.fromhex("007f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff")


def legal(octets: bytes) -> bool:
    """Whether some continuation of these octets is valid UTF-8, by the grammar of RFC 3629 §4."""
    at = 0
    while at < len(octets):
        lead = octets[at]
        if lead < 0x80:
            at += 1
            continue
        if 0xC2 <= lead <= 0xDF:
            ranges = [(0x80, 0xBF)]
        elif 0xE0 <= lead <= 0xEF:
            first = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F)}.get(lead, (0x80, 0xBF))
            ranges = [first, (0x80, 0xBF)]
        elif 0xF0 <= lead <= 0xF4:
            first = {0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}.get(lead, (0x80, 0xBF))
            ranges = [first, (0x80, 0xBF), (0x80, 0xBF)]
        else:
            return False
        for low, high in ranges:
            at += 1
            if at == len(octets):
                return True
            if not low <= octets[at] <= high:
                return False
        at += 1
    return True


def first_wrong(octets: bytes) -> int | None:
    return next((end - 1 for end in range(1, len(octets) + 1) if not legal(octets[:end])), None)


def judged(chunks: list[bytes]) -> int | None:
    decoder = Utf8()
    for chunk in chunks:
        if (wrong := decoder.feed(chunk)) is not None:
            return wrong
    return None


def test_every_sequence_of_three_interesting_octets() -> None:
    for octets in map(bytes, itertools.product(INTERESTING, repeat=3)):
        wrong = first_wrong(octets)
        assert judged([octets]) == wrong, octets.hex()
        assert judged([octets[i : i + 1] for i in range(3)]) == wrong, octets.hex()


@given(st.lists(st.sampled_from(INTERESTING), max_size=8), st.integers(0, 8))
def test_any_sequence_in_any_two_pieces(octets: list[int], cut: int) -> None:
    data = bytes(octets)
    assert judged([data[:cut], data[cut:]]) == first_wrong(data)


@given(st.text(), st.integers(0, 20))
def test_valid_text_is_valid(text: str, cut: int) -> None:
    data = text.encode()
    decoder = Utf8()
    assert decoder.feed(data[:cut]) is None
    assert decoder.feed(data[cut:], final=True) is None


@pytest.mark.parametrize("tail", ["c3", "e282", "f09f98"])
def test_text_may_not_end_inside_a_code_point(tail: str) -> None:
    data = b"ab" + bytes.fromhex(tail)
    decoder = Utf8()
    assert decoder.feed(data) is None
    assert decoder.feed(b"", final=True) == len(data)
