"""One comparison of a value with a shape, part by part, with the names as they are found on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import UNSET, UnsetType

from replay.values import patterns, unordered
from replay.values.equal import same, too_deep
from replay.values.kinds import KINDS
from replay.values.mismatch import MAX_PAIRINGS, Mismatch, Why, apart
from replay.values.paths import Place, steps
from replay.values.shape import (
    Each,
    Exactly,
    Free,
    Fresh,
    Keyed,
    Known,
    Listed,
    Names,
    Octets,
    Regex,
    Shape,
    Unordered,
    Value,
)

_COUNTED = 1000
"""The most differences that are counted to see which alternative is the closest."""


class Attempt:
    """What it finds can be undone, as lists in any order need several tries."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.bound: dict[str, Value] = {}
        self.choices: list[unordered.Choice] = []
        self.agreed = 0
        self.guessing = False  # whether it is only about how much a value is like a shape
        self._given: dict[
            str, None
        ] = {}  # the names that a matcher has given; others were only used so far
        self._used: dict[str, tuple[Known, Value, Place]] = {}
        self._trail: list[tuple[dict[str, None] | dict[str, Value], str]] = []
        self._pairings = MAX_PAIRINGS

    def differences(self, shape: Shape, value: Value) -> Iterator[Mismatch]:
        """All places where they differ."""
        if too_deep(value):
            yield Mismatch((), shape, value, Why.DEEP)
            return
        try:
            yield from self.walk(shape, value, None)
            yield from unordered.settle(self)
        except unordered.Undecided:
            yield Mismatch((), shape, value, Why.UNDECIDED)
            return
        for name, (known, used, place) in self._used.items():
            if name not in self._given:
                yield Mismatch(steps(place), known, used, Why.NAMELESS)

    def likeness(self, shape: Shape, value: Value) -> tuple[int, int]:
        """In how many places a value agrees, and, negative, in how many it doesn't. Nothing is found."""
        if too_deep(value):
            return 0, 0
        before, guessing = self.mark(), self.guessing
        self.guessing = True
        try:
            apart = sum(1 for _ in islice(self.walk(shape, value, None), _COUNTED))
        except unordered.Undecided:
            apart = _COUNTED
        found = self.agreed - before[2], -apart
        self.undo(before)
        self.guessing = guessing
        return found

    def walk(self, shape: Shape, value: Value, at: Place) -> Iterator[Mismatch]:
        """The differences of one value, which stands at `at`."""
        match shape:
            case Keyed() if isinstance(value, dict):
                yield from self._object(shape, value, at)
            case Listed() if isinstance(value, list):
                yield from self._list(shape.items, value, at)
            case Each() if isinstance(value, list):
                for number, item in enumerate(value):
                    yield from self.walk(shape.shape, item, (at, number))
            case Unordered() if isinstance(value, list):
                yield from unordered.compare(self, shape, value, at)
            case _:
                found = self._scalar(shape, value, at)
                if found is True:
                    self.agreed += 1
                else:
                    yield found or Mismatch(steps(at), shape, value)

    def _scalar(self, shape: Shape, value: Value, at: Place) -> bool | Mismatch:
        """Whether a value without parts is what is wanted, or how it differs if it isn't about the value
        alone."""
        match shape:
            case Exactly(value=wanted):
                return same(wanted, value)
            case Free(kind=kind, name=name) | Fresh(kind=kind, name=name):
                if not KINDS[kind].fits(value):
                    return False
                if name is None:
                    return True
                if name not in self._given:
                    self._given[name] = None
                    self._trail.append((self._given, name))
                return self._name(shape, name, value, at)
            case Known(name=name):
                if name not in self.names:
                    self._used.setdefault(name, (shape, value, at))
                return self._name(shape, name, value, at)
            case Regex(pattern=pattern):
                return isinstance(value, str) and patterns.fits(pattern, value)
            case Octets(octets=octets):
                return isinstance(value, bytes) and len(value) == len(octets) and not apart(shape, value)
        return False

    def _name(self, shape: Shape, name: str, value: Value, at: Place) -> bool | Mismatch:
        wanted: Value | UnsetType = self.bound[name] if name in self.bound else self.names.get(name, UNSET)
        if isinstance(wanted, UnsetType):
            self.bound[name] = value
            self._trail.append((self.bound, name))
            return True
        return same(wanted, value) or Mismatch(steps(at), shape, value, Why.CAPTURED, wanted)

    def _object(self, shape: Keyed, value: dict[str, Value], at: Place) -> Iterator[Mismatch]:
        found = 0
        for key, wanted in shape.items:
            if key in value:
                found += 1
                yield from self.walk(wanted, value[key], (at, key))
            else:
                yield Mismatch(steps((at, key)), wanted, UNSET, Why.MISSING)
        if not shape.others and len(value) > found:
            known = {key for key, _ in shape.items}
            for key, more in value.items():
                if key not in known:
                    yield Mismatch(steps((at, key)), None, more, Why.UNEXPECTED)

    def _list(self, shapes: Sequence[Shape], values: list[Value], at: Place) -> Iterator[Mismatch]:
        """If they aren't equally long, the items at both ends that fit are left out, so that those that are
        missing or too much are named."""
        first, last, common = 0, 0, min(len(shapes), len(values))
        if len(shapes) != len(values):
            while first < common and self.fits(shapes[first], values[first], (at, first)):
                first += 1
            while first + last < common and self.fits(
                shapes[-1 - last], values[-1 - last], (at, len(values) - 1 - last)
            ):
                last += 1
        for number in range(first, common - last):
            yield from self.walk(shapes[number], values[number], (at, number))
        for number in range(common - last, len(shapes) - last):
            yield Mismatch(steps((at, number)), shapes[number], UNSET, Why.MISSING)
        for number in range(common - last, len(values) - last):
            yield Mismatch(steps((at, number)), None, values[number], Why.UNEXPECTED)

    def fits(self, shape: Shape, value: Value, at: Place) -> bool:
        """Whether a value fits as far as is known. If not, nothing has been found."""
        before = self.mark()
        if next(self.walk(shape, value, at), None) is None:
            return True
        self.undo(before)
        return False

    def mark(self) -> tuple[int, int, int]:
        """How much has been found so far, for `undo`."""
        return len(self._trail), len(self.choices), self.agreed

    def undo(self, mark: tuple[int, int, int]) -> None:
        """Forget what has been found since."""
        trail, choices, self.agreed = mark
        while len(self._trail) > trail:
            names, name = self._trail.pop()
            del names[name]
        del self.choices[choices:]

    def spend(self, comparisons: int) -> None:
        """Count comparisons of items of lists in any order. Raises Undecided if there are too many."""
        self._pairings -= comparisons
        if self._pairings < 0:
            raise unordered.Undecided
