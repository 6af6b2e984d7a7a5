"""What a tester does, as values: its actions in order, and the script with everything else it needs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.cases.connect import Connect
from replay.cases.model import Answering, EventKind, Pattern, Profile, Turns
from replay.cases.said import Said
from replay.cases.step import SendFrame, SendMessage
from replay.cases.walk import Lists
from replay.play.compression import Compression
from replay.protocol.frame_rules import ORIGINAL, Reading
from replay.protocol.handshake_rules import offered_subprotocols
from replay.protocol.negotiation import Agreed, Ask, answer, valid_offers
from replay.trace.model import How, Wait
from replay.values.kinds import Maker
from replay.values.shape import Names
from replay.version import __version__
from replay.wire.frame import frame_headers
from replay.wire.handshake import Request, accept, encode_request, encode_response
from replay.wire.side import Side
from replay.wire.writes import Writes, grouped

Chop = Literal["recorded", "frame"] | int

_JOINED = limits.READ.default
"""Octets from which on writes are no longer joined to one."""

AGENT = f"replay/{__version__}"
"""The User-Agent of a tester."""


class Write(Struct, frozen=True):
    pieces: tuple[Writes, ...]
    together: bool = False  # the writes may be joined, also with those of the actions before and after
    lacking: int = 0  # octets of the frame that are sent later
    closes: bool = False  # whether it ends with our Close frame


class CloseWith(Struct, frozen=True):
    code: int | None
    reason: bytes


class Delay(Struct, frozen=True):
    after: int  # microseconds
    tag: str | None = None  # continue only if the connection is still open afterwards
    shorten: bool = False  # the best verdict requires silence here, so the delay only costs time
    deaf: bool = False  # nothing is read either
    apart: bool = False  # it only keeps two writes apart, however slow the testee is


class Await(Struct, frozen=True):
    """Wait until as many events have been observed as the log has before this point. Whether they are the
    same events is left to the judge."""

    count: int | None  # None: until the testee ends TCP
    patience: int  # microseconds


class AwaitEchoes(Struct, frozen=True):
    """Wait until this many messages have come back, and continue if the connection is still open."""

    count: int


class Arm(Struct, frozen=True):
    """Start the timeout of a case once everything is written; a timeout on stalled progress at once."""

    wait: Wait
    after: int
    stalled: bool = False  # any progress starts it anew
    passes: bool = False  # with the best verdict it expires


class AwaitRound(Struct, frozen=True):
    """Wait until an outcome of a round of the conversation has come, which `arm` limits."""

    number: int  # of the round, from 0
    arm: Arm


class AwaitTurn(Struct, frozen=True):
    """Wait until all rounds before this one of a conversation over several connections are over."""

    number: int


class EndTurn(Struct, frozen=True):
    """Tell the other connections that the rounds before this one are over."""

    number: int


class AwaitClose(Struct, frozen=True):
    """Wait for the testee's Close frame."""

    patience: int  # microseconds


class EndTcp(Struct, frozen=True):
    how: How = How.FIN


Action = (
    Write
    | CloseWith
    | Delay
    | Await
    | AwaitEchoes
    | AwaitRound
    | AwaitTurn
    | EndTurn
    | AwaitClose
    | Arm
    | EndTcp
)

Fill = Callable[[Said], tuple[bool, bytes]]
"""Makes a message of a value: whether it is text, and its payload."""


class Voice(Struct, frozen=True):
    """What the messages of one connection are made with."""

    terms: Agreed | None  # the compression that was agreed on
    compression: Compression | None
    fill: Fill


def voice(terms: Agreed | None, side: Side, fill: Fill) -> Voice:
    """What the messages of a side are made with on these terms."""
    return Voice(terms, None if terms is None else Compression(terms, side), fill)


class Script(Struct, frozen=True):
    tester: Side
    opening: Callable[
        [Names], tuple[Action, ...]
    ]  # which send a client's request, made with what was captured
    actions: Callable[[Voice], Iterator[Action]]
    """The actions of one connection, once compression has been agreed on or declined; made as they are
    needed."""
    keys: Callable[[], bytes]  # makes the masking key of each frame
    whole: bool  # behaves as a complete endpoint; else only recorded octets are sent
    kinds: frozenset[EventKind]  # of the events that count
    talk: tuple[Lists, ...] = ((),)  # for each round, what each of its outcomes expects
    ignored: tuple[Pattern, ...] = ()
    answers: tuple[Answering, ...] = ()
    said: Callable[[SendFrame | SendMessage, Voice], Write] | None = None  # makes the write of an answer
    connect: Connect = Connect()
    turns: Turns | None = None
    maker: Maker | None = None  # makes what is new in messages, such as ids
    close_with: CloseWith | None = None  # once an alternative is complete; None: the testee has to close
    profile: Profile = Profile.AUTOBAHN
    reading: Reading = ORIGINAL
    close_when_apart: bool = False  # also close once no alternative can become complete
    answer_pings: bool = False
    response: Callable[[Request], tuple[Action, ...] | None] | None = None
    """Which send a server's response to a request. No response: the default one. No actions: the case can't
    be played on this connection."""
    closes_by_steps: bool = False  # the testee's Close is answered, and TCP ended, by actions only
    about_opening: bool = False  # the connection goes on after a response that opens none
    lenient: bool = False  # respond even to a request that breaks a rule
    refused: bool = False  # the recorded server refused the connection, or didn't answer with HTTP
    chopped: bool = False  # its frames have to arrive one by one
    rounds: bool = False  # it sends one message in each round, and nothing else
    volume: int = 0  # approximate number of octets that are exchanged if the case passes
    waits: int = 0  # how long the script itself may wait, in microseconds
    events: int = 0  # events that the testee is expected to cause


class Options(Struct, frozen=True):
    """What the user asked for: where to connect, and what to change in what is sent."""

    target: str = "/"
    host: str = "localhost"  # the Host header, with the port if it isn't the scheme's default
    headers: tuple[tuple[str, str], ...] = ()
    edit_target: bool = False  # replace it in recorded requests too
    edit_host: bool = False
    chop: Chop = "recorded"
    answer_pings: bool = False
    listens: bool = False  # go on listening, as long as the patience says, once something else has come
    reencode: bool = False  # compress recorded messages again, on the terms of this connection

    @classmethod
    def asking(cls, target: str, host: str | None, headers: Iterable[tuple[str, str]] = ()) -> Options:
        """With this opening request. The target "/" leaves that of a recorded request as it is."""
        return cls(
            target=target,
            host=host or "localhost",
            headers=tuple(headers),
            edit_target=target != "/",
            edit_host=host is not None,
        )


def addressed(options: Options, authority: str) -> Options:
    """With the Host header of this address, unless the user gave one."""
    return options if options.edit_host else replace(options, host=authority)


def reaching(options: Options, connect: Connect | None) -> Options:
    """The options with which a case reaches its application. A header that the user gave replaces the
    case's own."""
    if connect is None:
        return options
    given = {name.lower() for name, _ in options.headers}
    own = tuple((name, value) for name, value in connect.headers if name.lower() not in given)
    return replace(options, target=connect.path or options.target, headers=(*own, *options.headers))


def request(options: Options, nonce: str, offer: str | None = None) -> bytes:
    """The opening request (§4.1), the same as Autobahn|Testsuite's except for the User-Agent; `offer` is
    the value of Sec-WebSocket-Extensions."""
    headers = {
        "User-Agent": AGENT,
        "Host": options.host,
        "Upgrade": "WebSocket",
        "Connection": "Upgrade",
        "Pragma": "no-cache",
        "Cache-Control": "no-cache",
        "Sec-WebSocket-Key": nonce,
    }
    if offer is not None:
        headers["Sec-WebSocket-Extensions"] = offer
    headers["Sec-WebSocket-Version"] = "13"
    own = {name.lower() for name, _ in options.headers}
    kept = [(name, value) for name, value in headers.items() if name.lower() not in own]
    return encode_request(options.target, [*kept, *options.headers])


def response(request: Request, asks: Sequence[Ask] = ()) -> bytes:
    """A server's response (§4.2.2), with Upgrade written as in Autobahn|Testsuite. `asks`: see
    `negotiation.answer`; without any, all compression is declined. Of the subprotocols that are offered,
    the first one is chosen, as some clients fail the connection if none is."""
    key = request.values("Sec-WebSocket-Key")[0]
    headers = [("Upgrade", "WebSocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(key))]
    if names := offered_subprotocols(request):
        headers.append(("Sec-WebSocket-Protocol", names[0]))
    if (terms := answer(valid_offers(request), asks)) is not None:
        headers.append(("Sec-WebSocket-Extensions", str(terms)))
    return encode_response(101, "Switching Protocols", headers)


def opening_writes(head: bytes, options: Options) -> tuple[Writes, ...]:
    """The writes with which a head is sent."""
    return chopped(head, options.chop if isinstance(options.chop, int) else "recorded")


def chopped(octets: bytes, chop: Chop) -> tuple[Writes, ...]:
    """The writes with which these octets are sent."""
    if chop == "recorded":
        return (Writes(octets),)
    if isinstance(chop, int):
        return (Writes(octets, chop),)
    ends = (end for _, _, end in frame_headers(octets) if end < len(octets))
    return tuple(grouped(octets[a:b] for a, b in itertools.pairwise([0, *ends, len(octets)])))


def shared(one: Action, other: Action | None) -> Write | None:
    """Both writes as one, if they are writes that may be joined."""
    if isinstance(one, Write) and one.together and isinstance(other, Write) and other.together:
        return Write(one.pieces + other.pieces, together=True, closes=other.closes)
    return None


def joined(pieces: Sequence[Writes]) -> Iterator[bytes]:
    """The writes joined to writes of about the size of a read."""
    size = 0
    held: list[bytes] = []
    for writes in pieces:
        at, end = 0, len(writes.octets)
        step = writes.chop or end
        while at < end:
            start, at = at, min(end, at + step * max(1, -((size - _JOINED) // step)))
            held.append(writes.octets[start:at])
            size += at - start
            if size >= _JOINED:
                yield b"".join(held)
                held, size = [], 0
    if held:
        yield b"".join(held)
