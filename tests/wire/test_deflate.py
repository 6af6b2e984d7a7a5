"""Messages are inflated in any chopping; what a compressor must not do is told, with its octet."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.wire.blocks import TAIL, library
from replay.wire.deflate import DeflateFault, DeflateFaultKind, Deflater, Inflater
from tests.chops import every_chop
from tests.inflate import Slow, Writer

MOST = 2**20
EXACT = 1024  # octets of output, behind the first window of them, for which it is held exactly
NOISE = random.Random(7692).randbytes(2**17)

windows = st.integers(8, 15)
payloads = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda unit, times: unit * times, st.binary(min_size=1, max_size=40), st.integers(1, 60)),
    st.builds(lambda at, size: NOISE[at : at + size], st.integers(0, 600), st.integers(0, 2000)),
)


def inflate(inflater: Inflater, chunks: Sequence[bytes]) -> tuple[bytes, DeflateFault | None]:
    """One message; what is fed behind a fault gives nothing, nor does its end."""
    data, fault = b"", None
    for chunk in chunks:
        more, found = inflater.feed(chunk)
        assert fault is None or (more, found) == (b"", None)
        data, fault = data + more, fault or found
    at_end = inflater.end()
    assert fault is None or at_end is None
    return data, fault or at_end


def outcome(
    payload: bytes, bits: int = 15, keeps: bool = True, most: int = MOST
) -> tuple[bytes, DeflateFault | None]:
    """What a first message gives, which no chopping may change."""
    found = [inflate(Inflater(bits, keeps, most), chop) for chop in every_chop(payload)]
    assert all(one == found[0] for one in found)
    return found[0]


EXAMPLES = {
    "7.2.3.1": "f248cdc9c90700",
    "7.2.3.3": "000500faff48656c6c6f00",
    "7.2.3.4": "f348cdc9c9070000",
    "7.2.3.5": "f24805000000ffffcac9c90700",
}


@pytest.mark.parametrize("payload", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("bits", [8, 15])
def test_the_rfc_s_examples(payload: str, keeps: bool, bits: int) -> None:
    inflater = Inflater(bits, keeps, MOST)
    for _ in range(3):
        for chop in every_chop(bytes.fromhex(payload)):
            assert inflate(inflater, chop) == (b"Hello", None)


def test_the_rfc_s_example_of_a_shared_window() -> None:
    first, second = bytes.fromhex("f248cdc9c90700"), bytes.fromhex("f200110000")
    inflater = Inflater(15, True, MOST)
    assert [inflate(inflater, [payload]) for payload in (first, second)] == [(b"Hello", None)] * 2
    deflater = Deflater(15, True, 9)
    assert [deflater.message(b"Hello") for _ in range(2)] == [first, second]
    alone = Deflater(15, False, 9)
    assert [alone.message(b"Hello") for _ in range(2)] == [first, first]


def test_an_empty_message_is_one_octet() -> None:
    deflater = Deflater(15, True)
    assert [deflater.message(data) for data in (b"", b"a", b"", b"", b"a")][2:4] == [b"\0", b"\0"]
    inflater = Inflater(15, True, MOST)
    for data in (b"", b"", b"a", b"", b"a"):
        assert inflate(inflater, [deflater.message(data)]) == (data, None)


@given(
    st.lists(payloads, max_size=6),
    windows,
    st.booleans(),
    st.integers(0, 9),
    st.integers(1, 9),
    st.integers(1, 400),
)
def test_what_is_compressed_comes_out_again(
    messages: list[bytes], bits: int, keeps: bool, level: int, memory: int, step: int
) -> None:
    deflater, inflater = Deflater(bits, keeps, level, memory), Inflater(bits, keeps, MOST)
    for message in messages:
        payload = deflater.message(message)
        chunks = [payload[at : at + step] for at in range(0, len(payload), step)]
        assert inflate(inflater, chunks) == (message, None)
    assert inflater.sound


@given(st.lists(payloads, min_size=1, max_size=4), windows)
def test_without_context_each_message_stands_alone(messages: list[bytes], bits: int) -> None:
    deflater = Deflater(bits, False)
    for message in messages:
        assert inflate(Inflater(bits, False, MOST), [deflater.message(message)]) == (message, None)


@given(payloads, payloads, windows, st.integers(0, 9))
def test_a_compressor_may_begin_behind_what_went_before(
    first: bytes, second: bytes, bits: int, level: int
) -> None:
    inflater = Inflater(bits, True, MOST)
    assert inflate(inflater, [Deflater(bits, True).message(first)]) == (first, None)
    behind = Deflater(bits, True, level, before=first[-(1 << bits) :])
    assert inflate(inflater, [behind.message(second)]) == (second, None)


@pytest.mark.parametrize("keeps", [True, False])
def test_behind_messages_that_are_missing_only_those_without_context_are_sound(keeps: bool) -> None:
    inflater, deflater = Inflater(12, keeps, 20), Deflater(12, keeps)
    assert inflate(inflater, [deflater.message(b"Hello")]) == (b"Hello", None)
    other = inflater.anew()
    assert (inflater.keeps_context, other.keeps_context) == (keeps, keeps)
    assert (inflater.sound, other.sound) == (True, not keeps)
    assert inflate(other, [Deflater(12, keeps).message(b"Hello, World!")]) == (b"Hello, World!", None)
    assert inflate(other, [Deflater(12, keeps).message(bytes(21))])[1] is not None  # no more than before


def test_what_the_wrong_octet_completes_is_lost_with_it() -> None:
    payload = bytes.fromhex("04c101010000008220ecffe8006e")
    found, fault = inflate(Inflater(15, False, MOST), [payload])
    assert (found, fault and (fault.kind, fault.at)) == (bytes(3), (DeflateFaultKind.NOT_DEFLATE, 13))


@given(payloads, payloads, windows, st.booleans(), st.data())
def test_it_sees_what_the_slow_way_sees(
    first: bytes, second: bytes, bits: int, keeps: bool, data: st.DataObject
) -> None:
    """Mostly sound payloads, compressed with some window or context, cut short or with octets changed."""
    deflater = Deflater(data.draw(windows), data.draw(st.booleans()), data.draw(st.sampled_from([0, 1, 6])))
    inflater = Inflater(bits, keeps, MOST)
    past = inflate(inflater, [deflater.message(first)])[0] if inflater.sound else b""
    if not inflater.sound:
        return
    payload = bytearray(deflater.message(second))
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        if not payload:
            break
    slow = Slow(bytes(payload), 1 << bits, past if keeps else b"", keeps)
    kind = slow.run()
    found, fault = inflate(inflater, [bytes(payload[:9]), bytes(payload[9:])])
    if fault and fault.kind is DeflateFaultKind.TAIL:
        assert kind == "UNFINISHED"
        kind = Slow(bytes(payload[:-4]), 1 << bits, past if keeps else b"", keeps).run() or "TAIL"
    # What the wrong octet itself completed is lost with it.
    lost = len(slow.out) - slow.start - len(found)
    assert lost == 0 or (lost == 1 and fault and fault.kind is DeflateFaultKind.NOT_DEFLATE)
    assert found == slow.out[slow.start : slow.start + len(found)]
    assert (fault and fault.kind.name) == kind
    assert fault is None or 0 <= fault.at <= len(payload)


def steps(using: Any, payload: bytes, bits: int, past: bytes, taken: int, step: int) -> list[object]:
    """All that a library says of a payload that it takes, and gives, so many octets at a time."""
    said: list[object] = []
    stream = using.decompressobj(-bits, zdict=past)
    try:
        for at in range(0, len(payload), taken):
            left = payload[at : at + taken]
            data = b"." * step
            while len(data) == step and not stream.eof:
                data, left = stream.decompress(left, step), stream.unconsumed_tail
                said += [data, left, stream.unused_data, stream.eof]
                stream = stream.copy()
    except using.error as error:
        said.append(str(error))
    return said


@pytest.mark.skipif(library is zlib, reason="there is no zlib-ng")
@given(payloads, payloads, windows, st.integers(0, 9), st.integers(1, 400), st.integers(1, 400), st.data())
def test_zlib_ng_says_what_zlib_says(
    past: bytes, data: bytes, bits: int, level: int, taken: int, step: int, more: st.DataObject
) -> None:
    payload = bytearray(Deflater(more.draw(windows), True, level, before=past).message(data) + TAIL)
    for _ in range(more.draw(st.integers(0, 2))):
        payload[more.draw(st.integers(0, len(payload) - 1))] ^= more.draw(st.integers(1, 255))
    zlib_s, its = [steps(one, bytes(payload), bits, past, taken, step) for one in (zlib, library)]
    assert zlib_s == its


@given(st.binary(max_size=60), windows)
def test_no_octets_do_harm(payload: bytes, bits: int) -> None:
    slow = Slow(payload, 1 << bits)
    kind = slow.run()
    found, fault = outcome(payload, bits)
    assert found == slow.out
    assert (fault and fault.kind.name) in (kind, "TAIL")


@pytest.mark.parametrize("bits", range(8, 15))
def test_the_window_is_held_exactly(bits: int) -> None:
    window = 1 << bits
    literals = NOISE[: window + 70]
    for distance in (window - 1, window):
        assert outcome(Writer().fixed(*literals, (3, distance)).payload(), bits)[1] is None
    for distance in (window + 1, window + 70):
        before = len(Writer().fixed(*literals, ends=False).octets())
        chopped = [Writer().fixed(*literals, (3, distance)).payload()]
        data, fault = inflate(Inflater(bits, True, MOST), chopped)
        assert data == literals
        assert fault is not None
        assert fault.kind is DeflateFaultKind.WINDOW
        assert before <= fault.at <= before + 4


@given(st.integers(8, 11), st.booleans(), st.data())
def test_a_window_that_fills_within_a_message_is_held_exactly(
    bits: int, keeps: bool, data: st.DataObject
) -> None:
    """... in however large pieces the message comes, and however much of it fits in the window."""
    window = 1 << bits
    size = data.draw(st.integers(1, window + EXACT - 1))
    near = st.integers(min(size, window - 3), min(size, window + 3))
    distance = data.draw(st.one_of(near, st.integers(1, size)))
    payload = Writer().stored(NOISE[:size]).fixed((3, distance)).payload()
    step = data.draw(st.integers(1, len(payload)))
    chunks = [payload[at : at + step] for at in range(0, len(payload), step)]
    _, fault = inflate(Inflater(bits, keeps, MOST), chunks)
    assert (fault is None) is (distance <= window)


def test_a_window_s_octets_are_those_before_the_message_too() -> None:
    for distance, fits in ((256, True), (257, False)):
        inflater = Inflater(8, True, MOST)
        assert inflate(inflater, [Writer().stored(NOISE[:300]).payload()])[1] is None
        _, fault = inflate(inflater, [Writer().fixed((3, distance)).payload()])
        assert (fault is None) is fits


@pytest.mark.parametrize("before", [0, 1, 60, EXACT - 1])
@pytest.mark.parametrize("bits", [8, 14])
def test_the_window_is_held_exactly_for_so_many_octets(bits: int, before: int) -> None:
    """... in one message, or in the next one."""
    window = 1 << bits
    literals = NOISE[: window + before]
    beyond = Writer().stored(literals).fixed((3, window + 1)).payload()
    data, fault = inflate(Inflater(bits, True, MOST), [beyond])
    assert (data, fault and fault.kind) == (literals, DeflateFaultKind.WINDOW)
    inflater = Inflater(bits, True, MOST)
    assert inflate(inflater, [Writer().stored(literals).payload()])[1] is None
    data, fault = inflate(inflater, [Writer().fixed((3, window + 1)).payload()])
    assert (data, fault and fault.kind) == (b"", DeflateFaultKind.WINDOW)


@pytest.mark.parametrize("bits", [8, 12, 14])
def test_far_behind_the_start_the_window_is_held_within_half_of_it(bits: int) -> None:
    window, half = 1 << bits, 1 << bits - 1
    for distance, fits in ((window, True), (window + half, False)):
        inflater = Inflater(bits, True, MOST)
        assert inflate(inflater, [Writer().stored(NOISE[: window + EXACT]).payload()])[1] is None
        before = NOISE[: window + half + 6]
        payload = Writer().stored(before).fixed((3, distance)).payload()
        data, fault = inflate(inflater, [payload])
        assert data.startswith(before)
        assert (fault is None) is fits
        assert fault is None or (fault.kind, fault.at) == (DeflateFaultKind.WINDOW, len(payload) - 2)


def test_a_distance_that_other_steps_pass_by_is_no_fault() -> None:
    """One too far by an octet, where a step begins; those that look for it closely begin elsewhere."""
    inflater = Inflater(8, True, MOST)
    assert inflate(inflater, [Writer().stored(NOISE[: 256 + EXACT]).payload()])[1] is None
    passed = Writer().stored(NOISE[:128]).fixed((3, 257)).payload()
    data, fault = inflate(inflater, [passed])
    assert (len(data), fault) == (131, None)
    assert inflater.sound
    assert inflate(inflater, [Writer().fixed((3, 3)).payload()]) == (data[-3:], None)
    data, fault = inflate(inflater, [passed, b"\x07\0\0\0"])
    assert (len(data), fault and fault.at) == (131, len(passed) + 3)


def test_zlib_s_window_of_512_octets_is_one_of_256() -> None:
    data = NOISE[:255] * 3 + NOISE[:256] * 3 + NOISE[:250] * 9 + NOISE[:251] * 9 + b"a" * 999
    for level in range(10):
        assert inflate(Inflater(8, True, MOST), [Deflater(8, True, level).message(data)]) == (data, None)


def test_a_message_that_needs_the_one_before_is_told() -> None:
    deflater, inflater = Deflater(15, True, 9), Inflater(15, False, MOST)
    assert inflate(inflater, [deflater.message(b"Hello")]) == (b"Hello", None)
    data, fault = inflate(inflater, [deflater.message(b"Hello")])
    assert data == b"H"
    assert fault is not None
    assert (fault.kind, fault.at) == (DeflateFaultKind.CONTEXT, 2)
    assert inflater.sound
    assert inflate(inflater, [bytes.fromhex("f248cdc9c90700")]) == (b"Hello", None)


def test_no_message_can_need_one_before_the_first() -> None:
    _, fault = outcome(Writer().fixed(97, (3, 2)).payload())
    assert fault is not None
    assert fault.kind is DeflateFaultKind.NOT_DEFLATE
    assert "beyond the first message" in fault.detail


@pytest.mark.parametrize("start", ["f248cdc9c90700", "00", "f348cdc9c9070000", "f348cdc9c90700"])
@pytest.mark.parametrize("bits", [8, 15])
def test_a_tail_that_was_not_cut_is_told(start: str, bits: int) -> None:
    payload = bytes.fromhex(start)
    assert outcome(payload + TAIL, bits)[1] == DeflateFault(
        DeflateFaultKind.TAIL, "the payload ends in 00 00 ff ff", len(payload)
    )
    inflater = Inflater(bits, False, MOST)
    for _ in range(2):  # without context nothing of it is left
        data, fault = inflate(inflater, [payload, TAIL])
        assert (data, fault and fault.kind) == (b"" if start == "00" else b"Hello", DeflateFaultKind.TAIL)


@pytest.mark.parametrize("start", ["f248cdc9c90700", "00"])
@pytest.mark.parametrize("bits", [8, 15])
def test_behind_a_tail_that_was_not_cut_the_context_is_what_the_rfc_makes_of_it(
    start: str, bits: int
) -> None:
    """... and what zlib makes of all payloads, each with the four octets appended (RFC 7692 §7.2.2)."""
    kept, sound = bytes.fromhex(start) + TAIL, bytes.fromhex("f248cdc9c90700")
    within = b"\0" + NOISE[:0xFF00]  # the last octet of the length, and as many as it says
    for following in (sound, b"\0", within + sound, within[:9], b"\0" + sound):
        found = []
        for at in (len(following), 1, 3):
            inflater = Inflater(bits, True, MOST)
            assert inflate(inflater, [kept])[1] is not None
            assert inflater.sound
            found.append(inflate(inflater, [following[:at], following[at:]]))
        data, fault = found[0]
        assert found == [found[0]] * 3
        stream = zlib.decompressobj(-15)
        came = stream.decompress(kept + TAIL)
        try:
            came += stream.decompress(following)
        except zlib.error:
            assert (fault and fault.kind, data) == (DeflateFaultKind.NOT_DEFLATE, b"")
        else:
            assert came.endswith(data)
            assert bool(fault) is (following != within + sound)
        assert (
            fault is None
            or "which was begun by the 00 00 ff ff at the end of the previous message" in fault.detail
        )


def test_these_four_octets_may_be_data() -> None:
    """... of a stored block, or the end of an empty one that isn't the last."""
    assert outcome(Writer().stored(b"ab" + TAIL).payload()) == (b"ab" + TAIL, None)
    assert outcome(b"\0" + TAIL + b"\0") == (b"", None)
    unfinished = Writer().stored(b"ab" + TAIL).octets()
    assert outcome(unfinished)[1] == DeflateFault(
        DeflateFaultKind.UNFINISHED, "the payload ends inside a block", len(unfinished)
    )
    inside = Writer().stored(bytes(9) + TAIL * 2).octets()[:-4]
    _, fault = outcome(inside)
    assert fault is not None
    assert fault.kind is DeflateFaultKind.UNFINISHED


def test_a_payload_that_ends_with_a_final_block_is_whole() -> None:
    final = Writer().fixed(*b"Hello", final=True).octets()
    assert outcome(final) == (b"Hello", None)
    inflater = Inflater(15, True, MOST)
    assert inflate(inflater, [final]) == (b"Hello", None)
    assert inflate(inflater, [Writer().fixed((5, 5)).payload()]) == (b"Hello", None)


def test_the_block_that_is_cut_may_be_a_final_one() -> None:
    inflater = Inflater(15, True, MOST)
    for _ in range(2):
        assert inflate(inflater, [Writer().stored(b"Hello").bits(1, 3).octets()]) == (b"Hello", None)


def test_the_window_goes_on_behind_a_final_block() -> None:
    for bits in (8, 15):
        octets = Writer().stored(NOISE[:250], final=True).octets()
        octets += Writer().fixed(*b"Hello", (3, 255), final=True).octets() + b"\3\0" * 3
        octets += Writer().fixed((10, 8)).payload()
        assert outcome(octets, bits) == (
            NOISE[:250] + b"Hello" + NOISE[:3] + b"Hello" + NOISE[:3] + b"He",
            None,
        )


@pytest.mark.parametrize("payload", ["", "f248cdc9c907", "f2", "02", "000500faff4865", "00000000"])
def test_a_payload_that_ends_too_early_is_told(payload: str) -> None:
    octets = bytes.fromhex(payload)
    _, fault = outcome(octets)
    assert fault is not None
    assert fault.kind in (DeflateFaultKind.UNFINISHED, DeflateFaultKind.NOT_DEFLATE)
    assert fault.kind is DeflateFaultKind.NOT_DEFLATE or fault.at == len(octets)
    inflater = Inflater(15, True, MOST)
    inflate(inflater, [octets])
    assert not inflater.sound


def test_what_comes_before_a_fault_comes_out() -> None:
    payload = Writer().stored(b"Hello").bits(6, 3).bits(0, 5).octets()
    data, fault = outcome(payload + NOISE[:5000])
    assert data == b"Hello"
    assert fault == DeflateFault(
        DeflateFaultKind.NOT_DEFLATE,
        "the payload is not DEFLATE data: invalid block type",
        len(payload) - 1,
    )
    long = Writer().stored(NOISE[:9000]).bits(6, 3).octets()
    for at in (1, 8999, 9004):
        data, fault = inflate(Inflater(15, True, MOST), [long[:at], long[at:]])
        assert (data, fault and fault.at) == (NOISE[:9000], len(long) - 1)


@pytest.mark.parametrize("bits", [8, 15])
def test_no_more_comes_out_than_asked_for(bits: int) -> None:
    payload = Deflater(bits, True).message(bytes(5000))
    assert outcome(payload, bits, most=5000) == (bytes(5000), None)
    data, fault = outcome(payload, bits, most=4999)
    assert data == bytes(4999)
    assert fault is not None
    assert (fault.kind, fault.detail) == (
        DeflateFaultKind.TOO_MUCH,
        "the message has more than 4999 octets",
    )
    assert outcome(payload, bits, most=0)[0] == b""


@pytest.mark.parametrize("bits", [8, 15])
def test_a_bomb_takes_no_room(bits: int) -> None:
    bomb = Deflater(bits, True, 9).message(bytes(2**24))
    finals = b"\3\0" * 4_000
    tracemalloc.start()
    for payload in (bomb, finals + bomb):
        data, fault = inflate(Inflater(bits, True, 2**16), [payload])
        assert (len(data), fault and fault.kind) == (2**16, DeflateFaultKind.TOO_MUCH)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_blocks_that_zlib_does_not_end_are_known() -> None:
    """Every prefix of a message of several blocks ends as the slow way says."""
    whole = zlib.compressobj(9, wbits=-15)
    octets = whole.compress(NOISE[:40] + b"ab" * 90) + whole.flush(zlib.Z_FULL_FLUSH)
    octets += whole.compress(b"Hello" * 30) + whole.flush(zlib.Z_FINISH)
    for size in range(1, len(octets)):
        fault = inflate(Inflater(15, True, MOST), [octets[:size]])[1]
        kind = Slow(octets[:size], 2**15).run()
        assert (fault and fault.kind.name) == kind or (fault and fault.kind is DeflateFaultKind.TAIL)
