"""HAR of browsers and of mitmproxy: messages, for which the handshake and the masks are made."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from replay.captures import har
from replay.protocol.events import Message, NotOpened, Opened, Ping, Violation
from replay.protocol.interpreter import observe
from replay.source import Source, SourceError
from replay.trace.model import Trace
from replay.wire.side import Side

STARTED = "2026-11-30T11:14:52.309Z"
BEGAN = 1796037292.309


def message(kind: str, data: str, opcode: int = 1, after: float = 0.0) -> dict[str, Any]:
    return {"type": kind, "time": BEGAN + after, "opcode": opcode, "data": data}


def entry(messages: Any, url: str = "ws://localhost:9000/chat?a=1", status: int = 101, **more: Any) -> Any:
    found = {
        "startedDateTime": STARTED,
        "request": {"method": "GET", "url": url, "headers": [{"name": "Origin", "value": "http://x"}]},
        "response": {"status": status, "statusText": "", "headers": []},
        "_resourceType": "websocket",
        **more,
    }
    return found if messages is None else {**found, "_webSocketMessages": messages}


def read(*entries: Any) -> list[har.Exchange]:
    return har.read(Source("x.har", json.dumps({"log": {"version": "1.2", "entries": entries}})))


def events(found: har.Exchange) -> list[Any]:
    return list(observe(Trace(found.recorder, found.entries)))


def test_messages_of_both_sides() -> None:
    binary = base64.b64encode(b"\x00\xff").decode()
    (found,) = read(
        entry(
            [message("send", "Hellö", after=0.25), message("receive", binary, 2), message("receive", "", 9)]
        )
    )
    seen = events(found)
    assert not [event for event in seen if isinstance(event, Violation)]
    assert [(one.side, one.data, one.text) for one in seen if isinstance(one, Message)] == [
        (Side.CLIENT, "Hellö".encode(), True),
        (Side.SERVER, b"\x00\xff", False),
    ]
    assert [one.side for one in seen if isinstance(one, Ping)] == [Side.SERVER]
    (opened,) = [one for one in seen if isinstance(one, Opened)]
    assert (opened.request.target, opened.request.values("origin")) == ("/chat?a=1", ["http://x"])
    assert found.server == "localhost:9000"
    assert har.MADE in found.said
    assert found.entries[2].at == 250_000


def test_extensions_are_left_out() -> None:
    """What was compressed isn't recorded, so nothing may be negotiated."""
    headers = [{"name": "Sec-WebSocket-Extensions", "value": "permessage-deflate"}]
    (found,) = read(entry([message("receive", "x")], response={"status": 101, "headers": headers}))
    assert not [event for event in events(found) if isinstance(event, Violation)]


@pytest.mark.parametrize("url", ["http://[::1]:80/", "https://h/", "wss://h", "ws://h:81/%20"])
@pytest.mark.parametrize("status", [101, 0, -1])
def test_urls_and_statuses(url: str, status: int) -> None:
    (found,) = read(entry([message("send", "x")], url, status))
    assert [type(event) for event in events(found)][1] is Opened


def test_several_and_others() -> None:
    page = {"request": {"url": "http://x/", "headers": []}, "response": {"status": 200}}
    found = read(page, entry([message("send", "1")]), entry([message("send", "2")]))
    first, second = found
    assert first.entries[-1] != second.entries[-1]


def test_a_server_that_refuses() -> None:
    (found,) = read(entry([], status=403))
    assert [event.status for event in events(found) if isinstance(event, NotOpened)] == [403]


@pytest.mark.parametrize("messages", [None, []])
@pytest.mark.parametrize("status", [101, -1])
def test_no_messages(messages: list[Any] | None, status: int) -> None:
    with pytest.raises(SourceError, match="none of its messages") as error:
        read(entry(messages, status=status))
    assert error.value.hint is not None
    assert "record_har_content" in error.value.hint


def test_no_websocket() -> None:
    with pytest.raises(SourceError, match="no WebSocket"):
        read({"request": {"url": "http://x/"}})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"type": "sent"}, r"\[0\].type: expected 'send' or 'receive'"),
        ({"opcode": 16}, r"\[0\].opcode: expected a number from 0 to 15"),
        ({"opcode": 2, "data": "%"}, r"\[0\].data: expected base64"),
        ({"data": "\ud800"}, r"\[0\].data: expected a text without lone surrogates"),
        ({"data": 1}, r"\[0\].data: expected a string"),
    ],
)
def test_wrong_messages(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read(entry([{**message("send", "x"), **wrong}]))


@pytest.mark.parametrize("url", ["", "ftp://x/", "ws://", "ws://h:x/", "ws://ö/"])
def test_wrong_urls(url: str) -> None:
    with pytest.raises(SourceError, match=r"request\.url"):
        read(entry([message("send", "x")], url))
