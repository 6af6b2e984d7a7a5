"""The limits that an endpoint promises to keep, as its author declares them, and the sizes that cases make
of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import asdict

from replay import limits
from replay.forms import SIZE_UNITS

LEAST, MOST = 2**10, limits.JOINED.default
"""The smallest and largest limit on a size, in octets."""

BOUNDS = {
    "message": (LEAST, MOST),
    "frame": (LEAST, MOST),
    "fragments": (3, 10_000),
    "inflated": (LEAST, MOST),
    "ratio": (5, 500),
    "memory": (2**20, 2**40),
}
"""The limits, each with the smallest and the largest value that can be declared."""

_SIZES = ("message", "frame", "inflated", "memory")
_COUNT = r"(?P<count>[0-9]{1,12})(?: *(?P<unit>KiB|MiB|GiB))?"
_STANDS_FOR = {"frame": "message", "inflated": "message"}
"""The limit that applies where another one isn't declared: what is too large a message in one frame is too
large a frame, and what a compressed message inflates to is a message."""

_PIECES = 16
"""The most frames into which a case cuts a message."""


def size_in_words(octets: int) -> str:
    """A size as a person would write it: '64 KiB', '65537 octets'."""
    for unit, name in ((2**20, "MiB"), (2**10, "KiB")):
        if octets >= unit and octets % unit == 0:
            return f"{octets // unit} {name}"
    return f"{octets} octets"


class Declared(Struct, frozen=True, omit_defaults=True):
    """What an endpoint takes at most; None: nothing was declared."""

    message: int | None = None  # octets of a message
    frame: int | None = None  # octets of the payload of a frame
    fragments: int | None = None  # frames of a message
    inflated: int | None = None  # octets to which a compressed message inflates
    ratio: int | None = None  # what a message inflates to, divided by what it was compressed to
    memory: int | None = None  # octets that a process has: it is the run that this fails, not a case

    def promises(self, name: str) -> bool:
        """Whether this limit was declared, or one that includes it."""
        return bool(getattr(self, name) or getattr(self, _STANDS_FOR.get(name, name)))

    def __str__(self) -> str:
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return ", ".join(
            f"{name}={size_in_words(value) if name in _SIZES else value}" for name, value in said.items()
        )


NOTHING_DECLARED = Declared()


def limits_in(texts: Iterable[str]) -> Declared:
    """The limits in texts such as 'message=1 MiB'; a size alone is that of a message. Raises ValueError
    with a sentence."""
    found: dict[str, int] = {}
    for text in texts:
        match = re.fullmatch(rf"(?:(?P<name>[a-z]+) *= *)?{_COUNT}", text)
        if match is None or (name := match["name"] or "message") not in BOUNDS:
            raise ValueError(f"{text!r}: expected one of {', '.join(BOUNDS)}, as in 'message=1 MiB'")
        if name in found:
            raise ValueError(f"{text!r}: {name} was given already")
        if match["unit"] and name not in _SIZES:
            raise ValueError(f"{text!r}: {name} is a number without a unit")
        low, high = BOUNDS[name]
        found[name] = int(match["count"]) * SIZE_UNITS[match["unit"]]
        if not low <= found[name] <= high:
            words = (size_in_words(low), size_in_words(high)) if name in _SIZES else (low, high)
            raise ValueError(f"{text!r}: expected {name} from {words[0]} to {words[1]}")
    given = Declared(**found)
    if given.message and (given.frame or 0) > given.message:
        raise ValueError("frame is larger than message: a frame can't be larger than its message")
    sizes = sizes_of(given)
    if given.message and sizes["message"] // sizes["frame"] + 1 > sizes["fragments"] and given.fragments:
        raise ValueError("fragments of frame octets can't make up a message: one of the limits is too low")
    return given


def sizes_of(of: Declared) -> Mapping[str, int]:
    """The numbers that a spec may use, by name. What isn't declared is assumed.

    `piece` is the size of a frame, in octets, with which a message that is at its limit, and one that is an
    octet larger, keeps the limits on frames and fragments.
    """
    message = of.message or max(limits.ASSUMED_SIZE.default, of.frame or 0)
    frame = of.frame or message
    fragments = of.fragments or limits.ASSUMED_FRAGMENTS.default
    piece = message // (min(fragments, _PIECES) - 1) + 1
    return {
        "message": message,
        "frame": frame,
        "fragments": fragments,
        "inflated": of.inflated or message,
        "piece": min(frame, piece),
    }


STEP = re.compile(r" *([-+*/]) *" + _COUNT)
RELATIVE = r"(?:message|frame|fragments|inflated|piece)(?: *[-+*/] *[0-9]{1,12}(?: *(?:KiB|MiB|GiB))?)*"
"""A number that follows from a limit, such as 'message + 1' or 'inflated / 512 * 128'."""


def relative(text: str, sizes: Mapping[str, int]) -> int:
    """The number for a text like RELATIVE, counted from left to right, with division rounded down. Raises
    ValueError."""
    name = re.match(r"[a-z]+", text)
    assert name is not None  # as in RELATIVE
    value = sizes[name[0]]
    for step in STEP.finditer(text, name.end()):
        number = int(step["count"]) * SIZE_UNITS[step["unit"]]
        match step[1]:
            case "+":
                value += number
            case "-":
                value -= number
            case "*":
                value *= number
            case _:
                if not number:
                    raise ValueError(f"{text!r}: a size can't be divided by 0")
                value //= number
    return value
