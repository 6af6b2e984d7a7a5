"""Lists in any order: which item is which.

Items without matchers take any equal value. The others are paired with what is left, first as if no name
meant anything, which shows whether it can work at all. Items with names are settled when everything else
has been compared, as other parts of the message may tell what the names are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from msgspec import UNSET, UnsetType

from replay.values.assignment import assign
from replay.values.equal import canonical
from replay.values.mismatch import Mismatch, Why
from replay.values.paths import Place, Step, steps
from replay.values.shape import (
    Exactly,
    Keyed,
    Known,
    Listed,
    Names,
    Octets,
    Shape,
    Unordered,
    Value,
    binds,
    uses,
)

_NEAR = 20
"""How many items without a counterpart are compared with each other to find those that were meant."""


class Undecided(Exception):
    """There are too many ways to pair the items."""


class Item(NamedTuple):
    """An item with names in it."""

    shape: Shape
    row: Sequence[int]  # the values that it may be, whatever the names are
    names: frozenset[str]


class Choice(NamedTuple):
    """Items that have yet to be paired, because of names in them."""

    named: tuple[Item, ...]
    nameless: tuple[Shape, ...]
    left: frozenset[int]
    values: list[Value]
    texts: list[str]  # the values in canonical form
    at: Place


class Comparison(Protocol):
    """What is compared, and what has been found so far."""

    names: Names
    bound: dict[str, Value]
    choices: list[Choice]
    agreed: int
    guessing: bool

    def walk(self, shape: Shape, value: Value, at: Place) -> Iterator[Mismatch]: ...
    def fits(self, shape: Shape, value: Value, at: Place) -> bool: ...
    def mark(self) -> tuple[int, int, int]: ...
    def undo(self, mark: tuple[int, int, int]) -> None: ...
    def spend(self, comparisons: int) -> None: ...
    def likeness(self, shape: Shape, value: Value) -> tuple[int, int]: ...


def compare(attempt: Comparison, shape: Unordered, values: list[Value], at: Place) -> Iterator[Mismatch]:
    """The differences of a list."""
    texts = [canonical(value) for value in values]
    places: dict[str, deque[int]] = {}
    for number, text in enumerate(texts):
        places.setdefault(text, deque()).append(number)
    lost: list[Shape] = []
    free: list[Shape] = []
    for item in shape.items:
        fixed = _fixed(item, attempt.names)
        if isinstance(fixed, UnsetType):
            free.append(item)
        elif found := places.get(canonical(fixed)):
            found.popleft()
            attempt.agreed += 1
        else:
            lost.append(item)
    left = sorted(number for numbers in places.values() for number in numbers)
    rows = _rows(attempt, free, left, values, at)
    columns = assign(rows, attempt.spend)
    if lost or len(columns) < max(len(free), len(left)):
        lost += [item for number, item in enumerate(free) if number not in columns]
        taken = set(columns.values())
        yield from _unlike(attempt, lost, [number for number in left if number not in taken], values, at)
        return
    items = [Item(item, row, _names(item)) for item, row in zip(free, rows, strict=True)]
    named = tuple(item for item in items if item.names)
    if named:
        nameless = tuple(item.shape for item in items if not item.names)
        attempt.choices.append(Choice(named, nameless, frozenset(left), values, texts, at))
    else:
        attempt.agreed += len(free)


def _fixed(shape: Shape, names: Names) -> Value | UnsetType:
    """The only value that the shape allows; UNSET if it allows others."""
    match shape:
        case Exactly(value=value):
            return value
        case Known(name=name):
            return names.get(name, UNSET)
        case Octets(octets=octets, mask=mask) if mask.count(0xFF) == len(mask):
            return octets
        case Keyed(items=items, others=False):
            inner = _all_fixed([item for _, item in items], names)
            return UNSET if inner is None else dict(zip((key for key, _ in items), inner, strict=True))
        case Listed(items=within):
            listed = _all_fixed(within, names)
            return UNSET if listed is None else listed
    return UNSET


def _all_fixed(shapes: Sequence[Shape], names: Names) -> list[Value] | None:
    found: list[Value] = []
    for shape in shapes:
        value = _fixed(shape, names)
        if isinstance(value, UnsetType):
            return None
        found.append(value)
    return found


def _names(shape: Shape) -> frozenset[str]:
    return frozenset(binds(shape)) | frozenset(uses(shape))


def _rows(
    attempt: Comparison, shapes: Sequence[Shape], left: Sequence[int], values: list[Value], at: Place
) -> list[list[int]]:
    """Which of the values that are left each shape may be. Equal shapes share one list."""
    index = _Index(left, values)
    found: dict[Shape, list[int]] = {}
    for shape in shapes:
        if shape not in found:
            near = index.near(shape, attempt.names)
            attempt.spend(len(near))
            found[shape] = [
                number for number in near if _may_be(attempt, shape, values[number], (at, number))
            ]
    return [found[shape] for shape in shapes]


class _Index:
    """The values that are left, by what stands at a place in them, so that few have to be compared."""

    def __init__(self, left: Sequence[int], values: list[Value]) -> None:
        self._left = left
        self._values = values
        self._by: dict[Step, dict[str, list[int]]] = {}

    def near(self, shape: Shape, names: Names) -> Sequence[int]:
        """Those that have what the shape wants at the place that tells the most."""
        match shape:
            case Keyed(items=items):
                places: Sequence[tuple[Step, Shape]] = items
            case Listed(items=within):
                places = [*enumerate(within)]
            case _:
                return self._left
        near = self._left
        for step, inner in places:
            fixed = _fixed(inner, names)
            if not isinstance(fixed, UnsetType):
                have = self._with(step).get(canonical(fixed), ())
                near = have if len(have) < len(near) else near
        return near

    def _with(self, step: Step) -> dict[str, list[int]]:
        if step not in self._by:
            found: dict[str, list[int]] = {}
            for number in self._left:
                part = _part(self._values[number], step)
                if not isinstance(part, UnsetType):
                    found.setdefault(canonical(part), []).append(number)
            self._by[step] = found
        return self._by[step]


def _part(value: Value, step: Step) -> Value | UnsetType:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step, UNSET)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return UNSET


def _may_be(attempt: Comparison, shape: Shape, value: Value, at: Place) -> bool:
    before = attempt.mark()
    found = attempt.fits(shape, value, at)
    attempt.undo(before)
    return found


def _unlike(
    attempt: Comparison, lost: list[Shape], left: list[int], values: list[Value], at: Place
) -> Iterator[Mismatch]:
    """The differences of items without a counterpart: each with the value that is most like it."""
    for shape in lost:
        alone = len(lost) == len(left) == 1
        near = left[:1] if alone or attempt.guessing else _nearest(attempt, shape, left[:_NEAR], values)
        if near:
            left.remove(near[0])
            yield from attempt.walk(shape, values[near[0]], (at, near[0]))
        else:
            yield Mismatch(steps(at), shape, UNSET, Why.LACKING)
    for number in left:
        yield Mismatch(steps((at, number)), None, values[number], Why.UNEXPECTED)


def _nearest(attempt: Comparison, shape: Shape, left: list[int], values: list[Value]) -> list[int]:
    """The value that agrees with the shape in the most places, if there is one that agrees in any."""
    if not left:
        return []
    like = {number: attempt.likeness(shape, values[number]) for number in left}
    best = max(left, key=like.__getitem__)
    return [best] if like[best][0] else []


def settle(attempt: Comparison) -> Iterator[Mismatch]:
    """Pair the items with names, so that each name stands for one value; the differences if it can't be."""
    wanted = tuple(attempt.choices)
    attempt.choices.clear()
    before = attempt.mark()
    tried = [_ways(attempt, wanted)]
    while tried:
        after = next(tried[-1], None)
        if after == ():
            return
        if after is None:
            tried.pop()
        else:
            tried.append(_ways(attempt, after))
    attempt.undo(before)
    yield from _unsettled(attempt, wanted)


def _ways(attempt: Comparison, wanted: tuple[Choice, ...]) -> Iterator[tuple[Choice, ...]]:
    """The ways to pair one more item, the one with the fewest values to choose from: each is what is still
    to be paired then."""
    if not wanted:
        yield ()
        return
    first, item = min(
        ((choice, item) for choice in wanted for item in choice.named or [None]),
        key=lambda pair: _open(attempt, *pair),
    )
    rest = tuple(choice for choice in wanted if choice is not first)
    if item is None:
        rows = _rows(attempt, first.nameless, sorted(first.left), first.values, first.at)
        if len(assign(rows, attempt.spend)) == len(rows):
            attempt.agreed += len(rows)
            yield rest
        return
    named = tuple(other for other in first.named if other is not item)
    seen: set[str] = set()
    before = attempt.mark()
    for number in item.row:
        if number not in first.left or first.texts[number] in seen:
            continue
        seen.add(first.texts[number])
        attempt.spend(1)
        if attempt.fits(item.shape, first.values[number], (first.at, number)):
            inner = tuple(attempt.choices)
            attempt.choices.clear()
            yield *inner, first._replace(named=named, left=first.left - {number}), *rest
        attempt.undo(before)


def _open(attempt: Comparison, choice: Choice, item: Item | None) -> int:
    """About how many ways there are to pair an item, or all of those without names."""
    if item is None:
        return 0
    known = any(name in attempt.bound for name in item.names)
    return 1 if known else len(choice.left.intersection(item.row))


def _unsettled(attempt: Comparison, wanted: tuple[Choice, ...]) -> Iterator[Mismatch]:
    """Where the first item stands for which no value is left, if each takes the first one that fits."""
    for choice in wanted:
        left = sorted(choice.left)
        lost = []
        for item in choice.named:
            fitting = (
                number
                for number in item.row
                if number in left and attempt.fits(item.shape, choice.values[number], (choice.at, number))
            )
            if (number := next(fitting, None)) is None:
                lost.append(item.shape)
            else:
                left.remove(number)
        if lost:
            yield from _unlike(attempt, lost, left[: len(lost)], choice.values, choice.at)
            return
    first = wanted[0]
    items = Unordered(tuple(item.shape for item in first.named))
    yield Mismatch(steps(first.at), items, first.values, Why.UNPAIRED)
