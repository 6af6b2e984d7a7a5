"""Messages that are shown as what they say in their view."""

from __future__ import annotations

import json
from io import StringIO

import msgpack  # type: ignore[import-untyped,import-not-found,unused-ignore]
import pytest
from rich.console import Console

from replay.protocol.interpreter import observe
from replay.report import contents, frames
from replay.source import Source
from replay.trace.model import Trace
from replay.trace.wirelog import parse
from replay.wire.handshake import accept
from tests.memory import KEY

OPENED = r"""TX OCTETS: "GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: {accept}\r\n\r\n"
"""


def log(*messages: bytes | str, target: str = "/") -> Trace:
    """A log in which the server says these messages."""
    lines = OPENED.format(target=target, key=KEY, accept=accept(KEY))
    for message in messages:
        octets = message.encode() if isinstance(message, str) else message
        lines += f"RX OCTETS: {0x81 + isinstance(message, bytes):02x}{len(octets):02x} {octets.hex()}\n"
    return parse(Source("x.wirelog", lines)).trace


def shown(trace: Trace, whole: bool = False) -> str:
    lines = frames.show(trace, observe(trace), whole)
    with (console := Console(width=200, file=StringIO())).capture() as said:
        console.print(lines)
    return said.get()


PACKED = msgpack.packb({"t": "op", "n": 7, "blob": b"\x01\xff"})


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("trace", "said"),
    [
        (log(PACKED), '= msgpack {t: "op", n: 7, blob: {hex: "01 ff"}}'),
        (log('42["say","Hi"]', target="/socket.io/?EIO=4"), '= socket.io {event: ["say", "Hi"]}'),
        (log('{"type":6}\x1e{"type":7}\x1e'), "= signalr [{type: 6}, {type: 7}]"),
        (
            log('["1","2","room","say",{}]', target="/socket?vsn=2.0.0"),
            '= phoenix {join_ref: "1", ref: "2"',
        ),
    ],
)
def test_a_message_is_shown_in_its_view(trace: Trace, said: str, whole: bool) -> None:
    assert said in shown(trace, whole)


@pytest.mark.parametrize("message", [b"\x82\xa1", b"\xfe" * 20, b"\x07", '{"a": 1}', "hello", b""])
def test_what_is_no_view_stays_as_it_is(message: bytes | str) -> None:
    assert "= " not in shown(log(message))
    assert '"view"' not in "".join(contents.objects(log(message), observe(log(message))))


def test_one_that_is_not_messagepack_is_enough() -> None:
    assert "msgpack" not in shown(log(PACKED, b"\xc1"))


def test_what_a_peer_says_is_escaped() -> None:
    evil = msgpack.packb({"\x1b[31m": "\x1b[2J\u202e"})
    said = shown(log(evil))
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_as_json_octets_are_in_hex() -> None:
    trace = log(PACKED)
    (_, message) = [json.loads(line) for line in contents.objects(trace, observe(trace))]
    assert message["view"] == "msgpack"
    assert message["value"] == {"t": "op", "n": 7, "blob": {"hex": "01ff"}}
