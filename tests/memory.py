"""Connections without sockets and without waiting: two endpoints, or one and a script of octets."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from replay.cases.model import Case
from replay.play.actions import Options
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Limits
from replay.play.player import Player
from replay.play.script import script
from replay.protocol.interpreter import observe
from replay.trace.model import SECOND, How, Trace
from replay.wire.handshake import accept, encode_request, encode_response
from replay.wire.side import Side

KEY = "D+fcK/QqRpDx3yz323ge5w=="
REQUEST = (
    ("Host", "localhost"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
)
OFFER = "permessage-deflate; client_max_window_bits"
ACCEPTED = encode_response(
    101,
    "Switching Protocols",
    [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(KEY))],
)


def keys(side: Side, seed: int = 1) -> Callable[[], bytes]:
    """Masking keys for a side: fresh ones for a client, none for a server."""
    generator = random.Random(seed)
    return (lambda: generator.randbytes(4)) if side is Side.CLIENT else (lambda: b"")


def player(
    case: Case, tester: Side = Side.CLIENT, options: Options | None = None, limits: Limits | None = None
) -> Player:
    limits, masks = limits or Limits(), keys(tester)
    own = script(case, tester, options or Options(), limits, masks, KEY)
    return Player(own, limits)


def echo(
    side: Side = Side.SERVER, offer: str | None = None, kind: type[EchoEndpoint] = EchoEndpoint
) -> EchoEndpoint:
    """A flawless peer; as a client with an offer of extensions, if there is one."""
    most = Limits(case=3600 * SECOND, octets=2**30, reads=2**30, frames=2**30, events=2**30)
    request = (*REQUEST, *((("Sec-WebSocket-Extensions", offer),) if offer else ()))
    return kind(side, most, keys(side, 2), ("/", request) if side is Side.CLIENT else None)


def flawless(case: Case, tester: Side) -> EchoEndpoint:
    """A flawless testee for a case: it agrees to compress where the case is about that."""
    return echo(tester.other, OFFER if case.deflate else None)


class Party(Protocol):
    """What `join` knows of an endpoint."""

    output: list[bytes]
    dropped_as: How | None

    @property
    def done(self) -> bool: ...
    @property
    def pending(self) -> bool: ...
    @property
    def deadline(self) -> int | None: ...
    def connected(self, now: int) -> None: ...
    def received(self, data: bytes, now: int) -> None: ...
    def ended(self, how: How, now: int) -> None: ...
    def pump(self, now: int) -> None: ...
    def wake(self, now: int) -> None: ...


def join(one: Party, other: Party, chop: int | None = None) -> None:
    """Play two endpoints against each other until both are done; time jumps when both wait."""
    now = 0
    one.connected(now)
    other.connected(now)
    for _ in range(1_000_000):
        moved = False
        for sender, receiver in ((one, other), (other, one)):
            while sender.output or sender.pending:
                if not sender.output:
                    sender.pump(now)
                    continue
                data = sender.output.pop(0)
                step = chop or len(data) or 1
                for at in range(0, len(data), step):
                    receiver.received(data[at : at + step], now)
                moved = True
            if sender.dropped_as and not receiver.done:
                receiver.ended(sender.dropped_as, now)
                moved = True
        if moved:
            continue
        due = [endpoint.deadline for endpoint in (one, other) if endpoint.deadline is not None]
        if not due:
            check_events(one)
            check_events(other)
            return
        now = max(now, min(due))
        one.wake(now)
        other.wake(now)
    raise AssertionError("the two never come to an end")


def check_events(own: Party) -> None:
    """The events that a player noted are those of its trace, or it noted none."""
    if isinstance(own, Player) and (noted := own.noted()) is not None:
        assert noted == observe(own.trace(), own.script.reading, own.side)


def against(
    case: Case, tester: Side, peer: Sequence[dict[str, object]], limits: Limits | None = None
) -> Trace:
    """Play a case against a peer that sends given octets at given seconds after the opening."""
    own = player(case, tester, limits=limits)
    own.connected(0)
    own.received(ACCEPTED if tester is Side.CLIENT else encode_request("/", REQUEST), 0)
    acts = list(peer)
    for tick in itertools.count(1):
        now = tick * 50_000
        while acts and float(str(acts[0]["at"])) * SECOND <= now + 1:
            act = acts.pop(0)
            if "octets" in act:
                own.received(bytes.fromhex(str(act["octets"])), now)
            else:
                own.ended(How(act.get("how", "FIN")), now)
        while own.pending:
            own.pump(now)
        own.wake(now)
        if own.done:
            check_events(own)
            return own.trace()
        assert tick < 10_000, "the player never comes to an end"
    raise AssertionError
