"""A client that says what it wants to be sent."""

from __future__ import annotations

import json

import pytest

from replay import limits
from replay.play.command_mode import CommandedEndpoint
from replay.protocol.events import Close, Event, Message
from replay.protocol.interpreter import observe
from replay.trace.model import Octets
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import REQUEST

KEY = b"\1\2\3\4"


def answered(*messages: object, opcode: int = 1) -> tuple[list[bytes], list[Event]]:
    """The writes that answer these, and what they mean."""
    own = CommandedEndpoint()
    own.connected(0)
    own.received(encode_request("/", REQUEST), 0)
    for message in messages:
        text = message if isinstance(message, str) else json.dumps(message)
        own.received(encode(frame(opcode, text.encode(), key=KEY)), 0)
        while own.pending:
            own.pump(0)
    sent = [e for e in own.trace().entries if isinstance(e, Octets) and e.side is Side.SERVER]
    writes = [data for e in sent for data in e.writes.single()]
    return writes[1:], [e for e in observe(own.trace()) if e.side is Side.SERVER]


def test_frames_are_sent_as_they_are_asked_for() -> None:
    one = {"opcode": 3, "payload": "ab", "fin": False, "rsv": 5, "payload_len": 5, "chopsize": 4}
    writes, _ = answered(["sendframe", one])
    assert writes == [b"\x53\x05ab", b"aba"]
    writes, _ = answered(["sendframes", [{"opcode": 9}, {"opcode": 1, "payload": "\xe9", "mask": "abcd"}]])
    assert writes[:2] == [b"\x89\0", encode(frame(1, "\xe9".encode(), key=b"abcd"))]


def test_an_echo_and_a_close() -> None:
    _, events = answered(
        ["echo", {"payload": "xyz", "payload_len": 4}], ["close", {"code": 3000, "reason": "x"}]
    )
    assert [e.data for e in events if isinstance(e, Message)] == [b"xyzx"]
    assert [(e.code, e.reason) for e in events if isinstance(e, Close)] == [(3000, b"x")]
    assert answered(["close", {}])[0] == [b"\x88\0"]


NO_COMMAND = [
    *("hello", "[", "[" * 5000, "{}", "[]", "1", ["sendframe"], ["sendframe", []], ["run", {}]),
    *(["sendframe", spec] for spec in ({}, {"opcode": 16}, {"opcode": "1"}, {"opcode": 1, "payload": 2})),
    *(["sendframe", {"opcode": 1, "payload": "a", **more}] for more in (
        {"payload_len": -1}, {"payload_len": 2**40}, {"payload_len": 1.5}, {"payload_len": "9"},
        {"chopsize": 0}, {"chopsize": -1}, {"mask": "abc"}, {"mask": 7}, {"rsv": 8}, {"rsv": "1"},
    )),
    ["sendframe", {"opcode": 1, "payload": "a", "payload_len": limits.COMMANDED.default, "chopsize": 1}],
    ["sendframe", {"opcode": 1, "payload_len": 1}],
    ["sendframes", [1]], ["sendframes", {}], ["echo", {"payload": []}],
    *(["close", {"reason": "x", **more}] for more in ({}, {"code": -1}, {"code": "x"}, {"code": 70000})),
    ["close", {"code": 1000, "reason": 5}],
    ["close", {"code": 1000, "reason": "x" * 124}],
]  # fmt: skip


@pytest.mark.parametrize("message", NO_COMMAND, ids=lambda message: str(message)[:40])
def test_what_is_no_command_is_said(message: object) -> None:
    writes, events = answered(message)
    assert len(writes) == 1
    (close,) = (event for event in events if isinstance(event, Close))
    assert close.code == 1008
    assert b"expected /runCase" in close.reason


def test_a_binary_message_is_no_command() -> None:
    _, events = answered(["echo", {"payload": "a"}], opcode=2)
    assert [event.code for event in events if isinstance(event, Close)] == [1008]
