"""The one comparison of observed events with a list of expected ones: open, complete or apart.

The player uses it to decide whether it may stop waiting, and the judge to decide the verdict, so the two
can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.cases.difference import Difference, difference, met
from replay.cases.model import AnyOrder, Expected, Pattern, Series, leaves
from replay.cases.said import NO_NAMES, Unread, read
from replay.protocol.events import Event, Message
from replay.values.matching import closest
from replay.values.shape import Names

MOST = limits.WAYS.default
"""The most ways in which events may fit that are followed at once."""


class Taken(Struct, frozen=True):
    """A pattern that an event came for, and those before it."""

    pattern: Pattern
    before: Taken | None


class Way(Struct, frozen=True):
    """One way in which the events so far fit."""

    at: int  # the item that comes next
    inner: tuple[int, ...] = ()
    """How far that item has come: for each list of an any-order, which of its patterns is next; for a
    series, how often its event came. Empty before it has begun."""
    names: Names = NO_NAMES  # what was captured
    straight: int = 0  # each of the first events came for the item of its number
    taken: Taken | None = None  # what the events after those came for


class Fit(Struct, frozen=True):
    state: Literal["open", "complete", "apart"]
    at: int  # the index of the event where they differ, or the number of events that were not ignored
    why: Difference | None = None
    ways: tuple[Way, ...] | None = None
    """The ways in which the events fit, the one that has come furthest last. None: each event came for the
    item of its number, and no other way is possible."""

    needed: int | None = (
        None  # how many items are needed: those after them are optional. None: not known yet
    )

    @property
    def followed(self) -> tuple[Way, ...]:
        """The ways, also if there is only the straight one."""
        return (Way(self.at, straight=self.at),) if self.ways is None else self.ways

    @property
    def names(self) -> Names:
        """What was captured, on the way that has come furthest."""
        return NO_NAMES if self.ways is None else self.ways[-1].names

    def knowing(self, names: Names) -> Fit:
        """With these names as well, which the tester's own messages gave."""
        if not names or self.state == "apart":
            return self
        return replace(
            self, ways=tuple(replace(way, names={**way.names, **names}) for way in self.followed)
        )

    def taken(self, expected: Sequence[Expected]) -> tuple[Pattern, ...]:
        """The patterns in the order of the events that came for them, then those that are still needed:
        pattern n belongs to event n."""
        last = self.followed[-1]
        came = []
        link = last.taken
        while link is not None:
            came.append(link.pattern)
            link = link.before
        return (*leaves(expected[: last.straight]), *reversed(came), *_needed(expected, last))

    def missing(self, expected: Sequence[Expected]) -> Difference | None:
        """What is missing once nothing more can come; None if nothing is."""
        if self.state == "open":
            return Difference(self.at, self.next_of(expected), None, "missing")
        return self.why

    def next_of(self, expected: Sequence[Expected]) -> Pattern | None:
        """The first pattern that is still needed."""
        return next(_needed(expected, self.followed[-1]), None)

    def left(self, expected: Sequence[Expected]) -> tuple[Pattern, ...]:
        """What may still come though it isn't needed."""
        return tuple(leaves(expected[self.followed[-1].at :])) if self.state == "complete" else ()


NOTHING_YET = Fit("open", 0)
"""Before the first event."""


def fit(
    expected: Sequence[Expected],
    events: Iterable[Event],
    before: Fit = NOTHING_YET,
    ignored: Sequence[Pattern] = (),
) -> Fit:
    """Compare events in order, up to the first difference.

    `complete` is final only when the connection has ended: a later event can still differ. `before` is the
    result for the events that came before these. An event that isn't expected is passed over if one of the
    patterns in `ignored` fits it.
    """
    if before.state == "apart":
        return before
    at, ways, most, needed = before.at, before.ways, len(expected), before.needed
    if needed is None:
        needed = next((number for number in range(most, 0, -1) if _is_needed(expected[number - 1])), 0)
    for event in events:
        if ways is None and at < most:
            want = expected[at]
            if isinstance(want, Pattern) and _is_met(at, want, event):
                at += 1
                continue
        followed = (Way(at, straight=at),) if ways is None else ways
        found = _followed(expected, at, followed, event)
        if not isinstance(found, Difference):
            at, ways = at + 1, found
        elif not any(isinstance(met(at, one, event, followed[-1].names), dict) for one in ignored):
            return Fit("apart", at, found, ways, needed)
    ends = (Way(at),) if ways is None else ways
    complete = any(way.at >= needed or next(_needed(expected, way), None) is None for way in ends)
    return Fit("complete" if complete else "open", at, None, ways, needed)


def _is_met(at: int, want: Pattern, event: Event) -> bool:
    """Whether an event came for a pattern for which nothing else can come, and that captures nothing."""
    return not want.optional and want.said is None and difference(at, want, event) is None


def _followed(
    expected: Sequence[Expected], at: int, ways: Sequence[Way], event: Event
) -> tuple[Way, ...] | Difference:
    """The ways on from these over event number `at`, or how it differs from what is expected."""
    tried: dict[tuple[object, ...], tuple[Pattern, Way]] = {}
    for way in ways:
        known = tuple(sorted((name, repr(value)) for name, value in way.names.items()))
        for pattern, then, inner in _next(expected, way):
            step = Way(then, inner, way.names, way.straight, Taken(pattern, way.taken))
            tried[then, inner, known] = pattern, step
    on, differences = [], []
    for pattern, step in tried.values():
        found = met(at, pattern, event, step.names)
        if isinstance(found, Difference):
            differences.append(found)
        else:
            on.append(replace(step, names=found) if found else step)
    if on:
        return tuple(on[-MOST:])
    if ways[-1].at == len(expected) or not differences:
        return Difference(at, None, event, "unexpected")
    return _most_likely(differences, event)


def _most_likely(differences: Sequence[Difference], event: Event) -> Difference:
    """The difference from the pattern that was most likely meant: the one whose value has the most in
    common with that of the message, or else the last one."""
    valued = [each for each in differences if each.mismatch is not None]
    said = [each.expected.said for each in valued if each.expected is not None and each.expected.said]
    if len(said) < 2 or not isinstance(event, Message):
        return valued[0] if valued else differences[-1]
    value = read(said[0].view, event)
    if isinstance(value, Unread):
        return valued[0]
    return valued[closest([one.shape for one in said], value, valued[0].names)]


def _next(expected: Sequence[Expected], way: Way) -> Iterator[tuple[Pattern, int, tuple[int, ...]]]:
    """The patterns that the next event may come for, in order, each with the item that comes next then and
    how far that has come."""
    inner = way.inner
    for number in range(way.at, len(expected)):
        item = expected[number]
        match item:
            case Pattern():
                yield item, number + 1, ()
            case AnyOrder():
                places = inner or (0,) * len(item.strands)
                for which, pattern, place in _open(item, places):
                    then = (*places[:which], place, *places[which + 1 :])
                    done = all(end == len(strand) for end, strand in zip(then, item.strands, strict=True))
                    yield (pattern, number + 1, ()) if done else (pattern, number, then)
            case Series():
                times = (inner[0] if inner else 0) + 1
                if item.times is None:
                    yield item.each, number, (1,)
                elif times <= item.times:
                    yield (
                        (item.each, number, (times,)) if times < item.times else (item.each, number + 1, ())
                    )
        if next(_rest(item, inner), None) is not None:
            return
        inner = ()


def _open(group: AnyOrder, places: Sequence[int]) -> Iterator[tuple[int, Pattern, int]]:
    """The patterns of a group that may come next: the list that has it, the pattern, and the place after
    it."""
    for which, strand in enumerate(group.strands):
        for place in range(places[which], len(strand)):
            yield which, strand[place], place + 1
            if not strand[place].optional:
                break


def _needed(expected: Sequence[Expected], way: Way) -> Iterator[Pattern]:
    """What still has to come on this way."""
    inner = way.inner
    for number in range(way.at, len(expected)):
        yield from _rest(expected[number], inner)
        inner = ()


def _rest(item: Expected, inner: tuple[int, ...]) -> Iterator[Pattern]:
    """What still has to come of an item that has come so far."""
    match item:
        case Pattern():
            if not item.optional:
                yield item
        case AnyOrder():
            places = inner or (0,) * len(item.strands)
            for place, strand in zip(places, item.strands, strict=True):
                yield from (pattern for pattern in strand[place:] if not pattern.optional)
        case Series():
            for _ in range((inner[0] if inner else 0), 1 if item.times is None else item.times):
                yield item.each


def _is_needed(item: Expected) -> bool:
    return next(_rest(item, ()), None) is not None
