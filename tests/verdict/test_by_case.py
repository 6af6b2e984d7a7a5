"""Which rule a failure shows to be broken, if no octet breaks it: the one that the case is about."""

from __future__ import annotations

import json

import pytest

from replay.cases.load import load
from replay.report import causes, json_lines, terminal
from replay.report.html.model import in_full
from replay.report.verdict_words import in_words
from replay.source import Source
from replay.trace.model import SECOND, Drop, Entry, How, Octets, Timer, Trace, Wait
from replay.verdict.judge import judge
from replay.verdict.result import Judged
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report.samples import REQUEST, clean_end, close, opened, response, sent

C, S = Side.CLIENT, Side.SERVER
END = Drop(S, How.FIN)
HELLO = Octets(C, sent(1, b"Hello"))
ECHO = Octets(S, encode(frame(1, b"Hello")))
OTHER = Octets(S, encode(frame(1, b"Hullo")))
MASKED = Octets(S, encode(frame(1, b"Hullo", key=bytes(4))))
PATIENCE = Timer(Wait.FAIL, False, SECOND)
OUT = Timer(Wait.FAIL, True, SECOND)

ECHOED = "send: [text: Hello], expect: [ok: [echo]]"
LAX = "send: [text: Hello], expect: [ok: [echo], non-strict: [text: Hullo]]"
REFUSED = "open: {request: {headers: {Host: none}}}, send: [], expect: [ok: [refused]]"


def judged(rule: str, keys: str, *entries: Entry, by: str = "judge: rfc") -> Judged:
    text = f"section: a\n{by}\ncases:\n- {{id: a.1, title: t, rule: {rule}, {keys}}}\n"
    (case,) = load(Source("s.yaml", text))
    return causes.explained(judge(case.under(case.profile), Trace(C, entries), C))


def broken(result: Judged) -> list[str]:
    return [one.rule for one in result.broken]


def test_the_rule_that_the_case_is_about() -> None:
    result = judged("mask-any-key", ECHOED, *opened(HELLO, OTHER, *clean_end()))
    assert result.failed
    assert broken(result) == ["mask-any-key"]
    assert result.broken[0].start == len(response())
    assert result.cause is not None
    assert result.cause.key == "breaks:mask-any-key"
    assert result.why.startswith(
        "the server broke mask-any-key, RFC 6455 §5.3: 1st event: the message differs"
    )


def test_every_report_names_it() -> None:
    result = judged("mask-any-key", ECHOED, *opened(HELLO, OTHER, *clean_end()))
    (line,) = json.loads(json_lines.case(None, result))["broken"]
    assert line == {
        "rule": "mask-any-key",
        "offset": len(response()),
        "detail": "a message with other octets",
    }
    assert [one.rule for one in in_words(result).broken] == ["mask-any-key"]
    ((row,), more) = in_full(result, 10_000)["breaches"].values()
    assert (row["rule"], more) == ("mask-any-key", 0)
    assert "A server accepts any masking key." in terminal.as_text(terminal.failure(result))


def test_a_request_that_was_to_be_refused() -> None:
    head = Octets(C, REQUEST.replace(b"Host: localhost:9001\r\n", b""))
    result = judged("server-refuses-no-host", REFUSED, head, Octets(S, response()), *clean_end())
    assert broken(result) == ["server-refuses-no-host", "server-refuses-bad-request"]
    assert result.broken[0].detail == "the connection was opened"


def test_a_request_that_was_to_be_accepted() -> None:
    refusal = Octets(S, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    keys = f"open: {{request: {{headers: {{Upgrade: WEBSOCKET}}}}}}, {ECHOED}"
    head = Octets(C, REQUEST.replace(b"websocket", b"WEBSOCKET", 1))
    result = judged("server-upgrade-any-case", keys, head, refusal, END)
    assert broken(result) == ["server-upgrade-any-case"]
    assert result.cause is not None
    assert result.cause.key == "unopened:server-upgrade-any-case:400"
    assert result.why.endswith("observed an HTTP response with status 400")


def test_what_it_was_to_refuse() -> None:
    """A rule whose breaches octets show is broken by who accepts them, and by nobody else."""
    bad = Octets(C, encode(frame(1, b"Hello", rsv=2, key=bytes(4))))
    end = (OUT, Octets(C, close(1001, key=bytes(4))), Octets(S, close(1001)), END)
    keys = "send: [text: Hello], expect: [ok: []], close: {by: testee, code: 1002, decisive: true}"
    accepts = judged("rsv-zero", keys, *opened(bad, PATIENCE, *end))
    assert broken(accepts) == ["rsv-zero"]
    assert accepts.cause is not None
    assert accepts.cause.key == "accepts:rsv-zero"
    other = judged("rsv-zero", ECHOED, *opened(HELLO, OTHER, *clean_end()))
    assert other.failed
    assert broken(other) == []


UNMASKED = Octets(C, encode(frame(1, b"Hello")))
FAILS = "expect: [ok: []], close: {by: testee, code: 1002, decisive: true}"


def test_the_end_explains_nothing_before_it() -> None:
    """What follows a frame that was to be refused shows only that it was accepted."""
    keys = "send: [text: {utf8: Hello, mask: none}], " + FAILS
    hangs = opened(UNMASKED, PATIENCE, OUT, Octets(C, close(1001, key=bytes(4))), Timer(Wait.CLOSING, True))
    result = judged("server-closes-on-unmasked", keys, *hangs)
    assert broken(result)[0] == "server-closes-on-unmasked"
    assert result.cause is not None
    assert result.cause.key == "breaks:server-closes-on-unmasked"
    refused = opened(UNMASKED, PATIENCE, Octets(S, close(1002)), Octets(C, close(1002, key=bytes(4))))
    result = judged("server-closes-on-unmasked", keys, *refused, Timer(Wait.DROP, True))
    assert broken(result) == ["server-drops"]


def test_what_was_accepted_comes_before_what_the_case_is_about() -> None:
    bad = Octets(C, encode(frame(1, b"Hello", rsv=2, key=bytes(4))))
    keys = "send: [text: {utf8: Hello, rsv: 2}, text: Hello], " + FAILS
    end = (Octets(C, close(1001, key=bytes(4))), Octets(S, close(1001)), END)
    result = judged("failed-reads-nothing", keys, *opened(bad, HELLO, PATIENCE, ECHO, *end))
    assert broken(result) == ["rsv-zero"]
    failed = (Octets(S, close(1002)), ECHO, Octets(C, close(1002, key=bytes(4))), END)
    result = judged("failed-reads-nothing", keys, *opened(bad, HELLO, PATIENCE, *failed))
    assert broken(result) == ["nothing-after-close"]


def test_a_should_that_is_not_kept() -> None:
    lax = opened(HELLO, OTHER, *clean_end())
    assert broken(judged("fail-code-fits", LAX, *lax)) == ["fail-code-fits"]
    # What is only NON-STRICT breaks no MUST.
    result = judged("mask-any-key", LAX, *lax)
    assert (result.word, broken(result)) == ("NON-STRICT", [])


@pytest.mark.parametrize(
    ("rule", "keys", "entries", "found"),
    [
        pytest.param("mask-any-key", ECHOED, opened(HELLO, ECHO, *clean_end()), [], id="it passes"),
        pytest.param(
            "mask-any-key",
            ECHOED,
            opened(
                HELLO,
                MASKED,
                PATIENCE,
                OUT,
                Octets(C, close(1002, key=bytes(4))),
                Octets(S, close(1002)),
                END,
            ),
            ["server-does-not-mask"],
            id="another breach explains it",
        ),
        pytest.param(
            "mask-fresh-per-frame", ECHOED, opened(HELLO, OTHER, *clean_end()), [], id="it binds the client"
        ),
        pytest.param(
            "mask-any-key",
            ECHOED,
            (Octets(C, REQUEST), Octets(S, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), END),
            [],
            id="the server never came to it",
        ),
    ],
)
def test_nobody_is_accused_falsely(
    rule: str, keys: str, entries: tuple[Entry, ...], found: list[str]
) -> None:
    assert broken(judged(rule, keys, *entries)) == found


def test_only_a_case_that_is_judged_by_the_text_tells() -> None:
    entries = opened(HELLO, OTHER, *clean_end())
    result = judged("mask-any-key", ECHOED, *entries, by="title: as Autobahn judges")
    assert result.failed
    assert broken(result) == []
