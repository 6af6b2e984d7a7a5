"""How a connection may end and what that is, by Autobahn's table: where the tester was to close, and where
the testee was to fail the connection."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour, Outcome
from replay.suite.files import known
from replay.trace.model import SECOND, Drop, Entry, How, Octets, Timer, Trace, Wait
from replay.verdict.judge import judge
from replay.verdict.result import Cause, ClosingVerdict, Misdeed
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report.samples import close, opened, sent
from tests.verdict.test_terms import PMD, connection

C, S = Side.CLIENT, Side.SERVER
OK, FAILED, V = Behaviour.OK, Behaviour.FAILED, ClosingVerdict
INVALID = bytes.fromhex("cebae1bdb9cf83cebcceb5eda080656469746564")
SENT: dict[str, Sequence[Entry]] = {
    "1.1.1": (Octets(C, sent(1, b"")), Octets(S, encode(frame(1, b"")))),  # the tester closes
    "3.1": (Octets(C, encode(frame(1, b"*" * 10, rsv=2, key=bytes(4)))),),  # to be failed, at once or not
    "7.9.1": (Octets(C, close(0, key=bytes(4))),),  # a Close that is to be failed
    "7.5.1": (Octets(C, close(1000, b"\xff", key=bytes(4))),),
    "6.3.1": (Octets(C, sent(1, INVALID)),),  # ... which decides the behaviour, too
}


def us(code: int) -> Octets:
    return Octets(C, close(code, key=bytes(4)))


def them(code: int) -> Octets:
    return Octets(S, close(code))


def over(wait: Wait) -> tuple[Entry, ...]:
    """The client waited in vain, and ended TCP."""
    return Timer(wait, True, SECOND), Drop(C, How.RST)


END, ENDED_BY_US = Drop(S), Drop(C)
GAVE_UP = "the client gave up: the time for the whole case ran out"
HAD_TO = "the client had to close the connection; expected the server to fail or close it"
FIRST = "the server sent the first Close frame; expected the client to close"
WELL = "the connection was closed as expected"
ACCEPTS = Cause(Misdeed.ACCEPTS, "rsv-zero")

ENDS: list[tuple[str, tuple[Entry, ...], Behaviour, ClosingVerdict, str, Cause | None]] = [
    ("1.1.1", (us(1000), them(1000), END), OK, V.OK, WELL, None),
    ("1.1.1", (them(1002), us(1002), END), OK, V.FAILED, FIRST, Cause(Misdeed.REFUSES, code=1002)),
    (
        "1.1.1",
        (END,),
        OK,
        V.FAILED,
        "the server ended TCP without a Close frame; expected the client to close",
        Cause(Misdeed.DROPS),
    ),
    (
        "1.1.1",
        (ENDED_BY_US,),
        OK,
        V.FAILED,
        "the client ended TCP before it had sent a Close frame",
        Cause(Misdeed.ENDS, detail="the client ended TCP before it had sent a Close frame"),
    ),
    (
        "1.1.1",
        (Timer(Wait.FAIL, True, SECOND), us(1001), them(1001), END),
        OK,
        V.WRONG_CODE,
        "the server only answered the Close 1001 with which the client had failed the connection; "
        "expected 1000",
        Cause(Misdeed.CODE, code=1001),
    ),
    (
        "1.1.1",
        (us(1000), *over(Wait.CLOSING)),
        OK,
        V.UNCLEAN,
        "the server sent no Close frame",
        Cause(Misdeed.BREAKS, "close-answered"),
    ),
    ("1.1.1", over(Wait.LIMIT), OK, V.UNCLEAN, GAVE_UP, Cause(Misdeed.ENDS, detail=GAVE_UP)),
    (
        "1.1.1",
        (us(1000), them(1000), *over(Wait.DROP)),
        OK,
        V.UNCLEAN,
        "the server did not end TCP in time",
        Cause(Misdeed.BREAKS, "server-drops"),
    ),
    (
        "1.1.1",
        (us(1000), them(1005), END),
        OK,
        V.UNCLEAN,
        "the server's Close frame breaks a rule",
        Cause(Misdeed.BREAKS, "close-code"),
    ),
    ("1.1.1", (them(1002), *over(Wait.EVENTS)), OK, V.FAILED, FIRST, Cause(Misdeed.REFUSES, code=1002)),
    ("3.1", (them(1002), us(1002), END), OK, V.OK, WELL, None),
    (
        "3.1",
        (them(1007), us(1007), END),
        OK,
        V.WRONG_CODE,
        "the server closed with code 1007, expected 1002",
        Cause(Misdeed.CODE, code=1007),
    ),
    ("3.1", (END,), OK, V.OK, WELL, None),
    (
        "3.1",
        (ENDED_BY_US,),
        OK,
        V.FAILED_BY_CLIENT,
        "the client had to end TCP; expected the server to end it",
        ACCEPTS,
    ),
    ("3.1", (Timer(Wait.FAIL, True, SECOND), us(1001), them(1001), END), OK, V.FAILED, HAD_TO, ACCEPTS),
    ("3.1", (us(1000), them(1000), END), OK, V.FAILED, HAD_TO, ACCEPTS),
    ("3.1", over(Wait.LIMIT), OK, V.UNCLEAN, GAVE_UP, ACCEPTS),
    (
        "3.1",
        (them(1002), us(1002), *over(Wait.LIMIT)),
        OK,
        V.UNCLEAN,
        "the client gave up: both sides had sent a Close frame, but the server did not end TCP",
        Cause(Misdeed.BREAKS, "server-drops"),
    ),
    # The tester of a log waited for an event, and ended TCP where none came; or the server did.
    ("3.1", over(Wait.EVENTS), OK, V.FAILED, HAD_TO, ACCEPTS),
    ("3.1", (Timer(Wait.EVENTS, True, SECOND), END), OK, V.OK, WELL, None),
    (
        "3.1",
        (them(1002), *over(Wait.EVENTS)),
        OK,
        V.FAILED_BY_CLIENT,
        "the client had to end TCP; expected the server to end it",
        Cause(Misdeed.ENDS, detail="the client had to end TCP; expected the server to end it"),
    ),
    ("7.9.1", (them(1002), END), OK, V.OK, WELL, None),
    ("7.9.1", (END,), OK, V.OK, WELL, None),
    (
        "7.9.1",
        (them(1000), END),
        FAILED,
        V.WRONG_CODE,
        "the server closed with code 1000, expected 1002",
        Cause(Misdeed.CODE, code=1000),
    ),
    (
        "7.9.1",
        (them(0), END),
        FAILED,
        V.WRONG_CODE,
        "the server closed with code 0, expected 1002",
        Cause(Misdeed.ACCEPTS, "close-code-assigned"),
    ),
    ("7.5.1", (them(1007), END), OK, V.OK, WELL, None),
    (
        "7.5.1",
        (them(1000), END),
        FAILED,
        V.WRONG_CODE,
        "the server closed with code 1000, expected 1002 or 1007",
        Cause(Misdeed.ACCEPTS, "close-reason-is-utf8"),
    ),
    (
        "7.5.1",
        (them(1001), END),
        FAILED,
        V.WRONG_CODE,
        "the server closed with code 1001, expected 1002 or 1007",
        Cause(Misdeed.CODE, code=1001),
    ),
    ("6.3.1", (them(1007), us(1007), END), OK, V.OK, WELL, None),
    ("6.3.1", (END,), OK, V.OK, WELL, None),
    (
        "6.3.1",
        (us(1000), them(1000), END),
        FAILED,
        V.FAILED,
        HAD_TO,
        Cause(Misdeed.ACCEPTS, "text-is-utf8"),
    ),
    ("6.3.1", over(Wait.EVENTS), FAILED, V.FAILED, HAD_TO, Cause(Misdeed.ACCEPTS, "text-is-utf8")),
    ("6.3.1", over(Wait.LIMIT), OK, V.UNCLEAN, GAVE_UP, Cause(Misdeed.ACCEPTS, "text-is-utf8")),
]


@pytest.mark.parametrize(("case", "end", "behaviour", "closing", "reason", "cause"), ENDS)
def test_an_end_is_what_the_table_says(
    case: str,
    end: tuple[Entry, ...],
    behaviour: Behaviour,
    closing: ClosingVerdict,
    reason: str,
    cause: Cause | None,
) -> None:
    result = judge(known()[case], Trace(C, opened(*SENT[case], *end)), C)
    assert (result.behaviour, result.closing, result.closing_reason) == (behaviour, closing, reason)
    assert result.cause == cause


@pytest.mark.parametrize(
    "end", [(us(5000), them(1000), END), (us(5000), END), (us(5000), *over(Wait.LIMIT)), (them(1000), END)]
)
def test_where_nothing_is_asked_for_any_end_is_informational(end: tuple[Entry, ...]) -> None:
    case = known()["7.13.1"]
    result = judge(case, Trace(C, opened(*end)), C)
    assert (result.behaviour, result.closing) == (Behaviour.INFORMATIONAL, V.INFORMATIONAL)
    assert (result.closing_reason, result.cause) == ("the connection may end in any way", None)
    allowed = replace(case, outcomes=(Outcome(Behaviour.NON_STRICT, anything=True),))
    well = end == (us(5000), them(1000), END)
    other = judge(allowed, Trace(C, opened(*end)), C)
    assert other.behaviour is Behaviour.NON_STRICT
    assert (other.closing is V.OK) is well


@pytest.mark.parametrize(
    ("seen", "unclean"),
    [
        ((us(1000), them(1000), END), None),
        ((them(1000), us(1000), END), None),
        ((us(1000), them(1000), ENDED_BY_US), None),
        ((us(1000), END), "the server sent no Close frame"),
        ((us(1000), them(1005), END), "the server's Close frame breaks a rule"),
        ((them(1000), END), "the client sent no Close frame"),
        ((us(1000), them(1000), *over(Wait.LIMIT)), "the time for the whole case ran out"),
        ((us(1000), them(1000), *over(Wait.DROP)), "the server did not end TCP in time"),
    ],
)
def test_a_closing_is_clean_or_there_is_a_reason(seen: tuple[Entry, ...], unclean: str | None) -> None:
    facts = judge(known()["1.1.1"], Trace(C, opened(*SENT["1.1.1"], *seen)), C).facts
    assert (facts.unclean_reason, facts.clean) == (unclean, unclean is None)


BREACH = Octets(S, encode(frame(1, b"", rsv=2)))


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ((BREACH, us(1002), them(1000), END), 1000),
        ((BREACH, us(1002), them(1005), ENDED_BY_US), 1005),  # the second breach, for which it ends TCP
        ((BREACH, us(1002), BREACH, them(1000), ENDED_BY_US), None),
        ((BREACH, us(1002), BREACH, them(1005), ENDED_BY_US), None),
    ],
)
def test_a_close_counts_unless_the_tester_had_ended_tcp(seen: tuple[Entry, ...], code: int | None) -> None:
    read = judge(known()["1.1.1"], Trace(C, opened(*SENT["1.1.1"], *seen)), C).facts.testee_close
    assert (read and read.code) == code


def test_a_breach_that_the_tester_fails_the_connection_for_comes_before_a_close_behind_it() -> None:
    both = Octets(S, BREACH.data + close(1000))
    facts = judge(known()["1.1.1"], Trace(C, opened(*SENT["1.1.1"], both, us(1002), END)), C).facts
    assert (facts.closed_by_tester, facts.closed_by_testee) == (True, False)


def test_a_breach_that_it_puts_up_with_does_not() -> None:
    unfit = connection(f"{PMD}; client_max_window_bits=10", C, offer=PMD).entries[:2]
    result = judge(known()["1.1.1"], Trace(C, (*unfit, *SENT["1.1.1"], them(1000), us(1000), END)), C)
    assert [breach.rule for breach in result.broken] == ["response-deflate-fits"]
    assert (result.facts.closed_by_tester, result.facts.closed_by_testee) == (False, True)
