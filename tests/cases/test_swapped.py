"""A log with its sides swapped: each says what the other said, in the same writes, with the same waits."""

from __future__ import annotations

import pytest

from replay.cases.swapped import KEY, swapped
from replay.trace.model import Cut, Digest, Drop, Entry, Octets, Timer, Trace, Wait
from replay.wire.frame import Frame, decode, encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, OFFER, REQUEST

C, S = Side.CLIENT, Side.SERVER
ASKED = encode_request("/chat", REQUEST)
HELLO = encode(frame(1, b"Hello", key=b"abcd"))
BACK = encode(frame(1, b"Hallo"))
CLOSE, MASKED = encode(frame(8, b"\3\xe8")), encode(frame(8, b"\3\xe8", key=b"abcd"))
WAIT = Timer(Wait.FAIL, False, 5)
TOLD = Digest(S, 1, 5, "0" * 64)


def said(trace: Trace, side: Side) -> list[Frame]:
    octets = b"".join(one.data for one in trace.entries if isinstance(one, Octets) and one.side is side)
    found, rest = decode(octets.partition(b"\r\n\r\n")[2])
    assert not rest
    return found


@pytest.mark.parametrize("cut", [3, 60, len(ASKED)])
def test_sides_are_swapped_behind_a_head_in_any_writes(cut: int) -> None:
    rest = [Octets(C, ASKED[cut:] + HELLO[:3])]
    entries: list[Entry] = [Octets(C, ASKED[:cut]), *rest, Octets(S, ACCEPTED), WAIT, Octets(C, HELLO[3:])]
    other = swapped(Trace(C, (*entries, Octets(S, BACK), TOLD), (("case", "x"),)))
    assert (other.recorder, other.headers) == (S, (("case", "x"),))
    assert [(one.header.opcode, one.payload, bool(one.header.key)) for one in said(other, S)] == [
        (1, b"Hello", False)
    ]
    assert [(one.header.opcode, one.payload, bool(one.header.key)) for one in said(other, C)] == [
        (1, b"Hallo", True)
    ]
    assert all(one.data for one in other.entries if isinstance(one, Octets))
    assert WAIT in other.entries
    assert Digest(C, 1, 5, "0" * 64) in other.entries
    first, second = (one for one in other.entries[:2] if isinstance(one, Octets))
    assert (first.side, second.side) == (C, S)
    assert first.data.startswith(b"GET /chat HTTP/1.1\r\n")
    assert second.data.startswith(b"HTTP/1.1 101 ")


def test_a_log_of_frames_alone_is_swapped_too() -> None:
    other = swapped(Trace(C, (Octets(C, HELLO), WAIT, Octets(S, BACK))))
    assert [type(one) for one in other.entries] == [Octets, Timer, Octets]
    first, _, last = other.entries
    assert isinstance(first, Octets)
    assert isinstance(last, Octets)
    assert (first.side, first.data) == (S, encode(frame(1, b"Hello")))
    assert last.side is C
    ((back,), _) = decode(last.data)
    assert (back.payload, len(back.header.key)) == (b"Hallo", 4)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 100_000])
def test_frames_of_any_size_are_swapped_in_any_writes(side: Side, size: int, step: int) -> None:
    """Each is masked anew or no more, and its octets stay in the writes in which they were."""
    payload = bytes(number % 251 for number in range(size))
    frames = [
        frame(2, payload, key=b"abcd" if side is C else b""),
        frame(9, b"?", key=b"efgh" * (side is C)),
    ]
    octets = b"".join(map(encode, frames))
    ends = min(len(octets), 40 * step)
    pieces = [octets[i : i + step] for i in range(0, ends, step)] + [octets[ends:]] * (ends < len(octets))
    pong = Octets(side.other, encode(frame(10, b"", key=b"abcd" * (side is S))))
    other = swapped(Trace(C, (pong, *(Octets(side, piece) for piece in pieces))))
    found = [one for one in other.entries if isinstance(one, Octets) and one.side is side.other]
    decoded, rest = decode(b"".join(one.data for one in found))
    assert not rest
    assert [(one.header.opcode, one.payload) for one in decoded] == [(2, payload), (9, b"?")]
    assert [one.header.key for one in decoded] == [b"" if side is C else KEY] * 2
    headers = [one.header.size - len(one.header.key) for one in decoded]
    assert headers == [one.header.size - len(one.header.key) for one in frames]
    assert len(found) == len(pieces)


@pytest.mark.parametrize(
    ("entries", "recorder", "side"),
    [
        ((Octets(C, HELLO), Drop(C)), C, S),
        ((Octets(C, HELLO), Drop(S)), C, C),
        ((Octets(S, CLOSE), Drop(C)), C, S),
        ((Octets(S, CLOSE), Drop(S)), C, S),
        ((Octets(C, MASKED), Drop(C)), C, S),
        ((Octets(C, MASKED), Drop(S)), C, C),
        ((Octets(C, MASKED), Drop(S)), S, S),
        ((Octets(C, MASKED), Drop(C)), S, S),
    ],
)
def test_who_ends_tcp(entries: tuple[Entry, ...], recorder: Side, side: Side) -> None:
    other = swapped(Trace(recorder, entries))
    assert other.recorder is recorder.other
    assert other.entries[-1] == Drop(side)


def test_behind_octets_that_are_missing_a_frame_begins() -> None:
    entries = (
        Octets(S, BACK[:4], cut=Cut()),
        Octets(S, BACK),
        Octets(C, HELLO[:3], cut=Cut()),
        Octets(C, HELLO),
    )
    other = swapped(Trace(C, entries))
    first, second, third, fourth = (one for one in other.entries if isinstance(one, Octets))
    assert (first.side, first.cut, third.side, third.cut) == (C, Cut(), S, Cut())
    assert decode(second.data)[0][0].payload == b"Hallo"
    assert fourth.data == encode(frame(1, b"Hello"))


def test_a_refusal_is_left_out() -> None:
    refused = Octets(S, b"HTTP/1.1 404 Not Found\r\n\r\n")
    other = swapped(Trace(C, (Octets(C, ASKED), refused, Drop(S))))
    first, last = other.entries
    assert isinstance(first, Octets)
    assert first.data.startswith(b"GET /chat")
    assert last == Drop(C)


def test_the_compression_of_one_side_becomes_that_of_the_other() -> None:
    offer = ("Sec-WebSocket-Extensions", OFFER)
    answer = "permessage-deflate; server_no_context_takeover; client_max_window_bits=9"
    asked = encode_request("/", (*REQUEST, offer))
    answered = ACCEPTED.replace(b"\r\n\r\n", f"\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n".encode())
    first, second = swapped(Trace(C, (Octets(C, asked), Octets(S, answered)))).entries
    turned = b"permessage-deflate; client_no_context_takeover; server_max_window_bits=9"
    for one in (first, second):
        assert isinstance(one, Octets)
        assert turned in one.data
