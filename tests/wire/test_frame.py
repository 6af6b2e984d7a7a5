"""Frames are lossless, legal or not, and mean the same in any chopping."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.wire.decoder import FrameDecoder
from replay.wire.frame import Frame, decode, decode_header, encode, encode_header, encode_message, frame
from replay.wire.masking import mask, portable
from tests.chops import every_chop

keys = st.one_of(st.just(b""), st.binary(min_size=4, max_size=4))


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    payload = draw(st.binary(max_size=300))
    forms = [form for form, most in ((0, 125), (2, 65535), (8, 2**64)) if len(payload) <= most]
    return frame(
        draw(st.integers(0, 15)),
        payload,
        fin=draw(st.booleans()),
        rsv=draw(st.integers(0, 7)),
        key=draw(keys),
        form=draw(st.sampled_from(forms)),
    )


@given(st.lists(frames(), max_size=5), st.binary(max_size=1))
def test_decode_is_the_inverse_of_encode(sent: list[Frame], tail: bytes) -> None:
    octets = b"".join(map(encode, sent)) + tail
    found, rest = decode(octets)
    assert (found, rest) == (sent, tail)
    assert b"".join(map(encode, found)) + rest == octets


@pytest.mark.parametrize(
    ("length", "fragment", "sizes"),
    [(0, 2, [0]), (1, 2, [1]), (2, 2, [2]), (3, 2, [2, 1]), (4, 2, [2, 2, 0]), (4, None, [4])],
)
def test_a_message_is_cut_as_the_original_cuts_it(
    length: int, fragment: int | None, sizes: list[int]
) -> None:
    octets = encode_message(2, b"\xfe" * length, fragment, bytes, rsv=4).octets
    frames, rest = decode(octets)
    assert [len(one.payload) for one in frames] == sizes
    assert [one.header.opcode for one in frames] == [2] + [0] * (len(sizes) - 1)
    assert [one.header.fin for one in frames] == [False] * (len(sizes) - 1) + [True]
    assert [one.header.rsv for one in frames] == [4] + [0] * (len(sizes) - 1)
    assert not rest


@given(st.binary(max_size=200), st.integers(1, 70), st.binary(min_size=1, max_size=3), st.booleans())
def test_a_message_in_frames_is_the_message(
    octets: bytes, fragment: int, seed: bytes, one_key: bool
) -> None:
    keys = itertools.count(1, 0 if one_key else 7)
    sent = encode_message(1, octets, fragment, lambda: (seed * 4)[:3] + bytes([next(keys) % 256]))
    frames, rest = decode(sent.octets)
    assert b"".join(one.payload for one in frames) == octets
    assert all(one.header.key for one in frames)
    assert len({one.header.key for one in frames}) == (1 if one_key else len(frames))
    assert sent.single() == [encode(one) for one in frames]
    assert not rest


@pytest.mark.parametrize("one_key", [True, False])
@pytest.mark.parametrize("fragment", range(1, 10))
def test_each_fragment_is_masked_from_the_first_octet_of_its_key(fragment: int, one_key: bool) -> None:
    numbers = itertools.count(1, 0 if one_key else 1)
    sent = encode_message(1, bytes(range(30)), fragment, lambda: bytes([next(numbers), 2, 3, 4]))
    found, _ = decode(sent.octets)
    assert b"".join(one.payload for one in found) == bytes(range(30))
    assert [one.header.key[0] for one in found] == [
        1 if one_key else number for number in range(1, len(found) + 1)
    ]


@given(st.binary(max_size=400))
def test_any_octets_come_back(octets: bytes) -> None:
    found, rest = decode(octets)
    assert b"".join(map(encode, found)) + rest == octets


@given(st.lists(frames(), min_size=1, max_size=4))
def test_the_decoder_gives_the_same_in_every_chopping(sent: list[Frame]) -> None:
    octets = b"".join(map(encode, sent))
    for chunks in every_chop(octets):
        decoder = FrameDecoder()
        seen: list[Frame] = []
        for chunk in chunks:
            for piece in (one for run in decoder.feed(chunk) for one in run.single()):
                if piece.opens:
                    assert piece.at == 0
                    seen.append(Frame(piece.header, piece.data))
                else:
                    seen[-1] = seen[-1]._replace(payload=seen[-1].payload + piece.data)
                assert piece.last == (len(seen[-1].payload) == piece.header.length)
                at = piece.stream_at
                assert mask(octets[at : at + len(piece.data)], piece.header.key, piece.at) == piece.data
        assert seen == sent
        assert decoder.unfinished == 0


@st.composite
def rows(draw: st.DrawFn) -> list[Frame]:
    """Frames of a message that follow one another and differ in their payloads alone."""
    key = draw(keys)
    length = draw(st.integers(0, 40)) * (4 if key else 1)
    times = draw(st.integers(2, 40))
    octets = draw(st.binary(min_size=length * times, max_size=length * times))
    return [frame(0, octets[at * length : (at + 1) * length], fin=False, key=key) for at in range(times)]


@given(st.lists(rows() | frames().map(lambda one: [one]), min_size=1, max_size=4))
def test_frames_that_are_alike_come_as_one(sent: list[list[Frame]]) -> None:
    whole = [one for some in sent for one in some]
    octets = b"".join(map(encode, whole))
    runs = FrameDecoder().feed(octets)
    assert [Frame(one.header, one.data) for run in runs for one in run.single()] == whole
    assert all(run.last and (run.times == 1 or not run.header.first) for run in runs)
    together = [
        len(list(some))
        for header, some in itertools.groupby(one.header for one in whole)
        if not header.first and not (header.key and header.length % 4)
    ]
    assert [run.times for run in runs if run.times > 1] == [times for times in together if times > 1]
    for one in (one for run in runs for one in run.single()):
        assert octets[one.stream_at : one.stream_at + len(one.data)] == mask(one.data, one.header.key)


@given(st.lists(frames(), min_size=1, max_size=4))
def test_payloads_of_data_frames_may_be_skipped(sent: list[Frame]) -> None:
    octets = b"".join(map(encode, sent))
    for chunks in every_chop(octets):
        decoder = FrameDecoder(skips=True)
        pieces = [one for chunk in chunks for run in decoder.feed(chunk) for one in run.single()]
        assert [piece.header for piece in pieces if piece.opens] == [one.header for one in sent]
        assert sum(piece.last for piece in pieces) == len(sent)
        for piece in pieces:
            assert piece.header.is_control or not piece.data


@given(frames(), st.data())
def test_an_unfinished_frame_is_counted(sent: Frame, data: st.DataObject) -> None:
    octets = encode(sent)
    kept = data.draw(st.integers(0, len(octets) - 1))
    decoder = FrameDecoder()
    decoder.feed(octets[:kept])
    assert decoder.unfinished == kept


@pytest.mark.parametrize(
    ("octets", "form", "length"),
    [
        ("8105", 0, 5),
        ("817e0005", 2, 5),
        ("817f0000000000000005", 8, 5),
        ("817fffffffffffffffff", 8, 2**64 - 1),
        ("81fe007e01020304", 2, 126),
    ],
)
def test_the_form_of_a_length_is_kept(octets: str, form: int, length: int) -> None:
    found = decode_header(bytes.fromhex(octets))
    assert found is not None
    assert (found[0].form, found[0].length) == (form, length)
    assert encode_header(found[0]).hex() == octets


def test_a_header_may_announce_what_never_comes() -> None:
    octets = encode(frame(2, b"abc", length=2**62))
    decoder = FrameDecoder()
    (piece,) = decoder.feed(octets)
    assert (piece.header.length, piece.data, piece.last) == (2**62, b"abc", False)
    assert encode(Frame(piece.header, piece.data)) == octets


@pytest.mark.parametrize(
    "lie", [{"length": 126, "form": 0}, {"length": 2**64}, {"key": b"abc"}, {"rsv": 8}, {"length": -1}]
)
def test_what_no_octets_can_express_is_refused(lie: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"form|key"):
        frame(1, b"", **lie)


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4), st.integers(0, 9))
def test_masking(data: bytes, key: bytes, at: int) -> None:
    assert mask(data, key, 0) == portable(data, key)
    masked = mask(data, key, at)
    assert masked == bytes(octet ^ key[(at + i) % 4] for i, octet in enumerate(data))
    assert mask(masked, key, at) == data
    assert mask(data, b"", at) == data


@pytest.mark.parametrize("length", [1, 3, 4, 63, 64, 65, 66, 67, 68, 1000, 4097])
def test_each_octet_is_masked_by_its_own_octet_of_the_key(length: int) -> None:
    data, key = bytes(n * 7 % 256 for n in range(length)), bytes.fromhex("01fe5b80")
    masked = bytes(octet ^ key[n % 4] for n, octet in enumerate(data))
    assert portable(data, key) == mask(data, key) == masked
    assert mask(masked, key) == data
