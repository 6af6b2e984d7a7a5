"""What a client answers to pings of the application, whenever they come."""

from __future__ import annotations

from collections.abc import Iterator

from replay.cases.said import Said
from replay.draft.pairing import Paired
from replay.draft.part import From, Part
from replay.draft.shapes import folded
from replay.draft.skeleton import Steps
from replay.values.shape import Exactly, Free, Keyed, Known, Listed, Shape, Value, exactly, parts


def answered(part: Part, found: Paired) -> Iterator[tuple[Said, Said]]:
    """For each ping what it is like, and the answer, which may have values of the ping."""
    for reply, pings in zip(part.replies, found.pings, strict=True):
        ping, pong = part.lines[reply.line], part.lines[reply.sending.line]
        shape = folded([line.value for line in pings or (ping,)])
        copied = {
            steps: source.steps for steps, source in reply.sending.sources if isinstance(source, From)
        }
        places = {
            place: f"ping{number or ''}" for number, place in enumerate(dict.fromkeys(copied.values()))
        }
        to = _named_at(shape, places, ())
        given = {name for one in parts(to) if isinstance(one, Free) and (name := one.name)}
        answer = _copying(
            pong.value,
            {steps: places[place] for steps, place in copied.items() if places[place] in given},
            (),
        )
        yield Said(ping.view, to), Said(pong.view, answer)


def _named_at(shape: Shape, places: dict[Steps, str], here: Steps) -> Shape:
    """The shape with names for the matchers at these places."""
    if here in places and not isinstance(shape, Exactly | Keyed):
        return Free(shape.kind if isinstance(shape, Free) else "any", places[here])
    if isinstance(shape, Keyed):
        return Keyed(
            tuple((key, _named_at(inner, places, (*here, key))) for key, inner in shape.items), shape.others
        )
    return shape


def _copying(value: Value, names: dict[Steps, str], here: Steps) -> Shape:
    if here in names:
        return Known(names[here])
    match value:
        case dict():
            return Keyed(tuple((key, _copying(inner, names, (*here, key))) for key, inner in value.items()))
        case list():
            return Listed(tuple(_copying(inner, names, (*here, n)) for n, inner in enumerate(value)))
    return exactly(value)
