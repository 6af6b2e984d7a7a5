"""What the tester does, in order, bound to a side: of a case's steps, or of recorded octets."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from replay.play.endpoint import Limits
from replay.protocol.framing import RFC_6455
from replay.protocol.interpreter import has_opening
from replay.spec.cost import volume
from replay.spec.model import (
    DATA,
    RECORDED,
    Case,
    Kind,
    OpenFrame,
    Pattern,
    Pause,
    Profile,
    Repeat,
    SendClose,
    SendData,
    SendFrame,
    SendMessage,
)
from replay.spec.recorded import patterns
from replay.trace.model import Drop, Octets, Timer, Trace, Wait
from replay.wire.frame import Opcode, decode_header, encode, encode_header, encode_message, frame
from replay.wire.handshake import HeadReader, edit_head, encode_request
from replay.wire.masking import mask
from replay.wire.side import Side

Chop = Literal["recorded", "frame"] | int


@dataclass(frozen=True, slots=True)
class Write:
    pieces: tuple[bytes, ...]  # one write each
    together: bool = False  # ... as far as the case goes; they may share one on the wire
    lacking: int = 0  # octets of the frame that come later


@dataclass(frozen=True, slots=True)
class CloseWith:
    code: int | None
    reason: bytes


@dataclass(frozen=True, slots=True)
class Delay:
    after: int  # microseconds
    tag: str | None = None  # go on only if the connection is open then
    shorten: bool = False  # the silence is on the way to the best verdict


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until so many events have been observed as the log shows before this place. Whether
    they are the same ones is for the judge to say."""

    count: int | None  # None: until the testee ends TCP
    patience: int  # microseconds


@dataclass(frozen=True, slots=True)
class AwaitEchoes:
    """Wait until so many messages have come back, and go on if the connection is open then."""

    count: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Start the patience, once all is written; if it is of progress, at once."""

    wait: Wait
    after: int
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class EndTcp:
    pass


Action = Write | CloseWith | Delay | Await | AwaitEchoes | Arm | EndTcp


@dataclass(frozen=True, slots=True)
class Script:
    tester: Side
    opening: tuple[bytes, ...]  # a client's request, in writes; a server's recorded response, or nothing
    actions: Iterator[Action]  # made as they are taken, for one connection
    keys: Callable[[], bytes]  # makes the masking key of each frame
    whole: bool  # behaves as a whole endpoint; else only recorded octets are sent
    kinds: frozenset[Kind]  # of the events that count
    alternatives: tuple[tuple[Pattern, ...], ...] = ()
    close_with: CloseWith | None = None  # when one of them is complete; None: the testee has to close
    profile: Profile = Profile.AUTOBAHN
    codes: frozenset[int] = RFC_6455  # that may stand in a Close
    close_when_apart: bool = False  # also when none of them can be complete any more
    answer_pings: bool = False
    volume: int = 0  # octets that are exchanged if all goes well, about
    waits: int = 0  # how long it may wait by itself, in microseconds
    events: int = 0  # that it is made to make


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for: where to connect and what to change in what is sent."""

    target: str = "/"
    host: str = "localhost"  # the Host header, with the port if it isn't the scheme's own
    headers: tuple[tuple[str, str], ...] = ()
    edit_target: bool = False  # also in recorded requests
    edit_host: bool = False
    chop: Chop = "recorded"
    answer_pings: bool = False


def script(
    case: Case, tester: Side, options: Options, limits: Limits, keys: Callable[[], bytes], nonce: str
) -> Script:
    """Bind a case to a side. `nonce` is the Sec-WebSocket-Key where none is recorded.

    The trace of `case`, if it has one, must have all its octets (`recorded.check_replayable`).
    """
    if case.trace is not None:
        return _of_trace(case, case.trace, tester, options, limits, keys, nonce)
    if case.one_mask:
        only = keys()
        keys = partial(bytes, only)
    closing = case.closing
    code = closing.codes[0] if closing and closing.codes else 1000
    closes = closing is not None and closing.by != "testee"
    closes = closes and not any(outcome.anything for outcome in case.outcomes)
    pauses = sum(step.after for step in case.steps if isinstance(step, Pause))
    patience = case.patience.after * (limits.stalls if case.patience.stalled else 1)
    return Script(
        tester,
        _opening_writes(_request(options, nonce), options) if tester is Side.CLIENT else (),
        _actions(case, options, keys),
        keys,
        whole=True,
        kinds=DATA,
        alternatives=tuple(outcome.patterns for outcome in case.outcomes),
        close_with=CloseWith(code, b"") if closes else None,
        profile=case.profile,
        codes=case.codes,
        close_when_apart=case.measured,
        volume=volume(case),
        waits=pauses + patience,
        events=max(len(outcome.patterns) for outcome in case.outcomes),
    )


_THEN = {"fail": Wait.FAIL, "close": Wait.CLOSE}


def _request(options: Options, nonce: str) -> bytes:
    headers = {
        "Host": options.host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": nonce,
        "Sec-WebSocket-Version": "13",
    }
    own = {name.lower() for name, _ in options.headers}
    kept = [(name, value) for name, value in headers.items() if name.lower() not in own]
    return encode_request(options.target, [*kept, *options.headers])


def _opening_writes(head: bytes, options: Options) -> tuple[bytes, ...]:
    return _chop(head, options.chop if isinstance(options.chop, int) else "recorded")


def _actions(case: Case, options: Options, keys: Callable[[], bytes]) -> Iterator[Action]:
    """The steps of a case, and its patience."""
    patience = case.patience
    arm = Arm(_THEN[patience.then], patience.after, patience.stalled)
    if patience.stalled:
        yield arm
    chop: Chop = options.chop if isinstance(options.chop, int) else "recorded"
    best = {pattern.tag for pattern in case.outcomes[0].patterns if pattern.tag is not None}
    opened: OpenFrame | None = None
    key, at = b"", 0  # of the frame that is open
    messages = 0
    for step in case.steps:
        match step:
            case SendFrame() | SendMessage():
                yield _write(step, options, keys)
                messages += _ends_message(step)
            case SendClose():
                yield CloseWith(step.code, step.reason)
            case Pause():
                on_the_way = step.tag is None or step.tag in best
                yield Delay(step.after, step.tag, on_the_way and not step.exact)
            case OpenFrame():
                opened, key, at = step, _key(step.mask, keys), 0
                header = frame(step.opcode, fin=step.fin, rsv=step.rsv, key=key, length=step.length)
                yield Write(_chop(encode_header(header.header), chop), lacking=step.length)
                messages += step.length == 0 and _ends_message(step)
            case SendData() if opened is not None and len(step.payload):
                octets = step.payload.octets
                sent = _chop(mask(octets, key, at), chop)
                at += len(octets)
                yield Write(sent, lacking=opened.length - at)
                messages += at == opened.length and _ends_message(opened)
            case Repeat():
                same: list[Write] = []
                for number in range(step.times):
                    if not same or not (case.one_mask and step.alike):
                        same = [_write(one, options, keys) for one in step.round(number)]
                    yield from same
                    messages += sum(map(_ends_message, step.steps))
                    yield AwaitEchoes(messages)
    if not patience.stalled:
        yield arm


def _ends_message(step: SendFrame | SendMessage | OpenFrame) -> bool:
    return isinstance(step, SendMessage) or (step.fin and step.opcode < Opcode.CLOSE)


def _key(mask: bytes | bool | None, keys: Callable[[], bytes]) -> bytes:
    return mask if isinstance(mask, bytes) else b"" if mask is False else keys()


def _write(step: SendFrame | SendMessage, options: Options, keys: Callable[[], bytes]) -> Write:
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
        return Write(_chop(encode(sent), own))
    opcode = Opcode.TEXT if step.text else Opcode.BINARY
    frames = encode_message(opcode, step.payload.octets, step.fragment, keys)
    if isinstance(options.chop, int):
        return Write(_chop(b"".join(frames), options.chop))
    return Write(tuple(frames), together=options.chop == "recorded")


def _of_trace(
    case: Case,
    trace: Trace,
    tester: Side,
    options: Options,
    limits: Limits,
    keys: Callable[[], bytes],
    nonce: str,
) -> Script:
    opening, frames_at = _recorded_opening(trace, tester)
    if opening and tester is Side.CLIENT:
        headers = (*((("Host", options.host),) if options.edit_host else ()), *options.headers)
        opening = edit_head(opening, options.target if options.edit_target else None, headers)
    elif tester is Side.CLIENT:
        opening = _request(options, nonce)
    awaited = patterns(trace, tester, case.profile, case.codes)
    actions = list(_recorded_actions(trace, tester, awaited, frames_at, options, limits))
    return Script(
        tester,
        _opening_writes(opening, options),
        iter(actions),
        keys,
        whole=False,
        kinds=RECORDED,
        profile=case.profile,
        codes=case.codes,
        answer_pings=options.answer_pings,
        volume=volume(case),
        waits=sum(
            a.patience if isinstance(a, Await) else a.after for a in actions if isinstance(a, Await | Delay)
        ),
        events=len(awaited),
    )


def _recorded_opening(trace: Trace, tester: Side) -> tuple[bytes, int]:
    """The tester's recorded head, and how many octets of its stream that is."""
    reader = HeadReader()
    if has_opening(trace):
        for entry in trace.entries:
            if isinstance(entry, Octets) and entry.side is tester and (found := reader.feed(entry.data)):
                return found[0], len(found[0])
    return b"", 0


def _recorded_actions(
    trace: Trace,
    tester: Side,
    awaited: Sequence[Pattern],
    frames_at: int,
    options: Options,
    limits: Limits,
) -> Iterator[Action]:
    patience, position, last_at = limits.patience, 0, 0
    delays = [entry for entry in trace.entries if isinstance(entry, Timer) and entry.wait is Wait.DELAY]
    cut_short = {entry.tag for entry in delays} - {entry.tag for entry in delays if entry.fired}
    completed = [pattern.recorded.entry for pattern in awaited if pattern.recorded]
    for number, entry in enumerate(trace.entries):
        before = bisect.bisect_left(completed, number)
        match entry:
            case Octets() if entry.side is tester:
                frames = entry.data[max(0, frames_at - position) :]
                position += len(entry.data)
                if frames:
                    gap = entry.at - last_at if entry.at is not None else 0
                    yield Await(before, max(patience, gap + limits.patience))
                    yield Write(_chop(frames, options.chop))
                last_at = entry.at or last_at
            case Timer(wait=Wait.FAIL | Wait.CLOSE, fired=False, after=int(after)):
                patience = max(patience, after)
            case Timer(wait=Wait.DELAY, fired=False, after=int(after)) if entry.tag in cut_short:
                patience = max(patience, after)
            case Timer(wait=Wait.DELAY, fired=False, after=int(after)):
                yield Await(before, patience)
                yield Delay(after, entry.tag)
            case Timer(wait=wait, fired=True, after=after) if wait is not Wait.DELAY:
                yield Await(before, patience)
                yield Delay(patience if after is None else after)
    ends = [entry.side for entry in trace.entries if isinstance(entry, Drop)]
    yield Await(None if ends and ends[0] is not tester else len(awaited), patience)
    if not ends:
        yield Delay(limits.patience)  # the log says nothing of an end: does more come than it has?
    yield EndTcp()


def _chop(octets: bytes, chop: Chop) -> tuple[bytes, ...]:
    """The writes in which these octets are sent."""
    if chop == "recorded":
        return (octets,)
    if isinstance(chop, int):
        return tuple(octets[at : at + chop] for at in range(0, len(octets), chop))
    borders = [0]
    while (found := decode_header(octets, borders[-1])) and found[1] + found[0].length < len(octets):
        borders.append(found[1] + found[0].length)
    return tuple(octets[a:b] for a, b in itertools.pairwise([*borders, len(octets)]))
