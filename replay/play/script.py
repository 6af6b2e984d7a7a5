"""What the tester does, in order, bound to a side: of a case's steps, or of recorded octets."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from replay.play.endpoint import Limits
from replay.protocol.interpreter import has_opening
from replay.spec.model import DATA, RECORDED, Case, Kind, Pattern, Pause, SendClose, SendFrame
from replay.spec.recorded import patterns
from replay.trace.model import Drop, Octets, Timer, Trace, Wait
from replay.wire.frame import decode_header, encode, frame
from replay.wire.handshake import HeadReader, edit_head, encode_request
from replay.wire.side import Side

Chop = Literal["recorded", "frame"] | int


@dataclass(frozen=True, slots=True)
class Write:
    pieces: tuple[bytes, ...]  # one write each


@dataclass(frozen=True, slots=True)
class CloseWith:
    code: int | None
    reason: bytes


@dataclass(frozen=True, slots=True)
class Delay:
    after: int  # microseconds
    tag: str | None = None  # go on only if the connection is open then


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until so many events have been observed as the log shows before this place. Whether
    they are the same ones is for the judge to say."""

    count: int | None  # None: until the testee ends TCP
    patience: int  # microseconds


@dataclass(frozen=True, slots=True)
class Arm:
    """Start the patience, once all is written."""

    wait: Wait
    after: int


@dataclass(frozen=True, slots=True)
class EndTcp:
    pass


Action = Write | CloseWith | Delay | Await | Arm | EndTcp


@dataclass(frozen=True, slots=True)
class Script:
    tester: Side
    opening: tuple[bytes, ...]  # a client's request, in writes; a server's recorded response, or nothing
    actions: tuple[Action, ...]
    whole: bool  # behaves as a whole endpoint; else only recorded octets are sent
    kinds: frozenset[Kind]  # of the events that count
    alternatives: tuple[tuple[Pattern, ...], ...] = ()
    close_with: CloseWith | None = None  # when one of them is complete; None: the testee has to close
    answer_pings: bool = False
    recorded: int = 0  # octets of both sides in the log that is played
    recorded_events: int = 0  # that they made

    @property
    def volume(self) -> int:
        """Octets that are exchanged if all goes well, about."""
        writes = (action.pieces for action in self.actions if isinstance(action, Write))
        return max(self.recorded, sum(len(piece) for pieces in writes for piece in pieces))

    @property
    def waits(self) -> int:
        """How long it may wait by itself, in microseconds."""
        return sum(
            action.patience if isinstance(action, Await) else action.after
            for action in self.actions
            if isinstance(action, Await | Delay | Arm)
        )


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
        return _of_trace(case, case.trace, tester, options, limits, nonce)
    closing = case.closing
    actions = [*_of_steps(case, options, keys), Arm(_THEN[case.patience.then], case.patience.after)]
    by_testee = closing is None or closing.by == "testee"
    return Script(
        tester,
        _opening_writes(_request(options, nonce), options) if tester is Side.CLIENT else (),
        tuple(actions),
        whole=True,
        kinds=DATA,
        alternatives=tuple(outcome.patterns for outcome in case.outcomes),
        close_with=None if by_testee or closing is None else CloseWith(closing.codes[0], b""),
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


def _of_steps(case: Case, options: Options, keys: Callable[[], bytes]) -> Iterator[Action]:
    for step in case.steps:
        match step:
            case SendFrame():
                key = step.mask if isinstance(step.mask, bytes) else b"" if step.mask is False else keys()
                sent = frame(
                    step.opcode,
                    step.payload.octets,
                    fin=step.fin,
                    rsv=step.rsv,
                    key=key,
                    length=step.length,
                    form=step.form,
                )
                own = step.chop if options.chop == "recorded" and step.chop else options.chop
                yield Write(_chop(encode(sent), own))
            case SendClose():
                yield CloseWith(step.code, step.reason)
            case Pause():
                yield Delay(step.after, step.tag)


def _of_trace(
    case: Case, trace: Trace, tester: Side, options: Options, limits: Limits, nonce: str
) -> Script:
    opening, frames_at = _recorded_opening(trace, tester)
    if opening and tester is Side.CLIENT:
        headers = (*((("Host", options.host),) if options.edit_host else ()), *options.headers)
        opening = edit_head(opening, options.target if options.edit_target else None, headers)
    elif tester is Side.CLIENT:
        opening = _request(options, nonce)
    awaited = patterns(trace, tester)
    return Script(
        tester,
        _opening_writes(opening, options),
        tuple(_recorded_actions(trace, tester, awaited, frames_at, options, limits)),
        whole=False,
        kinds=RECORDED,
        answer_pings=options.answer_pings,
        recorded=sum(len(entry.data) for entry in trace.entries if isinstance(entry, Octets)),
        recorded_events=len(awaited),
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
