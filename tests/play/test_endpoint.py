"""One side of a connection: what each timer does, how much is read of a peer, what answers a Close."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.play.endpoint import Endpoint, Limits
from replay.trace.model import SECOND, Drop, How, Octets, Timer, Unreached, Wait
from replay.wire.frame import decode, encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
ASKED = encode_request("/", REQUEST)
LIMITS = Limits(opening=3 * SECOND, closing=5 * SECOND, drop=7 * SECOND, case=100 * SECOND)
KEY = b"abcd"


class Client(Endpoint):
    """An endpoint that asks for a connection, and does nothing more by itself."""

    def opening(self) -> None:
        self.write(ASKED)


def endpoint(side: Side, limits: Limits = LIMITS) -> Endpoint:
    kind = Client if side is C else Endpoint
    return kind(side, limits, lambda: KEY if side is C else b"")


def opened(side: Side, limits: Limits = LIMITS, at: int = 0) -> Endpoint:
    one = endpoint(side, limits)
    one.connected(at)
    one.received(ACCEPTED if side is C else ASKED, at)
    assert one.opened
    one.output.clear()
    return one


def by_peer(side: Side, opcode: int, payload: bytes = b"", rsv: int = 0) -> bytes:
    return encode(frame(opcode, payload, rsv=rsv, key=b"" if side is C else KEY))


def written(one: Endpoint) -> list[tuple[int, bytes]]:
    frames, rest = decode(b"".join(one.output))
    assert not rest
    assert all(bool(each.header.key) is (one.side is C) for each in frames)
    return [(each.header.opcode, each.payload) for each in frames]


BYE = b"\3\xe8"


@pytest.mark.parametrize("side", Side)
def test_an_opening_has_its_time_and_then_tcp_ends(side: Side) -> None:
    one = endpoint(side)
    one.connected(50)
    assert one.deadline == 50 + LIMITS.opening
    one.wake(49 + LIMITS.opening)
    assert not one.done
    one.wake(50 + LIMITS.opening)
    assert one.done
    assert one.deadline is None
    assert Timer(Wait.OPENING, True, LIMITS.opening, at=LIMITS.opening) in one.entries
    assert isinstance(one.entries[-1], Drop)


@pytest.mark.parametrize("side", Side)
def test_the_time_for_a_whole_case_begins_with_the_connection(side: Side) -> None:
    one = opened(side, at=50)
    assert one.deadline == 50 + LIMITS.case
    one.wake(50 + LIMITS.case)
    assert one.dropped_as is How.RST
    assert one.entries[-2:] == [
        Timer(Wait.LIMIT, True, LIMITS.case, at=LIMITS.case),
        Drop(side, How.RST, LIMITS.case),
    ]


@pytest.mark.parametrize("side", Side)
def test_a_close_is_waited_for_and_then_tcp_is_reset(side: Side) -> None:
    one = opened(side)
    one.send_close(1000, b"bye")
    assert written(one) == [(8, BYE + b"bye")]
    assert (one.has_closed, one.is_open, one.both_closed) == (True, False, False)
    assert one.deadline == LIMITS.closing
    one.wake(LIMITS.closing)
    assert one.entries[-2:] == [
        Timer(Wait.CLOSING, True, LIMITS.closing, at=LIMITS.closing),
        Drop(side, How.RST, LIMITS.closing),
    ]


def test_a_server_ends_tcp_with_the_second_close_and_a_client_waits_for_that() -> None:
    server = opened(S)
    server.send_close()
    server.received(by_peer(S, 8, BYE), 1)
    assert (server.done, server.dropped_as) == (True, How.FIN)
    client = opened(C)
    client.send_close()
    client.received(by_peer(C, 8, BYE), 1)
    assert client.both_closed
    assert client.deadline == 1 + LIMITS.drop
    client.wake(1 + LIMITS.drop)
    assert client.dropped_as is How.RST
    assert client.entries[-2] == Timer(Wait.DROP, True, LIMITS.drop, at=1 + LIMITS.drop)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("payload", [b"", BYE, b"\x0b\xb8why"])
def test_a_close_is_answered_by_1000_once(side: Side, payload: bytes) -> None:
    one = opened(side)
    one.received(by_peer(side, 8, payload), 1)
    assert written(one) == [(8, BYE)]
    assert one.done is (side is S)
    assert one.dropped_as is (How.FIN if side is S else None)
    if side is C:
        one.ended(How.FIN, 2)
        assert one.entries[-1] == Drop(S, How.FIN, 2)
        assert one.dropped_as is None


@pytest.mark.parametrize("side", Side)
def test_pings_are_answered_until_a_close_has_come(side: Side) -> None:
    one = opened(side)
    one.received(by_peer(side, 9, b"1") + by_peer(side, 9, b"2") + by_peer(side, 10, b"3"), 1)
    assert written(one) == [(10, b"1"), (10, b"2")]
    one.send_close()
    one.received(by_peer(side, 9, b"4"), 1)
    assert written(one)[3:] == [(10, b"4")]


@pytest.mark.parametrize("side", Side)
def test_a_breach_fails_the_connection_by_its_code_and_the_next_one_ends_tcp(side: Side) -> None:
    one = opened(side)
    one.received(by_peer(side, 1, b"a", rsv=2), 1)
    assert written(one) == [(8, b"\3\xea")]
    assert not one.done
    one.received(by_peer(side, 9, b"1"), 1)
    assert len(written(one)) == 1  # who was failed is answered no more
    one.received(by_peer(side, 1, b"\xff"), 1)
    assert (one.done, one.dropped_as) == (True, How.FIN)


def test_a_text_that_is_no_utf_8_fails_the_connection_by_1007() -> None:
    one = opened(S)
    one.received(by_peer(S, 1, b"\xff"), 1)
    assert written(one) == [(8, b"\3\xef")]


def test_a_close_that_breaks_a_rule_is_failed_by_1002() -> None:
    one = opened(C)
    one.received(by_peer(C, 8, b"\3\xed"), 1)
    assert written(one) == [(8, b"\3\xea")]


@pytest.mark.parametrize(
    ("limits", "chunks", "bound"),
    [
        ({"octets": len(ASKED) + 24}, [by_peer(S, 10, b"aa")] * 4, f"{len(ASKED) + 24:,} octets"),
        ({"frames": 3}, [by_peer(S, 10, b"a")] * 4, "3 frames"),
        ({"reads": 4}, [by_peer(S, 10, b"a")] * 4, "4 reads"),
        ({"events": 4}, [by_peer(S, 10, b"a")] * 4, "4 events"),
    ],
)
def test_a_peer_is_read_up_to_a_bound_and_no_further(
    limits: dict[str, int], chunks: list[bytes], bound: str
) -> None:
    one = opened(S, replace(LIMITS, **limits))
    for chunk in chunks[:-1]:
        one.received(chunk, 1)
        assert not one.done
    one.received(chunks[-1], 1)
    assert one.dropped_as is How.RST
    assert one.entries[-2:] == [Timer(Wait.LIMIT, True, tag=bound, at=1), Drop(S, How.RST, 1)]


def test_what_comes_after_the_end_is_not_recorded() -> None:
    one = opened(S)
    one.drop()
    before = list(one.entries)
    one.received(by_peer(S, 1, b"a"), 1)
    one.ended(How.FIN, 1)
    one.unreached("refused", 1)
    one.drop(How.RST)
    one.wake(10**12)
    assert one.entries == before
    assert one.dropped_as is How.FIN


def test_tcp_that_never_stood_is_recorded() -> None:
    one = endpoint(C)
    one.unreached("refused", 9)
    assert one.done
    assert one.entries == [Unreached("refused", 0)]


def test_pieces_are_written_one_by_one_as_the_socket_takes_them() -> None:
    one = opened(S)
    one.write(b"\x81", b"\2a", b"b")
    assert (one.output, one.pending, one.apart) == ([b"\x81"], True, True)
    one.pump(20 * SECOND)
    assert one.output == [b"\x81", b"\2a"]
    assert one.deadline == 20 * SECOND + LIMITS.case  # while it is read, there is progress
    one.pump(20 * SECOND)
    assert (one.output, one.pending, one.apart) == ([b"\x81", b"\2a", b"b"], False, False)
    ours = [entry.data for entry in one.entries if isinstance(entry, Octets) and entry.side is S]
    assert ours[1:] == one.output


def test_a_close_that_waits_to_be_written_is_waited_for_from_then_on() -> None:
    one = opened(S)
    one.write(b"\x81", b"\0")
    one.send_close()
    assert (one.has_closed, one.deadline) == (True, LIMITS.case)
    one.pump(SECOND)
    one.pump(2 * SECOND)
    assert written(one) == [(1, b""), (8, BYE)]
    assert one.deadline == 2 * SECOND + LIMITS.closing


@pytest.mark.parametrize("side", Side)
def test_a_bad_handshake_ends_the_connection(side: Side) -> None:
    one = endpoint(side)
    one.connected(0)
    bad = ACCEPTED.replace(b"Accept: ", b"Accept: x") if side is C else ASKED.replace(b": 13", b": 12")
    one.received(bad, 1)
    assert one.done
    assert not one.opened
    assert one.dropped_as is (How.RST if side is C else How.FIN)
    if side is S:
        (answer,) = one.output
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer
        assert b"Sec-WebSocket-Version is '12'" in answer
