"""HAR, as browsers, Playwright and mitmproxy write it: messages of WebSockets without their octets.

The handshake and the masks are made anew, and no extension is negotiated, since compression isn't recorded.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from replay import json_text
from replay.captures import messages
from replay.captures.messages import Told
from replay.captures.text.prefixes import clock
from replay.json_text import JsonField
from replay.source import Source, SourceError, Span, printable
from replay.trace.model import Entry, Octets
from replay.wire.frame import Opcode
from replay.wire.handshake import encode_response
from replay.wire.side import Side

MADE = "the handshake and the masks are replay's own: a HAR has the messages, but not their octets"
ELSEWHERE = (
    "Chrome exports the messages of a socket from the Network panel, Playwright with `record_har_content="
    "'embed'`, and `mitmdump -nr FILE --set hardump=out.har` makes a HAR of mitmproxy's flows"
)

_HAR = re.compile(r'\s*\{\s*"log"\s*:\s*\{')
_OWN = {
    *("host", "upgrade", "connection", "content-length", "transfer-encoding"),
    *("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-accept"),
}
"""Headers that a made handshake has by itself, or can't keep."""
_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


class Exchange(NamedTuple):
    """A connection of a HAR."""

    recorder: Side
    entries: tuple[Entry, ...]
    said: tuple[str, ...]
    server: str
    path: str
    time: int | None  # microseconds since 1970
    refused: bool  # the server answered with another status than 101


def is_har(text: str) -> bool:
    """Whether the first octets of a text are those of a HAR."""
    return _HAR.match(text) is not None


def read(source: Source) -> list[Exchange]:
    """The WebSockets of a HAR. Raises SourceError if it has none, or no messages of any."""
    found: list[Exchange] = []
    bare: list[tuple[Span, str]] = []
    for entry, span in _entries(source):
        if not _is_socket(entry):
            continue
        told = entry.get("_webSocketMessages")
        status = _number(_within(entry, "response").get("status"))
        if not told and status not in _REFUSED:
            bare.append((span, _failure(entry)))
            if status != _SWITCHED:
                continue  # nothing is known of it
        found.append(_Reader(entry, span).read())
    if bare and not any(len(one.entries) > len(Side) or one.refused for one in found):
        span, failure = bare[0]
        said = "this HAR has a WebSocket, but none of its messages" + failure
        raise SourceError(_start(span), said, ELSEWHERE)
    if not found:
        raise SourceError(source.span(0, 1), "this HAR has no WebSocket", ELSEWHERE)
    return found


_REFUSED = range(200, 600)
_SWITCHED = 101


def _start(span: Span) -> Span:
    return span.source.span(span.start, span.start + 1)


def _entries(source: Source) -> Iterator[tuple[dict[str, Any], Span]]:
    for log in json_text.fields(source):
        if log.key != "log":
            continue
        for one in json_text.fields(source, log.span.start):
            if one.key == "entries":
                yield from _of(source, one)


def _of(source: Source, entries: JsonField) -> Iterator[tuple[dict[str, Any], Span]]:
    if not isinstance(entries.value, list):
        raise SourceError(entries.span, "expected a list of entries")
    for entry, span in json_text.items(source, entries.span.start):
        if isinstance(entry, dict):
            yield entry, span


def _is_socket(entry: dict[str, Any]) -> bool:
    if isinstance(entry.get("_webSocketMessages"), list) or entry.get("_resourceType") == "websocket":
        return True
    request = _within(entry, "request")
    url = request.get("url")
    upgrade = ("upgrade", "websocket") in (
        (name.lower(), value.lower()) for name, value in _headers(request)
    )
    return upgrade or (isinstance(url, str) and url.startswith(("ws://", "wss://")))


def _within(entry: dict[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _headers(of: dict[str, Any]) -> list[tuple[str, str]]:
    """The headers that an HTTP head can have."""
    listed = of.get("headers")
    found = []
    for one in listed if isinstance(listed, list) else ():
        name, value = (one.get("name"), one.get("value")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            continue
        if _NAME.fullmatch(name) and _VALUE.fullmatch(value):
            found.append((name, value.strip()))
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _failure(entry: dict[str, Any]) -> str:
    """What a browser says of a connection that failed."""
    said = _within(entry, "response").get("_failureText")
    return f": {printable(said[:200])}" if isinstance(said, str) and said else ""


class _Reader:
    """Reads one connection."""

    def __init__(self, entry: dict[str, Any], span: Span) -> None:
        self._entry, self._span = entry, span
        self._request, self._response = _within(entry, "request"), _within(entry, "response")
        self._began = clock(self._entry.get("startedDateTime"))
        self._said = [MADE]

    def read(self) -> Exchange:
        host, target = self._address()
        told = self._entry.get("_webSocketMessages") or []
        if not isinstance(told, list):
            raise SourceError(_start(self._span), "_webSocketMessages: expected a list of messages")
        refused = _number(self._response.get("status")) in _REFUSED and not told
        entries = [Octets(Side.CLIENT, self._asked(host, target), 0, span=self._span)]
        entries.append(Octets(Side.SERVER, self._answered(refused), 0, span=self._span))
        if not told and not refused:
            self._said.append("none of its messages are in this HAR")
        for number, message in enumerate(told):
            if (entry := self._message(message, number)) is not None:
                entries.append(entry)
        path = target.partition("?")[0]
        return Exchange(Side.CLIENT, tuple(entries), tuple(self._said), host, path, self._began, refused)

    def _address(self) -> tuple[str, str]:
        """The host and the target of the URL."""
        url = self._request.get("url")
        try:
            parts = urlsplit(url if isinstance(url, str) else "")
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if not parts.hostname or parts.scheme not in _PORTS:
            raise SourceError(_start(self._span), "request.url: expected a URL such as ws://localhost/chat")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not (host + target).isascii() or re.search(r"[\x00-\x20\x7f]", host + target):
            raise SourceError(_start(self._span), "request.url: expected a URL in ASCII, without spaces")
        return (host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"), target

    def _asked(self, host: str, target: str) -> bytes:
        return messages.request(target, host, _kept(_headers(self._request)))

    def _answered(self, refused: bool) -> bytes:
        kept = _kept(_headers(self._response))
        if refused:
            text = self._response.get("statusText")
            reason = text if isinstance(text, str) and _VALUE.fullmatch(text) else ""
            return encode_response(_number(self._response.get("status")), reason, kept)
        return messages.response(kept)

    def _message(self, message: Any, number: int) -> Octets | None:
        where = f"_webSocketMessages[{number}]"
        if not isinstance(message, dict):
            raise self._wrong(where, "expected an object")
        kind, data = message.get("type"), message.get("data")
        if kind == "error":
            said = printable(data[:200]) if isinstance(data, str) else ""
            self._said.append(f"the browser noted an error: {said}")
            return None
        if kind not in ("send", "receive"):
            raise self._wrong(f"{where}.type", "expected 'send' or 'receive'")
        opcode = message.get("opcode")
        if not isinstance(opcode, int) or isinstance(opcode, bool) or not 0 <= opcode <= 15:
            raise self._wrong(f"{where}.opcode", "expected a number from 0 to 15")
        if not isinstance(data, str):
            raise self._wrong(f"{where}.data", "expected a string")
        payload = _payload(opcode, data)
        if payload is None:
            what = "expected base64" if opcode != Opcode.TEXT else "expected a text without lone surrogates"
            raise self._wrong(f"{where}.data", what)
        side = Side.CLIENT if kind == "send" else Side.SERVER
        octets, cut = messages.octets(Told(opcode, payload, len(payload)), side, number)
        return Octets(side, octets, self._at(message.get("time")), cut, self._span)

    def _at(self, time: object) -> int | None:
        """When a message was sent, since the connection began."""
        if self._began is None or not isinstance(time, int | float) or not 0 <= time < 1e11:
            return None
        return max(0, round(time * 1_000_000) - self._began)

    def _wrong(self, where: str, message: str) -> SourceError:
        return SourceError(_start(self._span), f"{where}: {message}")


def _kept(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _OWN]


def _payload(opcode: int, data: str) -> bytes | None:
    """The payload of a message. Only that of a text isn't in base64; some tools write that of a control
    frame as text too."""
    try:
        if opcode == Opcode.TEXT:
            return data.encode()
        return base64.b64decode(data, validate=True)
    except UnicodeEncodeError:
        return None
    except (binascii.Error, ValueError):
        return data.encode("utf-8", "replace") if opcode >= Opcode.CLOSE else None
