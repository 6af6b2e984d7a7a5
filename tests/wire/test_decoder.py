"""What a decoder says of the frame that has begun, octet by octet, and what it passes over."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.wire.decoder import FrameDecoder, Piece
from replay.wire.frame import Frame, encode, frame

PING = encode(frame(9, b"abc", key=b"1234"))
TEXT = encode(frame(1, b"Hello", key=b"1234"))


@pytest.mark.parametrize("sent", [frame(1, b"x" * 5), frame(9, b"xy", key=b"1234"), frame(2, b"x" * 300)])
def test_of_a_frame_that_has_begun_all_is_known_with_its_header(sent: Frame) -> None:
    octets, header = encode(sent), sent.header
    decoder = FrameDecoder(stream_at=7)
    assert (decoder.begun, decoder.size, decoder.left, decoder.held) == (None, None, 0, b"")
    for at in range(1, len(octets)):
        decoder.feed(octets[at - 1 : at])
        assert (decoder.unfinished, decoder.begun) == (at, (7, octets[0]))
        if at < header.size:
            assert (decoder.size, decoder.left, decoder.lacking) == (None, 0, 0)
            assert decoder.held == octets[:at]
        else:
            left = len(octets) - at
            assert (decoder.size, decoder.left, decoder.held) == (len(octets), left, b"")
            assert decoder.lacking == (0 if header.is_control else left)
    decoder.feed(octets[-1:])
    assert (decoder.unfinished, decoder.begun, decoder.size, decoder.lacking) == (0, None, None, 0)
    decoder.feed(PING[:1])
    assert decoder.begun == (7 + len(octets), PING[0])


def test_a_frame_stands_alone_if_it_is_all_that_comes() -> None:
    decoder = FrameDecoder(stream_at=7)
    for octets in (TEXT[:1], TEXT[:-1], TEXT + b"\x81", TEXT + TEXT, b""):
        assert decoder.alone(octets) is None
    for octets, body in ((TEXT, 6), (encode(frame(2, b"")), 2), (encode(frame(2, b"x" * 300)), 4)):
        found = decoder.alone(octets)
        assert found is not None
        assert found[1] == body
        assert found[0].length == len(octets) - body
    decoder.passed(len(TEXT))
    (piece,) = decoder.feed(TEXT)
    assert (piece.start, piece.stream_at) == (7 + len(TEXT), 7 + len(TEXT) + 6)
    for begun in (TEXT[:1], TEXT[:7]):
        within = FrameDecoder()
        within.feed(begun)
        assert within.alone(TEXT) is None


def test_what_is_not_known_is_passed_over_up_to_the_end_of_the_frame() -> None:
    decoder = FrameDecoder()
    assert decoder.skip(3) is None
    decoder.feed(TEXT[:5])
    assert decoder.skip(3) is None  # its header isn't whole
    decoder.feed(TEXT[5:7])
    first = decoder.skip(3)
    assert first is not None
    assert (first.start, first.at, first.data, first.missing) == (0, 1, b"", 3)
    assert (first.opens, first.last) == (False, False)
    assert (decoder.left, decoder.unfinished) == (1, 10)
    last = decoder.skip(3)
    assert last is not None
    assert (last.at, last.missing, last.opens, last.last) == (4, 1, False, True)
    assert (decoder.skip(3), decoder.unfinished) == (None, 0)
    (piece,) = decoder.feed(TEXT)
    assert (piece.start, piece.data) == (len(TEXT), b"Hello")


def test_behind_a_gap_a_payload_is_unmasked_with_the_right_octet_of_the_key() -> None:
    decoder = FrameDecoder()
    decoder.feed(TEXT[:7])
    decoder.skip(2)
    (piece,) = decoder.feed(TEXT[9:])
    assert (piece.at, piece.data, piece.last) == (3, b"lo", True)


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_a_piece_in_parts_is_what_comes_in_reads_of_these_sizes(data: bytes, sizes: list[int]) -> None:
    ends = [end for end in itertools.accumulate(sizes) if end < len(data)]
    parts = [end - start for start, end in itertools.pairwise([0, *ends, len(data)])]
    octets = encode(frame(2, data, key=b"1234"))
    for whole in (octets, octets[:-1]):
        (piece,) = FrameDecoder().feed(whole)
        cuts = [parts[0] - (whole is not octets), *parts[1:]]
        decoder, came, at = FrameDecoder(), list[Piece](), 6 + cuts[0]
        came += decoder.feed(whole[:at])
        for size in cuts[1:]:
            came += decoder.feed(whole[at : at + size])
            at += size
        assert list(piece.cut(cuts)) == came


def test_where_payloads_are_passed_over_the_ends_of_a_frame_are_told() -> None:
    decoder = FrameDecoder(skips=True)
    told = [[(one.opens, one.last, one.at) for one in decoder.feed(TEXT[at : at + 1])] for at in range(11)]
    assert told == [[], [], [], [], [], [(True, False, 0)], [], [], [], [], [(False, True, 4)]]
    decoder = FrameDecoder(skips=True)
    (ping, *frames) = decoder.feed(PING + encode(frame(0, b"ab", fin=False)) * 3 + PING[:7])
    assert ping.data == b"abc"
    assert [(one.times, one.start, one.data, one.last) for one in frames] == [
        (3, 9, b"", True),
        (1, 21, b"a", False),
    ]
