"""Frames that are read together, and those that never end, say the same as if they came octet by octet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.protocol.events import Event, Message, Unparsed, Violation
from replay.protocol.interpreter import Interpreter, observe
from replay.trace.model import Octets, Trace
from replay.wire.frame import Frame, encode, frame
from replay.wire.masking import mask
from replay.wire.side import Side

C, S = Side.CLIENT, Side.SERVER


def told(octets: bytes, side: Side, step: int | None = None) -> list[Event]:
    """The events of one side's octets in reads of this size, whichever read completed each."""
    interpreter = Interpreter(side.other, opened=True)
    size = step or len(octets)
    reads = [octets[at : at + size] for at in range(0, len(octets), size)]
    return [replace(event, entry=0) for one in reads for event in interpreter.feed(Octets(side, one))]


@st.composite
def messages(draw: st.DrawFn, text: bool) -> tuple[Side, list[Frame]]:
    """A message in many frames of one length."""
    side = draw(st.sampled_from(Side))
    key = draw(st.binary(min_size=4, max_size=4)) if side is C else b""
    length, times = draw(st.sampled_from([0, 1, 4, 8])), draw(st.integers(2, 30))
    octets = st.text("ab", min_size=length, max_size=length).map(str.encode)
    payloads = [draw(octets if text else st.binary(min_size=length, max_size=length)) for _ in range(times)]
    opcodes = [1 if text else 2, *[0] * (times - 1)]
    made = [
        frame(opcode, payload, fin=number == times, key=key)
        for number, (opcode, payload) in enumerate(zip(opcodes, payloads, strict=True), 1)
    ]
    return side, made


@given(messages(text=False), st.integers(0, 20))
def test_each_frame_of_a_message_has_its_place_in_the_stream(
    sent: tuple[Side, list[Frame]], before: int
) -> None:
    side, frames = sent
    head = encode(frame(10, bytes(before), key=b"abcd" if side is C else b""))
    octets = head + b"".join(map(encode, frames))
    (_, message) = told(octets, side)
    assert isinstance(message, Message)
    at, parts = len(head), []
    for one in frames:
        parts.append((at + one.header.size, one.header.length))
        at += len(encode(one))
    assert message.parts == tuple(parts)
    assert (message.start, message.end) == (len(head), len(octets))
    assert message.data == b"".join(
        mask(octets[start : start + length], frames[0].header.key) for start, length in message.parts
    )


@given(messages(text=True), st.data())
def test_a_wrong_octet_of_a_text_is_found_behind_frames_that_came_together(
    sent: tuple[Side, list[Frame]], data: st.DataObject
) -> None:
    side, frames = sent
    at = data.draw(st.integers(0, len(frames) - 1))
    header, payload = frames[at]
    octets = b"".join(map(encode, frames))
    start = sum(len(encode(one)) for one in frames[:at]) + header.size
    if not payload:
        assert told(octets, side) == told(octets, side, 1)
        return
    wrong = data.draw(st.integers(0, len(payload) - 1))
    frames[at] = Frame(header, payload[:wrong] + b"\xff" + payload[wrong + 1 :])
    octets = b"".join(map(encode, frames))
    (breach,) = (event for event in told(octets, side) if isinstance(event, Violation))
    assert (breach.rule, breach.start, breach.frame) == ("text-is-utf8", start + wrong, start - header.size)
    assert told(octets, side) == told(octets, side, 1)


@pytest.mark.parametrize("step", [None, 1, 3])
@pytest.mark.parametrize("side", Side)
def test_of_a_frame_without_an_end_nothing_more_is_read(side: Side, step: int | None) -> None:
    key = b"abcd" if side is C else b""
    before = encode(frame(2, b"a", key=key))
    endless = encode(frame(2, b"b", length=1 << 63, form=8, key=key))
    behind = encode(frame(9, b"", key=key))
    message, breach, lost = told(before + endless + behind, side, step)
    assert isinstance(message, Message)
    assert isinstance(breach, Violation)
    assert (breach.rule, breach.start, breach.frame) == ("length-below-2-63", len(before) + 2, len(before))
    assert isinstance(lost, Unparsed)
    assert lost.reason == "the frame announces 2^63 octets or more"
    assert lost.start == len(before) + 10 + len(key)


def test_the_longest_frame_that_may_be_is_waited_for() -> None:
    assert told(encode(frame(2, b"b", length=(1 << 63) - 1, form=8)), S) == []


@given(messages(text=False), st.integers(1, 60))
def test_entries_that_are_payload_alone_are_read_as_one_by_one(
    sent: tuple[Side, list[Frame]], size: int
) -> None:
    side, frames = sent
    key = frames[0].header.key
    large = frame(2, bytes(range(256)) * 2, key=key)
    octets = encode(large) + b"".join(map(encode, frames))
    entries = [Octets(side, octets[at : at + size]) for at in range(0, len(octets), size)]
    interpreter = Interpreter(side.other, opened=True)
    one_by_one = [event for entry in entries for event in interpreter.feed(entry)]
    assert list(observe(Trace(side.other, tuple(entries)))) == one_by_one
    assert [event.data for event in one_by_one if isinstance(event, Message)] == [
        large.payload,
        b"".join(one.payload for one in frames),
    ]
