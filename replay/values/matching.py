"""Whether a value is what a spec wants, which names it gives to its parts, and where it differs if not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from replay.values.attempt import Attempt
from replay.values.mismatch import Mismatch
from replay.values.shape import Names, Shape, Value


def match(shape: Shape, value: Value, names: Names) -> dict[str, Value] | Mismatch:
    """The names that the shape gives to parts of the value, or the first place where they differ.

    A name that is given twice, or that `names` has already, stands for one value. Within a message a name
    may be used before the place that gives it.
    """
    attempt = Attempt(names)
    found = next(attempt.differences(shape, value), None)
    return attempt.bound if found is None else found


def differences(shape: Shape, value: Value, names: Names) -> Iterator[Mismatch]:
    """All places where the value differs from what is wanted."""
    return Attempt(names).differences(shape, value)


def closest(shapes: Sequence[Shape], value: Value, names: Names) -> int:
    """Which of some alternatives, none of which fits, was most likely meant: the one with which the value
    agrees in the most places."""
    return max(range(len(shapes)), key=lambda number: Attempt(names).likeness(shapes[number], value))
