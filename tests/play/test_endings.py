"""How a case ends a connection, and what it asks of the testee's end of TCP."""

from __future__ import annotations

import pytest

from replay.cases.model import Case
from replay.protocol.events import Close, Message
from replay.protocol.interpreter import observe
from replay.trace.model import SECOND, Drop, How, Octets, Trace
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.memory import against, echo, join, player
from tests.play.test_words import case, of_client, sends

CLOSE = sends(0.2, 8, b"\x03\xea")
OWN_CLOSE = {"at": 0.2, "octets": encode(frame(8, b"\x03\xe8", key=b"1234")).hex()}


def writes(trace: Trace, side: Side = Side.CLIENT) -> list[bytes]:
    return [e.data for e in trace.entries if isinstance(e, Octets) and e.side is side]


def ends(trace: Trace) -> list[tuple[Side, How]]:
    return [(entry.side, entry.how) for entry in trace.entries if isinstance(entry, Drop)]


def closing(of: Case, trace: Trace, tester: Side = Side.CLIENT) -> ClosingVerdict:
    return judge(of, trace, tester).closing


@pytest.mark.parametrize(("at", "sizes"), [(1, [1, 10]), (7, [7, 4]), (11, [11]), (40, [11])])
def test_a_frame_is_cut_in_two_writes(at: int, sizes: list[int]) -> None:
    own = player(case(f"[text: {{utf8: Hello, cut: {at}, pause: 50 ms}}]"))
    join(own, echo())
    _, *pieces, close = writes(own.trace())
    assert [len(piece) for piece in pieces] == sizes
    times = [entry.at or 0 for entry in own.entries if isinstance(entry, Octets) and entry.data in pieces]
    assert times[-1] - times[0] == 50_000 * (len(sizes) - 1)
    assert close[0] == 0x88


def test_the_octets_of_a_frame_come_slowly() -> None:
    own = player(case("[text: {utf8: Hello, chop: 4, pause: 1 s}]"))
    join(own, echo())
    assert [len(piece) for piece in writes(own.trace())[1:-1]] == [4, 4, 3]
    assert own.entries[-1].at == 2 * SECOND


@pytest.mark.parametrize("before", ["text: Hello", "message: {utf8: Hello}", "ping: a, text: Hello"])
def test_a_joined_close_shares_the_write_before_it(before: str) -> None:
    joined = case(f"[{before}, close: {{code: 1000, joined: true}}]", "[ok: any]")
    own = player(joined)
    join(own, echo())
    _, both = writes(own.trace())
    assert both[-8] == 0x88
    assert of_client(own.trace())[-2:] == [Message, Close]
    assert judge(case("[text: Hello, close: 1000]"), own.trace(), Side.CLIENT).closing is ClosingVerdict.OK


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_step_ends_tcp(how: str) -> None:
    own = player(case(f"[text: Hello, pause: 100 ms, drop: {how}]"))
    join(own, echo())
    assert ends(own.trace()) == [(Side.CLIENT, How(how.upper()))]
    assert of_client(own.trace())[0] is Message


WAITS = "[text: {utf8: a, rsv: 2}, await: close, pause: 1 s, drop: fin]"


@pytest.mark.parametrize(
    ("tcp", "peer", "verdict"),
    [
        ("ended", [CLOSE, {"at": 0.5}], ClosingVerdict.OK),
        ("fin", [CLOSE, {"at": 0.5}], ClosingVerdict.OK),
        ("fin", [CLOSE, {"at": 0.5, "how": "RST"}], ClosingVerdict.UNCLEAN),
        ("rst", [CLOSE, {"at": 0.5, "how": "RST"}], ClosingVerdict.OK),
        ("ended", [CLOSE, {"at": 0.5, "how": "RST"}], ClosingVerdict.OK),
        ("ended", [CLOSE], ClosingVerdict.UNCLEAN),
        ("kept", [CLOSE], ClosingVerdict.OK),
        ("kept", [CLOSE, {"at": 0.5}], ClosingVerdict.UNCLEAN),
        ("ended", [], ClosingVerdict.FAILED),
    ],
)
def test_the_steps_are_left_to_answer_a_close(
    tcp: str, peer: list[dict[str, object]], verdict: ClosingVerdict
) -> None:
    of = case(
        WAITS,
        "[ok: []]",
        more=f"close: {{by: testee, codes: any, clean: optional, tcp: {tcp}}}\n    judge: rfc",
    )
    trace = against(of, Side.CLIENT, peer)
    assert Close not in of_client(trace)
    assert closing(of, trace) is verdict


@pytest.mark.parametrize(("tester", "close"), [(Side.CLIENT, CLOSE), (Side.SERVER, OWN_CLOSE)])
def test_a_close_that_the_steps_answer_ends_the_connection(tester: Side, close: dict[str, object]) -> None:
    of = case("[await: close, pause: 300 ms, close: 1000]", "[ok: []]", more="close: {by: testee}")
    trace = against(of, tester, [close])
    assert sum(isinstance(event, Close) for event in observe(trace)) == 2
    assert [side for side, _ in ends(trace)] == [tester]


def test_a_server_may_leave_tcp_open_for_a_while() -> None:
    of = case(
        "[close: 1000, await: close, pause: 1 s, drop: fin]",
        "[ok: []]",
        more="close: {by: tester, tcp: kept}",
    )
    patient = against(of, Side.SERVER, [OWN_CLOSE])
    hasty = against(of, Side.SERVER, [OWN_CLOSE, {"at": 0.4}])
    assert closing(of, patient, Side.SERVER) is ClosingVerdict.OK
    assert closing(of, hasty, Side.SERVER) is ClosingVerdict.UNCLEAN


@pytest.mark.parametrize("code", [999, 1004, 1014, 2999, 5000])
def test_a_close_whose_code_is_no_rfcs_may_end_the_connection_in_silence(code: int) -> None:
    of = case(f"[close: {code}]", "[ok: []]", more="close: {codes: any, clean: optional}\n    judge: rfc")
    assert not judge(of, against(of, Side.CLIENT, [{"at": 0.2}]), Side.CLIENT).broken
    known = case("[close: 1000]", "[ok: []]", more="close: {clean: optional}\n    judge: rfc")
    (breach,) = judge(known, against(known, Side.CLIENT, [{"at": 0.2}]), Side.CLIENT).broken
    assert breach.rule == "close-answered"


def test_a_close_inside_an_open_frame_asks_for_no_answer() -> None:
    of = case(
        "[open-frame: {opcode: 1, length: 1000}]",
        "[ok: []]",
        more="patience: {after: 200 ms, then: close}\n    judge: rfc",
    )
    assert not judge(of, against(of, Side.CLIENT, []), Side.CLIENT).broken
    of = case("[]", "[ok: []]", more="patience: {after: 200 ms, then: close}\n    judge: rfc")
    (breach,) = judge(of, against(of, Side.CLIENT, []), Side.CLIENT).broken
    assert breach.rule == "close-answered"
