"""Which events of the testee a verdict is about, and which are none of its business."""

from __future__ import annotations

import pytest

from replay.cases.model import DATA, RECORDED, Profile
from replay.cases.received import Received, received
from replay.protocol.events import Message, Pong, Violation
from replay.protocol.interpreter import observe
from replay.trace.model import Drop, Entry, Octets, Timer, Trace, Wait
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
OPENED: list[Entry] = [Octets(C, encode_request("/", REQUEST)), Octets(S, ACCEPTED)]


def by(side: Side, opcode: int, payload: bytes = b"", rsv: int = 0) -> Octets:
    return Octets(side, encode(frame(opcode, payload, rsv=rsv, key=b"abcd" if side is C else b"")))


def counted(tester: Side, *entries: Entry, profile: Profile = Profile.AUTOBAHN) -> list[str]:
    events = received(observe(Trace(tester, (*OPENED, *entries))), tester, RECORDED, profile)
    return [
        type(event).__name__ + (f" {event.data!r}" if isinstance(event, Message | Pong) else "")
        for event in events
    ]


A = "Message b'a'"
BYE = b"\3\xe8"


@pytest.mark.parametrize(
    ("entries", "kinds"),
    [
        ([by(S, 1, b"a")], [A]),
        ([by(C, 1, b"a")], []),  # the tester's own
        ([by(S, 9)], []),  # a Ping never counts
        ([by(S, 1, b"a"), by(S, 8, BYE)], [A, "Close"]),
        ([by(S, 1, b"a"), Drop(S)], [A, "Violation", "End"]),
        # Once the connection has failed, messages don't count; with the second breach nothing does.
        ([by(S, 1, b"a", rsv=2), by(S, 1, b"b")], ["Violation"]),
        ([by(S, 1, b"a", rsv=2), by(S, 8, BYE)], ["Violation", "Close"]),
        ([by(S, 1, b"a", rsv=2), by(S, 1, b"b", rsv=2), by(S, 8, BYE)], ["Violation", "Violation"]),
        ([Timer(Wait.FAIL, True), by(S, 1, b"a")], []),
        ([Timer(Wait.LIMIT, True), by(S, 1, b"a")], []),
        ([Timer(Wait.CLOSE, True), by(S, 1, b"a")], [A]),
        ([by(C, 8, BYE), by(S, 1, b"a"), by(S, 8, BYE)], [A, "Close"]),
        ([by(C, 8, BYE), by(S, 1, b"a", rsv=2), by(S, 8, BYE)], ["Violation"]),
    ],
)
def test_what_counts_of_a_server(entries: list[Entry], kinds: list[str]) -> None:
    assert counted(C, *entries) == kinds


def test_a_server_reads_nothing_behind_the_client_s_close() -> None:
    assert counted(S, by(C, 1, b"a"), by(C, 8, BYE), by(C, 1, b"b")) == [A, "Close"]
    assert counted(C, by(S, 8, BYE), by(S, 10, b"b")) == ["Close", "Pong b'b'"]


def test_two_breaches_of_one_frame_are_one() -> None:
    assert counted(C, by(S, 11, b"a", rsv=2), by(S, 8, BYE)) == ["Violation", "Violation", "Close"]


@pytest.mark.parametrize(
    ("pongs", "autobahn", "rfc"),
    [
        ([b"1", b"2", b"3"], 3, 3),
        ([b"2", b"1", b"3"], 3, 2),  # with the second Ping the first one is answered
        ([b"3"], 1, 1),
        ([b"x", b"1"], 2, 1),  # nobody asked for it
        ([b"1", b"1"], 2, 1),
    ],
)
def test_a_pong_that_nobody_asked_for_counts_for_the_original_alone(
    pongs: list[bytes], autobahn: int, rfc: int
) -> None:
    entries = [*(by(C, 9, payload) for payload in (b"1", b"2", b"3")), *(by(S, 10, one) for one in pongs)]
    assert len(counted(C, *entries)) == autobahn
    assert len(counted(C, *entries, profile=Profile.RFC)) == rfc


def test_kinds_that_are_not_asked_for_do_not_count() -> None:
    trace = Trace(C, (*OPENED, by(S, 1, b"a"), by(S, 8, BYE), Drop(S)))
    events = received(observe(trace), C, DATA)
    assert [type(event) for event in events] == [Message]


def test_where_the_tester_ended_tcp_is_kept() -> None:
    seen = Received(C, RECORDED)
    head = len(ACCEPTED)
    events = observe(Trace(C, (*OPENED, by(S, 1, b"a", rsv=2), by(S, 2, b"b", rsv=2), by(S, 9))))
    counts = [event for event in events if seen.add(event)]
    assert (seen.failed, seen.over) == (True, head + 3)
    assert all(isinstance(event, Violation) for event in counts)
