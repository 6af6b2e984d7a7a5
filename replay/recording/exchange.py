"""Finds the WebSocket connections in what passes between a client and a server on one TCP connection.

HTTP requests that ask for no WebSocket may come before one that does, and after one that the server has
refused. What passes is never changed, except for the Host header if that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from msgspec import Struct

from replay.trace.model import Drop, Entry, How, Octets
from replay.wire.decoder import FrameDecoder
from replay.wire.frame import Opcode
from replay.wire.handshake import (
    HeadError,
    HeadReader,
    HeadTooLarge,
    Request,
    body_length,
    edit_head,
    is_head,
    loose_request,
    may_be_head,
    parse_head,
)
from replay.wire.side import Side

_STATUS = re.compile(rb"(?:\r?\n)*HTTP/1\.\d (\d{3})\b")
_SWITCHED = 101


class Log(Protocol):
    """Where the entries of one connection go."""

    def record(self, entry: Entry) -> None: ...

    def close(self) -> None: ...


class State(Enum):
    """How far a WebSocket connection is."""

    ASKED = auto()  # there is no response yet
    OPEN = auto()
    REFUSED = auto()


class Seen(Struct):
    """What was seen of a WebSocket connection."""

    target: str
    log: Log
    began: int  # microseconds, on the owner's clock
    moved: int  # when something last happened
    state: State = State.ASKED
    status: int | None = None  # of the response
    octets: int = 0
    messages: int = 0
    host: str = ""  # the Host header that the server got
    dropped: bool = False


class Exchange:
    """One TCP connection."""

    def __init__(
        self, host: str | None, begin: Callable[[Request], Log], over: Callable[[Seen], None]
    ) -> None:
        """`host`: send this Host header to the server. `begin` is called for each WebSocket connection,
        `over` when it has ended."""
        self._host = host
        self._begin, self._over = begin, over
        self._seen: Seen | None = None
        self._reads: list[tuple[bytes, int]] = []  # of a request head, as long as it is incomplete
        self._requests = HeadReader()
        self._body = 0  # octets that are left of the body of a request
        self._responses = HeadReader()
        self._frames: dict[Side, FrameDecoder] = {}

    def passed(self, side: Side, data: bytes, now: int) -> bytes:
        """Take what was read from a side; returns what to send to the other side now."""
        seen = self._seen
        if seen is None or (seen.state is State.REFUSED and side is Side.CLIENT and is_head(data)):
            self.close()
            return self._before(data, now) if side is Side.CLIENT else data
        self._record(seen, side, data, now)
        if side is Side.SERVER and seen.state is State.ASKED:
            self._respond(seen, data)
        elif seen.state is not State.REFUSED:
            self._count(seen, side, data)
        return data

    def ended(self, side: Side, how: How, now: int) -> None:
        """A side has ended its half of TCP, or reset it."""
        if (seen := self._seen) is not None and not seen.dropped:
            seen.dropped, seen.moved = True, now
            seen.log.record(Drop(side, how, now - seen.began))

    def close(self) -> None:
        """Nothing more passes, or nothing more of this WebSocket connection."""
        if (seen := self._seen) is not None:
            self._seen = None
            seen.log.close()
            self._over(seen)

    def _record(self, seen: Seen, side: Side, data: bytes, now: int) -> None:
        seen.octets += len(data)
        seen.moved = now
        seen.log.record(Octets(side, data, now - seen.began))

    def _count(self, seen: Seen, side: Side, data: bytes) -> None:
        for piece in self._frames[side].feed(data):
            if piece.opens and piece.header.opcode in (Opcode.TEXT, Opcode.BINARY):
                seen.messages += piece.times

    # Before a WebSocket connection: requests, with their bodies.

    def _before(self, data: bytes, now: int) -> bytes:
        out, at = b"", 0
        while at < len(data) and self._seen is None:
            if self._body:
                end = min(len(data), at + self._body)
                self._body -= end - at
                out, at = out + data[at:end], end
                continue
            rest = data[at:]
            if not self._reads and not may_be_head(rest):
                return out + rest
            earlier = sum(len(read) for read, _ in self._reads)
            self._reads.append((rest, now))
            try:
                head = self._requests.feed(rest)
            except HeadTooLarge:
                return out + self._given_up()
            if head is None:
                return out if self._host is not None else out + rest
            sent, at = self._head(head, earlier, rest, at, now)
            out += sent
        return out

    def _given_up(self) -> bytes:
        """What was held back of a head that isn't read to its end."""
        held = b"".join(read for read, _ in self._reads)
        last, _ = self._reads[-1]
        self._forget()
        return held if self._host is not None else last

    def _forget(self) -> None:
        self._reads, self._requests = [], HeadReader()

    def _head(self, head: bytes, earlier: int, rest: bytes, at: int, now: int) -> tuple[bytes, int]:
        """What to send on of a complete head that ends in `rest`, and where in the read its end is. All of
        the read is sent if it asks for a WebSocket."""
        behind = rest[len(head) - earlier :]
        reads = [*self._reads[:-1], (rest, now)]
        self._forget()
        request = _request(head)
        sent = rest[: len(head) - earlier]
        if self._host is not None:
            sent = edit_head(head, None, (("Host", self._host),)) if request is not None else head
            reads = [(sent + behind, now)]
        if request is not None and _asks_for_websocket(request):
            self._open(request, reads, behind)
            return sent + behind, at + len(rest)
        if request is not None:
            self._body = _body(request, behind)
        return sent, at + len(rest) - len(behind)

    def _open(self, request: Request, reads: list[tuple[bytes, int]], behind: bytes) -> None:
        host = self._host if self._host is not None else "".join(request.values("Host")[:1])
        began = reads[0][1]
        self._seen = Seen(request.target, self._begin(request), began, began, host=host)
        self._responses = HeadReader()
        self._frames = {side: FrameDecoder(skips=True) for side in Side}
        for data, at in reads:
            self._record(self._seen, Side.CLIENT, data, at)
        self._count(self._seen, Side.CLIENT, behind)

    def _respond(self, seen: Seen, data: bytes) -> None:
        try:
            head = self._responses.feed(data)
            while head is not None:
                found = _STATUS.match(head)
                seen.status = int(found[1]) if found else None
                if seen.status is None or seen.status >= 200:
                    seen.state = State.REFUSED
                    return
                if seen.status == _SWITCHED:
                    seen.state = State.OPEN
                    self._count(seen, Side.SERVER, self._responses.rest)
                    return
                head = self._responses.feed()
        except HeadTooLarge:
            seen.state = State.REFUSED


def _request(head: bytes) -> Request | None:
    """What a head asks for, as far as any server may read it."""
    try:
        parsed = parse_head(Side.CLIENT, head)
    except HeadError:
        return loose_request(head)
    return parsed if isinstance(parsed, Request) else None


def _asks_for_websocket(request: Request) -> bool:
    """Whether this was meant as an opening handshake, faulty or not."""
    return "websocket" in request.tokens("Upgrade") or bool(request.values("Sec-WebSocket-Key"))


def _body(request: Request, behind: bytes) -> int:
    """How many octets of a body follow the head, some of which may be in `behind`. Of a chunked body only
    those that are there are known; the next request begins where a read does."""
    told = request.values("Content-Length")
    if len(told) == 1 and re.fullmatch(r"[0-9]{1,18}", told[0]) and not request.values("Transfer-Encoding"):
        return int(told[0])
    return body_length(request, behind)
