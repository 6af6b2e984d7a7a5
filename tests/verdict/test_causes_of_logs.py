"""The cause of a failure where a log was what was expected, and where the closing alone is wrong."""

from __future__ import annotations

import pytest

from replay.cases.model import Behaviour, Profile
from replay.cases.recorded import case_of
from replay.suite.files import known
from replay.trace.model import SECOND, Drop, Entry, How, Octets, Timer, Trace, Wait
from replay.verdict.judge import judge
from replay.verdict.result import CaseResult, Cause, ClosingVerdict, Misdeed
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_response
from replay.wire.side import Side
from tests.memory import ACCEPTED
from tests.report.samples import REQUEST, clean_end, close, opened, sent

C, S = Side.CLIENT, Side.SERVER
BAD = Octets(C, sent(1, b"\xff"))
GOOD = Octets(C, sent(1, b"Hi"))
END = Drop(S, How.FIN)


def server(opcode: int, payload: bytes, rsv: int = 0) -> Octets:
    return Octets(S, encode(frame(opcode, payload, rsv=rsv)))


def by_us(code: int) -> Octets:
    return Octets(C, close(code, key=bytes(4)))


def replayed(log: list[Entry], *seen: Entry) -> CaseResult:
    case = case_of(Trace(C, opened(*log)), "log", C)
    return judge(case, Trace(C, opened(*seen)), C)


FAILS = [BAD, server(8, b"\3\xef"), by_us(1007), END]
ECHO = [GOOD, server(1, b"Hi"), *clean_end()]


@pytest.mark.parametrize(
    ("log", "seen", "cause"),
    [
        (ECHO, ECHO, None),
        (FAILS, FAILS, None),
        (FAILS, [BAD, server(1, b"\xff"), by_us(1007), END], Cause(Misdeed.BREAKS, "text-is-utf8")),
        (
            FAILS,
            [BAD, server(1, b"?"), by_us(1000), server(8, b"\3\xe8"), END],
            Cause(Misdeed.DIFFERS, detail="text that nobody asked for"),
        ),
        (
            FAILS,
            [BAD, server(8, b"\3\xea"), by_us(1002), END],
            Cause(Misdeed.ENDS, detail="the server closed with code 1002; in the log with code 1007"),
        ),
        (ECHO, [GOOD, server(8, b"\3\xf3"), by_us(1011), END], Cause(Misdeed.DIFFERS, detail="no text")),
        (
            ECHO,
            [GOOD, server(1, b"Ho"), *clean_end()],
            Cause(Misdeed.DIFFERS, detail="a message with other octets"),
        ),
        (ECHO, [GOOD, server(1, b"H"), *clean_end()], Cause(Misdeed.DIFFERS, detail="a message cut short")),
        (
            ECHO,
            [GOOD, server(1, b"Hi!"), *clean_end()],
            Cause(Misdeed.DIFFERS, detail="a message too long"),
        ),
        (
            ECHO,
            [GOOD, server(2, b"Hi"), *clean_end()],
            Cause(Misdeed.DIFFERS, detail="binary in place of text"),
        ),
        (
            ECHO,
            [GOOD, server(1, b"Hi"), server(1, b"Hi"), *clean_end()],
            Cause(Misdeed.DIFFERS, detail="the same message twice"),
        ),
        (
            ECHO,
            [GOOD, server(1, b"Hi"), server(10, b"Hi"), *clean_end()],
            Cause(Misdeed.DIFFERS, detail="pong that nobody asked for"),
        ),
        (
            ECHO,
            [GOOD, Timer(Wait.EVENTS, True, SECOND), *clean_end()],
            Cause(Misdeed.DIFFERS, detail="no text"),
        ),
        (
            ECHO,
            [GOOD, server(1, b"Hi"), *clean_end()[:-1], Drop(C)],
            Cause(Misdeed.ENDS, detail="the server did not end TCP; in the log it did"),
        ),
    ],
)
def test_what_differs_from_a_log_has_a_cause(
    log: list[Entry], seen: list[Entry], cause: Cause | None
) -> None:
    assert replayed(log, *seen).cause == cause


@pytest.mark.parametrize(
    ("end", "cause", "closing"),
    [
        (clean_end(), None, ClosingVerdict.OK),
        (
            (*clean_end()[:1], Timer(Wait.CLOSING, True, SECOND), Drop(C)),
            Cause(Misdeed.BREAKS, "close-answered"),
            ClosingVerdict.UNCLEAN,
        ),
        ((*clean_end()[:1], END), Cause(Misdeed.BREAKS, "close-answered"), ClosingVerdict.UNCLEAN),
        (
            (*clean_end()[:2], Timer(Wait.DROP, True, SECOND), Drop(C)),
            Cause(Misdeed.BREAKS, "server-drops"),
            ClosingVerdict.UNCLEAN,
        ),
        (
            (*clean_end()[:1], Timer(Wait.LIMIT, True, SECOND), Drop(C)),
            Cause(Misdeed.BREAKS, "close-answered"),
            ClosingVerdict.UNCLEAN,
        ),
        (
            (*clean_end()[:2], Timer(Wait.LIMIT, True, SECOND), Drop(C)),
            Cause(Misdeed.BREAKS, "server-drops"),
            ClosingVerdict.UNCLEAN,
        ),
        (
            (*clean_end()[:2], Drop(C)),
            Cause(Misdeed.ENDS, detail="the client had to end TCP; expected the server to end it"),
            ClosingVerdict.FAILED_BY_CLIENT,
        ),
        (clean_end(1001), Cause(Misdeed.CODE, code=1001), ClosingVerdict.WRONG_CODE),
        (clean_end(1002), Cause(Misdeed.REFUSES, code=1002), ClosingVerdict.WRONG_CODE),
        (clean_end(1007), Cause(Misdeed.REFUSES, code=1007), ClosingVerdict.WRONG_CODE),
        (clean_end(1008), Cause(Misdeed.CODE, code=1008), ClosingVerdict.WRONG_CODE),
    ],
)
def test_a_closing_that_is_wrong_has_a_cause(
    end: tuple[Entry, ...], cause: Cause | None, closing: ClosingVerdict
) -> None:
    result = judge(known()["1.1.1"], Trace(C, opened(Octets(C, sent(1, b"")), server(1, b""), *end)), C)
    assert (result.behaviour, result.closing) == (Behaviour.OK, closing)
    assert result.cause == cause


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (encode_response(404, "Not Found", []), Cause(Misdeed.UNOPENED, code=404)),
        (ACCEPTED.replace(b"Accept: ", b"Accept: x"), Cause(Misdeed.UNOPENED, "response-accept", 101)),
        (b"SSH-2.0\r\n\r\n", Cause(Misdeed.UNOPENED, "opening-http")),
    ],
)
def test_a_connection_that_does_not_open_has_a_cause(answer: bytes, cause: Cause) -> None:
    entries = (Octets(C, REQUEST), Octets(S, answer), END)
    found = judge(known()["1.1.1"], Trace(C, entries), C).cause
    assert found == cause


@pytest.mark.parametrize(
    ("profile", "behaviour", "closing"),
    [
        (Profile.AUTOBAHN, Behaviour.FAILED, ClosingVerdict.FAILED),
        (Profile.RFC, Behaviour.NON_STRICT, ClosingVerdict.OK),
    ],
)
def test_by_the_rfcs_a_breach_of_a_should_fails_nothing(
    profile: Profile, behaviour: Behaviour, closing: ClosingVerdict
) -> None:
    """A response of HTTP/1.0 breaks one."""
    answer = ACCEPTED.replace(b"HTTP/1.1", b"HTTP/1.0")
    entries = (Octets(C, REQUEST), Octets(S, answer), GOOD, server(1, b"Hi"), *clean_end())
    case = known()["1.1.2"].under(profile)
    payload = b"*" * 125
    entries = (
        Octets(C, REQUEST),
        Octets(S, answer),
        Octets(C, sent(1, payload)),
        server(1, payload),
        *clean_end(),
    )
    result = judge(case, Trace(C, entries), C)
    assert [breach.rule for breach in result.broken] == ["response-version"]
    assert (result.behaviour, result.closing) == (behaviour, closing)


@pytest.mark.parametrize(
    ("payload", "note"),
    [
        (b"x", None),
        (b"", "stricter than Autobahn|Testsuite, which compares only the length here and says OK"),
    ],
)
def test_where_the_original_compares_lengths_alone_that_is_said(payload: bytes, note: str | None) -> None:
    case = known()["9.1.1"]
    (pattern,) = case.outcomes[0].patterns
    assert pattern.payload is not None
    octets = pattern.payload.octets
    back = b"?" + octets[1:] + payload
    end = clean_end()
    result = judge(case, Trace(C, opened(Octets(C, sent(1, octets)), server(1, back), *end)), C)
    assert result.behaviour is Behaviour.FAILED
    assert result.notes == (() if note is None else (note,))
    same = judge(case, Trace(C, opened(Octets(C, sent(1, octets)), server(1, octets), *end)), C)
    assert (same.behaviour, same.notes) == (Behaviour.OK, ())
