"""A log with its sides swapped: each says what the other said, in the same writes, with the same waits."""

from __future__ import annotations

import pytest

from replay.cases.swapped import swapped
from replay.trace.model import Digest, Entry, Octets, Timer, Trace, Wait
from replay.wire.frame import Frame, decode, encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
ASKED = encode_request("/chat", REQUEST)
HELLO = encode(frame(1, b"Hello", key=b"abcd"))
BACK = encode(frame(1, b"Hallo"))
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
