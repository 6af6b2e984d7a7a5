"""One place where a value isn't what is wanted, and the clause that says so."""

from __future__ import annotations

from enum import Enum

from msgspec import UNSET, Struct, UnsetType

from replay import limits
from replay.values.equal import MAX_DEPTH
from replay.values.kinds import KINDS
from replay.values.paths import Step, path
from replay.values.shape import Exactly, Free, Fresh, Keyed, Known, Octets, Regex, Shape, Value
from replay.values.written import SHORT, around, key, marked, pairs_of_hex, short

MAX_PAIRINGS = limits.PAIRINGS.default
"""The most comparisons that the lists in any order of one message may take."""


class Why(Enum):
    """In which way they differ."""

    OTHER = "the value isn't what is wanted"
    MISSING = "there is no value at this place"
    UNEXPECTED = "nothing is wanted at this place"
    LACKING = "the list at this place, which may be in any order, lacks the item that is wanted"
    UNPAIRED = "the items of the list at this place, in any order, contradict each other's names"
    CAPTURED = "the value isn't the one that has the name already"
    NAMELESS = "no value has the name that is wanted"
    DEEP = "the value is nested too deep to be compared"
    UNDECIDED = "comparing lists in any order would take too long"


class Mismatch(Struct, frozen=True):
    """The first difference, or one of several."""

    at: tuple[Step, ...]
    wanted: Shape | None  # None: nothing was expected here
    got: Value | UnsetType  # UNSET: nothing is here, or not in the list that is here
    why: Why = Why.OTHER
    named: Value | UnsetType = UNSET  # the value that has the name already

    @property
    def path(self) -> str:
        """Its place in the value, such as '$.members[2].id'."""
        return path(self.at)

    @property
    def said(self) -> str:
        """How they differ, without the place."""
        match self.why, self.wanted:
            case Why.DEEP, _:
                return f"is nested deeper than {MAX_DEPTH} levels"
            case Why.UNDECIDED, _:
                return f"its lists in any order would take more than {MAX_PAIRINGS:,} comparisons"
            case Why.UNPAIRED, _:
                return "its items can't be those that are expected, as each name stands for one value"
            case (Why.UNEXPECTED, _) | (_, None):
                return "wasn't expected"
            case Why.MISSING, wanted:
                return f"is missing, expected {_in_words(wanted)}"
            case Why.LACKING, wanted:
                return f"has no item {short(wanted)}"
            case Why.NAMELESS, Known(name=name):
                return f"nothing has been captured as <{name}> yet"
            case Why.CAPTURED, Known(name=str(name)) | Free(name=str(name)) | Fresh(name=str(name)):
                want, got = _both(_present(self.named), _present(self.got))
                return f"expected {want}, the value of <{name}>, found {got}"
            case _, Octets() as wanted if isinstance(self.got, bytes):
                return _octets(wanted, self.got)
            case _, Exactly(value=value):
                want, got = _both(value, _present(self.got))
                return f"expected {want}, found {got}"
            case _, wanted:
                return f"expected {_in_words(wanted)}, found {short(_present(self.got))}"

    def __str__(self) -> str:
        return f"{self.path}: {self.said}"


def _present(value: Value | UnsetType) -> Value:
    return None if isinstance(value, UnsetType) else value


def _both(wanted: Value, got: Value) -> tuple[str, str]:
    """Two values, and of two long texts the part where they differ."""
    if isinstance(wanted, str) and isinstance(got, str):
        wanted, got = around(wanted, got, SHORT)
    return short(wanted), short(got)


def _in_words(shape: Shape) -> str:
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


def apart(wanted: Octets, got: bytes) -> int:
    """The bits that differ, as one number of as many octets."""
    return (int.from_bytes(wanted.octets) ^ int.from_bytes(got)) & int.from_bytes(wanted.mask)


def _octets(wanted: Octets, got: bytes) -> str:
    if len(got) != len(wanted.octets):
        return f"expected {len(wanted.octets)} octets, {short(wanted)}, found {len(got)}, {short(got)}"
    at = len(got) - (apart(wanted, got).bit_length() + 7) // 8
    digits = pairs_of_hex(wanted.octets[at : at + 1], wanted.mask[at : at + 1])
    return f"expected {digits} as octet {at}, found {got[at]:02x}"
