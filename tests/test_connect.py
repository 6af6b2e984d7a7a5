"""How a case reaches its application: path and headers, and what comes from the environment."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.load import load
from replay.cases.model import Behaviour, Case
from replay.play.actions import Options
from replay.protocol.events import Requested
from replay.protocol.interpreter import observe
from replay.source import Source, SourceError
from replay.trace.wirelog import write
from replay.verdict.judge import judge
from replay.wire.handshake import Request, encode_response
from replay.wire.side import Side
from tests.memory import ACCEPTED, echo, join, player

SPEC = """\
section: app
connect:
  path: /chat?room=1
  header: {Authorization: "Bearer ${TOKEN}", X-Id: a}
  cookie: {sid: abc, b: "1"}
  origin: "https://example.org"
  subprotocols: [chat, superchat]
cases:
  - id: app.1
    title: An echo
    send: [text: hello]
    expect: [ok: [echo]]
"""


def case_of(text: str = SPEC) -> Case:
    (case,) = load(Source("app.yaml", text))
    return case


def filled(case: Case, environment: dict[str, str]) -> Case:
    assert case.connect is not None
    return replace(case, connect=case.connect.filled(environment))


def asked(case: Case, options: Options | None = None) -> tuple[Request, str]:
    """The request that a server gets, and the log of the connection."""
    own, server = player(case, options=options), echo()
    join(own, server)
    trace = own.trace()
    assert judge(case, trace, Side.CLIENT).behaviour is Behaviour.OK
    (request,) = (e.request for e in observe(server.trace()) if isinstance(e, Requested))
    return request, write(trace)


def test_the_request_has_what_the_case_says() -> None:
    request, _ = asked(filled(case_of(), {"TOKEN": "s3cret"}))
    assert request.target == "/chat?room=1"
    assert request.values("Authorization") == ["Bearer s3cret"]
    assert request.values("X-Id") == ["a"]
    assert request.values("Cookie") == ["sid=abc; b=1"]
    assert request.values("Origin") == ["https://example.org"]
    assert request.values("Sec-WebSocket-Protocol") == ["chat, superchat"]


def test_a_header_that_the_user_gives_replaces_that_of_the_case() -> None:
    options = Options.asking("/", None, [("authorization", "mine"), ("Cookie", "c=2")])
    request, _ = asked(filled(case_of(), {"TOKEN": "s3cret"}), options)
    assert request.values("Authorization") == ["mine"]
    assert request.values("Cookie") == ["c=2"]
    assert request.values("X-Id") == ["a"]


@pytest.mark.parametrize("chop", ["recorded", 1, 7])
def test_what_comes_from_the_environment_is_in_no_log(chop: int) -> None:
    text = SPEC.replace("room=1", "key=${KEY}")
    case = filled(case_of(text), {"TOKEN": "s3cret", "KEY": "k3y"})
    request, log = asked(case, Options(chop=chop))
    assert request.target == "/chat?key=k3y"
    assert "s3cret" not in log
    assert "k3y" not in log
    assert "# redacted: Authorization, key" in log
    plain = filled(case_of(text), {"TOKEN": "xxxxxx", "KEY": "xxx"})
    _, same = asked(plain, Options(chop=chop))
    assert log == same  # nothing else is hidden, and everything stays where it is


def test_a_variable_has_to_be_set_to_what_a_header_can_hold() -> None:
    case = case_of()
    assert case.connect is not None
    for environment in ({}, {"TOKEN": ""}, {"TOKEN": "a\r\nX-Evil: 1"}, {"TOKEN": "\u20ac"}):
        with pytest.raises(SourceError) as caught:
            case.connect.filled(environment)
        assert "TOKEN" in caught.value.message
        assert caught.value.span is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connect: {path: chat}", "expected a path such as"),
        ("connect: {subprotocol: a}", "unknown key 'subprotocol' in a connection"),
        ("connect: {header: {Bad Name: a}}", "expected the name of a header"),
        ('connect: {header: {X: "a\\r\\nb"}}', "expected the value of a header"),
        ("connect: {cookie: {a: b;c}}", "expected the value of a cookie"),
    ],
)
def test_what_no_request_can_have_is_refused(text: str, said: str) -> None:
    spec = "section: a\ncases:\n  - {id: a, title: t, send: [], expect: [ok: []], " + text + "}\n"
    with pytest.raises(SourceError) as caught:
        load(Source("a.yaml", spec))
    assert caught.value.message.startswith(said)


REFUSING = encode_response(401, "Unauthorized", [("Content-Length", "0")])
WAYS_IN = """\
section: a
cases:
  - id: a.1
    title: Refused, or opened
    connect: {header: {Authorization: none}}
    send: []
    expect:
      - ok: [refused: {status: 401}]
      - informational: [opened]
"""


@pytest.mark.parametrize(
    ("answer", "verdict"), [(REFUSING, Behaviour.OK), (ACCEPTED, Behaviour.INFORMATIONAL)]
)
def test_a_case_with_a_connection_may_expect_a_refusal(answer: bytes, verdict: Behaviour) -> None:
    case = case_of(WAYS_IN)
    own = player(case)
    own.connected(0)
    own.received(answer, 1000)
    for now in range(2000, 4_000_000, 500_000):
        while own.pending:
            own.pump(now)
        own.wake(now)
    assert judge(case, own.trace(), Side.CLIENT).behaviour is verdict
