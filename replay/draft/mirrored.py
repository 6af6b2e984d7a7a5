"""The draft of a spec for clients: the server's part of a recorded session, in which what the client makes
anew each time is captured, and what the server made is made again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replay.cases.said import Said
from replay.draft.model import Closing, Draft, Round
from replay.draft.pairing import named
from replay.draft.part import PING
from replay.draft.session import Line, Session
from replay.draft.shapes import NEVER_SAME, hint, loosened, unique
from replay.draft.skeleton import scalars_at, skeleton, words
from replay.values.kinds import KINDS
from replay.values.shape import Free, Fresh, Known, Shape, Value, exactly, shape_of
from replay.wire.side import Side

_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_+/=-]{16,}")
"""A text that a client has surely made for this session only."""


def mirrored(session: Session) -> Draft:
    """Draft what a server says to clients, and what they are to say."""
    maker = _Maker(session)
    rounds: list[Round] = []
    sends: list[Said] = []
    expects: list[Said] = []
    for number, line in enumerate(session.lines):
        if number in maker.aside:
            continue
        if line.side is Side.SERVER and expects:
            rounds.append(Round(tuple(sends), tuple(expects)))
            sends, expects = [], []
        (sends if line.side is Side.SERVER else expects).append(Said(line.view, maker.shape(line)))
    if sends or expects:
        rounds.append(Round(tuple(sends), tuple(expects)))
    return Draft(
        tuple(rounds),
        tuple(maker.ignored),
        tuple(maker.answers),
        10,
        _closing(session),
        tuple(maker.guesses),
    )


def _closing(session: Session) -> Closing:
    """If the server closed, replay does, with its code; the client may be first, with a code of its own."""
    if session.closed_by is Side.SERVER:
        return Closing("either", tuple(dict.fromkeys((session.code or 1000, 1000))), False)
    return Closing("testee", (), False)


class _Maker:
    def __init__(self, session: Session) -> None:
        self.ignored: list[Said] = []
        self.answers: list[tuple[Said, Said]] = []
        self.guesses: list[str] = []
        self.aside: set[int] = set()  # the numbers of lines that come at any time, and of their answers
        self._first: dict[str, Side] = {}  # who said a value first
        self._lines: dict[str, int] = {}  # in how many messages it is
        self._names: dict[str, str] = {}
        self._bound: set[str] = set()
        for line in session.lines:
            for key in {repr(value) for _, value in scalars_at(line.value)}:
                self._first.setdefault(key, line.side)
                self._lines[key] = self._lines.get(key, 0) + 1
        self._find_pings(session.lines)
        self._name(session.lines)

    def _find_pings(self, lines: Sequence[Line]) -> None:
        """Pings of the client come by time, so they are answered, or ignored, whenever they do."""
        known = set()
        for number, line in enumerate(lines):
            if line.side is Side.SERVER or not any(PING.search(word) for word in words(line.value)):
                continue
            before = lines[number - 1] if number else None
            if (
                before is not None
                and before.side is Side.SERVER
                and any(map(PING.search, words(before.value)))
            ):
                continue  # it is an answer itself
            self.aside.add(number)
            after = lines[number + 1] if number + 1 < len(lines) else None
            answered = (
                after is not None
                and after.side is Side.SERVER
                and any(re.search("(?i)pong|ack", word) for word in words(after.value))
            )
            if answered:
                self.aside.add(number + 1)
            if skeleton(line) in known:
                continue
            known.add(skeleton(line))
            ping = Said(line.view, shape_of(line.value, _loose))
            if answered:
                pong = lines[number + 1]
                self.answers.append((ping, Said(pong.view, exactly(pong.value))))
                self.guesses.append(f"{named(line)}: it is answered whenever it comes.")
            else:
                self.ignored.append(ping)
                self.guesses.append(f"{named(line)}: it may come at any time, so it is ignored.")

    def _name(self, lines: Sequence[Line]) -> None:
        taken: set[str] = set()
        for number, line in enumerate(lines):
            if number in self.aside:
                continue
            for steps, value in scalars_at(line.value):
                key = repr(value)
                if self._kind(value) is not None and self._lines[key] > 1 and key not in self._names:
                    self._names[key] = unique(hint(steps, named(line)), taken)
                    taken.add(self._names[key])
        for side, who in ((Side.CLIENT, "The client makes"), (Side.SERVER, "The server makes")):
            made = [f"<{name}>" for key, name in self._names.items() if self._first[key] is side]
            if made:
                self.guesses.append(f"{who} {', '.join(made)} anew each time.")

    def _kind(self, value: Value) -> str | None:
        """The kind of a value that is new each time; None: it stays as it is."""
        if isinstance(value, bool | bytes | None):
            return None
        kind = next((kind for kind in NEVER_SAME if KINDS[kind].fits(value)), None)
        by_client = self._first.get(repr(value)) is Side.CLIENT
        if kind is None and by_client and isinstance(value, str) and _RANDOM.fullmatch(value):
            return "text"
        return kind

    def shape(self, line: Line) -> Shape:
        """What a message is like: to be sent if it is the server's, expected if it is the client's."""

        def leaf(value: Value) -> Shape:
            kind, name = self._kind(value), self._names.get(repr(value))
            if kind is None:
                return exactly(value)
            if name is not None and name in self._bound:
                return Known(name)
            if name is not None:
                self._bound.add(name)
            return Free(kind, name) if line.side is Side.CLIENT else Fresh(kind, name)

        return shape_of(line.value, leaf)


def _loose(value: Value) -> Shape:
    """A value of which only the form is known."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Free("number") if number else loosened(value)
