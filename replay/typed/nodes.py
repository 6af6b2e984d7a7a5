"""Values of YAML and TOML as nodes that know their places. Nothing is typed here."""

from __future__ import annotations

from msgspec import Struct

from replay.source import Span


class Scalar(Struct, frozen=True):
    text: str
    span: Span
    plain: bool = False  # neither quoted nor a block; if empty, it is no value at all

    def part(self, start: int, end: int) -> Span:
        """The place of the characters from `start` up to `end`, or of the whole scalar if escapes hide
        it."""
        source = self.span.source
        for at in (self.span.start, self.span.start + 1):
            if source.text.startswith(self.text, at) and at + len(self.text) <= self.span.end:
                return source.span(at + start, at + end)
        return self.span


class Sequence(Struct, frozen=True):
    items: tuple[Node, ...]
    span: Span


class Mapping(Struct, frozen=True):
    pairs: tuple[tuple[Scalar, Node], ...]
    span: Span

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping

SHAPES: dict[type[Node], str] = {Scalar: "a single value", Sequence: "a list", Mapping: "a mapping"}
