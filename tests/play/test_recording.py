"""What of a recorded connection the tester does: when it writes what, and what is changed on request."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.model import Case
from replay.cases.recorded import case_of
from replay.play.actions import Options
from replay.play.endpoint import Limits
from replay.trace.model import SECOND, Drop, Entry, How, Octets, Timer, Trace, Wait
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, OFFER, REQUEST, player

C, S = Side.CLIENT, Side.SERVER
OPENING: tuple[Entry, ...] = (Octets(C, encode_request("/chat", REQUEST)), Octets(S, ACCEPTED))
HELLO = Octets(C, encode(frame(1, b"Hello", key=b"abcd")))
BYE = Octets(C, encode(frame(8, b"\3\xe8", key=b"abcd")))
PATIENCE = Limits().patience


def own(*entries: Entry) -> Case:
    return case_of(Trace(C, (*OPENING, *entries)), "log", C)


def writes(case: Case, options: Options | None = None) -> list[tuple[int, bytes]]:
    """When the client writes what after its request, to a server that accepts it and is silent then."""
    client = player(case, options=options)
    client.connected(0)
    while client.pending:
        client.pump(0)
    request = len(client.entries)
    client.received(ACCEPTED, 0)
    now = 0
    while not client.done:
        while client.pending:
            client.pump(now)
        now = client.deadline or now
        client.wake(now)
    sent = (entry for entry in client.entries[request:] if isinstance(entry, Octets) and entry.side is C)
    return [(entry.at or 0, data) for entry in sent for data in entry.writes.single()]


@pytest.mark.parametrize("wait", [Wait.FAIL, Wait.CLOSE, Wait.EVENTS])
@pytest.mark.parametrize("after", [7 * SECOND, SECOND // 2])
def test_a_timer_that_ran_out_in_the_log_is_waited_for(wait: Wait, after: int) -> None:
    case = own(HELLO, Timer(wait, True, after), BYE, Drop(C))
    assert writes(case) == [(0, HELLO.data), (after, BYE.data)]


def test_a_timer_that_ran_out_after_an_unknown_time_is_waited_for_as_long_as_patience_lasts() -> None:
    assert writes(own(HELLO, Timer(Wait.FAIL, True), BYE, Drop(C))) == [
        (0, HELLO.data),
        (PATIENCE, BYE.data),
    ]
    declared = 3 * PATIENCE
    case = own(HELLO, Timer(Wait.FAIL, False, declared), Timer(Wait.FAIL, True), BYE, Drop(C))
    assert writes(case) == [(0, HELLO.data), (declared, BYE.data)]


def test_before_a_timer_that_ran_out_comes_what_the_server_said_before_it() -> None:
    answer = Octets(S, encode(frame(1, b"Hello")))
    case = own(HELLO, answer, Timer(Wait.FAIL, True, SECOND), BYE, Drop(C))
    client = player(case)
    client.connected(0)
    client.received(ACCEPTED, 0)
    client.received(answer.data, PATIENCE // 2)
    client.wake(PATIENCE // 2 + SECOND - 1)
    assert len(client.output) == 2
    client.wake(PATIENCE // 2 + SECOND)
    assert client.output[2:] == [BYE.data]


def test_a_pause_that_ran_out_is_waited_for_once() -> None:
    pause = [Timer(Wait.DELAY, False, SECOND, "A"), Timer(Wait.DELAY, True, SECOND, "A")]
    assert writes(own(HELLO, *pause, BYE, Drop(C))) == [(0, HELLO.data), (SECOND, BYE.data)]


@pytest.mark.parametrize(("gap", "most"), [(SECOND, PATIENCE + SECOND), (0, PATIENCE), (None, PATIENCE)])
def test_the_recorded_time_of_an_answer_is_added_to_the_patience_for_it(gap: int | None, most: int) -> None:
    begun = 5 * SECOND
    at = None if gap is None else begun + gap
    case = own(
        replace(HELLO, at=begun), Octets(S, encode(frame(1, b"Hello")), at), replace(BYE, at=at), Drop(C)
    )
    assert [at for at, _ in writes(case)] == [0, most]


def test_a_log_that_says_nothing_of_its_end_is_played_to_its_end_and_then_for_the_time_of_patience() -> (
    None
):
    client = player(own(HELLO))
    client.connected(0)
    client.received(ACCEPTED, 0)
    assert client.output[1:] == [HELLO.data]
    client.wake(PATIENCE - 1)
    assert not client.done
    client.wake(PATIENCE)
    assert client.done


def test_a_log_that_the_server_ended_is_played_until_the_server_ends_it() -> None:
    client = player(own(HELLO, Drop(S)))
    client.connected(0)
    client.received(ACCEPTED, 0)
    client.wake(PATIENCE - 1)
    assert not client.done
    client.ended(How.FIN, PATIENCE - 1)
    assert client.done
    assert client.dropped_as is None


@pytest.mark.parametrize(
    ("options", "line", "host"),
    [
        (Options(target="/other", host="example.org"), b"GET /chat HTTP/1.1", b"Host: localhost"),
        (Options(target="/other", edit_target=True), b"GET /other HTTP/1.1", b"Host: localhost"),
        (
            Options(target="/other", host="example.org", edit_host=True),
            b"GET /chat HTTP/1.1",
            b"Host: example.org",
        ),
    ],
)
def test_a_recorded_request_is_edited_only_where_the_user_says_so(
    options: Options, line: bytes, host: bytes
) -> None:
    client = player(own(HELLO), options=options)
    client.connected(0)
    lines = b"".join(client.output).split(b"\r\n")
    assert lines[0] == line
    assert host in lines
    assert len(lines) == len(OPENING[0].data.split(b"\r\n"))  # type: ignore[union-attr]  # the request


def test_a_header_of_the_user_s_is_added_to_a_recorded_request() -> None:
    client = player(own(HELLO), options=Options(headers=(("Origin", "http://x"),)))
    client.connected(0)
    assert b"\r\nOrigin: http://x\r\n\r\n" in client.output[0]


def test_a_log_without_a_handshake_gets_one_of_the_tester_s_own() -> None:
    case = case_of(Trace(C, (HELLO, BYE, Drop(C))), "log", C)
    client = player(case, options=Options(target="/here", host="example.org"))
    client.connected(0)
    assert client.output[0].startswith(b"GET /here HTTP/1.1\r\n")
    client.received(ACCEPTED, 0)
    assert client.output[1:] == [HELLO.data, BYE.data]


@pytest.mark.parametrize("opening", ["whole", "split"])
def test_a_log_without_frames_may_be_compressed_anew(opening: str) -> None:
    """There is nothing to compress, and nothing is sent."""
    request = encode_request("/chat", [*REQUEST, ("Sec-WebSocket-Extensions", OFFER)])
    agreed = ACCEPTED[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    parts = [request] if opening == "whole" else [request[:20], request[20:]]
    entries: tuple[Entry, ...] = (*(Octets(C, part) for part in parts), Octets(S, agreed), Drop(C))
    client = player(case_of(Trace(C, entries), "log", C), options=Options(reencode=True))
    client.connected(0)
    client.received(agreed, 0)
    client.wake(client.deadline or 0)
    assert b"".join(client.output) == request
    assert client.done


@pytest.mark.parametrize("chop", [1, 3])
def test_what_is_chopped_comes_in_pieces_of_that_size(chop: int) -> None:
    written = [data for _, data in writes(own(HELLO, Drop(C)), Options(chop=chop))]
    assert written == [HELLO.data[at : at + chop] for at in range(0, len(HELLO.data), chop)]


def test_what_is_chopped_by_frames_comes_frame_by_frame() -> None:
    both = Octets(C, HELLO.data + BYE.data)
    assert [data for _, data in writes(own(both, Drop(C)), Options(chop="frame"))] == [HELLO.data, BYE.data]


def test_frames_that_share_a_write_with_the_request_are_sent_behind_it() -> None:
    joined = Octets(C, encode_request("/chat", REQUEST) + HELLO.data)
    case = case_of(Trace(C, (joined, OPENING[1], BYE, Drop(C))), "log", C)
    assert [data for _, data in writes(case)] == [HELLO.data, BYE.data]
