"""The opening handshake (RFC 6455 §4) as octets and as HTTP; its rules stand in `protocol.opening`.

HTTP is parsed by h11. The octets are kept as they stood, since a recorded handshake is sent
as it was recorded.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import h11

from replay import limits
from replay.wire.side import Side

MAX_HEAD = limits.HEAD.default
"""Octets of a request or response head that are read at the most."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_OCTETS = re.compile(r"bytearray\(b(.*)\)$")
_END = re.compile(rb"\r?\n\r?\n")

Headers = tuple[tuple[str, str], ...]


class HeadError(Exception):
    """These octets aren't the head of an HTTP request or response."""


class HeadTooLarge(HeadError):
    """More octets than are read of a head; no rule forbids them."""


class HostError(HeadError):
    """A request of HTTP/1.1 without a Host header, or with several (RFC 9112 §3.2)."""


@dataclass(frozen=True, slots=True)
class _Head:
    headers: Headers  # names as written, values stripped, in order
    octets: bytes

    def values(self, name: str) -> list[str]:
        """The values of all header lines with this name, in any case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def tokens(self, name: str) -> list[str]:
        """The comma-separated tokens of these header lines, in lower case."""
        listed = ",".join(self.values(name)).split(",")
        return [token.strip().lower() for token in listed if token.strip()]

    def offset(self, name: str) -> int:
        """Where the first header line of this name stands in the octets; else where the head ends."""
        found = re.search(rb"(?im)^" + re.escape(name.encode("latin-1")) + rb"[ \t]*:", self.octets)
        return found.start() if found else max(0, len(self.octets) - 2)


@dataclass(frozen=True, slots=True)
class Request(_Head):
    method: str
    target: str
    version: str  # "1.1"


@dataclass(frozen=True, slots=True)
class Response(_Head):
    status: int
    reason: str
    version: str


class HeadReader:
    """Collects octets up to a blank line, of one head or of several that follow one another. Linear in
    what it is fed."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # of the head in hand
        self._seen = 0  # up to where there is no end of it

    @property
    def rest(self) -> bytes:
        """The octets behind the last head."""
        return bytes(memoryview(self._buffer)[self._start :])

    def feed(self, data: bytes = b"") -> bytes | None:
        """The next head, with these octets; None as long as it isn't whole.

        Raises HeadTooLarge when the head, with those before it, is larger than MAX_HEAD.
        """
        self._buffer += data
        found = _END.search(self._buffer, self._seen, MAX_HEAD)
        if found is not None:
            head = bytes(self._buffer[self._start : found.end()])
            self._start = self._seen = found.end()
            return head
        if len(self._buffer) > MAX_HEAD:
            whole = "the head, with the interim responses before it," if self._start else "the head"
            raise HeadTooLarge(f"{whole} is larger than {MAX_HEAD} octets, which is all that is read")
        self._seen = max(self._start, len(self._buffer) - 3)
        return None


def parse_head(side: Side, octets: bytes) -> Request | Response:
    """Parse the whole head that `side` sent. Raises HeadError."""
    connection = h11.Connection(
        h11.SERVER if side is Side.CLIENT else h11.CLIENT, max_incomplete_event_size=MAX_HEAD
    )
    if side is Side.SERVER:
        upgrade = [("Host", "h"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        connection.send(h11.Request(method="GET", target="/", headers=upgrade))
    try:
        connection.receive_data(octets)
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        said = _OCTETS.sub(r"\1", str(error))
        raise (HostError if "Host:" in said else HeadError)(said) from None
    if isinstance(event, h11.Request):
        return Request(
            headers=_headers(event),
            octets=octets,
            method=event.method.decode("latin-1"),
            target=event.target.decode("latin-1"),
            version=event.http_version.decode("latin-1"),
        )
    if isinstance(event, h11.InformationalResponse | h11.Response):
        return Response(
            headers=_headers(event),
            octets=octets,
            status=event.status_code,
            reason=bytes(event.reason).decode("latin-1"),
            version=event.http_version.decode("latin-1"),
        )
    raise HeadError("no whole HTTP head")


def partial_head(side: Side, octets: bytes) -> Request | Response | None:
    """What the beginning of a head says, without its header lines; None: not even what it is."""
    if side is Side.CLIENT:
        found = re.match(rb"GET ([^ \r\n]+)", octets)
        return found and Request((), octets, "GET", found[1].decode("latin-1"), "1.1")
    found = re.match(rb"HTTP/(1\.\d) (\d{3})(?: ([^\r\n]*))?", octets)
    if found is None:
        return None
    version, status, reason = (found[n].decode("latin-1") if found[n] else "" for n in (1, 2, 3))
    return Response((), octets, int(status), reason, version)


def _headers(event: h11.Request | h11.InformationalResponse | h11.Response) -> Headers:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers.raw_items()
    )


def accept(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (§4.2.2, 5.4)."""
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + _GUID).digest()).decode()


def encode_request(target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The octets of `GET target HTTP/1.1` with these header lines."""
    return _encode(f"GET {target} HTTP/1.1", headers)


def encode_response(status: int, reason: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The octets of a response head with these header lines."""
    return _encode(f"HTTP/1.1 {status} {reason}", headers)


def encode_page(
    status: int,
    reason: str,
    text: str,
    headers: Sequence[tuple[str, str]] = (),
    media: str = "text/plain",
    bare: bool = False,
) -> bytes:
    """The octets of a whole response that holds a text, and after which the connection ends.

    `bare`: in answer to HEAD, without the text.
    """
    body = text.encode("utf-8", "replace")
    own = [
        ("Content-Type", f"{media}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    return encode_response(status, reason, [*own, *headers]) + (b"" if bare else body)


def _encode(first: str, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def edit_head(
    octets: bytes, target: str | None = None, headers: Sequence[tuple[str, str | None]] = ()
) -> bytes:
    """A recorded head with another target or other header lines; all else stays, octet for octet.

    A header line that is there already is replaced where it stands, a new one goes to the end; None
    takes all lines of that name away.
    """
    first, sep, rest = octets.partition(b"\r\n")
    if target is not None and (words := first.split(b" ")) and len(words) == 3:
        first = b" ".join((words[0], target.encode("latin-1"), words[2]))
    head = first + sep + rest
    for name, value in headers:
        line = f"{name}: {value}".encode("latin-1")
        pattern = re.compile(rb"(?im)^" + re.escape(name.encode("latin-1")) + rb"[ \t]*:[^\r\n]*")
        if value is None:
            head = re.sub(pattern.pattern + rb"\r?\n", b"", head)
        elif found := pattern.search(head):
            head = head[: found.start()] + line + head[found.end() :]
        else:
            head = head[:-2] + line + b"\r\n\r\n"
    return head
