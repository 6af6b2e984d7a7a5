"""What stays the same in messages of one kind: their keys, and the words that name the kind."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

from replay.draft.session import Line
from replay.values.paths import Step
from replay.values.shape import Value

Steps = tuple[Step, ...]

_WORD = re.compile(r"[A-Za-z][A-Za-z_.:/-]{0,39}")
_NAMING = re.compile(
    r"(?i)(?:.*[_-])?(?:type|event|op|kind|action|method|cmd|command|topic|channel|target|status|state)|t|e|ev"
)
"""The keys whose words name the kind of a message."""

_NUMBERED = re.compile(r"(?i)(?:.*[_-])?(?:type|op|opcode|kind|cmd|command)")
_KINDS = 256
"""The keys whose numbers do so as well, and how many there are at most."""

_FIRST_TELLS = 4
"""The octets that a binary message has at least whose first one tells its kind."""

_DEPTH = 5
_LISTED = 8
_VARYING = re.compile(r"[0-9A-Fa-f]{8,}|[0-9]+")


def skeleton(line: Line) -> Hashable:
    """Equal for messages of one kind, as far as one message shows its kind."""
    if isinstance(line.value, bytes):
        short = 1 < len(line.value) < _FIRST_TELLS  # perhaps but an id
        return line.view, len(line.value) if short else line.value[:1]
    if isinstance(line.value, str):
        return line.view, _VARYING.sub("0", line.value)
    return line.view, bones(line.value, 0)


def bones(value: Value, depth: int) -> Hashable:
    if depth < _DEPTH:
        match value:
            case dict():
                return tuple(sorted((key, _named(key, inner, depth)) for key, inner in value.items()))
            case list() if depth == 0 and len(value) <= _LISTED:
                return tuple(_word(item) or bones(item, depth + 1) for item in value)
            case list():
                return "list"
    return ""


def alike(line: Line, other: Line) -> bool:
    """Whether two messages may be of one kind even if their skeletons differ."""
    if isinstance(line.value, bytes) and isinstance(other.value, bytes):
        return len(line.value) == len(other.value)
    if (
        isinstance(line.value, dict)
        and isinstance(other.value, dict)
        and line.value.keys() == other.value.keys()
    ):
        return line.view == other.view and _agree(line.value, other.value)
    names = list(naming(line.value))
    return line.view == other.view and bool(names) and names == list(naming(other.value))


def _agree(value: dict[str, Value], other: dict[str, Value]) -> bool:
    return all(_name(key, value[key]) == _name(key, other[key]) for key in value)


def _named(key: str, value: Value, depth: int) -> str:
    found = _name(key, value)
    return repr(bones(value, depth + 1) if found is None else found)


def _name(key: str, value: Value) -> str | None:
    """What a value under this key says of the kind of a message."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _KINDS:
        return f"{key} {value}" if _NUMBERED.fullmatch(key) else None
    return _word(value) if _NAMING.fullmatch(key) else None


def _word(value: Value) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def words(value: Value) -> Iterator[str]:
    """The words that may say what a message is about: those that name its kind, and its keys."""
    yield from naming(value)
    for inner in (value, *value.values()) if isinstance(value, dict) else ():
        if isinstance(inner, dict):
            yield from inner


def naming(value: Value, depth: int = 0) -> Iterator[str]:
    """The words that name the kind of a message, from the outside in."""
    match value:
        case dict() if depth < 2:
            for key, inner in value.items():
                if found := _name(key, inner):
                    yield found
                yield from naming(inner, depth + 1)
        case list() if depth < 2:
            for item in value[:_LISTED]:
                if found := _word(item):
                    yield found
                yield from naming(item, depth + 1)
        case str() if depth == 0:
            yield value


def scalars_at(value: Value, at: Steps = ()) -> Iterator[tuple[Steps, Value]]:
    """The parts of a value that have no parts, with their places."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from scalars_at(inner, (*at, key))
        case list():
            for number, inner in enumerate(value):
                yield from scalars_at(inner, (*at, number))
        case _:
            yield at, value


def at(value: Value, steps: Steps) -> Value:
    """The part of a value at a place. Raises LookupError if there is none."""
    for step in steps:
        match step:
            case str() if isinstance(value, dict):
                value = value[step]
            case int() if isinstance(value, list):
                value = value[step]
            case _:
                raise LookupError
    return value


def changed(value: Value, new: dict[Steps, Value], here: Steps = ()) -> Value:
    """The value with others at these places."""
    if here in new:
        return new[here]
    match value:
        case dict():
            return {key: changed(inner, new, (*here, key)) for key, inner in value.items()}
        case list():
            return [changed(inner, new, (*here, number)) for number, inner in enumerate(value)]
    return value
