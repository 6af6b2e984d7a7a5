"""Writes of equal size with nothing else between them are one entry, and still that many writes."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour, Case, EventKind, Outcome, Pattern
from replay.cases.payload import Payload
from replay.cases.recorded import case_of
from replay.cases.step import SendFrame, SendMessage
from replay.cases.swapped import swapped
from replay.live.transport import Address, connect
from replay.play.actions import Options
from replay.play.player import Player
from replay.protocol.events import CloseBegins, Event, Unparsed
from replay.protocol.interpreter import observe
from replay.source import Source
from replay.suite.files import known
from replay.trace.model import SECOND, Drop, How, Octets, Trace
from replay.trace.wirelog import parse, write
from replay.wire.side import Side
from tests.memory import ACCEPTED, KEY, check_events, echo, join, player

C, S = Side.CLIENT, Side.SERVER
BACK = Outcome(Behaviour.OK, (Pattern(EventKind.BINARY, Payload(bytes(1000))),))
CHOPPED = Case("x", "", "", (SendFrame(2, Payload(bytes(1000)), chop=100),), (BACK,))
WRITES = 11  # of 1008 octets
PING = bytes.fromhex("8900")


def begun(case: Case = CHOPPED, options: Options | None = None) -> Player:
    """A client whose connection has opened."""
    own = player(case, C, options)
    own.connected(0)
    while own.pending:
        own.pump(0)
    own.received(ACCEPTED, 0)
    return own


def sent(own: Player) -> list[Octets]:
    """The entries of what the client has written after its request."""
    return [
        e for e in own.trace().entries if isinstance(e, Octets) and e.side is C and e.data[:4] != b"GET "
    ]


def writes(own: Player) -> list[bytes]:
    return [octets for entry in sent(own) for octets in entry.writes.single()]


def all_written(own: Player, now: int = 0) -> None:
    while own.pending:
        own.pump(now)


def test_a_chopped_frame_is_one_entry_of_many_writes() -> None:
    own = begun()
    all_written(own, 7)
    (run,) = sent(own)
    assert (len(run.data), run.chop, run.at, run.writes.count) == (1008, 100, 7, WRITES)
    assert own.output[-WRITES:] == writes(own) == run.writes.single()
    check_events(own)


@pytest.mark.parametrize("count", range(1, WRITES))
def test_what_comes_in_between_ends_a_run(count: int) -> None:
    own = begun()
    for _ in range(count - 1):
        own.pump(1)
    own.received(PING, 2)
    all_written(own, 3)
    before, after, pong = sent(own)
    assert [one.writes.count for one in (before, after, pong)] == [count, WRITES - count, 1]
    assert before.chop == (100 if count > 1 else None)
    assert [one.at for one in (before, after)] == [0 if count == 1 else 1, 3]
    assert own.output[-WRITES - 1 :] == writes(own)
    check_events(own)


def test_a_trace_that_was_asked_for_is_not_changed_afterwards() -> None:
    own = begun()
    own.pump(0)
    before = own.trace()
    all_written(own)
    assert own.trace().entries[: len(before.entries)] == before.entries
    assert b"".join(writes(own)) == b"".join(own.output[-WRITES:])


def test_tcp_may_end_within_a_run() -> None:
    own = begun()
    own.pump(0)
    own.ended(How.RST, 1)
    assert writes(own) == own.output[-2:]
    assert isinstance(own.trace().entries[-1], Drop)
    check_events(own)


def test_two_frames_of_equal_size_are_two_entries() -> None:
    steps = (SendFrame(2, Payload(b"a" * 20), chop=10), SendFrame(2, Payload(b"b" * 20), chop=10))
    own = begun(replace(CHOPPED, steps=steps))
    all_written(own)
    assert [(len(one.data), one.chop) for one in sent(own)] == [(26, 10), (26, 10)]


def test_fragments_of_a_message_that_are_writes_of_their_own_are_one_entry() -> None:
    message = SendMessage(True, Payload(b"a" * 100), fragment=10)
    own = begun(replace(CHOPPED, steps=(message,)), Options(chop="frame"))
    all_written(own)
    (run,) = sent(own)
    assert (run.chop, run.writes.count, len(run.writes.single()[-1])) == (16, 11, 6)
    check_events(own)


# As many at once as need not arrive apart.


def test_within_a_payload_writes_are_upcoming_together() -> None:
    own = begun()
    taken = []
    while own.pending:
        some = own.upcoming(4)
        taken.append(len(some))
        own.wrote(len(some), 0)
    assert taken == [4, 4, 2]
    assert [one.writes.count for one in sent(own)] == [WRITES]


@pytest.mark.parametrize("chop", [1, 3, 14])
def test_within_a_header_each_write_is_upcoming_alone(chop: int) -> None:
    own = begun(replace(CHOPPED, steps=(SendFrame(2, Payload(bytes(1000)), chop=chop),)))
    written = chop
    while own.pending:
        some = own.upcoming(32)
        assert len(some) == 1 or written > 14
        assert own.apart is (written <= 14)
        written += sum(map(len, some))
        own.wrote(len(some), 0)
    assert written == 1008
    (run,) = sent(own)
    assert run.chop == chop


def test_only_so_many_were_written_as_the_owner_says() -> None:
    own = begun()
    assert len(own.upcoming(5)) == 5
    own.wrote(2, 1)
    own.ended(How.RST, 2)
    assert [one.writes.count for one in sent(own)] == [3]
    check_events(own)


# A recorded run.


def recorded(chop: int | None = None, case: Case = CHOPPED) -> Trace:
    """The log of a whole connection."""
    own = player(case, C, Options(chop=chop or "recorded"))
    join(own, echo(S))
    return own.trace()


def test_a_log_with_runs_is_read_as_it_was() -> None:
    text = write(recorded())
    assert " CHOP=100\n" in text
    assert parse(Source("log", text)).trace == recorded()


def test_a_recorded_run_is_sent_in_the_same_writes() -> None:
    own = begun(case_of(recorded(), "log", C))
    all_written(own)
    assert writes(own)[:WRITES] == [one for e in sent(own)[:1] for one in e.writes.single()]
    assert [(len(e.data), e.chop) for e in sent(own)][:1] == [(1008, 100)]


def test_a_head_and_frames_in_one_run_keep_their_writes() -> None:
    trace = recorded(chop=7)
    first = [e for e in trace.entries if isinstance(e, Octets) and e.side is C]
    own = begun(case_of(trace, "log", C))
    all_written(own)
    head, frames = first[0], first[1]
    joined = Octets(C, head.data + frames.data, chop=7)
    rest = tuple(e for e in trace.entries if e not in (head, frames))
    other = begun(case_of(Trace(C, (joined, *rest)), "log", C))
    all_written(other)
    ends = [len(head.data) + sum(map(len, writes(other)[: n + 1])) for n in range(5)]
    assert all(end % 7 == 0 for end in ends)
    assert b"".join(writes(other))[: len(frames.data)] == frames.data


def test_a_run_of_the_other_side_is_masked_or_not_in_its_own_writes() -> None:
    trace = recorded()
    turned = swapped(trace)
    own = [e for e in turned.entries if isinstance(e, Octets) and e.side is S][1:3]
    assert [[len(one) for one in e.writes.single()] for e in own] == [[96], [100] * 9 + [8]]


def told(events: tuple[Event, ...]) -> list[Event]:
    """The events, without where in the log they are, and without those of an incomplete frame."""
    return [replace(e, entry=0) for e in events if not isinstance(e, CloseBegins | Unparsed)]


@pytest.mark.parametrize(
    ("id", "chop"),
    [(id, chop) for id in ("1.1.8", "1.2.8", "2.6", "5.5", "6.2.3", "7.3.6") for chop in (None, 1, 5, 1000)]
    + [("9.3.4", None), ("9.3.4", 1000), ("9.5.6", None)],
)
def test_a_run_means_what_its_writes_mean(id: str, chop: int | None) -> None:
    trace = recorded(chop, known()[id])
    singly = [
        Octets(e.side, one) for e in trace.entries if isinstance(e, Octets) for one in e.writes.single()
    ]
    one_by_one = replace(trace, entries=(*singly, Drop(S, How.FIN)))
    runs = (e for e in trace.entries if isinstance(e, Octets))
    at_once = replace(trace, entries=(*runs, Drop(S, How.FIN)))
    for skips in (None, C):
        assert told(observe(at_once, skips=skips)) == told(observe(one_by_one, skips=skips))


# On a socket.

ACCEPT = b64encode(hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()


@pytest.mark.parametrize("takes", [1000, 2**20, None])
def test_what_the_trace_says_was_written_is_what_was_sent(takes: int | None) -> None:
    """A server that reads all of it, or resets the connection after some octets."""
    own = player(known()["9.5.1"])
    came = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED)
        while takes is None or len(came) < takes:
            some = await reader.read(2**16)
            came.extend(some)
            if (
                not some
                or came.endswith(own.output[-1] if own.output else b"\0")
                or len(came) == 2**20 + 14
            ):
                break
        writer.transport.abort()

    async def play() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            await connect(own, Address("127.0.0.1", server.sockets[0].getsockname()[1], "/"), 5)

    asyncio.run(play())
    octets = b"".join(writes(own))
    assert octets.startswith(came)
    assert {len(one) for one in writes(own)[:-1]} <= {64}
    check_events(own)
    assert own.elapsed < 60 * SECOND
