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
    partial: bool = False  # the log cut off the handshake: what it shows of it isn't judged


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened(Event):
    """There is no WebSocket connection: TCP never stood, or the handshake was refused or broken."""

    reason: str
    status: int | None = None  # of the HTTP response, if one came
    response: Response | None = None


Holes = tuple[tuple[int, int | None], ...]
"""What the log left out of a payload: by the octet of the payload with which each hole begins, and by its
length (None: from there on nothing is known, not even how long it is). `data` lacks those octets."""


def _hidden(holes: Holes) -> int:
    return sum(length or 0 for _, length in holes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Event):
    """What holds a payload."""

    data: bytes
    holes: Holes = ()

    @property
    def length(self) -> int:
        """Octets of the payload, as far as they are known."""
        return len(self.data) + _hidden(self.holes)

    def octet(self, offset: int) -> bytes:
        """The octet at this offset of the payload, if it is there."""
        at = offset - _hidden(tuple(hole for hole in self.holes if hole[0] < offset))
        return self.data[at : at + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Held):
    """A whole data message (§5.4), fragments joined."""

    text: bool
    parts: tuple[tuple[int, int], ...]  # for each frame: where its payload stands, its length
    compressed: bool = False  # RSV1 under permessage-deflate: `data` is what it inflates to
    digest: tuple[int, str] | None = None  # length and SHA-256 of a message whose octets were left out

    @property
    def length(self) -> int:
        """Octets of the payload, as far as they are known."""
        return self.digest[0] if self.digest else len(self.data) + _hidden(self.holes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Held):
    """A Ping frame (§5.5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(Held):
    """A Pong frame (§5.5.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBegins(Event):
    """The first octet of a Close frame that stands at `start`, where the frame isn't whole with the entry
    that brings it: who closes first is told by it, if the frame then is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Event):
    """A Close frame (§5.5.1). `code` is None if there is none; not `valid`: it breaks a rule. Of a reason
    that the log cut off there is as much as it holds."""

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

    bound: str  # that was passed: '250 breaches'


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Unparsed):
    """Octets of this side that the log left out.

    If it is `lost` on them, they may hold whole frames, and no border is known behind them: what stands
    there breaks no rule that anybody could know of, and counts only where it is whole frames by itself.
    """

    size: int | None  # octets; None: the log doesn't say
    lost: bool


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
