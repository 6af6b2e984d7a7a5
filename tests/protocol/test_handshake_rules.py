"""Which requests and responses keep the rules of the opening handshake, header by header."""

from __future__ import annotations

import base64

import pytest

from replay.protocol.events import Event, NotOpened, Opened, Requested, Violation
from replay.protocol.handshake_rules import accepted_breach
from replay.protocol.interpreter import Interpreter
from replay.trace.model import Octets
from replay.wire.frame import encode, frame
from replay.wire.handshake import edit_head, encode_request, loose_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, KEY, REQUEST

C, S = Side.CLIENT, Side.SERVER
ASKED = encode_request("/", REQUEST)


def told(*heads: tuple[Side, bytes]) -> list[Event]:
    reader = Interpreter(C)
    return [event for side, octets in heads for event in reader.feed(Octets(side, octets))]


def broken(events: list[Event]) -> list[str]:
    return [event.rule for event in events if isinstance(event, Violation)]


def key(octets: int) -> str:
    return base64.b64encode(bytes(octets)).decode()


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("Sec-WebSocket-Key", key(16), None),
        ("Sec-WebSocket-Key", key(15), "request-key"),
        ("Sec-WebSocket-Key", key(17), "request-key"),
        ("Sec-WebSocket-Key", "", "request-key"),
        ("Sec-WebSocket-Key", f"!{KEY}", "request-key"),
        ("Sec-WebSocket-Key", KEY[:4] + " " + KEY[4:], "request-key"),
        ("Sec-WebSocket-Key", KEY.rstrip("="), "request-key"),
        ("Sec-WebSocket-Key", None, "request-key"),
        ("Sec-WebSocket-Version", "13", None),
        ("Sec-WebSocket-Version", "8", "request-websocket-version"),
        ("Sec-WebSocket-Version", "013", "request-websocket-version"),
        ("Sec-WebSocket-Version", None, "request-websocket-version"),
        ("Upgrade", "WebSocket", None),
        ("Upgrade", "h2c, websocket", None),
        ("Upgrade", "h2c", "request-upgrade"),
        ("Upgrade", "websockets", "request-upgrade"),
        ("Upgrade", None, "request-upgrade"),
        ("Connection", "keep-alive, Upgrade", None),
        ("Connection", "upgrade", None),
        ("Connection", "keep-alive", "request-connection"),
        ("Connection", None, "request-connection"),
        ("Origin", "null", None),
    ],
)
def test_a_header_of_a_request_keeps_its_rule_or_breaks_it(
    name: str, value: str | None, rule: str | None
) -> None:
    octets = edit_head(ASKED, None, [(name, value)])
    events = told((C, octets))
    assert broken(events) == ([] if rule is None else [rule])
    (asked,) = (event for event in events if isinstance(event, Requested))
    assert asked.valid is (rule is None)
    for event in (event for event in events if isinstance(event, Violation)):
        line = f"{name}:".encode() if value is not None else b"\r\n"
        assert octets[event.start :].startswith(line)


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (b"GET / HTTP/1.1", []),
        (b"GET /?a HTTP/1.1", []),
        (b"GET http://localhost/a HTTP/1.1", []),
        (b"GET a HTTP/1.1", ["request-target"]),
        (b"GET /#a HTTP/1.1", ["request-target"]),
        (b"GET * HTTP/1.1", ["request-target"]),
        (b"POST / HTTP/1.1", ["request-method"]),
        (b"HEAD / HTTP/1.1", ["request-method"]),
        (b"GET / HTTP/1.0", ["request-version"]),
        (b"PUT a HTTP/1.0", ["request-method", "request-version", "request-target"]),
    ],
)
def test_a_request_line_keeps_its_rules_or_breaks_them(line: bytes, rules: list[str]) -> None:
    octets = ASKED.replace(b"GET / HTTP/1.1", line)
    assert broken(told((C, octets))) == rules


@pytest.mark.parametrize(
    ("name", "rule"),
    [("Sec-WebSocket-Key", "request-key"), ("Sec-WebSocket-Version", "request-websocket-version")],
)
def test_a_header_that_may_stand_once_stands_twice(name: str, rule: str) -> None:
    value = dict(REQUEST)[name]
    octets = ASKED[:-2] + f"{name}: {value}\r\n\r\n".encode()
    assert broken(told((C, octets))) == [
        {"Sec-WebSocket-Key": "request-key"}.get(name, "request-websocket-version")
    ]


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ([("Server", "x")], None),
        ([("Upgrade", "WebSocket")], None),
        ([("Upgrade", "websocket, h2c")], "response-upgrade"),
        ([("Upgrade", None)], "response-upgrade"),
        ([("Connection", "keep-alive, upgrade")], None),
        ([("Connection", "close")], "response-connection"),
        ([("Sec-WebSocket-Accept", "x")], "response-accept"),
        ([("Sec-WebSocket-Accept", None)], "response-accept"),
        ([("Sec-WebSocket-Protocol", "a")], "response-subprotocol"),
        ([("Sec-WebSocket-Extensions", "x-mux")], "response-extensions"),
    ],
)
def test_a_header_of_a_response_keeps_its_rule_or_breaks_it(
    headers: list[tuple[str, str | None]], rule: str | None
) -> None:
    events = told((C, ASKED), (S, edit_head(ACCEPTED, None, headers)))
    assert broken(events) == ([] if rule is None else [rule])
    assert any(isinstance(event, Opened) for event in events) is (rule is None)
    assert any(isinstance(event, NotOpened) for event in events) is (rule is not None)


def test_a_subprotocol_is_one_that_was_offered_in_the_same_case() -> None:
    asked = edit_head(ASKED, None, [("Sec-WebSocket-Protocol", "chat, Talk")])

    def rules(*chosen: str) -> list[str]:
        lines = "".join(f"Sec-WebSocket-Protocol: {one}\r\n" for one in chosen)
        return broken(told((C, asked), (S, ACCEPTED[:-2] + lines.encode() + b"\r\n")))

    assert rules() == rules("chat") == rules("Talk") == []
    assert rules("talk") == rules("chat, Talk") == rules("chat", "Talk") == ["response-subprotocol"]


def test_octets_of_a_frame_that_is_not_whole_are_counted_while_frames_are_read() -> None:
    reader = Interpreter(C)
    assert reader.unfinished(S) == 0
    for side, head in ((C, ASKED), (S, ACCEPTED)):
        assert not [one for one in reader.feed(Octets(side, head)) if isinstance(one, Violation)]
    assert (reader.unfinished(S), reader.frames(S)) == (0, 0)
    list(reader.feed(Octets(S, encode(frame(1, b"abc"))[:4])))
    assert (reader.unfinished(S), reader.unfinished(C), reader.frames(S)) == (4, 0, 1)
    list(reader.feed(Octets(S, b"c" + encode(frame(2, b"x", form=8, length=1 << 63)))))
    assert (reader.unfinished(S), reader.frames(S)) == (0, 2)  # of what has no end nothing is waited for


@pytest.mark.parametrize(
    ("was", "now", "detail", "at"),
    [
        (b"localhost\r\nU", b"localhost\nU", "a line does not end in CR LF", b"\nUpgrade"),
        (b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\n", "a line does not end in CR LF", b"\nHost"),
        (b"localhost\r\nU", b"localhost\r\n\tx\r\nU", "a header line is folded", b"\n\tx"),
        (b"localhost\r\nU", b"localhost\n x\r\nU", "a line does not end in CR LF", b"\n x"),
    ],
)
def test_lines_that_are_no_lines_of_http_are_told_where_they_end(
    was: bytes, now: bytes, detail: str, at: bytes
) -> None:
    octets = ASKED.replace(was, now)
    assert octets != ASKED
    (found,) = (event for event in told((C, octets)) if isinstance(event, Violation))
    assert (found.rule, found.detail, found.start) == ("opening-http", detail, octets.index(at))


@pytest.mark.parametrize("hosts", [0, 1])
def test_a_request_of_an_old_version_has_one_host_too(hosts: int) -> None:
    old = ASKED.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: localhost\r\n", b"Host: x\r\n" * hosts)
    assert broken(told((C, old))) == ["request-version"] + ["request-host"] * (hosts == 0)


@pytest.mark.parametrize(
    ("method", "headers", "broken"),
    [
        ("GET", {"Sec-WebSocket-Version": "8"}, None),
        ("GET", {"Sec-WebSocket-Version": "12"}, "request-websocket-version"),
        ("get", {}, None),
        ("GETS", {}, "request-method"),
        ("get", {"Host": None}, "request-host"),
    ],
)
def test_what_a_server_may_have_its_reasons_to_accept(
    method: str, headers: dict[str, str | None], broken: str | None
) -> None:
    octets = edit_head(encode_request("/", REQUEST), None, tuple(headers.items()))
    request = loose_request(octets.replace(b"GET", method.encode()))
    assert request is not None
    found = accepted_breach(request)
    assert (found and found.rule) == broken


def test_a_client_goes_on_with_a_message_in_one_read() -> None:
    refusal = ACCEPTED.replace(b"Upgrade: websocket", b"Upgrade: h2c")
    events = told((C, ASKED), (S, refusal), (C, encode(frame(1, b"", key=bytes(4)))))
    assert broken(events) == ["response-upgrade", "client-fails-opening"]


def test_a_ping_before_the_response_needs_no_pong() -> None:
    early, close = encode(frame(9, b"a", key=bytes(4))), encode(frame(8, b"", key=bytes(4)))
    events = told((C, ASKED + early), (S, ACCEPTED), (C, close), (S, encode(frame(8, b""))))
    assert broken(events) == ["frame-before-opening"]
