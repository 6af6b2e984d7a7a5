"""What is wrong with a text that isn't YAML, in words for the person who wrote it.

The parser says where it gave up and what it expected. What a person forgot is often before that: a closing
quote, the quotes around a value, a colon, the indentation of a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import yaml

from replay.source import Source, SourceError, printable

SHOWN = 60
"""How many characters of a value a help line repeats."""

_KEY = re.compile(r"(?P<indent>[ ]*(?:- +)*)(?P<key>[^\s:#][^:]*):[ \t]+(?P<value>\S.*)")


class FaultPlace(NamedTuple):
    """Where the parser gave up."""

    source: Source
    at: int
    began: int | None  # the start of what it was reading
    quoted: tuple[int, int] | None  # the last quoted text that it had read

    def line(self, at: int) -> tuple[int, str]:
        """The line that contains the character `at`: its start and its text."""
        span = self.source.span(at)
        return self.source.line_starts[span.line - 1], span.line_text

    def before(self, at: int) -> tuple[int, str] | None:
        """The nearest line above that contains more than spaces and a comment."""
        number = self.source.span(at).line - 1
        while number > 0:
            start, text = self.line(self.source.line_starts[number - 1])
            if text.strip() and not text.lstrip().startswith("#"):
                return start, text
            number -= 1
        return None


class Hint(NamedTuple):
    """The place, what is wrong, and what to do."""

    start: int
    end: int
    message: str
    hint: str | None = None


def fault(source: Source, error: yaml.MarkedYAMLError, quoted: tuple[int, int] | None) -> SourceError:
    """The error for a text that the parser can't read. `quoted` is the last quoted text before it."""
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(source.text)) if mark else 0
    began = error.context_mark.index if error.context_mark else None
    problem = error.problem or error.context or ""
    place = FaultPlace(source, at, began, quoted)
    for pattern, explain in _EXPLAINED:
        if re.search(pattern, problem) and (said := explain(place)) is not None:
            return SourceError(
                source.span(said.start, said.end), f"not YAML: {printable(said.message)}", said.hint
            )
    if error.problem and began is not None and began != at and error.context_mark:
        problem += f" ({error.context}, which begins in line {error.context_mark.line + 1})"
    hint = "put quotes around a value that contains special characters of YAML: key: '…'"
    return SourceError(source.span(at), f"not YAML: {problem}", hint)


def _in_quotes(value: str) -> str:
    """A value as written in single quotes."""
    value = value.strip()
    shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
    return printable("'" + shown.replace("'", "''") + "'")


def _rest(place: FaultPlace, at: int) -> str:
    start, text = place.line(at)
    return text[at - start :]


def _tab(place: FaultPlace) -> Hint | None:
    if place.source.text[place.at : place.at + 1] != "\t":
        return None
    return Hint(place.at, place.at, "a tab can't be used for indentation", "indent with spaces")


def _first_character(place: FaultPlace) -> Hint | None:
    """The value begins with a character that has a special meaning."""
    at = place.at if place.began is None else place.began
    char = place.source.text[at : at + 1]
    if not char.strip():
        return None
    hint = f"put quotes around the value: {_in_quotes(_rest(place, at))}"
    return Hint(at, at + 1, f"a value that begins with {char!r} needs quotes", hint)


def _colon(place: FaultPlace) -> Hint | None:
    """A ': ' where none is allowed: inside a value, or after a key in the wrong place."""
    start, text = place.line(place.at)
    if (found := _KEY.match(text)) is not None and start + found.start("value") <= place.at:
        said = f"{found['key'].strip()}: {_in_quotes(found['value'])}"
        hint = f"put quotes around the value: {printable(said)}"
        return Hint(place.at, place.at + 1, "a value that contains ': ' needs quotes", hint)
    above = place.before(place.at)
    if above is None:
        return None
    if ":" not in above[1]:
        return _no_colon(*above)
    indent = start + len(text) - len(text.lstrip())
    message = "this line is indented deeper than the line above it, which already has a value"
    return Hint(indent, place.at, message, "the keys of one mapping start in the same column")


def _no_colon(start: int, text: str) -> Hint:
    word = text.strip().removeprefix("- ")
    first = start + text.index(word)
    message = "expected ':' after this key"
    return Hint(first, first + len(word), message, f"write '{printable(word[:SHOWN])}:'")


def _key_without_colon(place: FaultPlace) -> Hint | None:
    return None if place.began is None else _no_colon(*place.line(place.began))


def _behind_quotes(place: FaultPlace) -> Hint | None:
    """Something follows a quoted text: a quote inside closed it, or a closing quote is missing."""
    if place.quoted is None or place.source.text[place.quoted[1] : place.at].strip():
        return None
    start, end = place.quoted
    quote = place.source.text[start]
    first, last = place.source.span(start).line, place.source.span(max(start, end - 1)).line
    if first != last:
        message = f"this quote is not closed before line {last}"
        return Hint(start, start + 1, message, f"is the closing {quote} of line {first} missing?")
    inside = {
        '"': 'is written \\", or put single quotes around the whole value',
        "'": "is written twice: ''",
    }
    hint = f"a {quote} inside the quotes {inside.get(quote, 'ends them')}"
    return Hint(place.at, place.at + 1, "unexpected text after the closing quote", hint)


def _closes_nothing(place: FaultPlace) -> Hint | None:
    char = place.source.text[place.at : place.at + 1]
    if not char or char not in "]}":
        return None
    return Hint(
        place.at, place.at + 1, f"unmatched {char!r}", "delete it, or add the bracket that it closes"
    )


def _never_closed(place: FaultPlace) -> Hint | None:
    if place.began is None:
        return None
    quote = place.source.text[place.began]
    return Hint(place.began, place.began + 1, "this quote is never closed", f"is there a {quote} missing?")


def _out_of_line(place: FaultPlace) -> Hint | None:
    """A line that starts in a column where nothing that it belongs to starts."""
    start, text = place.line(place.at)
    if text[: place.at - start].strip():
        return None
    end = start + len(text.rstrip())
    hint = "the items of one list, and the keys of one mapping, start in the same column"
    above = place.source.text[: place.at].splitlines()
    column = place.at - start
    if not any(line[column : column + 1].strip() and not line[:column].strip() for line in above):
        return Hint(place.at, end, "this line isn't aligned with anything above it", hint)
    if text[column:].startswith("- "):
        return Hint(place.at, end, "a list item among the keys of a mapping", hint)
    return Hint(place.at, end, "expected another list item, which begins with '- '", hint)


def _brackets(place: FaultPlace) -> Hint | None:
    if place.began is None:
        return None
    opened = place.source.text[place.began]
    close = {"[": "]", "{": "}"}.get(opened, "]")
    hint = f"a text that contains brackets or ': ' needs quotes: {_in_quotes(_rest(place, place.began))}"
    if place.source.span(place.began).line == place.source.span(place.at).line:
        return Hint(place.at, place.at + 1, f"expected ',' or {close!r} here", hint)
    return Hint(place.began, place.began + 1, f"this {opened!r} is never closed by {close!r}", hint)


def _dash(place: FaultPlace) -> Hint | None:
    hint = f"put each item on a line of its own, or a text in quotes: {_in_quotes(_rest(place, place.at))}"
    return Hint(place.at, place.at + 1, "'- ' begins a list item, which isn't allowed here", hint)


def _escape(place: FaultPlace) -> Hint | None:
    found = re.compile(r"\\.{1,2}").search(place.source.text, max(0, place.at - 2))
    shown = found[0][:2] if found else "\\"
    hint = "use single quotes, where a backslash is just a backslash, or write it as \\\\"
    return Hint(place.at, place.at + 1, f"{shown} is not a valid escape in double quotes", hint)


def _block(place: FaultPlace) -> Hint | None:
    if place.began is None:
        return None
    char = place.source.text[place.began]
    hint = f"put quotes around the value: {_in_quotes(_rest(place, place.began))}"
    message = f"{char!r} begins a block of lines, which must be indented below it"
    return Hint(place.began, place.began + 1, message, hint)


def _goes_on(place: FaultPlace) -> Hint | None:
    return Hint(
        place.at, place.at, "unexpected text after the end of the document", "a file is one mapping of keys"
    )


_EXPLAINED: tuple[tuple[str, Callable[[FaultPlace], Hint | None]], ...] = (
    ("", _tab),
    ("mapping values are not allowed", _colon),
    ("could not find expected ':'", _key_without_colon),
    ("expected key|expected <block end>", _behind_quotes),
    ("expected key|expected <block end>", _closes_nothing),
    ("expected key|expected <block end>|expected '-' indicator", _out_of_line),
    ("unexpected end of stream", _never_closed),
    ("cannot start any token|alphabetic or numeric|mapping keys are not|node content", _first_character),
    ("expected ',' or", _brackets),
    ("sequence entries are not allowed", _dash),
    ("escape character|hexdecimal", _escape),
    ("comment or line break", _block),
    ("document start", _goes_on),
)
"""Patterns for what the parser says, and the functions that explain it: the first with an explanation is
used."""
