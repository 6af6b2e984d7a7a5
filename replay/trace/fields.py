"""Reads the `KEY=value, KEY=value` part of a line of a log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from replay.source import SourceError, Span, nearest
from replay.trace import literal
from replay.trace.model import SECOND

_KEY = re.compile(r"\s*([A-Za-z0-9-]+)[ \t]*=[ \t]*")
_SPACE = re.compile(r"\s*")
_VALUE = re.compile(r"[^,\s]*")
_NEXT = re.compile(r"\s*(?:,|\Z)")
_SECONDS = re.compile(r"([0-9]{1,12})(?:\.([0-9]+))?")

Value = int | bool | bytes | str | None


class PlacedValue(NamedTuple):
    """A value and its place in the log."""

    value: Value
    span: Span


def number(text: str) -> int:
    """A whole number of at most 19 digits."""
    if re.fullmatch(r"[0-9]{1,19}", text) is None:
        raise ValueError("a whole number")
    return int(text)


def size(text: str) -> int:
    """A whole number of at least 1."""
    if not (re.fullmatch(r"[0-9]{1,19}", text) and int(text)):
        raise ValueError("a whole number of at least 1")
    return int(text)


def optional(text: str) -> int | None:
    """A whole number or None."""
    return None if text == "None" else number(text)


def truth(text: str) -> bool:
    """True or False."""
    if text not in ("True", "False"):
        raise ValueError("True or False")
    return text == "True"


def key(text: str) -> bytes | None:
    """A masking key of 8 hex digits, of 16 if a report hex-encoded it twice, or None."""
    if text == "None":
        return None
    try:
        octets = bytes.fromhex(text)
        octets = bytes.fromhex(octets.decode("ascii")) if len(octets) == 8 else octets
    except ValueError:
        octets = b""
    if len(octets) != 4:
        raise ValueError("8 hex digits or None")
    return octets


def digest(text: str) -> str:
    """A SHA-256 in 64 hex digits."""
    if re.fullmatch(r"[0-9a-f]{64}", text) is None:
        raise ValueError("64 hex digits (0-9, a-f)")
    return text


Readers = Mapping[str, Callable[[str], Value]]


def read(body: Span, readers: Readers, limit: int, last: str | None = None) -> dict[str, PlacedValue]:
    """Read all fields of `body`; the field `last` is an octet literal and takes the rest of the line.

    Raises SourceError for a key that is unknown or appears twice, and for a value of the wrong type.
    """
    source, text = body.source, body.source.text
    fields: dict[str, PlacedValue] = {}
    at = body.start
    while (space := _SPACE.match(text, at, body.end)) and (at := space.end()) < body.end:
        found = _KEY.match(text, at, body.end)
        if found is None:
            raise SourceError(source.span(at, body.end), "expected a field such as 'OPCODE=1'")
        name = found[1]
        if name not in readers and name != last:
            known = [*readers, *([last] if last else [])]
            hint = nearest(name.upper(), known) or f"known fields are {', '.join(known)}"
            raise SourceError(source.span(*found.span(1)), f"unknown field {name!r}", hint)
        if name in fields:
            raise SourceError(source.span(*found.span(1)), f"the field {name!r} appears twice")
        if name == last:
            start = found.end()
            rest = text[start : body.end]
            span = source.span(start + len(rest) - len(rest.lstrip()), start + len(rest.rstrip()))
            fields[name] = PlacedValue(literal.parse(span, limit), span)
            break
        value = _VALUE.match(text, found.end(), body.end)
        assert value is not None  # the pattern also matches nothing
        span = source.span(value.start(), value.end())
        try:
            fields[name] = PlacedValue(readers[name](value[0]), span)
        except ValueError as error:
            raise SourceError(span, f"{name}: expected {error}, found {value[0]!r}") from None
        end = _NEXT.match(text, value.end(), body.end)
        if end is None:
            raise SourceError(source.span(value.end(), body.end), f"expected ',' after {name}={value[0]}")
        at = end.end()
    return fields


def seconds(span: Span) -> int:
    """Decimal seconds as microseconds, rounded. Raises SourceError."""
    text = span.source.text[span.start : span.end]
    found = _SECONDS.fullmatch(text)
    if found is None:
        raise SourceError(span, f"expected seconds such as 1.000000, found {text!r}")
    fraction = (found[2] or "")[:7].ljust(7, "0")
    return int(found[1]) * SECOND + (int(fraction) + 5) // 10


def show_seconds(microseconds: int) -> str:
    """The form that `seconds` reads, with six decimal places."""
    return f"{microseconds // SECOND}.{microseconds % SECOND:06d}"
