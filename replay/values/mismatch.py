"""One place where a value isn't what is wanted, in a clause."""

from __future__ import annotations

from msgspec import Struct, UnsetType

from replay.values.kinds import KINDS
from replay.values.paths import Step, path
from replay.values.shape import (
    Exactly,
    Free,
    Fresh,
    Keyed,
    Known,
    Octets,
    Regex,
    Shape,
    Value,
)
from replay.values.written import SHORT, around, key, marked, pairs_of_hex, short

NOT_EXPECTED = "wasn't expected"


class Mismatch(Struct, frozen=True):
    """The first difference, or one of several."""

    at: tuple[Step, ...]
    wanted: Shape | None  # None: nothing was expected here
    got: Value | UnsetType  # UNSET: nothing is here
    said: str  # without the place
    lacking: bool = False  # whether a list in any order, whose place it is, lacks what is wanted

    @property
    def path(self) -> str:
        """Its place in the value, such as '$.members[2].id'."""
        return path(self.at)

    def __str__(self) -> str:
        return f"{self.path}: {self.said}"


def other(wanted: Shape, got: Value) -> str:
    """What is said of a value that isn't what is wanted."""
    if isinstance(wanted, Exactly) and isinstance(wanted.value, str) and isinstance(got, str):
        want, got = around(wanted.value, got, SHORT)
        return f"expected {short(want)}, found {short(got)}"
    return f"expected {in_words(wanted)}, found {short(got)}"


def missing(wanted: Shape) -> str:
    return f"is missing, expected {in_words(wanted)}"


def in_words(shape: Shape) -> str:
    """What is wanted, so that it completes the phrase 'expected …'."""
    match shape:
        case Free(kind=kind) | Fresh(kind=kind):
            return f"{KINDS[kind].wants} ({marked(shape)})"
        case Known(name=name):
            return f"the value of <{name}>"
        case Regex(pattern=pattern):
            return f"a text that matches {short(pattern)}"
        case Keyed() if len(shape.items) > 3:
            return f"an object with the keys {', '.join(key(name) for name, _ in shape.items[:3])} …"
    return short(shape)


def captured(name: str, wanted: Value, got: Value) -> str:
    """What is said of a value that isn't the one that has been captured."""
    if isinstance(wanted, str) and isinstance(got, str):
        wanted, got = around(wanted, got, SHORT)
    return f"expected {short(wanted)}, the value of <{name}>, found {short(got)}"


def octets_apart(wanted: Octets, got: bytes) -> str | None:
    """How octets differ; None if they don't."""
    if len(got) != len(wanted.octets):
        return f"expected {len(wanted.octets)} octets, {short(wanted)}, found {len(got)}, {short(got)}"
    apart = (int.from_bytes(wanted.octets) ^ int.from_bytes(got)) & int.from_bytes(wanted.mask)
    if not apart:
        return None
    at = len(got) - (apart.bit_length() + 7) // 8
    digits = pairs_of_hex(wanted.octets[at : at + 1], wanted.mask[at : at + 1])
    return f"expected {digits} as octet {at}, found {got[at]:02x}"
