"""Turns a case into a script: its steps, bound to the tester's side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice, pairwise

from msgspec.structs import replace

from replay.cases.connect import Connect
from replay.cases.cost import gaps, volume, waits_out
from replay.cases.echo import RepeatedEchoes
from replay.cases.model import DATA, Case, Round
from replay.cases.payload import Payload
from replay.cases.step import (
    Await,
    OpenFrame,
    Pause,
    Repeat,
    SendClose,
    SendData,
    SendEnd,
    SendFrame,
    SendMessage,
    Step,
)
from replay.play.actions import (
    Action,
    Arm,
    AwaitClose,
    AwaitEchoes,
    AwaitRound,
    AwaitTurn,
    Chop,
    CloseWith,
    Delay,
    EndTcp,
    EndTurn,
    Options,
    Script,
    Voice,
    Write,
    chopped,
    opening_writes,
    reaching,
    request,
    response,
)
from replay.play.compression import Compression
from replay.play.endpoint import Limits
from replay.play.heads import request_actions, response_actions
from replay.play.recording import of_trace
from replay.trace.model import Wait
from replay.values.kinds import Maker
from replay.values.shape import Names
from replay.wire.frame import Opcode, encode, encode_header, encode_message, frame
from replay.wire.handshake import Request
from replay.wire.masking import mask
from replay.wire.side import Side


def script(
    case: Case,
    tester: Side,
    options: Options,
    limits: Limits,
    keys: Callable[[], bytes],
    nonce: str,
    maker: Maker | None = None,
) -> Script:
    """Bind a case to a side. `nonce` is the Sec-WebSocket-Key, unless one is recorded; `maker` makes what
    is new in each message, such as ids.

    If the case has a trace, no octets may be missing from it (`recorded.check_replayable`). A case about
    the opening handshake is played by its steps, as what is sent depends on the connection.
    """
    if case.trace is not None and case.open is None:
        return of_trace(case, case.trace, tester, options, limits, keys, nonce)
    if case.one_mask:
        keys = cycle((keys(),)).__next__
    head = case.head(tester)
    joined = case.joined(tester)
    frames = b"".join(one.octets for step in joined for one in _write(step, options, keys, None).pieces)
    offer = case.deflate.offer if case.deflate else None
    asked = options
    if tester is Side.CLIENT:
        options = reaching(options, case.connect)

    def opening(names: Names) -> tuple[Action, ...]:
        own = options if case.connect is None or not names else reaching(asked, case.connect.knowing(names))
        default = request(own, nonce, offer)
        if head is not None:
            return request_actions(head, default, own, nonce, frames)
        return (Write(opening_writes(default, own)),)

    steps = list(case.all_steps)
    asks = case.deflate.asks if case.deflate else ()
    pauses = gaps(case) + sum(step.after for step in steps if isinstance(step, Pause))
    pauses += sum(map(_quiet, case.talk))
    pauses += head.lasts if head is not None else 0
    patience = (
        case.patience.after
        * (limits.stalls if case.patience.stalled else 1)
        * (case.turns.total if case.turns is not None else len(case.talk))
    )

    def respond(request: Request) -> tuple[Action, ...] | None:
        default = response(request, asks)
        if head is None:
            return (Write(opening_writes(default, options)),)
        return response_actions(head, default, options, request, frames)

    return Script(
        tester,
        opening,
        partial(_actions, case, tester, options, keys),
        keys,
        whole=True,
        kinds=case.kinds | DATA,
        talk=tuple(tuple(tuple(outcome.expected) for outcome in part.outcomes) for part in case.talk),
        ignored=case.passed_over,
        answers=case.answers,
        said=partial(_data, options, keys),
        connect=case.connect or Connect(),
        turns=case.turns,
        maker=maker,
        close_with=_close_with(case),
        profile=case.profile,
        reading=case.reading,
        close_when_apart=_ends_apart(case) and not options.listens,
        chopped=options.chop != "recorded",
        rounds=_only_rounds(case),
        response=respond,
        closes_by_steps=any(isinstance(step, Await) for step in steps),
        about_opening=case.about_opening,
        volume=volume(case),
        waits=pauses + patience,
        events=sum(max(len(outcome.patterns) for outcome in part.outcomes) for part in case.talk),
    )


def _close_with(case: Case) -> CloseWith | None:
    """The Close that the tester sends once an outcome is complete, if it does."""
    closing = case.closing
    if closing is None or closing.by == "testee" or any(outcome.anything for outcome in case.outcomes):
        return None
    if any(isinstance(step, SendEnd) for step in case.all_steps):
        return None
    return CloseWith(closing.codes[0] if closing.codes else 1000, b"")


def _ends_apart(case: Case) -> bool:
    """Whether nothing is waited for once no outcome can come any more: the rest would only be noise, or the
    case only tells what was found."""
    told_only = case.limit is not None and not case.limit.promised
    return bool(case.measured or case.rounds or case.about_opening or case.converses or told_only)


_THEN = {"fail": Wait.FAIL, "close": Wait.CLOSE}


def _actions(
    case: Case, tester: Side, options: Options, keys: Callable[[], bytes], voice: Voice
) -> Iterator[Action]:
    """The steps of a case, round by round, and the timeout of each round; only a Close if the compression
    that it tests was declined."""
    if case.deflate is not None and voice.terms is None and case.open is None:
        yield CloseWith(1000, b"")
        return
    patience = case.patience
    for number, part in enumerate(case.earlier):
        first = len(case.joined(tester)) if not number else 0
        if case.turns is not None:
            yield AwaitTurn(case.turns.rounds[number])
        yield from _steps(case, part.steps[first:], options, keys, voice, 0)
        after = patience.after + _quiet(part)
        yield AwaitRound(number, Arm(_THEN[patience.then], after, patience.stalled))
        if case.turns is not None:
            yield EndTurn(case.turns.rounds[number] + 1)
    if case.turns is not None:
        yield AwaitTurn(case.turns.total)
    joined = () if case.earlier else case.joined(tester)
    after = patience.after + _quiet(case.talk[-1])
    arm = Arm(_THEN[patience.then], after, patience.stalled, waits_out(case))
    if patience.stalled:
        yield arm
    messages = sum(map(_ends_message, joined))
    yield from _steps(case, case.steps[len(joined) :], options, keys, voice, messages)
    close = _close_with(case)
    if close is not None and case.earlier and not any(outcome.expected for outcome in case.outcomes):
        yield close
    elif not patience.stalled:
        yield arm


def _quiet(part: Round) -> int:
    """How long nothing may come in a round, in microseconds, if it ends in the best way."""
    return sum(pattern.after or 0 for pattern in part.outcomes[0].patterns if pattern.after)


def _steps(
    case: Case,
    steps: Sequence[Step],
    options: Options,
    keys: Callable[[], bytes],
    voice: Voice,
    messages: int,
) -> Iterator[Action]:
    """The steps of one round. `messages`: how many messages have been sent before."""
    compression, patience = voice.compression, case.patience
    chop: Chop = options.chop if isinstance(options.chop, int) else "recorded"
    opened: OpenFrame | None = None
    key, at = b"", 0  # of the frame that is sent in pieces
    for step in steps:
        match step:
            case SendFrame() if step.cut or step.gap:
                yield from _in_parts(step, options, keys)
                messages += _ends_message(step)
            case SendFrame() | SendMessage():
                yield _data(options, keys, step, voice)
                messages += _ends_message(step)
            case SendClose(joined=True):
                yield _close(step, options, keys)
            case SendClose():
                yield CloseWith(step.code, step.reason)
            case Await():
                yield AwaitClose(patience.after)
            case SendEnd():
                yield EndTcp(step.how)
            case Pause():
                yield Delay(step.after, step.tag, _on_the_way(step, case) and not step.exact, step.deaf)
            case OpenFrame():
                opened, key, at = step, _key(step.mask, keys), 0
                header = frame(step.opcode, fin=step.fin, rsv=step.rsv, key=key, length=step.length)
                yield Write(chopped(encode_header(header.header), chop), lacking=step.length)
                messages += step.length == 0 and _ends_message(step)
            case SendData() if opened is not None and len(step.payload):
                octets = step.payload.octets
                sent = chopped(mask(octets, key, at), chop)
                at += len(octets)
                yield Write(sent, lacking=opened.length - at)
                messages += at == opened.length and _ends_message(opened)
            case Repeat():
                for writes in _rounds(case, step, options, keys, compression):
                    yield from writes
                    messages += sum(map(_ends_message, step.steps))
                    yield AwaitEchoes(messages)


def _data(
    options: Options, keys: Callable[[], bytes], step: SendFrame | SendMessage, voice: Voice
) -> Write:
    """The write of a frame or a message. If it has a value, that is made now."""
    if isinstance(step, SendMessage) and step.said is not None:
        text, octets = voice.fill(step.said)
        step = replace(step, text=text, payload=Payload(octets))
    return _write(step, options, keys, _compressed(step, voice.compression))


def _in_parts(step: SendFrame, options: Options, keys: Callable[[], bytes]) -> Iterator[Action]:
    """The writes of a frame, with pauses between them."""
    octets = b"".join(piece.octets for piece in _write(step, options, keys, None).pieces)
    ends = range(step.chop, len(octets), step.chop) if step.chop else [step.cut or 0]
    for start, end in pairwise((0, *(end for end in ends if end < len(octets)), len(octets))):
        if start and step.gap:
            yield Delay(step.gap, apart=True)
        yield Write(chopped(octets[start:end], "recorded"), lacking=len(octets) - end)


def _close(step: SendClose, options: Options, keys: Callable[[], bytes]) -> Write:
    """A Close frame that shares the write of the frame before it."""
    payload = (b"" if step.code is None else step.code.to_bytes(2, "big")) + step.reason
    write = _write(SendFrame(Opcode.CLOSE, Payload(payload)), options, keys, None)
    return replace(write, closes=True)


def _rounds(
    case: Case, repeat: Repeat, options: Options, keys: Callable[[], bytes], compression: Compression | None
) -> Iterator[list[Write]]:
    """The writes of each round."""
    match case.steps:
        case [Repeat(steps=[SendMessage(compress=True) as step])] if compression is not None:
            for payload in islice(compression.rounds(step.payload, step.text), repeat.times):
                yield [_write(step, options, keys, payload)]
            return
    alike = case.one_mask and repeat.alike and compression is None
    writes: list[Write] = []
    for number in range(repeat.times):
        if not (writes and alike):
            steps = repeat.round(number)
            writes = [_write(step, options, keys, _compressed(step, compression)) for step in steps]
        yield writes


def _on_the_way(pause: Pause, case: Case) -> bool:
    """Whether the best verdict requires silence during the pause."""
    return pause.tag is None or any(pattern.tag == pause.tag for pattern in case.outcomes[0].patterns)


def _ends_message(step: SendFrame | SendMessage | OpenFrame) -> bool:
    return isinstance(step, SendMessage) or (step.fin and step.opcode < Opcode.CLOSE)


def _key(mask: bytes | bool | None, keys: Callable[[], bytes]) -> bytes:
    return mask if isinstance(mask, bytes) else b"" if mask is False else keys()


def _compressed(step: SendFrame | SendMessage, compression: Compression | None) -> bytes | None:
    """The compressed payload of a message; None: it isn't compressed."""
    if compression is None or isinstance(step, SendFrame) or not step.compress:
        return None
    return compression.message(step.payload.octets)


def _only_rounds(case: Case) -> bool:
    """Whether it only sends a message in each round and only expects the echoes."""
    match case.steps:
        case [Repeat(steps=[SendMessage()])]:
            return all(isinstance(outcome.patterns, RepeatedEchoes) for outcome in case.outcomes)
    return False


def _write(
    step: SendFrame | SendMessage, options: Options, keys: Callable[[], bytes], compressed: bytes | None
) -> Write:
    if isinstance(step, SendFrame):
        sent = frame(
            step.opcode,
            step.payload.octets,
            fin=step.fin,
            rsv=step.rsv,
            key=_key(step.mask, keys),
            length=step.length,
            form=step.form,
        )
        own = step.chop if options.chop == "recorded" and step.chop else options.chop
        return Write(chopped(encode(sent), own), together=own == "recorded")
    opcode = Opcode.TEXT if step.text else Opcode.BINARY
    payload, rsv = (step.payload.octets, 0) if compressed is None else (compressed, 4)
    frames = encode_message(opcode, payload, step.fragment, keys, rsv)
    if isinstance(options.chop, int):
        return Write(chopped(frames.octets, options.chop))
    return Write((frames,), together=options.chop == "recorded")
