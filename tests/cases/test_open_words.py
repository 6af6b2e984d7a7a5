"""The key `open` and the events of an opening handshake: what they mean, and what is refused."""

from __future__ import annotations

import pytest

from replay.cases.load import load
from replay.cases.model import Case, EventKind
from replay.cases.opening import Answer, Head
from replay.source import Source, SourceError
from replay.wire.side import Side


def case(opening: str, expect: str = "[opened]") -> Case:
    keys = f"id: a.1, title: t, open: {opening}, send: [], expect: [ok: {expect}]"
    (found,) = load(Source("s.yaml", f"section: a\ncases:\n- {{{keys}}}\n"))
    return found


def request(text: str) -> Head:
    found = case(f"{{request: {{{text}}}}}").open
    assert found is not None
    assert found.request is not None
    return found.request


def response(text: str) -> Head:
    found = case(f"{{response: {{{text}}}}}").open
    assert found is not None
    assert found.response is not None
    return found.response


def test_a_head_with_everything() -> None:
    assert request("method: POST, target: /x, version: '1.0'").first == (
        ("method", "POST"),
        ("target", "/x"),
        ("version", "1.0"),
    )
    assert response("version: '1.0', reason: Fine, status: 200").first == (
        ("version", "1.0"),
        ("status", "200"),
        ("reason", "Fine"),
    )
    assert request("headers: {Host: none, a: [b, ''], Upgrade : x}").headers == (
        ("Host", ()),
        ("a", ("b", "")),
        ("Upgrade", ("x",)),
    )
    assert request("lines: ['GET / HTTP/1.1', \"a: \\xff\"]").lines == ("GET / HTTP/1.1", "a: \xff")
    assert response("interim: [100, 103], body: {hex: '00'}, hold: 1 s") == Head(
        interim=(100, 103), body=b"\0", hold=1_000_000
    )
    assert request("chop: 1, pause: 1 ms") == Head(chop=1, pause=1000)
    assert request("split: 2, joined: true") == Head(split=-2, joined=True)


@pytest.mark.parametrize(
    ("opening", "testee"),
    [
        ("{request: {method: POST}}", Side.SERVER),
        ("{response: {status: 200}}", Side.CLIENT),
        ("{request: {method: POST}, response: {status: 200}}", None),
    ],
)
def test_the_side_that_a_case_can_test(opening: str, testee: Side | None) -> None:
    assert case(opening).testee is testee


@pytest.mark.parametrize(
    ("event", "kind", "answer"),
    [
        ("opened", EventKind.OPENED, Answer()),
        ("refused", EventKind.NOT_OPENED, Answer(silent=True)),
        ("refused: {status: 400}", EventKind.NOT_OPENED, Answer((range(400, 401),))),
        (
            "refused: {status: [426, 5xx, none]}",
            EventKind.NOT_OPENED,
            Answer((range(426, 427), range(500, 600)), True),
        ),
        ("refused: {status: none}", EventKind.NOT_OPENED, Answer((), True)),
        ("refused: {has: {A: any}}", EventKind.NOT_OPENED, Answer(has=(("A", None),))),
        (
            "opened: {has: {A: b}, lacks: {C: any}}",
            EventKind.OPENED,
            Answer(has=(("A", "b"),), lacks=(("C", None),)),
        ),
        (
            "opened: {deflate: declined}",
            EventKind.OPENED,
            Answer(lacks=(("Sec-WebSocket-Extensions", "permessage-deflate"),)),
        ),
        (
            "opened: {deflate: agreed}",
            EventKind.OPENED,
            Answer(has=(("Sec-WebSocket-Extensions", "permessage-deflate"),)),
        ),
        ("gave-up", EventKind.END, None),
    ],
)
def test_what_may_come_back(event: str, kind: EventKind, answer: Answer | None) -> None:
    (pattern,) = case("{request: {method: POST}}", f"[{event}]").outcomes[0].patterns
    assert (pattern.kind, pattern.answer) == (kind, answer)


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        ("{}", "an opening needs one of request, response"),
        ("{request: {lines: []}}", "found an empty list"),
        ("{request: {lines: [a], method: GET}}", "'lines' are all lines of the head, so 'method' can't"),
        ("{request: {lines: [a], headers: {a: b}}}", "so 'headers' can't be given too"),
        ("{request: {pause: 1 s}}", "a pause is between the writes of 'chop' or 'split'"),
        ("{request: {chop: 1, split: 1}}", "'split' and 'chop' can't be used together"),
        ("{request: {headers: {a: '{accept}'}}}", "unknown placeholder '{accept}'"),
        ("{response: {headers: {a: '{acept}'}}}", "unknown placeholder '{acept}'"),
        ("{request: {headers: {a: €}}}", "is no octet"),
        ("{request: {headers: {'a:b': c}}}", "expected the name of a header"),
        ("{request: {headers: {}}}", "expected a mapping of headers"),
        ("{request: {status: 200}}", "unknown key 'status' in a request"),
        ("{response: {method: GET}}", "unknown key 'method' in a response"),
        ("{response: {status: 99}}", "expected an HTTP status from 100 to 999"),
        ("{response: {interim: [200]}}", "the status of an interim response from 100 to 199"),
    ],
)
def test_what_an_opening_can_t_be(opening: str, said: str) -> None:
    with pytest.raises(SourceError) as raised:
        case(opening)
    assert said in raised.value.message
    assert raised.value.span is not None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("refused: {status: 4x}", "expected an HTTP status such as 400 or 4xx"),
        ("refused: {}", "needs one of status, has, lacks"),
        ("opened: {status: 101}", "unknown key 'status'"),
        ("opened: {deflate: yes}", "unknown result 'yes'"),
        ("gave-up: 1", "'gave-up' takes no value"),
        ("gaveup", "unknown event 'gaveup'"),
    ],
)
def test_what_an_answer_can_t_be(event: str, said: str) -> None:
    with pytest.raises(SourceError) as raised:
        case("{request: {method: POST}}", f"[{event}]")
    assert said in raised.value.message


def test_values_that_are_payloads() -> None:
    long = request("method: {utf8: A, size: 3}, headers: {X: {hex: ff, size: 2}, Y: [a, {utf8: b}]}")
    assert long.first == (("method", "AAA"),)
    assert long.headers == (("X", ("\xff\xff",)), ("Y", ("a", "b")))
    assert request("body: {utf8: ab}").body == b"ab"


def test_what_a_client_s_request_has_to_have() -> None:
    head = response("needs: [offer], headers: {X: '{accept}'}, reason: '{key}'")
    assert head.names == {"offer", "accept", "key"}
