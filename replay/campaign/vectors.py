"""Test cases as data, for testing a parser without a network: octets, and what a receiver makes of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from replay.cases.model import Case, Profile
from replay.cases.recorded import under
from replay.cases.said import Said
from replay.cases.step import Repeat, Step
from replay.play.actions import CloseWith, Options, Write, voice
from replay.play.endpoint import Limits
from replay.play.script import script
from replay.protocol.events import Close, Event, Message, Ping, Pong, Violation
from replay.protocol.interpreter import Interpreter
from replay.protocol.negotiation import Agreed, Ask, agreed, answer, valid_offers
from replay.protocol.rules import RULES
from replay.trace.model import Octets
from replay.wire.frame import Opcode, encode, frame, frame_headers
from replay.wire.handshake import Request, Response, accept, encode_request, encode_response, parse_head
from replay.wire.side import Side

MOST = 2**16 + 2**8
"""The most octets of a vector: larger payloads test memory rather than a parser."""

ROUNDS = 4
"""The rounds of a repeat that are taken: each shows the same."""

MOST_IN_ROUNDS = 2**13
"""The most octets of a vector that repeats."""

_NONCE = "dGhlIHNhbXBsZSBub25jZQ=="
_OFFER = "permessage-deflate; client_max_window_bits"


class Delivered(Struct, frozen=True, omit_defaults=True):
    """What a receiver has to make of the octets: a message, or a control frame."""

    kind: Literal["text", "binary", "ping", "pong", "close"]
    data: str = ""  # the payload in hex; of a close, the reason
    code: int | None = None  # of a close


class Failure(Struct, frozen=True):
    """Why the receiver has to fail the connection, and when."""

    rule: str
    reference: str  # 'RFC 6455 §5.5'
    at: int  # the offset of the octet that breaks the rule
    due: int  # how many octets a receiver needs that fails as early as it can
    codes: tuple[int, ...]  # with which it may close


class Vector(Struct, frozen=True):
    """Octets for one receiver. `verdict`: a `valid` vector delivers its events; an `invalid` one delivers
    them and then fails; with `either`, the receiver may do the one or the other."""

    id: str
    title: str
    receiver: Literal["client", "server"]
    extensions: str | None  # what was agreed, as in the response; None: nothing
    writes: tuple[str, ...]  # the octets in hex, as they are split
    events: tuple[Delivered, ...]
    verdict: Literal["valid", "invalid", "either"]
    failure: Failure | None


class Vectors(Struct, frozen=True):
    """A file of vectors."""

    replay: str  # the version that made it
    suite: str  # the editions of the cases
    seed: int  # of the masking keys
    vectors: tuple[Vector, ...]
    left_out: tuple[str, ...]  # the cases that make no vector: they are about the handshake, or too large


def schema() -> dict[str, Any]:
    """The JSON Schema of a file of vectors."""
    import msgspec

    return msgspec.json.schema(Vectors)


def vectors(cases: Iterable[Case], seed: int) -> tuple[tuple[Vector, ...], tuple[str, ...]]:
    """The vectors of these cases, one for each side that can receive it, and the ids of those without."""
    made: list[Vector] = []
    left_out: list[str] = []
    for case in cases:
        found = [vector for side in Side if (vector := _vector(case, side, seed)) is not None]
        made += found
        if not found:
            left_out.append(case.id)
    return tuple(made), tuple(left_out)


def _vector(case: Case, sender: Side, seed: int) -> Vector | None:
    if case.trace is not None or case.open is not None or case.testee is sender:
        return None
    case = under(replace(case, steps=tuple(map(_few, case.steps))), Profile.RFC, sender)
    terms, opening = _opening(case, sender)
    if case.deflate is not None and terms is None:
        return None
    draw = random.Random(f"{seed} {case.id}")
    keys: Callable[[], bytes] = (lambda: draw.randbytes(4)) if sender is Side.CLIENT else bytes
    writes = []
    left = MOST_IN_ROUNDS if case.rounds else MOST
    for write in _writes(case, sender, keys, terms):
        writes.append(write)
        if (left := left - len(write)) < 0:
            return None
    events, breach, due = _read(sender, opening, writes)
    start = sum(len(head) for side, head in opening if side is sender)
    failure = None if breach is None else _failure(case, breach, breach.start - start, due)
    return Vector(
        id=case.id,
        title=case.title,
        receiver=sender.other.value,
        extensions=None if terms is None else str(terms),
        writes=tuple(write.hex() for write in writes),
        events=tuple(filter(None, map(_delivered, events))),
        verdict=_verdict(case, breach, b"".join(writes)),
        failure=failure,
    )


def _few(step: Step) -> Step:
    return replace(step, times=min(step.times, ROUNDS)) if isinstance(step, Repeat) else step


def _opening(case: Case, sender: Side) -> tuple[Agreed | None, tuple[tuple[Side, bytes], ...]]:
    """What is agreed, and the heads of the opening handshake that agrees on it."""
    offer = [] if case.deflate is None else [case.deflate.offer if sender is Side.CLIENT else _OFFER]
    fields = [("Host", "localhost"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    key = [("Sec-WebSocket-Key", _NONCE), ("Sec-WebSocket-Version", "13")]
    asked = encode_request("/", [*fields, *key, *(("Sec-WebSocket-Extensions", line) for line in offer)])
    request = parse_head(Side.CLIENT, asked)
    assert isinstance(request, Request)
    asks = case.deflate.asks if case.deflate is not None and sender is Side.SERVER else (Ask(),)
    terms = answer(valid_offers(request), asks) if offer else None
    chosen = [] if terms is None else [("Sec-WebSocket-Extensions", str(terms))]
    fields = [*fields[1:], ("Sec-WebSocket-Accept", accept(_NONCE)), *chosen]
    answered = encode_response(101, "Switching Protocols", fields)
    response = parse_head(Side.SERVER, answered)
    assert isinstance(response, Response)
    return agreed(response), ((Side.CLIENT, asked), (Side.SERVER, answered))


def _nothing_new(said: Said) -> tuple[bool, bytes]:
    raise ValueError(f"a vector is the same each time, so it can't hold a value: {said.view}")


def _writes(case: Case, sender: Side, keys: Callable[[], bytes], terms: Agreed | None) -> Iterator[bytes]:
    """Everything that the tester sends if nothing goes wrong."""
    plan = script(case, sender, Options(), Limits(), keys, _NONCE)
    for action in plan.actions(voice(terms, sender, _nothing_new)):
        match action:
            case Write():
                yield from (piece for writes in action.pieces for piece in writes.single())
            case CloseWith(code=code, reason=reason):
                yield _close(code, reason, plan.keys)
    if plan.close_with is not None:
        yield _close(plan.close_with.code, plan.close_with.reason, plan.keys)


def _close(code: int | None, reason: bytes, keys: Callable[[], bytes]) -> bytes:
    payload = b"" if code is None else code.to_bytes(2, "big")
    return encode(frame(Opcode.CLOSE, payload + reason, key=keys()))


def _read(
    sender: Side, opening: Iterable[tuple[Side, bytes]], writes: Sequence[bytes]
) -> tuple[list[Event], Violation | None, int]:
    """The events up to the first breach, the breach, and how many octets it takes to notice it."""
    for pieces in (writes, [bytes((octet,)) for write in writes for octet in write]):
        events: list[Event] = []
        interpreter = Interpreter(sender.other, Profile.RFC.reading)
        for side, head in opening:
            tuple(interpreter.feed(Octets(side, head)))
        breach, taken = _until_breach(interpreter, sender, pieces, events)
        if breach is None:
            return events, None, taken
    return events, breach, taken


def _until_breach(
    interpreter: Interpreter, sender: Side, pieces: Iterable[bytes], events: list[Event]
) -> tuple[Violation | None, int]:
    taken = 0
    for piece in pieces:
        taken += len(piece)
        for event in interpreter.feed(Octets(sender, piece)):
            if isinstance(event, Violation):
                return event, taken
            events.append(event)
            if isinstance(event, Close):
                return None, taken
    return None, taken


def _failure(case: Case, breach: Violation, at: int, due: int) -> Failure:
    rule = RULES[breach.rule]
    endings = [case.closing, *(outcome.closing for outcome in case.outcomes)]
    wanted = [code for ending in endings if ending and ending.by == "testee" for code in ending.codes or ()]
    codes = dict.fromkeys(code for code in (rule.code, *wanted) if code is not None)
    return Failure(rule.id, rule.reference, at, due, tuple(codes))


def _verdict(case: Case, breach: Violation | None, octets: bytes) -> Literal["valid", "invalid", "either"]:
    if any(outcome.anything for outcome in case.outcomes) or (breach is None and _cut_short(octets)):
        return "either"
    if breach is None:
        return "valid"
    return "invalid" if breach.code is not None else "either"


def _cut_short(octets: bytes) -> bool:
    """Whether a Close comes inside a fragmented message, which no text forbids or allows."""
    inside = False
    for header, _, _ in frame_headers(octets):
        if header.opcode == Opcode.CLOSE:
            return inside
        if not header.is_control:
            inside = not header.fin
    return False


def _delivered(event: Event) -> Delivered | None:
    match event:
        case Message():
            return Delivered("text" if event.text else "binary", event.data.hex())
        case Ping():
            return Delivered("ping", event.data.hex())
        case Pong():
            return Delivered("pong", event.data.hex())
        case Close():
            return Delivered("close", event.reason.hex(), event.code)
    return None
