"""Offsets behind interim responses (RFC 9110 §15.2) are those of the stream, as everywhere."""

from __future__ import annotations

import pytest

from replay.protocol.events import NotOpened, Opened, Unparsed, Violation
from replay.protocol.interpreter import observe
from replay.trace.model import Octets, Trace
from replay.wire.side import Side

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n\r\n"
)
SOUND, WRONG = RESPONSE % b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", RESPONSE % b"wrong"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def trace(answer: bytes, size: int) -> Trace:
    parts = [answer[at : at + size] for at in range(0, len(answer), size)]
    return Trace(
        Side.CLIENT,
        (
            Octets(Side.CLIENT, REQUEST, 0),
            *(Octets(Side.SERVER, part, number) for number, part in enumerate(parts)),
        ),
    )


@pytest.mark.parametrize("size", [1, 50, 1000])
@pytest.mark.parametrize("interim", [b"", INTERIM])
def test_a_breach_in_the_final_response(interim: bytes, size: int) -> None:
    answer = interim + WRONG
    (breach,) = (e for e in observe(trace(answer, size)) if isinstance(e, Violation))
    assert breach.rule == "response-accept"
    assert answer[breach.start :].startswith(b"Sec-WebSocket-Accept")


@pytest.mark.parametrize("size", [1, 50, 1000])
def test_the_final_response_itself(size: int) -> None:
    answer = INTERIM + SOUND
    (opened,) = (e for e in observe(trace(answer, size)) if isinstance(e, Opened))
    assert answer[opened.start : opened.end] == SOUND


@pytest.mark.parametrize("size", [1, 50, 1000])
def test_what_follows_a_refusal(size: int) -> None:
    answer = INTERIM + b"HTTP/1.1 404 Not Found\r\n\r\nGone."
    events = observe(trace(answer, size))
    assert any(isinstance(e, NotOpened) for e in events)
    (lost,) = (e for e in events if isinstance(e, Unparsed) and e.side is Side.SERVER)
    assert answer[lost.start :] == b"Gone."


def test_a_final_response_that_is_no_http() -> None:
    answer = INTERIM + b"220 mail.example.org ESMTP\r\n\r\n"
    (breach,) = (e for e in observe(trace(answer, 1000)) if isinstance(e, Violation))
    assert breach.rule == "opening-http"
    assert answer[breach.start :].startswith(b"220 mail")
