"""Hides values in JSON text without changing its length: strings become x's, numbers 1's.

A path is a subset of JSONPath (RFC 9535): `$.user.token`, `$.items[*].key`, `$['a b'][0]`, `$..password`.
Several values may follow one another, as in lines of JSON or behind the number of an Engine.IO packet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

_STEP = re.compile(
    r"(?P<deep>\.\.)?(?:(?<=\.\.)|\.|(?=\[))"
    r"(?:(?P<name>[^\s.\[\]'\"*]+)|(?P<any>\*|\[\*\])|\[(?P<index>\d{1,9})\]"
    r"|\[(?P<quoted>'[^']*'|\"[^\"]*\")\])"
)
_TOKEN = re.compile(
    rb'[ \t\r\n]++|(?P<string>"(?:[^"\\]++|\\.)*+")|(?P<number>-?[0-9][0-9.eE+-]*+)'
    rb"|(?P<word>true|false|null)|(?P<mark>[\[\]{},:])",
    re.DOTALL,
)
_WANTED = "expected a JSON path such as $.user.token, $.items[*].key or $..password"


class Step(NamedTuple):
    name: str | int | None  # a key or an index; None: any
    deep: bool  # at any depth


Path = tuple[Step, ...]


def parse_path(text: str) -> Path:
    """The steps of a path. Raises ValueError."""
    at, steps = 1, []
    while text.startswith("$") and at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError(_WANTED)
        name: str | int | None = found["name"]
        if found["index"] is not None:
            name = int(found["index"])
        elif found["quoted"] is not None:
            name = found["quoted"][1:-1]
        steps.append(Step(name, found["deep"] is not None))
        at = found.end()
    if not steps:
        raise ValueError(_WANTED)
    return tuple(steps)


_At = frozenset[tuple[int, int]]
"""Which paths lead here, by their numbers, and how many of their steps have been taken."""


class _Open(NamedTuple):
    """An object or a list that has begun."""

    is_object: bool
    here: _At
    hidden: bool


def hide(text: bytes, paths: Sequence[Path]) -> bytes | None:
    """The text with x's in place of what the paths lead to; None: it isn't JSON. Takes time linear in the
    text."""
    root: _At = frozenset((number, 0) for number in range(len(paths)))
    stack: list[_Open] = []
    key: str | int = 0  # of the next value
    names: list[str | int] = []  # the keys of the open objects and lists
    is_key = False
    out, kept, at = bytearray(), 0, 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        start, at = at, token.end()
        mark = token["mark"]
        if token.lastgroup is None or mark == b":":
            is_key = is_key and mark is None
            continue
        if mark == b",":
            if stack and not stack[-1].is_object:
                key = int(key) + 1 if isinstance(key, int) else 0
            is_key = bool(stack) and stack[-1].is_object
            continue
        if mark in (b"]", b"}"):
            if not stack or stack.pop().is_object is not (mark == b"}"):
                return None
            key = names.pop()
            continue
        if is_key:
            if token["string"] is None:
                return None
            key = _key(token["string"])
            continue
        above = stack[-1] if stack else None
        here = root if above is None else _along(paths, above.here, key)
        hidden = (above is not None and above.hidden) or any(taken == len(paths[n]) for n, taken in here)
        if mark is not None:
            stack.append(_Open(mark == b"{", here, hidden))
            names.append(key)
            key, is_key = 0, mark == b"{"
        elif hidden:
            out += text[kept:start] + _instead(token[0])
            kept = at
    return None if stack else bytes(out + text[kept:])


def _along(paths: Sequence[Path], here: _At, key: str | int) -> _At:
    """Which paths lead to the value of this key."""
    found = set()
    for number, taken in here:
        if taken == len(paths[number]):
            continue
        step = paths[number][taken]
        if step.deep:
            found.add((number, taken))
        if step.name is None or step.name == key:
            found.add((number, taken + 1))
    return frozenset(found)


def _key(token: bytes) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token[1:-1].decode("utf-8", "replace")


def _instead(token: bytes) -> bytes:
    """Another value of this length."""
    if token.startswith(b'"'):
        return b'"' + b"x" * (len(token) - 2) + b'"'
    if token in (b"true", b"null"):
        return b"null"
    return b'"xxx"' if token == b"false" else b"1" * len(token)
