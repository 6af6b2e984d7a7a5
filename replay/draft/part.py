"""The client's part of a recorded session, as it can be played again: what it sends when, and which values
in it come from the server or are new each time."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from replay import limits
from replay.draft.session import Line, Session
from replay.draft.skeleton import Steps, scalars_at, skeleton, words
from replay.trace.model import SECOND
from replay.values.kinds import KINDS
from replay.values.shape import Value
from replay.wire.side import Side

PING = re.compile(r"(?i)ping|heart-?_?beat|keep-?_?alive")
_PONG = re.compile(r"(?i)pong|heart-?_?beat|keep-?_?alive|alive|ack")
_NUMBERED = re.compile(r"(?i)(?:.*[_-])?(?:id|ref|re|seq|version|rev|revision|cursor|offset)|.*(?:Id|Ref)")
_SMALL = 1000
_LONG_HEX = 32  # digits, as many as a new value has
_PLACES = 100  # that are looked at for one value
_NOW = 3600
"""A time that is this many seconds from one of the server's at most is that of the client's clock."""

_PAUSE = 5_000
_LONGEST_PAUSE = SECOND
"""A client that waited at least so many microseconds between two messages waits again, but not for longer
than the second number."""

LONG = 5 * SECOND
"""A recorded pause from which on what ended it came by time rather than as an answer."""


class From(Struct, frozen=True):
    """The value at a place in the message of the server that corresponds to this recorded one."""

    line: int
    steps: Steps


class New(Struct, frozen=True):
    """A new value of a kind, the same one for the same recorded value."""

    kind: str
    recorded: str


class Sending(Struct, frozen=True):
    """A message that is sent: the recorded one, with other values at some places."""

    line: int
    sources: tuple[tuple[Steps, From | New], ...]
    pause: int = 0  # microseconds that pass before it, after the message that was sent before


class Stage(Struct, frozen=True):
    """Messages that are sent one after the other, and the server's messages before the next ones."""

    sends: tuple[Sending, ...]
    awaits: tuple[int, ...]  # numbers of recorded lines
    patience: int  # microseconds


class Reply(Struct, frozen=True):
    """What the client answers to a message that the server sends at any time."""

    to: Hashable  # its skeleton
    line: int  # the first recorded one
    sending: Sending


class Part(Struct, frozen=True):
    """All that the client does on a connection."""

    lines: tuple[Line, ...]
    stages: tuple[Stage, ...]
    replies: tuple[Reply, ...] = ()
    closes: bool = True  # the client closes, not the server


def part(session: Session) -> Part:
    """The client's part of a session."""
    replies, said = _replies(session), _Said(session)
    answers = set(_answers(session, replies))
    stages: list[Stage] = []
    sends: list[Sending] = []
    awaits: list[int] = []
    began = session.lines[0].at if session.lines else None
    sent: int | None = None
    longest = 0

    def close_stage() -> None:
        nonlocal longest
        if sends or awaits:
            least = limits.REHEARSED.default * SECOND
            stages.append(Stage(tuple(sends), tuple(awaits), least + longest * 3 // 2))
        sends.clear()
        awaits.clear()
        longest = 0

    for number, line in enumerate(session.lines):
        if line.side is Side.SERVER:
            if began is not None and line.at is not None and line.at - began < LONG:
                longest = max(longest, line.at - began)
            if not any(skeleton(line) == reply.to for reply in replies):
                awaits.append(number)
            continue
        if number in answers:
            continue
        if awaits:
            close_stage()
            sent = None
        began = line.at
        sends.append(Sending(number, tuple(said.sources(number)), _pause(sent, line.at)))
        sent = line.at
    close_stage()
    return Part(session.lines, tuple(stages), tuple(replies), session.closed_by is not Side.SERVER)


def _pause(sent: int | None, at: int | None) -> int:
    """How long the client waited between two messages, if it is to wait again."""
    waited = 0 if sent is None or at is None else at - sent
    return min(-(-waited // 10_000) * 10_000, _LONGEST_PAUSE) if waited >= _PAUSE else 0


def _replies(session: Session) -> list[Reply]:
    """The pings of an application, each with the answer that follows it."""
    found: dict[Hashable, Reply] = {}
    for number in range(1, len(session.lines)):
        ping, pong = session.lines[number - 1], session.lines[number]
        asked = ping.side is Side.SERVER and any(PING.search(word) for word in words(ping.value))
        if asked and pong.side is Side.CLIENT and skeleton(ping) not in found:
            own = dict(_equal(pong, ping))
            if not own and not any(_PONG.search(word) for word in words(pong.value)):
                continue
            sources = tuple((steps, From(number - 1, source)) for steps, source in own.items())
            found[skeleton(ping)] = Reply(skeleton(ping), number - 1, Sending(number, sources))
    return list(found.values())


def _answers(session: Session, replies: Sequence[Reply]) -> Iterator[int]:
    """The client's messages that are such answers."""
    pairs = {reply.to: skeleton(session.lines[reply.sending.line]) for reply in replies}
    asked: list[Hashable] = []
    for number, line in enumerate(session.lines):
        if line.side is Side.SERVER and skeleton(line) in pairs:
            asked.append(pairs[skeleton(line)])
        elif line.side is Side.CLIENT and skeleton(line) in asked:
            asked.remove(skeleton(line))
            yield number


def _equal(line: Line, other: Line) -> Iterator[tuple[Steps, Steps]]:
    """The places in one message whose values stand in the other one."""
    there = {repr(value): steps for steps, value in scalars_at(other.value) if steps and value is not None}
    for steps, value in scalars_at(line.value):
        if repr(value) in there:
            yield steps, there[repr(value)]


class _Said:
    """Who said which values where."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.target = session.request.target if session.request else ""
        self.first: dict[str, int] = {}  # the first message with a value
        self.served: dict[str, list[tuple[int, Steps]]] = {}  # where the server said it
        self.moments: list[float] = []  # of the server's clock
        for number, line in enumerate(session.lines):
            for steps, value in scalars_at(line.value):
                self.first.setdefault(repr(value), number)
                if line.side is Side.SERVER:
                    places = self.served.setdefault(repr(value), [])
                    if len(places) < _PLACES:
                        places.append((number, steps))
                    if (moment := moment_of(value)) is not None:
                        self.moments.append(moment)
        self.moments.sort()

    def sources(self, number: int) -> Iterator[tuple[Steps, From | New]]:
        """Where the values of a message of the client come from, if they don't stay as they are."""
        for steps, value in scalars_at(self.session.lines[number].value):
            new = self._new(value)
            own = self.session.lines[self.first[repr(value)]].side is Side.CLIENT
            if new is not None and own and str(value) not in self.target:
                yield steps, New(new, str(value))
            elif (source := self._source(number, steps, value)) is not None:
                yield steps, source

    def _source(self, number: int, steps: Steps, value: Value) -> From | None:
        """Where the server has said this value before: best under the same key, and last."""
        if isinstance(value, bool) or value in (None, "", b""):
            return None
        small = isinstance(value, int | float) and abs(value) < _SMALL and not _numbers(steps)
        found: tuple[bool, int, Steps] | None = None
        for index, there in self.served.get(repr(value), ()):
            alike = bool(steps and there and steps[-1] == there[-1])
            if index < number and (alike or not small) and (found is None or (alike, index) >= found[:2]):
                found = alike, index, there
        return None if found is None else From(found[1], found[2])

    def _new(self, value: Value) -> str | None:
        """The kind of a value that a client makes anew each time."""
        if not isinstance(value, str):
            return None
        if KINDS["uuid"].fits(value):
            return "uuid"
        if KINDS["hex"].fits(value) and len(value) == _LONG_HEX:
            return "hex"
        if KINDS["time"].fits(value) and self._is_now(value):
            return "time"
        return None

    def _is_now(self, text: str) -> bool:
        """Whether a time is about that of the recording, as the server's clock shows it."""
        moment = moment_of(text)
        if moment is None:
            return False
        near = bisect_left(self.moments, moment - _NOW)
        return near < len(self.moments) and self.moments[near] <= moment + _NOW


def _numbers(steps: Steps) -> bool:
    return bool(steps) and isinstance(steps[-1], str) and _NUMBERED.fullmatch(steps[-1]) is not None


def moment_of(value: Value) -> float | None:
    """The seconds since 1970 of a time, in whichever form."""
    if isinstance(value, str) and KINDS["time"].fits(value):
        try:
            return datetime.fromisoformat(value.replace("z", "Z")).timestamp()
        except ValueError:
            return None
    if KINDS["epoch"].fits(value) and isinstance(value, int | float):
        return value if value < 10**11 else value / 1000
    return None
