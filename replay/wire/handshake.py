"""The opening handshake (RFC 6455 §4) as octets and as HTTP; its rules are in `protocol.handshake_rules`.

h11 parses the HTTP. The octets are kept, since a recorded handshake is sent exactly as it was recorded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from replay import limits
from replay.wire.side import Side

if TYPE_CHECKING:
    import h11

MAX_HEAD = limits.HEAD.default
"""Octets that the head of a request or response may have."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_OCTETS = re.compile(r"bytearray\(b(.*)\)$")
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[^\r\n]*\r\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_BEGIN = re.compile(rb"(?:\r?\n)*(?:HTTP/|[C-Zc-z][A-Za-z]{2,} [!-~])")
_BEGUN = re.compile(rb"(?:\r?\n)*(?:\r|[C-Z][A-Z]*+ ?)?\Z")
_LINES = rb"\r\n(?P<lines>(?:[-!#$%&'*+.^_`|~0-9A-Za-z]++:[\t -~\x80-\xff]*+\r\n)*+)\r\n"
_REQUEST = re.compile(rb"GET (?P<said>[!-~]++) HTTP/1\.1" + _LINES)
_RESPONSE = re.compile(rb"HTTP/1\.1 101(?: (?P<said>[\t -~\x80-\xff]*+))?" + _LINES)

Headers = tuple[tuple[str, str], ...]


class HeadError(Exception):
    """The octets aren't the head of an HTTP request or response."""


class HeadTooLarge(HeadError):
    """The head is larger than replay reads; no rule forbids that."""


class HostError(HeadError):
    """An HTTP/1.1 request without a Host header, or with several (RFC 9112 §3.2)."""


def is_head(octets: bytes) -> bool:
    """Whether octets begin an HTTP head, with a method or HTTP/, rather than a frame: no frame that an
    endpoint may send begins with three such letters."""
    return _BEGIN.match(octets) is not None


def may_be_head(octets: bytes) -> bool:
    """The same for octets that may be too few to tell."""
    return is_head(octets) or _BEGUN.match(octets) is not None


class _Head(Struct, frozen=True):
    headers: Headers  # names as written, values stripped, in order
    octets: bytes

    def values(self, name: str) -> list[str]:
        """The values of all header lines with this name; its case doesn't matter."""
        wanted = name.lower()
        return [value for key, value in self.headers if len(key) == len(wanted) and key.lower() == wanted]

    def tokens(self, name: str) -> list[str]:
        """The comma-separated tokens of all header lines with this name, in lower case."""
        listed = ",".join(self.values(name)).split(",")
        return [token.strip().lower() for token in listed if token.strip()]

    def offset(self, name: str) -> int:
        """The offset of the first header line with this name; if there is none, of the head's end."""
        found = re.search(rb"(?im)^" + re.escape(name.encode("latin-1")) + rb"[ \t]*:", self.octets)
        return found.start() if found else max(0, len(self.octets) - 2)


class Request(_Head, frozen=True):
    method: str
    target: str
    version: str  # "1.1"


class Response(_Head, frozen=True):
    status: int
    reason: str
    version: str


class HeadReader:
    """Splits octets into heads, each of which ends with a blank line. Takes time linear in the octets."""

    def __init__(self, most: int = MAX_HEAD) -> None:
        """`most`: the octets that all heads may have together."""
        self._most = most
        self._buffer = bytearray()
        self._start = 0  # of the current head
        self._seen = 0  # its end isn't before this offset

    @property
    def rest(self) -> bytes:
        """The octets after the last head."""
        return bytes(memoryview(self._buffer)[self._start :])

    def feed(self, data: bytes = b"") -> bytes | None:
        """Add these octets and return the next head; None while it is incomplete.

        Raises HeadTooLarge if the head, with those before it, is larger than `most`.
        """
        self._buffer += data
        found = _END.search(self._buffer, self._seen, self._most)
        if found is not None:
            head = bytes(self._buffer[self._start : found.end()])
            self._start = self._seen = found.end()
            return head
        if len(self._buffer) > self._most:
            whole = "the head, with the interim responses before it," if self._start else "the head"
            raise HeadTooLarge(f"{whole} is larger than the {self._most} octets that replay reads")
        self._seen = max(self._start, len(self._buffer) - 3)
        return None


def parse_head(side: Side, octets: bytes) -> Request | Response:
    """Parse the complete head that `side` sent. Raises HeadError. An empty line before a request is passed
    over (RFC 9112 §2.2)."""
    return _plain(side, octets) or _parsed(side, octets)


def _plain(side: Side, octets: bytes) -> Request | Response | None:
    """The head of a handshake, if it is one of those that every parser reads alike; None for any other.
    It is the same as h11 makes of it, in a tenth of the time."""
    found = (_REQUEST if side is Side.CLIENT else _RESPONSE).fullmatch(octets)
    if found is None:
        return None
    headers = []
    for line in found["lines"].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        headers.append((name, value.strip(" \t")))
    names = [name.lower() for name, _ in headers]
    if "content-length" in names or "transfer-encoding" in names:
        return None
    if side is Side.SERVER:
        return Response(tuple(headers), octets, 101, (found["said"] or b"").decode("latin-1"), "1.1")
    if names.count("host") != 1:
        return None
    return Request(tuple(headers), octets, "GET", found["said"].decode("latin-1"), "1.1")


def _parsed(side: Side, octets: bytes) -> Request | Response:
    import h11

    connection = h11.Connection(
        h11.SERVER if side is Side.CLIENT else h11.CLIENT, max_incomplete_event_size=MAX_HEAD
    )
    if side is Side.SERVER:
        upgrade = [("Host", "h"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        connection.send(h11.Request(method="GET", target="/", headers=upgrade))
    try:
        connection.receive_data(octets.removeprefix(b"\r\n") if side is Side.CLIENT else octets)
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
    raise HeadError("the HTTP head is incomplete")


def loose_request(octets: bytes) -> Request | None:
    """What a server that overlooks its faults may read in the head of a malformed request: its first line,
    and every header line with a colon; None: not even the first line is one."""
    lines = octets.lstrip(b"\r\n").decode("latin-1").splitlines()
    words = lines[0].split() if lines else []
    if len(words) != 3:
        return None
    fields = (line.partition(":") for line in lines[1:])
    headers = tuple((name.strip(), value.strip()) for name, colon, value in fields if colon)
    return Request(headers, octets, words[0], words[1], words[2].rpartition("/")[2])


def body_length(request: Request, octets: bytes) -> int:
    """How many of the octets after the head of a request are its body (RFC 9112 §6.3)."""
    if "chunked" in request.tokens("Transfer-Encoding"):
        at = 0
        while chunk := _CHUNK.match(octets, at):
            size = int(chunk[1], 16)
            at = chunk.end() + size + 2
            if not size:
                break
        return min(at, len(octets))
    lengths = set(request.values("Content-Length"))
    told = lengths.pop() if len(lengths) == 1 else ""
    return min(int(told), len(octets)) if _LENGTH.fullmatch(told) else 0


def partial_head(side: Side, octets: bytes) -> Request | Response | None:
    """What the beginning of a head says, without its header lines; None if it isn't recognized as one."""
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


def nonce(octets: bytes) -> str:
    """The Sec-WebSocket-Key of 16 random octets (RFC 6455 §4.1)."""
    import base64

    return base64.b64encode(octets).decode()


def accept(key: str) -> str:
    """The Sec-WebSocket-Accept for a Sec-WebSocket-Key (§4.2.2, step 5.4)."""
    import base64
    import hashlib

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
    """The octets of a complete response with a text as its body, after which the connection ends.

    `bare`: without the body, as the answer to HEAD.
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
    """A recorded head with another target or other header lines; all other octets stay as they are.

    A header line that exists is replaced in place, and a new one is added at the end; the value None
    removes all lines with that name.
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
