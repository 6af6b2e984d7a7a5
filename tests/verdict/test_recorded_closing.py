"""A log that is its own expectation wants the same end of the connection: each way it may differ."""

from __future__ import annotations

import pytest

from replay.cases.model import Case
from replay.cases.recorded import case_of
from replay.trace.model import Drop, Entry, How, Octets, Timer, Trace, Wait
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request, encode_response
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
ASKED = Octets(C, encode_request("/", REQUEST))
OPENED: list[Entry] = [ASKED, Octets(S, ACCEPTED)]
ANOTHER_KEY: list[Entry] = [ASKED, Octets(S, ACCEPTED.replace(b"Accept: ", b"Accept: x"))]
REFUSED: list[Entry] = [ASKED, Octets(S, encode_response(404, "Not Found", []))]


def close(side: Side, payload: bytes = b"\3\xe8") -> Octets:
    return Octets(side, encode(frame(8, payload, key=b"abcd" if side is C else b"")))


OVER = Timer(Wait.LIMIT, True)
NO_ANSWER = Timer(Wait.CLOSING, True)
NO_DROP = Timer(Wait.DROP, True)
BAD = b"\3\xed"  # 1005
BY_CLIENT: list[Entry] = [*OPENED, close(C), close(S), Drop(S)]
BY_SERVER: list[Entry] = [*OPENED, close(S), close(C), Drop(S)]
V = ClosingVerdict


def judged(tester: Side, log: list[Entry], seen: list[Entry]) -> tuple[ClosingVerdict, str]:
    case: Case = case_of(Trace(tester, tuple(log)), "log", tester)
    result = judge(case, Trace(tester, tuple(seen)), tester)
    return result.closing, result.closing_reason


ENDS: list[tuple[Side, list[Entry], list[Entry], ClosingVerdict, str]] = [
    (C, BY_CLIENT, BY_CLIENT, V.OK, "the connection ended as in the log"),
    (C, BY_SERVER, BY_SERVER, V.OK, "the connection ended as in the log"),
    (S, BY_CLIENT, BY_CLIENT, V.OK, "the connection ended as in the log"),
    (S, BY_SERVER, BY_SERVER, V.OK, "the connection ended as in the log"),
    # Opened or not.
    (C, BY_CLIENT, [*REFUSED, Drop(S)], V.FAILED, "the connection was never opened; in the log it was"),
    (
        C,
        [*REFUSED, Drop(S)],
        BY_CLIENT,
        V.FAILED,
        "the connection was opened; in the log it was not: the server answered 404 Not Found",
    ),
    (C, [*REFUSED, Drop(S)], [*REFUSED, Drop(C)], V.OK, "the connection was not opened, as in the log"),
    (
        C,
        [*REFUSED, Drop(S)],
        [ASKED, Drop(S)],
        V.FAILED,
        "the connection was never opened: TCP ended before the opening handshake was complete; "
        "in the log the server answered 404 Not Found",
    ),
    (C, [ASKED, Drop(S)], [ASKED, Drop(S)], V.OK, "the connection was not opened, as in the log"),
    (C, [ASKED, Drop(S)], [*REFUSED, Drop(S)], V.OK, "the connection was not opened, as in the log"),
    # The key of a log may have been edited, so that its response doesn't answer it: it goes on behind it.
    (C, [*ANOTHER_KEY, *BY_CLIENT[2:]], BY_CLIENT, V.OK, "the connection ended as in the log"),
    # A limit of the tester's.
    (C, BY_CLIENT, [*OPENED, OVER], V.UNCLEAN, "the client gave up: the time for the whole case ran out"),
    (
        C,
        BY_SERVER,
        [*OPENED, close(S), close(C), OVER],
        V.UNCLEAN,
        "the client gave up: both sides had sent a Close frame, but the server did not end TCP",
    ),
    (S, BY_CLIENT, [*OPENED, OVER], V.UNCLEAN, "the server gave up: the time for the whole case ran out"),
    (C, [*OPENED, OVER], [*OPENED, OVER], V.OK, "the connection ended as in the log"),
    # Who closes.
    (C, BY_CLIENT, BY_SERVER, V.FAILED, "the server sent the first Close frame; in the log it did not"),
    (S, BY_SERVER, BY_CLIENT, V.FAILED, "the client sent the first Close frame; in the log it did not"),
    (
        C,
        BY_SERVER,
        BY_CLIENT,
        V.FAILED,
        "the server did not close or fail the connection; in the log it did",
    ),
    (
        S,
        BY_CLIENT,
        BY_SERVER,
        V.FAILED,
        "the client did not close or fail the connection; in the log it did",
    ),
    # Whether it closes, and how.
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), NO_ANSWER, Drop(C)],
        V.UNCLEAN,
        "the server sent no Close frame; in the log it did",
    ),
    (C, BY_SERVER, [*OPENED, Drop(S)], V.UNCLEAN, "the server sent no Close frame; in the log it did"),
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), close(S), NO_DROP, Drop(C)],
        V.UNCLEAN,
        "the server did not end TCP in time; in the log the closing was clean",
    ),
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), close(S, BAD), Drop(S)],
        V.UNCLEAN,
        "the server's Close frame breaks a rule; in the log the closing was clean",
    ),
    (
        C,
        [*OPENED, close(C), close(S, BAD), Drop(S)],
        [*OPENED, close(C), close(S, BAD), Drop(S)],
        V.OK,
        "the connection ended as in the log",
    ),
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), close(S, b"\3\xe9"), Drop(S)],
        V.WRONG_CODE,
        "the server closed with code 1001; in the log with code 1000",
    ),
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), close(S, b""), Drop(S)],
        V.WRONG_CODE,
        "the server closed with no code; in the log with code 1000",
    ),
    (
        S,
        [*OPENED, close(S), close(C, b""), Drop(S)],
        [*OPENED, close(S), close(C), Drop(S)],
        V.WRONG_CODE,
        "the client closed with code 1000; in the log with no code",
    ),
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), close(S, b"\3\xe8reason"), Drop(S)],
        V.OK,
        "the connection ended as in the log",
    ),
    # Who ends TCP.
    (
        C,
        BY_CLIENT,
        [*OPENED, close(C), close(S), Drop(C)],
        V.FAILED_BY_CLIENT,
        "the server did not end TCP; in the log it did",
    ),
    (
        S,
        [*OPENED, close(S), close(C), Drop(C)],
        BY_SERVER,
        V.UNCLEAN,
        "the client did not end TCP; in the log it did",
    ),
    (
        C,
        [*OPENED, close(C), close(S), Drop(C)],
        BY_CLIENT,
        V.FAILED,
        "the server ended TCP; in the log the client did",
    ),
    (
        S,
        BY_SERVER,
        [*OPENED, close(S), close(C), Drop(C, How.RST)],
        V.FAILED,
        "the client ended TCP; in the log the server did",
    ),
]


@pytest.mark.parametrize(("tester", "log", "seen", "verdict", "reason"), ENDS)
def test_an_end_is_compared_with_that_of_the_log(
    tester: Side, log: list[Entry], seen: list[Entry], verdict: ClosingVerdict, reason: str
) -> None:
    assert judged(tester, log, seen) == (verdict, reason)
