"""What the octets of a connection mean. A breach is an event like any other, not an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from replay.protocol.negotiation import Agreed
from replay.trace.model import How, Wait
from replay.wire.handshake import Request, Response
from replay.wire.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`side` did it. It stands at octets `start` up to `end` of that side's stream, and entry
    number `entry` of the trace completed it."""

    side: Side
    entry: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Event):
    """A client asked for a connection; `valid`: by a request that keeps the rules (§4.2.1)."""

    request: Request
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The opening handshake is done (RFC 6455 §4); the side is the server, which answered last."""

    request: Request
    response: Response
    agreed: Agreed | None = None  # on permessage-deflate, and how


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened(Event):
    """There is no WebSocket connection: TCP never stood, or the handshake was refused or broken."""

    reason: str
    status: int | None = None  # of the HTTP response, if one came
    response: Response | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Event):
    """A whole data message (§5.4), fragments joined."""

    text: bool
    data: bytes
    parts: tuple[tuple[int, int], ...]  # for each frame: where its payload stands, its length
    compressed: bool = False  # RSV1 under permessage-deflate: `data` is what it inflates to
    digest: tuple[int, str] | None = None  # length and SHA-256 of a message whose octets were left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Event):
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(Event):
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Event):
    """A Close frame (§5.5.1). `code` is None if there is none; not `valid`: it breaks a rule."""

    code: int | None
    reason: bytes
    valid: bool = True


class Spoilt(NamedTuple):
    """A compressed message, as far as it inflates."""

    at: int | None  # the octet of its payload that is wrong; None: that of what it inflates to
    length: int  # of what came out before that octet
    tail: bytes  # the last octets of it
    text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation(Event):
    """A breach of a row of the rule table; `start` is the octet that breaks it.

    `frame` is where the frame stands that the octet is in, so that several breaches of one
    frame can be told from several frames.
    """

    rule: str
    detail: str
    frame: int
    code: int | None = None  # with which the other side fails the connection; None: it doesn't
    spoilt: Spoilt | None = None  # where it makes a message none that was compressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsed(Event):
    """From octet `start` on no frame border is known, so nothing that follows is decoded."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread(Unparsed):
    """... since replay reads no more of it. That is a limit of its own: no rule is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired(Event):
    """A timer of the recorder's ran out. A pause that ends says that the connection is open still."""

    wait: Wait
    tag: str | None
    after: int | None  # microseconds; None where it isn't known, or where no time was the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Event):
    """The end of TCP, by `side`. `unfinished` octets of a frame of its own stood open."""

    how: How
    unfinished: int
