"""Player and built-in peer joined in memory: as client and as server, in any chopping."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.cases.model import Behaviour
from replay.cases.recorded import case_of
from replay.cases.step import SendClose
from replay.play.actions import Options
from replay.play.endpoint import Limits
from replay.protocol.events import Close, Message, Pong, Violation
from replay.protocol.interpreter import observe
from replay.source import Source
from replay.suite.canary import CANARY
from replay.suite.files import bundled, expectation, known
from replay.suite.logs import read_log
from replay.trace.model import SECOND, Drop, How, Octets, Timer, Trace, Wait
from replay.trace.wirelog import read, write
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import Opcode, encode, frame
from replay.wire.side import Side
from tests.memory import ACCEPTED, against, echo, flawless, join, player

LARGE = ("9.1.1", "9.2.2", "9.3.6", "9.5.6", "9.7.2")
DEFLATE = [id for id, case in known().items() if case.deflate]
SOME_DEFLATE = [id for id in DEFLATE if id.startswith(("12.1.", "13.7.")) or id.endswith(".3")]
PLAIN = [*(id for id, case in known().items() if not case.deflate and not id.startswith("9.")), *LARGE]
IDS = [*PLAIN, *SOME_DEFLATE]
SLOW = ("7.1.6", *(id for id in IDS if known()[id].patience.after >= 10 * SECOND))
CHOPPED = [id for id in IDS if id not in SLOW]
GOOD = ((Behaviour.OK, ClosingVerdict.OK), (Behaviour.INFORMATIONAL, ClosingVerdict.INFORMATIONAL))


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", IDS)
def test_the_built_in_peer_is_flawless(id: str, tester: Side) -> None:
    one = player(known()[id], tester)
    join(one, flawless(known()[id], tester))
    assert one.noted() is not None  # `join` compares them with those of the trace
    result = judge(known()[id], one.trace(), tester)
    assert (result.behaviour, result.closing) in GOOD
    assert result.broken == ()


@pytest.mark.live
@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", [id for id in DEFLATE if id not in SOME_DEFLATE])
def test_the_built_in_peer_is_flawless_in_the_other_compressed_cases(id: str, tester: Side) -> None:
    test_the_built_in_peer_is_flawless(id, tester)


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", CHOPPED)
def test_chopping_changes_no_verdict(id: str, tester: Side) -> None:
    one = player(known()[id], tester, Options(chop=1))
    join(one, echo(tester.other), chop=1)
    result = judge(known()[id], one.trace(), tester)
    assert (result.behaviour, result.closing) in GOOD
    own = [e for e in one.trace().entries if isinstance(e, Octets) and e.side is tester]
    sent = [data for e in own for data in e.writes.single()]
    if any(isinstance(step, SendClose) for step in known()[id].steps):
        return  # a Close of the tester's own goes out whole
    # As client all but the closing handshake goes out octet by octet; a server answers the request whole.
    assert {len(data) for data in sent[:5] if not data.startswith(b"HTTP")} <= {1, 4, 8}


@pytest.mark.parametrize("of", ["spec", "log"])
@pytest.mark.parametrize(
    "id", [id for id in PLAIN if id.startswith("7.3.") or id in ("2.5", "3.2", "7.5.1")]
)
def test_an_answer_to_a_part_of_a_frame_changes_no_verdict(id: str, of: str) -> None:
    case = known()[id]
    if of == "log":
        log = read_log(str(next(bundled("traces").rglob(f"{id}.wirelog"))))
        case = expectation(log, Side.CLIENT)[0]
    one, server = player(case, Side.CLIENT, Options(chop=1)), echo()
    one.connected(0)
    server.connected(0)
    now = 0
    while not one.done:  # whatever is said, the other one hears it octet by octet, and may answer at once
        if not one.output and not one.pending:
            now = min(each.deadline for each in (one, server) if each.deadline is not None)
            one.wake(now)
            server.wake(now)
        one.pump(now)
        for data in one.output:
            server.received(data, now)
        one.output.clear()
        while server.output or server.pending:
            server.pump(now)
            for data in server.output:
                one.received(data, now)
            server.output.clear()
        if server.done:
            one.ended(How.FIN, now)
    result = judge(case, one.trace(), Side.CLIENT)
    assert (result.behaviour, result.closing) in GOOD, result.closing_reason
    assert not result.broken


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", PLAIN)
def test_what_was_observed_can_be_played_again(id: str, tester: Side) -> None:
    first = player(known()[id], tester)
    join(first, echo(tester.other))
    case = case_of(first.trace(), id, tester)
    second = player(case, tester)
    join(second, echo(tester.other))
    result = judge(case, second.trace(), tester)
    assert (result.behaviour, result.closing) == (Behaviour.OK, ClosingVerdict.OK), result.closing_reason
    assert octets(second.trace(), tester) == octets(first.trace(), tester)


def octets(trace: Trace, side: Side) -> list[bytes]:
    return [e.data for e in trace.entries if isinstance(e, Octets) and e.side is side]


@settings(max_examples=150)
@given(
    st.sampled_from(["1.1.2", "1.2.3", "2.5", "2.7", "2.10"]),
    st.sampled_from(Side),
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=60),
            st.builds(
                lambda opcode, payload, fin, key: encode(frame(opcode, payload, fin=fin, key=key)),
                st.integers(0, 15),
                st.binary(max_size=130),
                st.booleans(),
                st.sampled_from([b"", b"abcd"]),
            ),
        ),
        max_size=6,
    ),
    st.booleans(),
    st.integers(1, 50),
)
def test_whatever_comes_there_is_a_verdict(
    id: str, tester: Side, chunks: list[bytes], drops: bool, chop: int
) -> None:
    data = b"".join(chunks)
    peer: list[dict[str, object]] = [
        {"at": 0.05, "octets": data[at : at + chop].hex()} for at in range(0, len(data), chop)
    ]
    if drops:
        peer.append({"at": 0.1, "tcp": "drop"})
    trace = against(known()[id], tester, peer)
    result = judge(known()[id], trace, tester)
    assert isinstance(trace.entries[-1], Drop)
    assert judge(known()[id], trace, tester) == result


def test_a_recorded_wait_is_waited() -> None:
    entries = (
        Octets(Side.CLIENT, encode(frame(1, b"a", key=b"abcd")), 0),
        Timer(Wait.DELAY, False, 3 * SECOND, "A", 0),
        Timer(Wait.DELAY, True, 3 * SECOND, "A", 3 * SECOND),
        Octets(Side.CLIENT, encode(frame(1, b"b", key=b"abcd")), 3 * SECOND),
        Octets(Side.SERVER, encode(frame(1, b"a")) + encode(frame(1, b"b")), 3 * SECOND),
    )
    one = player(case_of(Trace(Side.CLIENT, entries), "x", Side.CLIENT))
    join(one, echo())
    sent = [e for e in one.entries if isinstance(e, Octets) and e.side is Side.CLIENT]
    assert sent[-1].at is not None
    assert sent[-1].at >= 3 * SECOND


def test_only_recorded_octets_are_sent_when_a_log_is_played() -> None:
    sent, back = encode(frame(1, b"a", key=b"abcd")), encode(frame(1, b"a"))
    trace = Trace(Side.CLIENT, (Octets(Side.CLIENT, sent), Octets(Side.SERVER, back)))
    for answer in (False, True):
        own = player(case_of(trace, "x", Side.CLIENT), Side.CLIENT, Options(answer_pings=answer))
        own.connected(0)
        own.received(ACCEPTED, 0)
        own.received(encode(frame(9, b"hi")), 100_000)
        pongs = [e for e in observe(own.trace()) if isinstance(e, Pong) and e.side is Side.CLIENT]
        assert len(pongs) == answer


def test_a_breach_fails_the_connection_once_for_a_frame() -> None:
    bad = "b97e0001 00".replace(" ", "")  # RSV, a Ping without FIN? no: FIN, RSV 3, Ping, non-minimal
    trace = against(
        known()["1.1.1"],
        Side.CLIENT,
        [{"at": 0.1, "octets": bad}, {"at": 0.2, "octets": "880203ea"}, {"at": 0.3, "tcp": "drop"}],
    )
    events = observe(trace)
    assert len([e for e in events if isinstance(e, Violation) and e.frame == len(ACCEPTED)]) == 2
    assert [e.code for e in events if isinstance(e, Close)] == [1002, 1002]


@pytest.mark.parametrize("limits", [Limits(reads=10), Limits(octets=1000), Limits(events=1000)])
def test_a_peer_that_sends_too_much_is_given_up_and_not_judged(limits: Limits) -> None:
    flood = [{"at": 0.1, "octets": encode(frame(Opcode.PING, b"")).hex() * 50}] * 40
    trace = against(known()["1.1.1"], Side.CLIENT, flood, limits)
    result = judge(known()["1.1.1"], trace, Side.CLIENT)
    assert result.facts.limit_reached
    assert len(observe(trace)) < 2500
    assert result.unjudged is not None
    said = "the server sent more than replay reads from one connection, which is"
    assert re.fullmatch(rf"{said} (1,\d{{3}} (octets|events)|10 reads)", result.unjudged)
    assert read(Source("log", write(trace))).trace == trace


def test_what_came_before_a_bound_decides_if_it_is_wrong() -> None:
    flood = [{"at": 0.1, "octets": encode(frame(Opcode.TEXT, b"no")).hex() * 50}] * 40
    trace = against(known()["1.1.1"], Side.CLIENT, flood, Limits(events=10))
    result = judge(known()["1.1.1"], trace, Side.CLIENT)
    assert (result.behaviour, result.unjudged) == (Behaviour.FAILED, None)


@pytest.mark.parametrize(
    ("octets", "pongs"),
    [
        ("8900", 1),
        ("890170 8a00 890171", 2),
        ("880203e8 8900", 0),
        ("8300 8900", 0),  # it breaks a rule, and nothing behind it is read
    ],
)
def test_a_ping_is_answered_until_a_close_has_come(octets: str, pongs: int) -> None:
    closed_at = 1.0  # its patience has run out
    peer: list[dict[str, object]] = [
        {"at": closed_at + 0.2, "octets": octets},
        {"at": closed_at + 0.4, "tcp": "drop"},
    ]
    sent = [e for e in observe(against(known()["1.1.1"], Side.CLIENT, peer)) if e.side is Side.CLIENT]
    behind = sent[next(n for n, event in enumerate(sent) if isinstance(event, Close)) :]
    assert len([event for event in behind if isinstance(event, Pong)]) == pongs


def test_messages_before_a_close_in_the_same_read_are_echoed() -> None:
    server = echo(Side.SERVER)
    one = player(known()["1.1.1"])
    one.connected(0)
    server.connected(0)
    server.received(b"".join(one.output), 0)
    server.output.clear()
    both = encode(frame(1, b"hi", key=b"abcd")) + encode(frame(8, b"\x03\xe8", key=b"abcd"))
    server.received(both, 0)
    sent = [e for e in observe(server.trace()) if e.side is Side.SERVER and isinstance(e, Message | Close)]
    assert [type(e) for e in sent] == [Message, Close]
    assert server.dropped_as is How.FIN


@pytest.mark.parametrize("said", [b"DOES IT ECHO?", b"hello"])
def test_the_canary_waits_for_no_more_than_a_message(said: bytes) -> None:
    act = {"at": 0.1, "octets": encode(frame(Opcode.TEXT, said)).hex()}
    trace = against(CANARY, Side.CLIENT, [act])
    (close,) = [event for event in observe(trace) if isinstance(event, Close)]
    assert (trace.entries[close.entry].at or 0) < SECOND
