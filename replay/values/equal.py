"""When two values are the same. Numbers are equal by value, true is no number, and the order of keys is
free."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from replay import limits
from replay.values.shape import Value

MAX_DEPTH = limits.NESTED.default
"""How deep a value may be nested."""


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal. They may be nested as deep as they like."""
    waiting = [(one, other)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, dict):
            if not isinstance(other, dict) or one.keys() != other.keys():
                return False
            waiting += [(inner, other[key]) for key, inner in one.items()]
        elif isinstance(one, list):
            if not isinstance(other, list) or len(one) != len(other):
                return False
            waiting += zip(one, other, strict=True)
        elif not _same_scalar(one, other):
            return False
    return True


def _same_scalar(one: Value, other: Value) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other or (one != one and other != other)


def too_deep(value: Value) -> bool:
    """Whether the value is nested deeper than MAX_DEPTH levels."""
    level: list[Value] = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _within(each) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def scalars(value: Value) -> Iterator[Value]:
    """All values in it that have no parts."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            waiting += _within(each)
        else:
            yield each


def _within(value: Value) -> Iterable[Value]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def canonical(value: Value) -> str:
    """A text that only equal values share. The value must not be nested too deep."""
    match value:
        case dict():
            inner = (f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value))
            return "{" + ",".join(inner) + "}"
        case list():
            return "[" + ",".join(map(canonical, value)) + "]"
        case bytes():
            return "#" + value.hex()
        case float() if not value.is_integer():
            return repr(value)
        case float():
            return hex(int(value))
        case int() if not isinstance(value, bool):
            return hex(value)
    return json.dumps(value)
