"""Which messages came for which of the events that were expected."""

from __future__ import annotations

from collections.abc import Sequence

from replay.cases.difference import Difference, kind, met
from replay.cases.model import AnyOrder, Pattern, leaves
from replay.cases.said import Unread, read
from replay.protocol.events import Message
from replay.values.attempt import Attempt
from replay.values.mismatch import Why
from replay.values.shape import Exactly, Keyed, Names, Shape, Value

OTHER = 5
"""How far apart an event and a message are that have nothing to do with each other."""

_NAMES = ("type", "event", "op", "kind", "t", "id")


def in_order(
    expected: Sequence[Pattern], received: Sequence[Message], names: Names, free: Sequence[AnyOrder]
) -> list[Pattern]:
    """What is expected, where any order will do in that of what came."""
    ordered = list(expected)
    for group in free:
        mine = set(map(id, leaves((group,))))
        at = [number for number, want in enumerate(ordered) if id(want) in mine]
        left = dict(enumerate(received))
        places: list[tuple[int, int]] = []
        for number in at:
            costs = [(apart_by(ordered[number], got, names), place) for place, got in left.items()]
            cost, place = min(costs, default=(OTHER, len(received)))
            if cost < OTHER:
                del left[place]
            places.append((place if cost < OTHER else len(received), number))
        for number, (_, came) in zip(at, sorted(places), strict=True):
            ordered[number] = expected[came]
    return ordered


Aligned = list[tuple[Pattern | None, Message | None]]


def aligned(expected: Sequence[Pattern], received: Sequence[Message], names: Names) -> Aligned:
    """What is expected beside what came for it: with the fewest events that are missing or too much, then
    with the fewest in which something differs."""
    apart = [[apart_by(want, got, names) for got in received] for want in expected]
    cost = [[0] * (len(received) + 1) for _ in range(len(expected) + 1)]
    for i in range(len(expected), -1, -1):
        for j in range(len(received), -1, -1):
            ways = []
            if i < len(expected):
                ways.append(cost[i + 1][j] + 2)
            if j < len(received):
                ways.append(cost[i][j + 1] + 2)
            if i < len(expected) and j < len(received):
                ways.append(cost[i + 1][j + 1] + apart[i][j])
            cost[i][j] = min(ways, default=0)
    found: Aligned = []
    i = j = 0
    while i < len(expected) or j < len(received):
        if i < len(expected) and j < len(received) and cost[i][j] == cost[i + 1][j + 1] + apart[i][j]:
            found.append((expected[i], received[j]))
            i, j = i + 1, j + 1
        elif i < len(expected) and cost[i][j] == cost[i + 1][j] + 2:
            found.append((expected[i], None))
            i += 1
        else:
            found.append((None, received[j]))
            j += 1
    return found


def in_pairs(aligned: Aligned) -> Aligned:
    """Where one event is missing and another one came in its place, they are a pair."""
    found: Aligned = []
    for want, got in aligned:
        if found and (want is None) is not (got is None):
            last_want, last_got = found[-1]
            if (last_want is None) is (want is not None) and (last_got is None) is (got is not None):
                found[-1] = (last_want or want, last_got or got)
                continue
        found.append((want, got))
    return found


def apart_by(want: Pattern, got: Message, names: Names) -> int:
    """0: it fits, 1: it is the same message with something else in it, OTHER: it is another one."""
    why = met(0, want, got, names)
    if not isinstance(why, Difference) or (why.mismatch and why.mismatch.why is Why.NAMELESS):
        return 0
    if want.said is None:
        return 1 if kind(got) is want.kind else OTHER
    return 1 if _is_like(want.said.view, want.said.shape, got, names) else OTHER


def _is_like(view: str, shape: Shape, got: Message, names: Names) -> bool:
    """Whether a message is the expected one, with something else in it."""
    value = read(view, got)
    if isinstance(value, Unread):
        return False
    agreed, apart = Attempt(names).likeness(shape, value)
    return _names(shape, value) if isinstance(shape, Keyed) and _naming(shape) else agreed >= -apart


def _naming(shape: Keyed) -> list[tuple[str, Exactly]]:
    """What names the kind of a message."""
    return [(key, inner) for key, inner in shape.items if key in _NAMES and isinstance(inner, Exactly)]


def _names(shape: Keyed, value: Value) -> bool:
    """Whether what names the kind of a message is the same."""
    return isinstance(value, dict) and all(value.get(key) == inner.value for key, inner in _naming(shape))
