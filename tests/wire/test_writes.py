"""Writes of equal size as one value."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from replay.wire.decoder import FrameDecoder
from replay.wire.frame import FrameHeader, encode, encode_header, frame
from replay.wire.writes import Writes, grouped

pieces = st.lists(st.sampled_from([b"a", b"bb", b"cc", b"ddd"]) | st.binary(min_size=1, max_size=4))


def singly(some: list[Writes]) -> list[bytes]:
    return [piece for one in some for piece in one.single()]


@given(pieces)
@example([b"aa", b"bb", b"c"])
@example([b"aa", b"b", b"cc", b"dd"])
def test_grouped_writes_are_the_same_writes(some: list[bytes]) -> None:
    found = list(grouped(some))
    assert singly(found) == some
    assert [one.count for one in found] == [len(one.single()) for one in found]
    lengths = [[len(piece) for piece in one.single()] for one in found]
    assert all(before[0] != after[0] or before[-1] < before[0] for before, after in pairwise(lengths))


def test_a_shorter_write_ends_a_run_of_two_or_more() -> None:
    assert list(grouped([b"aa", b"bb", b"c"])) == [Writes(b"aabbc", 2)]
    assert list(grouped([b"aa", b"b"])) == [Writes(b"aa"), Writes(b"b")]
    assert list(grouped([b"aa", b"bb", b"ccc"])) == [Writes(b"aabb", 2), Writes(b"ccc")]


@given(st.binary(min_size=1, max_size=20), st.none() | st.integers(1, 25), st.integers(0, 20))
def test_writes_without_their_first_octets_end_where_they_ended(
    octets: bytes, chop: int | None, skipped: int
) -> None:
    skipped = min(skipped, len(octets) - 1)
    whole, rest = Writes(octets, chop).single(), singly(list(Writes(octets, chop).behind(skipped)))
    assert b"".join(rest) == octets[skipped:]
    assert rest[1:] == (whole[len(whole) - len(rest) :])[1:]


@given(st.data())
def test_what_is_read_together_is_read_as_if_one_by_one(data: st.DataObject) -> None:
    """A decoder that skips payloads comes to the same state, and finds the same frames; their
    keys don't matter to it."""
    key = st.binary(min_size=4, max_size=4)
    firsts = st.sampled_from([0, 0, 0, 1, 2, 0x80, 0x89])
    lengths = st.sampled_from([0, 3, 3, 3, 20, 20, 125])
    frames = [
        encode(frame(first & 15, bytes(data.draw(lengths)), fin=first > 127, key=data.draw(key)))
        for first in data.draw(st.lists(firsts, max_size=12))
    ]
    octets = b"".join(frames)
    chop = data.draw(st.sampled_from([1, 2, 5, 9, 26]))
    single, together = FrameDecoder(skips=True), FrameDecoder(skips=True)
    at = 0
    while at < len(octets):
        count = together.together(octets, at, chop, data.draw(st.integers(1, 40)))
        end = at + count * chop
        ours = [piece for run in together.feed(octets[at:end]) for piece in run.single()]
        runs = (run for one in Writes(octets[at:end], chop).single() for run in single.feed(one))
        theirs = [piece for run in runs for piece in run.single()]
        assert [(one.start, one.header[:3]) for one in ours if one.opens] == [
            (one.start, one.header[:3]) for one in theirs if one.opens
        ]
        assert (together.unfinished, together.left, together.held) == (
            single.unfinished,
            single.left,
            single.held,
        )
        at = end


def test_like_frames_are_read_together_and_with_any_keys() -> None:
    header = FrameHeader(0, 0, 20, b"abcd")
    octets = b"".join(encode_header(header._replace(key=bytes([n] * 4))) + bytes(20) for n in range(50))
    decoder = FrameDecoder(skips=True)
    assert decoder.together(octets, 0, 26, 32) == 32
    assert decoder.together(octets, 26 * 40, 26, 32) == 10
    assert decoder.together(octets, 0, 25, 32) == 1
    (run,) = decoder.feed(octets)
    assert run.times == 50
