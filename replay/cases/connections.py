"""The keys `connections` and `reconnect`: a talk over several connections becomes a case for each."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from replay.cases.connect import Connect
from replay.cases.model import Behaviour, Case, Closing, Outcome, Turns
from replay.source import SourceError, Span, nearest
from replay.wire.side import Side

Connections = tuple[tuple[str, Connect | None], ...]


def split(
    case: Case, by: Sequence[tuple[str | None, Span]], connections: Connections | None
) -> tuple[Case, ...]:
    """The cases of its connections; the case itself if there is only one. `by` has the connection of each
    round and the place of the round. Raises SourceError."""
    names = [name for name, _ in connections or ()]
    for name, span in by:
        if name is None and names:
            raise SourceError(span, "the round doesn't say on which connection it is", f"as: {names[0]}")
        if name is not None and name not in names:
            known = f"the connections are {', '.join(names)}" if names else "'connections' names them"
            raise SourceError(span, f"there is no connection {name!r}", nearest(name, names) or known)
    if connections is None:
        return (case,)
    return tuple(_part(case, name, own, by) for name, own in connections)


def again(case: Case, parts: Sequence[tuple[tuple[Connect | None] | None, Span]]) -> tuple[Case, ...]:
    """The cases of a conversation in which a new connection is made: `parts` has, for each round, how that
    is done, if it is. Raises SourceError."""
    made: list[tuple[str, Connect | None]] = [("1", None)]
    by: list[tuple[str | None, Span]] = []
    for number, (connect, span) in enumerate(parts):
        if connect is not None:
            if not number:
                raise SourceError(
                    span, "there is no connection yet that could be made again", "use 'connect'"
                )
            made.append((str(len(made) + 1), connect[0]))
        by.append((made[-1][0], span))
    if len(made) == 1:
        return (case,)
    found = []
    for number, one in enumerate(split(case, by, tuple(made))):
        assert one.turns is not None
        rounds = one.turns.rounds
        turns = replace(one.turns, opens=rounds[0] if number else None, total=rounds[-1] + 1)
        last = number + 1 == len(made)
        found.append(replace(one, turns=turns, closing=one.closing if last else Closing()))
    return tuple(found)


def _part(case: Case, name: str, own: Connect | None, by: Sequence[tuple[str | None, Span]]) -> Case:
    """The case of one connection."""
    rounds = tuple(number for number, (on, _) in enumerate(by) if on == name)
    if not rounds:
        raise SourceError(case.span, f"no round is on the connection {name!r}", "leave it out")
    return replace(
        case,
        id=f"{case.id}.{name}",
        title=f"{case.title}: {name}",
        connect=_merged(case.connect, own),
        earlier=tuple(case.talk[number] for number in rounds),
        steps=(),
        outcomes=(Outcome(Behaviour.OK),),
        turns=Turns(case.id, name, rounds, len(by)),
        testee=Side.SERVER,
    )


def _merged(common: Connect | None, own: Connect | None) -> Connect | None:
    """How a connection is made: as its own key says, and otherwise as all are."""
    if common is None or own is None:
        return own or common
    given = {name.lower() for name, _ in own.headers}
    kept = tuple((name, value) for name, value in common.headers if name.lower() not in given)
    return replace(own, path=own.path or common.path, headers=(*kept, *own.headers))
