"""Connections that were open when the capture began."""

from __future__ import annotations

import pytest

from replay.captures import formats
from replay.captures.content import Content
from replay.captures.model import ANYTHING, Captured, Wanted
from replay.protocol.events import Close, Event, Message, Violation
from replay.protocol.interpreter import observe
from replay.source import SourceError
from replay.wire.side import Side
from tests.captures.built import CLIENT, SERVER, Tcp, ethernet, ip, pcap, sent, talk

LATE = talk()[5:]
"""A connection behind its handshake."""


def read(segments: list[Tcp], wanted: Wanted = ANYTHING) -> Captured:
    octets = pcap([ethernet(ip(one)) for one in segments])
    (found,) = formats.read(Content.of("a.pcap", [octets]), wanted)
    return found


def told(segments: list[Tcp]) -> list[tuple[Side, Event]]:
    events = observe(read(segments, Wanted(recorder=Side.CLIENT)).trace)
    return [(one.side, one) for one in events if isinstance(one, Message | Close | Violation)]


def test_it_is_refused_with_the_way_to_read_it() -> None:
    with pytest.raises(SourceError, match="in the middle of 1 connection") as error:
        read(LATE)
    assert "--as client" in (error.value.hint or "")


@pytest.mark.parametrize("recorder", Side)
def test_it_is_read_if_somebody_says_so(recorder: Side) -> None:
    found = read(LATE, Wanted(recorder=recorder))
    assert found.trace.recorder is recorder
    events = [one for one in observe(found.trace) if isinstance(one, Message | Close | Violation)]
    assert [one.side for one in events] == [Side.CLIENT, Side.SERVER] * 3
    assert (found.client, found.server) == ("10.0.0.1:40000", "10.0.0.2:80")
    assert "its handshake isn't there" in found.notes[0]


def test_what_comes_before_the_first_whole_frame_is_left_out() -> None:
    rest = Tcp(CLIENT, SERVER, LATE[0].seq - 20, b"the end of a payload")
    found = read([rest, *LATE], Wanted(recorder=Side.CLIENT))
    assert any(
        "20 octets of the client before its first whole frame are left out" in one for one in found.notes
    )
    assert [side for side, _ in told([rest, *LATE])] == [Side.CLIENT, Side.SERVER] * 3


@pytest.mark.parametrize("first", [0x41, 0x80], ids=["compressed", "continued"])
def test_no_rule_is_broken_that_depends_on_what_came_before(first: int) -> None:
    octets = bytearray(sent(b"\xca\x48\xcd\xc9\xc9\x07\x00", masked=False))
    octets[0] = first | 0x80
    events = told([Tcp(SERVER, CLIENT, 6000, bytes(octets)), Tcp(CLIENT, SERVER, 2000, LATE[0].data)])
    assert not [one for _, one in events if isinstance(one, Violation)]
    assert [one.data for _, one in events if isinstance(one, Message)] == [b"Hello"]
