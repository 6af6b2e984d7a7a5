"""Shapes and values on one line, as a spec has them, and no longer than needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from replay.source import printable
from replay.values.shape import (
    Each,
    Exactly,
    Free,
    Fresh,
    Keyed,
    Known,
    Listed,
    Octets,
    Regex,
    Shape,
    Unordered,
    Value,
)

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
MARK = re.compile(r"<[^<>]+>")
"""A text that stands for something else."""

_CUT = 500
"""The most characters of a single text and the most octets that are written at all."""


SHORT = 60


def short(what: Shape | Value, most: int = SHORT) -> str:
    """On one line, escaped, and cut to so many characters."""
    found = ""
    for piece in _pieces(what):
        found += printable(piece)
        if len(found) > most:
            return found[: most - 1] + "…"
    return found


def around(one: str, other: str, most: int) -> tuple[str, str]:
    """Two texts that differ, if they are long without what both begin with but for a few characters."""
    if max(len(one), len(other)) <= most:
        return one, other
    first = next(
        (number for number, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
        min(len(one), len(other)),
    )
    begin = first - most // 3
    return (f"…{one[begin:]}", f"…{other[begin:]}") if begin > 0 else (one, other)


def marked(shape: Free | Known | Fresh) -> str:
    """A matcher, a captured value or a fresh one, as a spec has it."""
    match shape:
        case Known(name=name):
            return f"<{name}>"
        case Free(kind=kind, name=None):
            return f"<{kind}>"
        case Free(kind=kind, name=name):
            return f"<{kind} as {name}>"
        case Fresh(kind=kind, name=None):
            return f"<new {kind}>"
    return f"<new {shape.kind} as {shape.name}>"


def escaped(text: str) -> str:
    """A text as a spec has it: with another < in front if it would stand for something else."""
    return f"<{text}" if text.startswith("<<") or MARK.fullmatch(text) else text


def pairs_of_hex(octets: bytes, mask: bytes) -> str:
    """Octets in hex, with ? for each digit that is free."""
    return " ".join(
        "".join(
            digit if bits == "f" else "?" for digit, bits in zip(f"{octet:02x}", f"{free:02x}", strict=True)
        )
        for octet, free in zip(octets, mask, strict=True)
    )


def _pieces(what: Shape | Value) -> Iterator[str]:
    match what:
        case Free() | Known() | Fresh():
            yield marked(what)
        case Exactly(value=value):
            yield from _pieces(escaped(value) if isinstance(value, str) else value)
        case Regex(pattern=pattern):
            yield "{regex: " + json.dumps(pattern[:_CUT], ensure_ascii=False) + "}"
        case Octets(octets=octets, mask=mask):
            yield '{hex: "' + pairs_of_hex(octets[:_CUT], mask[:_CUT]) + '"}'
        case Keyed(items=items, others=others):
            yield "{has: {" if others else "{"
            yield from _keyed(items)
            yield "}}" if others else "}"
        case Listed(items=within):
            yield from _listed(within)
        case Unordered(items=within):
            yield "{unordered: "
            yield from _listed(within)
            yield "}"
        case Each(shape=inner):
            yield "{each: "
            yield from _pieces(inner)
            yield "}"
        case dict():
            yield "{"
            yield from _keyed(what.items())
            yield "}"
        case list():
            yield from _listed(what)
        case bytes():
            yield '{hex: "' + what[:_CUT].hex(" ") + '"}'
        case str():
            yield json.dumps(what[:_CUT], ensure_ascii=False)
        case int() if not isinstance(what, bool) and abs(what) >> 256:
            yield hex(what)[:_CUT]  # any number of digits, unlike decimal ones
        case _:
            yield json.dumps(what)


def key(name: str) -> str:
    """A key as a spec has it: in quotes unless it is a word."""
    return name if _BARE.fullmatch(name) else json.dumps(name[:_CUT], ensure_ascii=False)


def _keyed(items: Iterable[tuple[str, Shape | Value]]) -> Iterator[str]:
    for number, (name, inner) in enumerate(items):
        yield ", " if number else ""
        yield f"{key(name)}: "
        yield from _pieces(inner)


def _listed(items: Iterable[Shape | Value]) -> Iterator[str]:
    yield "["
    for number, inner in enumerate(items):
        yield ", " if number else ""
        yield from _pieces(inner)
    yield "]"
