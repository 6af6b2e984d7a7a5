"""The key `connections`: a conversation over several connections becomes a case for each of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from replay.cases.connect import Connect
from replay.cases.model import Behaviour, Case, Outcome, Turns
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
    found = []
    for name, own in connections:
        rounds = tuple(number for number, (on, _) in enumerate(by) if on == name)
        if not rounds:
            raise SourceError(case.span, f"no round is on the connection {name!r}", "leave it out")
        found.append(
            replace(
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
        )
    return tuple(found)


def _merged(common: Connect | None, own: Connect | None) -> Connect | None:
    """How a connection is made: as its own key says, and otherwise as all are."""
    if common is None or own is None:
        return own or common
    given = {name.lower() for name, _ in own.headers}
    kept = tuple((name, value) for name, value in common.headers if name.lower() not in given)
    return replace(own, path=own.path or common.path, headers=(*kept, *own.headers))
