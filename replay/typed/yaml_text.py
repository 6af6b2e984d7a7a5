"""YAML text -> nodes that know their places. Nothing is typed, constructed or executed here.

The nodes are built from the parser's events, so that depth and aliases are bounded before anything grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.reader import Reader as YamlReader

from replay import limits
from replay.source import Source, SourceError, Span, nearest
from replay.typed.nodes import SHAPES, Mapping, Node, Scalar, Sequence

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = limits.DEPTH.default
"""How deep lists and mappings may be nested."""

MAX_ALIASED = limits.ALIASED.default
"""How many nodes the aliases of one file may add, as if each were written out."""


def parse(source: Source, kind: str = "spec") -> Node:
    """The only document of a YAML text; messages call such a file a `kind`.

    Raises SourceError for a text that isn't YAML, is empty, has tags, has duplicate keys or keys that
    aren't single values, has aliases that are undefined, recursive or too many, or is nested too deeply.
    """
    unprintable = YamlReader.NON_PRINTABLE.search(source.text)
    if unprintable is not None:
        at, code = unprintable.start(), ord(unprintable[0])
        raise SourceError(source.span(at, at + 1), f"YAML doesn't allow the character U+{code:04X}")
    composer = _Composer(source, kind)
    try:
        return composer.document()
    except yaml.MarkedYAMLError as error:
        from replay.typed.yaml_faults import fault

        raise fault(source, error, composer.quoted) from None


class _Composer:
    def __init__(self, source: Source, kind: str) -> None:
        self._source = source
        self._kind = kind
        # Any: the stubs don't know the attributes of the events, nor that they have marks.
        self._events: Iterator[Any] = yaml.parse(source.text, Loader=LOADER)
        self._anchors: dict[str, tuple[Node, int] | None] = {}  # None: its end hasn't been reached yet
        self._nodes = 0
        self._aliased = 0
        self.quoted: tuple[int, int] | None = None  # the place of the last quoted text
        self._end = 0  # the end of what was read last; the end mark of a block can be lines below it

    def document(self) -> Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise SourceError(self._source.span(0), "the file is empty", "a spec has a list of 'cases'")
        root = self._node(next(self._events), 1)
        next(self._events)
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise SourceError(
                self._span(event), "a second YAML document", f"put each {self._kind} into a file of its own"
            )
        return root

    def _span(self, event: Any) -> Span:
        return self._source.span(event.start_mark.index, event.end_mark.index)

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise SourceError(
                self._span(event),
                f"tags such as {tag!r} can't be used in a {self._kind}",
                "the key decides the type of its value; a text that begins with '!' needs quotes",
            )
        if depth > MAX_DEPTH:
            raise SourceError(self._span(event), f"nested deeper than {MAX_DEPTH} levels")
        before = self._nodes
        self._nodes += 1
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._read(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node, self._nodes - before
        return node

    def _read(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            span = self._span(event)
            self._end = span.end
            if event.style in ("'", '"'):
                self.quoted = span.start, span.end
            return Scalar(event.value, span, plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(inner, depth + 1))
            return Sequence(tuple(items), self._extent(event, inner))
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(inner := next(self._events), yaml.MappingEndEvent):
            key = self._node(inner, depth + 1)
            if not isinstance(key, Scalar):
                raise SourceError(key.span, f"a key must be a word, found {SHAPES[type(key)]}")
            if key.text in pairs:
                first = pairs[key.text][0].span.line
                raise SourceError(key.span, f"duplicate key {key.text!r}; the first one is in line {first}")
            pairs[key.text] = key, self._node(next(self._events), depth + 1)
        return Mapping(tuple(pairs.values()), self._extent(event, inner))

    def _extent(self, start: Any, end: Any) -> Span:
        if start.flow_style:
            self._end = end.end_mark.index
        at = start.start_mark.index
        return self._source.span(at, max(at, self._end))

    def _alias(self, event: Any) -> Node:
        span = self._span(event)
        if event.anchor not in self._anchors:
            raise SourceError(
                span,
                f"no anchor '&{event.anchor}' is defined before this alias",
                nearest(event.anchor, self._anchors) or "a text that begins with '*' needs quotes",
            )
        if (anchored := self._anchors[event.anchor]) is None:
            raise SourceError(span, f"'&{event.anchor}' contains itself")
        self._end = span.end
        node, size = anchored
        self._nodes += size
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise SourceError(span, f"the aliases in this file expand to more than {MAX_ALIASED} values")
        return node
