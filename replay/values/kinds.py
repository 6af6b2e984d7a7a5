"""The matchers: the kinds of values that a spec can leave open, narrowest first."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from msgspec import Struct

from replay.trace.model import SECOND
from replay.values.shape import Value

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt ]"
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
)

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class Maker(Struct, frozen=True):
    """What fresh values are made from."""

    chance: Random
    moment: int  # microseconds since 1970


class Kind(Struct, frozen=True):
    """What `<name>` stands for."""

    name: str
    wants: str  # with its article: it completes the phrase 'expected …'
    about: str  # one sentence
    fits: Callable[[Value], bool]
    make: Callable[[Maker], Value] | None = None  # a fresh one; None: `<new name>` can't be sent


def _text(pattern: re.Pattern[str]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Value) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _epoch(value: Value) -> bool:
    """From 2001 to 2286, where seconds have ten digits and milliseconds thirteen."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 10**9 <= value < 10**10 or 10**12 <= value < 10**13


def _new_uuid(make: Maker) -> str:
    """A random one (RFC 9562 §5.4)."""
    digits = f"{make.chance.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _new_time(make: Maker) -> str:
    moment = datetime.fromtimestamp(make.moment // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{make.moment % SECOND // 1000:03}Z"


_ROWS = (
    Kind("bool", "true or false", "The value true or false.", lambda value: isinstance(value, bool)),
    Kind(
        "epoch",
        "a number of seconds or milliseconds since 1970",
        "A time as the number of seconds or milliseconds since 1970, from the years 2001 to 2286.",
        _epoch,
        lambda make: make.moment // 1000,
    ),
    Kind("int", "a whole number", "A whole number.", _whole, lambda make: make.chance.getrandbits(31)),
    Kind("number", "a number", "Any number.", _number),
    Kind(
        "uuid",
        "a UUID",
        "A UUID as text, such as 9b2c2f70-6f0e-4b8a-9d0b-3f1f6c1f8f55.",
        _text(_UUID),
        _new_uuid,
    ),
    Kind(
        "time",
        "a date with a time",
        "A date with a time as text, in the form of RFC 3339 or ISO 8601, such as 2027-01-31T09:30:00Z.",
        _text(_TIME),
        _new_time,
    ),
    Kind(
        "hex",
        "a text of hex digits",
        "A text of hex digits, at least one.",
        _text(_HEX),
        lambda make: f"{make.chance.getrandbits(128):032x}",
    ),
    Kind(
        "text",
        "a text",
        "Any text, including an empty one.",
        lambda value: isinstance(value, str),
        lambda make: "".join(make.chance.choice(_ALPHABET) for _ in range(12)),
    ),
    Kind("binary", "binary data", "Any octets.", lambda value: isinstance(value, bytes)),
    Kind("any", "any value", "Any value at all.", lambda value: True),
)

KINDS = {kind.name: kind for kind in _ROWS}
"""By name."""

MAKEABLE = [kind.name for kind in _ROWS if kind.make is not None]
"""Those of which a fresh one can be made."""
