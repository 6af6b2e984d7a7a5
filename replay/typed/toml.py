"""TOML text -> nodes that know their places.

Python's TOML reader gives values without places, so they are looked up in the text as well as possible.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from typing import Any

from replay import limits
from replay.source import Source, SourceError, Span
from replay.typed import nodes

MAX_DIGITS = limits.DIGITS.default
_DIGITS = re.compile(rf"[0-9][0-9_]{{{MAX_DIGITS},}}")
_PATH = r"tool[ \t]*\.[ \t]*replay"
_HEADING = re.compile(rf"(?m)^[ \t]*\[[ \t]*{_PATH}[ \t]*\]")
_NEXT = re.compile(r"(?m)^[ \t]*\[+[ \t]*[\w\"'][^\]\n=,]*\]+[ \t]*(?:#.*)?$")
_ITEM = re.compile(
    r'#[^\n]*|"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s#,=\[\]{}"\']+'
)


def table(source: Source) -> nodes.Node | None:
    """The contents of [tool.replay], or None. Raises SourceError for a text that isn't TOML."""
    try:
        values = tomllib.loads(source.text, parse_float=str)  # 3.10 is not 3.1
        found = tool.get("replay") if isinstance(tool := values.get("tool"), dict) else None
        if found is None:
            return None
        heading = _HEADING.search(source.text)
        start = source.span(heading.start(), heading.end()) if heading else source.span(0)
        if not isinstance(found, dict):
            return _node(found, start, iter(()))
        return _table(start, found, _PATH)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(source, error) from None
    except RecursionError:
        raise SourceError(None, f"{source.name}: nested too deep") from None
    except ValueError:  # Python limits the number of digits
        raise _endless(source) from None


def _endless(source: Source) -> SourceError:
    found = _DIGITS.search(source.text)
    span = source.span(*found.span()) if found else None
    return SourceError(span, f"a number has more than {MAX_DIGITS} digits")


def _syntax(source: Source, error: tomllib.TOMLDecodeError) -> SourceError:
    said = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if said is None:
        return SourceError(None, f"{source.name}: not TOML: {error}")
    at = source.line_starts[int(said[2]) - 1] + int(said[3]) - 1 if said[2] else len(source.text)
    unquoted = said[1] == "Invalid value" and source.text[at : at + 1].isalpha()
    hint = "put quotes around a text" if unquoted else None
    return SourceError(source.span(at), f"not TOML: {said[1][:1].lower()}{said[1][1:]}", hint)


def _table(heading: Span, values: dict[str, Any], path: str) -> nodes.Mapping:
    """A table under its heading; `path` is a pattern for the dotted name of the table."""
    return nodes.Mapping(tuple(_pair(heading, key, value, path) for key, value in values.items()), heading)


def _tables(source: Source, path: str, tables: Any) -> nodes.Node | None:
    """The table under [PATH] or the tables under [[PATH]]; None if the value is something else or written
    in another form."""
    if isinstance(tables, dict):
        found = re.search(rf"(?m)^[ \t]*(\[[ \t]*{path}[ \t]*\])", source.text)
        return _table(source.span(*found.span(1)), tables, path) if found else None
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        return None
    heading = rf"(?m)^[ \t]*(\[\[[ \t]*{path}[ \t]*\]\])"
    spans = [source.span(*match.span(1)) for match in re.finditer(heading, source.text)]
    if not spans or len(spans) != len(tables):
        return None
    items = tuple(_table(span, each, path) for span, each in zip(spans, tables, strict=True))
    return nodes.Sequence(items, spans[0])


def _pair(heading: Span, key: str, value: Any, path: str) -> tuple[nodes.Scalar, nodes.Node]:
    source, text = heading.source, heading.source.text
    if (tables := _tables(source, rf"{path}[ \t]*\.[ \t]*{re.escape(key)}", value)) is not None:
        return nodes.Scalar(key, tables.span), tables
    end = following.start() if (following := _NEXT.search(text, heading.end)) else len(text)
    name = rf"(?m)^[ \t]*(?:tool\.)?(?:replay\.)?([\"']?{re.escape(key)}[\"']?)[ \t]*=[ \t]*"
    found = re.compile(name).search(text, heading.end, end)
    if found is None:
        return nodes.Scalar(key, heading), _node(value, heading, iter(()))
    items = (
        source.span(*item.span()) for item in _ITEM.finditer(text, found.end(), end) if item[0][0] != "#"
    )
    place = source.span(*found.span(1))
    return nodes.Scalar(key, place), _node(value, place, items)


def _node(value: Any, span: Span, items: Iterator[Span]) -> nodes.Node:
    """A value at `span`; the place of a scalar is the next of `items`."""
    match value:
        case dict():
            pairs = (
                (nodes.Scalar(key, next(items, span)), _node(each, span, items))
                for key, each in value.items()
            )
            return nodes.Mapping(tuple(pairs), span)
        case list():
            return nodes.Sequence(tuple(_listed(each, next(items, span), items) for each in value), span)
        case bool():
            return nodes.Scalar(str(value).lower(), next(items, span))
        case _:
            return nodes.Scalar(str(value), next(items, span))


def _listed(value: Any, first: Span, items: Iterator[Span]) -> nodes.Node:
    return _node(value, first, chain([first], items))
