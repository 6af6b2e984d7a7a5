"""Which messages of several sessions correspond to each other, and which ones come by time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from replay.draft.part import Part
from replay.draft.session import Line, Session
from replay.draft.skeleton import naming, scalars_at, skeleton, words
from replay.values.shape import Value
from replay.wire.side import Side


class Placed(Struct, frozen=True):
    """A message of the server in one session."""

    line: Line
    sent: int  # how many messages the client had sent before it, answers to pings aside
    place: int  # among the server's messages


class Pair(Struct, frozen=True):
    """A message that every session has: one line for each session, the recording's first."""

    lines: tuple[Placed, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple(each.line.value for each in self.lines)

    @property
    def sent(self) -> int:
        """The least that the client has to have sent before it comes, as far as is known."""
        return min(each.sent for each in self.lines)


class Series(Struct, frozen=True):
    """Messages of one kind in a row, of which there are more in one session than in another."""

    sessions: tuple[tuple[Placed, ...], ...]

    @property
    def lines(self) -> tuple[Placed, ...]:
        """The first one of each session."""
        return tuple(each[0] for each in self.sessions)

    @property
    def sent(self) -> int:
        return min(each.sent for each in self.lines)


class Paired(Struct, frozen=True):
    """The messages of all sessions."""

    client: tuple[tuple[Line, ...], ...]  # for each message of the client, a line for each session
    server: tuple[Pair | Series, ...]  # in the order of the recording
    pings: tuple[tuple[Line, ...], ...]  # for each reply, all pings
    timed: tuple[tuple[Line, ...], ...]  # for each kind of what comes by time, all of them
    whole: int  # of how many sessions all messages of the client are known


def paired(sessions: Sequence[Session], part: Part) -> Paired:
    """Compare sessions with the recording, which is the first of them and whose client's part is `part`."""
    sorted_out = [_sorted_out(session, part) for session in sessions]
    count = len(sorted_out[0][0])
    complete = [each for each in sorted_out if len(each[0]) >= count]
    client = tuple(zip(*(each[0][:count] for each in complete), strict=True))
    server, timed = _pair([each[1] for each in complete], client)
    pings = tuple(
        tuple(line for each in complete for line in each[2].get(reply.to, ())) for reply in part.replies
    )
    return Paired(client, server, pings, timed, len(complete))


def remembers(sessions: Sequence[Session]) -> bool:
    """Whether a server tells later sessions something else because of what it remembers of the first one.

    That is so if some kind of message came as often in the first session with it as in the recording, which
    is the first of `sessions`, but more or less often in each later one.
    """
    counts = [
        Counter(skeleton(line) for line in each.lines if line.side is Side.SERVER) for each in sessions
    ]
    recorded, first, *later = counts
    return len(later) > 1 and any(
        first[kind] == recorded[kind] and all(each[kind] != recorded[kind] for each in later)
        for kind in {*recorded, *later[0]}
    )


_Sorted = tuple[list[Line], list[Placed], dict[Hashable, list[Line]]]


def _sorted_out(session: Session, part: Part) -> _Sorted:
    """The client's messages, the server's, and its pings."""
    answers = {reply.to: skeleton(part.lines[reply.sending.line]) for reply in part.replies}
    client: list[Line] = []
    server: list[Placed] = []
    pings: dict[Hashable, list[Line]] = {}
    due: list[Hashable] = []
    for line in session.lines:
        kind = skeleton(line)
        if line.side is Side.SERVER and kind in answers:
            pings.setdefault(kind, []).append(line)
            due.append(answers[kind])
        elif line.side is Side.SERVER:
            server.append(Placed(line, len(client), len(server)))
        elif kind in due:
            due.remove(kind)
        else:
            client.append(line)
    return client, server, pings


def _pair(
    sessions: Sequence[Sequence[Placed]], client: Sequence[Sequence[Line]]
) -> tuple[tuple[Pair | Series, ...], tuple[tuple[Line, ...], ...]]:
    symbols = [_symbols([lines[number] for lines in client]) for number in range(len(sessions))]
    found: list[Pair | Series] = []
    left = [list(session) for session in sessions]
    left = _matched(left, _exact(left, symbols), found)
    left = _matched(left, lambda number, each: skeleton(each.line), found)
    left = _in_a_row(left, found)
    left = _matched(left, lambda number, each: (each.sent, _kind(each.line)), found)
    left = _matched(left, lambda number, each: _kind(each.line), found)
    timed: dict[Hashable, list[Line]] = {}
    for session in left:
        for each in session:
            timed.setdefault(skeleton(each.line), []).append(each.line)
    steady: list[Pair | Series] = []
    for pair in sorted(found, key=lambda pair: pair.lines[0].place):
        if (more := timed.get(skeleton(pair.lines[0].line))) is not None:
            more += [each.line for each in pair.lines]
        else:
            steady.append(pair)
    return tuple(steady), tuple(map(tuple, timed.values()))


_Key = Callable[[int, Placed], Hashable]


def _matched(sessions: list[list[Placed]], key: _Key, found: list[Pair | Series]) -> list[list[Placed]]:
    """Pair what has the same key, if all sessions have equally much of it; return the rest."""
    groups = [_grouped(session, partial(key, number)) for number, session in enumerate(sessions)]
    taken: set[Hashable] = set()
    for kind, first in groups[0].items():
        if all(len(other.get(kind, ())) == len(first) for other in groups):
            taken.add(kind)
            found += [Pair(tuple(lines)) for lines in zip(*(other[kind] for other in groups), strict=True)]
    return [
        [each for kind, lines in group.items() if kind not in taken for each in lines] for group in groups
    ]


def _in_a_row(sessions: list[list[Placed]], found: list[Pair | Series]) -> list[list[Placed]]:
    """Find series: one kind, at least one in each session, all behind the same message of the client."""
    groups = [_grouped(session, lambda each: skeleton(each.line)) for session in sessions]
    taken: set[Hashable] = set()
    for kind, first in groups[0].items():
        rows = [other.get(kind, []) for other in groups]
        together = all(row and {each.sent for each in row} == {first[0].sent} for row in rows)
        if together and all(row[-1].place - row[0].place == len(row) - 1 for row in rows):
            taken.add(kind)
            found.append(Series(tuple(map(tuple, rows))))
    return [
        [each for kind, lines in group.items() if kind not in taken for each in lines] for group in groups
    ]


def _grouped(session: Sequence[Placed], key: Callable[[Placed], Hashable]) -> dict[Hashable, list[Placed]]:
    groups: dict[Hashable, list[Placed]] = {}
    for each in session:
        groups.setdefault(key(each), []).append(each)
    return groups


def _kind(line: Line) -> Hashable:
    about = len(line.value) if isinstance(line.value, bytes) else named(line)
    return line.view, type(line.value).__name__, about


def _symbols(client: Sequence[Line]) -> dict[str, Hashable]:
    """What each value of a client that is no small number stands for: where the client said it first."""
    found: dict[str, Hashable] = {}
    for number, line in enumerate(client):
        for steps, value in scalars_at(line.value):
            if isinstance(value, str) and len(value) > 1:
                found.setdefault(repr(value), (number, steps))
    return found


def _exact(sessions: Sequence[Sequence[Placed]], symbols: Sequence[Mapping[str, Hashable]]) -> _Key:
    """A key that has, beside the skeleton, those values that are the same set in every session: texts that
    never change, numbers that count, and ids that the client has given."""
    sets: dict[tuple[Hashable, Hashable], list[set[Hashable]]] = {}
    for number, session in enumerate(sessions):
        for each in session:
            for place, value in _symbolic(each.line, symbols[number]):
                sets.setdefault(place, [set() for _ in sessions])[number].add(value)
    telling = {
        place
        for place, found in sets.items()
        if len(found[0]) > 1 and all(one == found[0] for one in found)
    }

    def key(number: int, each: Placed) -> Hashable:
        said = _symbolic(each.line, symbols[number])
        return skeleton(each.line), tuple((place, value) for place, value in said if place in telling)

    return key


def _symbolic(
    line: Line, symbols: Mapping[str, Hashable]
) -> Iterator[tuple[tuple[Hashable, Hashable], Hashable]]:
    kind = skeleton(line)
    for steps, value in scalars_at(line.value):
        yield (kind, steps), symbols.get(repr(value), repr(value))


def named(line: Line) -> str:
    """What to call a message."""
    return " ".join(dict.fromkeys([*naming(line.value), *words(line.value)][:2]))[:40] or line.view
