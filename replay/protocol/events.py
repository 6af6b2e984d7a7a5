"""The events of a connection: what its octets mean. A breach of a rule is an event, not an exception."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from replay.protocol.negotiation import Agreed
from replay.trace.model import How, Wait
from replay.wire.handshake import Request, Response
from replay.wire.side import Side


class Event(Struct, frozen=True, kw_only=True):
    """Something that `side` did. It occupies octets `start` up to `end` of that side's stream, and entry
    number `entry` of the trace completed it."""

    side: Side
    entry: int
    start: int
    end: int


class Requested(Event, frozen=True, kw_only=True):
    """The client's request for a connection; `valid`: it keeps the rules (§4.2.1)."""

    request: Request
    valid: bool


class Opened(Event, frozen=True, kw_only=True):
    """The opening handshake is complete (RFC 6455 §4); `side` is the server, which answered last."""

    request: Request
    response: Response
    agreed: Agreed | None = None  # the terms of permessage-deflate, if it was agreed on
    partial: bool = False  # the log cut off the handshake, so the part that it shows isn't judged


class Why(Enum):
    """Why there is no WebSocket connection."""

    ANSWERED = "answered"  # with an HTTP response that is no 101, or with one that breaks a rule
    GARBLED = "garbled"  # with octets that are no HTTP, or without a request before them
    ENDED = "ended"  # one side ended TCP
    TIMED_OUT = "timed out"
    UNREACHED = "unreached"  # TCP or TLS couldn't be established

    __hash__ = object.__hash__


class NotOpened(Event, frozen=True, kw_only=True):
    """There is no WebSocket connection: TCP couldn't connect, or the handshake was refused or broken."""

    reason: str
    why: Why
    status: int | None = None  # of the HTTP response, if one was received
    response: Response | None = None


Holes = tuple[tuple[int, int | None], ...]
"""The parts of a payload that the log left out, each as its offset in the payload and its length (None: the
rest of the payload is unknown, even its length). `data` doesn't contain them."""


def _hidden(holes: Holes) -> int:
    return sum(length or 0 for _, length in holes)


class Held(Event, frozen=True, kw_only=True):
    """An event with a payload."""

    data: bytes
    holes: Holes = ()

    @property
    def length(self) -> int:
        """The length of the payload, as far as it is known."""
        return len(self.data) + _hidden(self.holes)

    def octet(self, offset: int) -> bytes:
        """The octet at this offset of the payload, or b"" if it isn't known."""
        at = offset - _hidden(tuple(hole for hole in self.holes if hole[0] < offset))
        return self.data[at : at + 1]


class Message(Held, frozen=True, kw_only=True):
    """A complete data message (§5.4), its fragments joined."""

    text: bool
    parts: tuple[tuple[int, int], ...]  # for each frame: the offset and the length of its payload
    compressed: bool = False  # RSV1 under permessage-deflate: `data` is what it inflates to
    digest: tuple[int, str] | None = None  # length and SHA-256 of a message whose octets were left out

    @property
    def length(self) -> int:
        """The length of the payload, as far as it is known."""
        return self.digest[0] if self.digest else len(self.data) + _hidden(self.holes)


class Ping(Held, frozen=True, kw_only=True):
    """A Ping frame (§5.5.2)."""


class Pong(Held, frozen=True, kw_only=True):
    """A Pong frame (§5.5.3)."""


class CloseBegins(Event, frozen=True, kw_only=True):
    """The first octet of a Close frame at `start` that its entry doesn't complete. It decides which side
    closed first, provided that the frame turns out to be valid."""


class Close(Event, frozen=True, kw_only=True):
    """A Close frame (§5.5.1). `code` is None if it has none; not `valid`: it breaks a rule. If the log cut
    off the reason, the part that it holds."""

    code: int | None
    reason: bytes
    valid: bool


class Spoilt(NamedTuple):
    """How far a faulty compressed message could be inflated."""

    at: int | None  # the wrong octet of its payload; None: the wrong octet is one of the inflated ones
    length: int  # of the output before the wrong octet
    tail: bytes  # the last octets of that output
    text: bool


class Violation(Event, frozen=True, kw_only=True):
    """A breach of a rule of the rule table; `start` is the octet that breaks it.

    `frame` is the offset of the frame with that octet: it tells several breaches in one frame from breaches
    in several frames.
    """

    rule: str
    detail: str
    frame: int
    code: int | None = None  # with which the other side fails the connection; None: it doesn't
    spoilt: Spoilt | None = None  # of a compressed message that the breach makes invalid


class Unparsed(Event, frozen=True, kw_only=True):
    """From octet `start` on, no frame boundary is known, so nothing that follows is decoded."""

    reason: str


class Unread(Unparsed, frozen=True, kw_only=True):
    """From octet `start` on, nothing is read because a limit of replay's is exceeded. It breaks no rule."""

    bound: str  # the limit: '250 breaches'


class Gap(Unparsed, frozen=True, kw_only=True):
    """Octets of this side that the log left out.

    `lost`: they may contain whole frames, so no frame boundary is known after them. What follows can't be
    said to break a rule, and is read only where an entry consists of complete frames.
    """

    size: int | None  # octets; None: the log doesn't say
    lost: bool


class Fired(Event, frozen=True, kw_only=True):
    """A timer of the recorder expired. If it was a pause, the connection is still open."""

    wait: Wait
    tag: str | None
    after: int | None  # microseconds; None if unknown, or if the limit wasn't one of time


class End(Event, frozen=True, kw_only=True):
    """The end of TCP, by `side`. `unfinished`: octets that it had sent of an incomplete frame."""

    how: How
    unfinished: int
