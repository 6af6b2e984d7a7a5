"""JSON text -> values and their places. Whatever is wrong with a text is a SourceError.

Python's own reader raises other errors for numbers with thousands of digits and for deeply nested texts,
keeps the last of two equal keys, and doesn't tell where a value is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from replay import limits
from replay.source import Source, SourceError, Span

MAX_DIGITS = limits.DIGITS.default
"""The most digits of a whole number."""

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonField(NamedTuple):
    """A key of an object and its value."""

    key: str
    place: Span  # of the key
    value: Any
    span: Span  # of the value


class _Wrong(ValueError):
    """What is wrong, and the text at fault if it is known."""

    def __init__(self, message: str, text: str | None = None) -> None:
        super().__init__(message)
        self.text = text


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _Wrong(f"a number of {len(text):,} digits; at most {MAX_DIGITS} are allowed", text)
    return int(text)


def _constant(text: str) -> NoReturn:
    raise _Wrong(f"not JSON: {text} is not a JSON value", text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _Wrong(f"duplicate key {twice[:80]!r}")
    return found


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object)


def loads(source: Source) -> Any:
    """The value of a JSON text. Raises SourceError."""
    value, end = _value(source, _behind_space(source, 0))
    if (end := _behind_space(source, end)) < len(source.text):
        raise _syntax(source, json.JSONDecodeError("Extra data", source.text, end))
    return value


def fields(source: Source, start: int | None = None) -> Iterator[JsonField]:
    """The fields of the object at `start`, or of the whole text if `start` is None, each as it is read.
    Raises SourceError."""
    at = _opened(source, start or 0, "{")
    keys: dict[str, Span] = {}
    while source.text[at : at + 1] != "}":
        if keys:
            at = _behind(source, at, ",")
        if source.text[at : at + 1] != '"':
            raise _syntax(
                source, json.JSONDecodeError("Expecting property name in double quotes", source.text, at)
            )
        key, end = _value(source, at)
        place = source.span(at, end)
        if key in keys:
            raise SourceError(place, f"duplicate key {key!r}; the first one is in line {keys[key].line}")
        keys[key] = place
        at = _behind(source, _behind_space(source, end), ":")
        value, end = _value(source, at)
        yield JsonField(key, place, value, source.span(at, end))
        at = _behind_space(source, end)
    if start is None and (end := _behind_space(source, at + 1)) < len(source.text):
        raise _syntax(source, json.JSONDecodeError("Extra data", source.text, end))


def items(source: Source, start: int = 0) -> Iterator[tuple[Any, Span]]:
    """The values of the list at `start`, each as it is read. Raises SourceError."""
    at = first = _opened(source, start, "[")
    while source.text[at : at + 1] != "]":
        if at > first:
            at = _behind(source, at, ",")
        value, end = _value(source, at)
        yield value, source.span(at, end)
        at = _behind_space(source, end)


def _opened(source: Source, start: int, bracket: str) -> int:
    return _behind(source, _behind_space(source, start), bracket)


def _behind(source: Source, at: int, mark: str) -> int:
    if not source.text.startswith(mark, at):
        raise _syntax(source, json.JSONDecodeError(f"Expecting {mark!r}", source.text, at))
    return _behind_space(source, at + len(mark))


def _behind_space(source: Source, at: int) -> int:
    found = _SPACE.match(source.text, at)
    return found.end() if found else at


def _value(source: Source, at: int) -> tuple[Any, int]:
    """The value at `at`, and the position after it."""
    try:
        value, end = _DECODER.raw_decode(source.text, at)
    except json.JSONDecodeError as error:
        raise _syntax(source, error) from None
    except _Wrong as error:
        place = -1 if error.text is None else source.text.find(error.text, at)
        if place < 0:
            raise SourceError(None, f"{source.name}: {error}") from None
        raise SourceError(source.span(place, place + len(error.text or "")), str(error)) from None
    except RecursionError:
        raise SourceError(None, f"{source.name}: nested too deep") from None
    return value, end


def _syntax(source: Source, error: json.JSONDecodeError) -> SourceError:
    text, at = source.text, error.pos
    last = len(text.rstrip())
    if at >= last:
        return SourceError(source.span(last), "not JSON: the text ends too early")
    before = text[max(0, at - 200) : at + 1].rstrip("}] \t\r\n")
    if before.endswith(",") and text[at : at + 1] in ("}", "]", ","):
        comma = max(0, at - 200) + len(before) - 1  # Python 3.13 and later report the comma itself
        said = "not JSON: expected a value after this comma"
        return SourceError(source.span(comma), said, "JSON allows no comma after the last value")
    hint = "JSON has no comments" if text[at : at + 2] in ("//", "/*") else None
    return SourceError(source.span(at), f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}", hint)
