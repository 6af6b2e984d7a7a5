"""Typed reading of nodes. Readers are values, so that a table of them can parse, suggest and describe.

A reader says in words what it expects, and reads one node or raises SourceError at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct, field

from replay.source import SourceError, Span, nearest, printable, strerror
from replay.trace.model import Trace
from replay.typed import nodes
from replay.typed.nodes import SHAPES, Node

ANY = r"(?s).*"
"""A pattern for any text, including an empty one."""

T = TypeVar("T")
S = TypeVar("S")
T_co = TypeVar("T_co", covariant=True)


class Files(Struct, frozen=True):
    """What a name in a spec stands for: how that of a file is followed, with the place of the name, and
    the sizes."""

    trace: Callable[[str, Span], Trace] | None = None
    octets: Callable[[str, Span], bytes] | None = None
    sizes: Mapping[str, int] | None = None  # the numbers that follow from limits, where they may be used


class Reader(Protocol[T_co]):
    @property
    def wants(self) -> str:
        """What is expected, with its article: it completes the phrase 'expected …'."""

    def read(self, node: Node, files: Files) -> T_co:
        """The value of a node. Raises SourceError if it isn't what is expected."""


def quoted(text: str) -> str:
    """A scalar as messages show it: quoted, escaped and shortened."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def expected(wants: str, node: Node, hint: str | None = None) -> SourceError:
    """The error for a node of the wrong shape, or for a missing value."""
    if isinstance(node, nodes.Scalar):
        if node.plain and not node.text:
            return SourceError(node.span, f"expected {wants}, found nothing", hint)
        return SourceError(node.span, f"expected {wants}, found {quoted(node.text)}", hint)
    return SourceError(node.span, f"expected {wants}, found {SHAPES[type(node)]}", hint)


def help_with(word: str, known: Iterable[str], meant: Mapping[str, str]) -> str:
    """The help for an unknown word: its meaning elsewhere, the nearest known word, or all known words."""
    known = list(known)
    if word in meant:
        return meant[word]
    if word.startswith("-") and word[1:] in known:
        return f"a list item begins with '- ', including the space: write '- {word[1:]}: …'"
    return nearest(word, known) or f"expected one of {', '.join(known)}"


def in_quotes(node: Node) -> str | None:
    """The value as a quoted text if it was written in brackets, as JSON is; otherwise None."""
    written = node.span.source.text[node.span.start : node.span.end]
    if isinstance(node, nodes.Scalar) or written[:1] not in ("{", "["):
        return None
    short = written if len(written) <= 60 and "\n" not in written else f"{written[0]}…{written[-1]}"
    return "'" + short.replace("'", "''") + "'"


class ScalarFault(Exception):
    """What is wrong with the characters of a scalar from `start` up to `end`."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start, self.end = start, end


class Typed(Struct, Generic[T], frozen=True):
    """A scalar that matches `pattern`. `parse` raises ScalarFault or ValueError with a sentence."""

    wants: str
    pattern: str
    parse: Callable[[re.Match[str]], T]
    looks: str = ""  # a stricter pattern for editors, if `parse` checks more than `pattern`
    bounds: tuple[int, int] | None = None  # for an editor, if it is a whole number
    meant: Callable[[str], str | None] = lambda text: None  # help for a text that doesn't match

    def read(self, node: Node, files: Files) -> T:
        if not isinstance(node, nodes.Scalar) or (node.plain and not node.text):
            raise expected(self.wants, node)
        if (match := re.fullmatch(self.pattern, node.text)) is None:
            raise expected(self.wants, node, self.meant(node.text))
        try:
            return self.parse(match)
        except ScalarFault as fault:
            raise SourceError(node.part(fault.start, fault.end), str(fault)) from None
        except ValueError as error:
            raise SourceError(node.span, str(error)) from None


class Word(Struct, Generic[T], frozen=True):
    """One word of a table; `what` is what the table lists, with its article."""

    what: str
    words: Mapping[str, T]
    rival: str = ""  # what is also allowed in place of a word, with its article
    meant: Mapping[str, str] = field(default_factory=dict)  # help for words of other tools
    help: str = ""  # for an unknown word, if there are too many words to list

    @property
    def wants(self) -> str:
        if self.rival:
            return f"{', '.join(self.words)}, or {self.rival}"
        few = len(self.words) <= 8
        return f"{self.what} ({', '.join(self.words)})" if few else self.what

    def read(self, node: Node, files: Files) -> T:
        if not isinstance(node, nodes.Scalar) or not node.text:
            raise expected(self.wants, node)
        if node.text not in self.words:
            hint = self.meant.get(node.text) or nearest(node.text, self.words)
            hint = hint or self.help or f"expected {self.wants}"
            noun = self.what.partition(" ")[2]
            raise SourceError(node.span, f"unknown {noun} {quoted(node.text)}", hint)
        return self.words[node.text]


class Named(Struct, Generic[T], frozen=True):
    """The contents of the file that is named; the caller of the loader says how names are followed."""

    wants: str
    follow: Callable[[Files], Callable[[str, Span], T] | None]

    def read(self, node: nodes.Node, files: Files) -> T:
        if not isinstance(node, nodes.Scalar) or not node.text:
            raise expected(self.wants, node)
        if (follow := self.follow(files)) is None:
            raise SourceError(node.span, "files can't be named in a spec that is read on its own")
        try:
            return follow(node.text, node.span)
        except OSError as error:
            said = f"{quoted(node.text)}: {strerror(error)}"
            raise SourceError(node.span, said, "the path is relative to the spec") from None
        except SourceError as error:
            if error.span is not None:
                raise
            raise SourceError(node.span, error.message, error.hint) from None


class OrNone(Struct, Generic[T, S], frozen=True):
    """What `reader` reads, or the unquoted word none (or null, or no value), which means `value`."""

    reader: Reader[T]
    value: S

    @property
    def wants(self) -> str:
        return f"{self.reader.wants}, or none"

    def read(self, node: Node, files: Files) -> T | S:
        if isinstance(node, nodes.Scalar) and node.plain and node.text in ("none", "null", "~", ""):
            return self.value
        return self.reader.read(node, files)


class Shaped(Struct, Generic[T], frozen=True):
    """One reader for each shape that a value may have."""

    wants: str
    readers: Mapping[type[Node], Reader[T]]
    hint: Callable[[Node], str | None] = lambda node: None  # for a value of another shape

    def read(self, node: Node, files: Files) -> T:
        reader = self.readers.get(type(node))
        if reader is None or (isinstance(node, nodes.Scalar) and node.plain and not node.text):
            raise expected(self.wants, node, self.hint(node))
        return reader.read(node, files)


class Either(Struct, Generic[T], frozen=True):
    """A mapping with one of `keys` is read by `reader`; `other` reads or refuses everything else."""

    keys: tuple[str, ...]
    reader: Reader[T]
    other: Reader[T]

    @property
    def wants(self) -> str:
        return self.reader.wants

    def read(self, node: Node, files: Files) -> T:
        known = isinstance(node, nodes.Mapping) and any(node.get(key) is not None for key in self.keys)
        return (self.reader if known else self.other).read(node, files)


class Mapped(Struct, Generic[S, T], frozen=True):
    """What `reader` reads, converted by `make`."""

    reader: Reader[S]
    make: Callable[[S], T]

    @property
    def wants(self) -> str:
        return self.reader.wants

    def read(self, node: Node, files: Files) -> T:
        return self.make(self.reader.read(node, files))


def _as_item(node: Node) -> str | None:
    """How to write a mapping as a list item, if its dash was forgotten; otherwise None."""
    if not isinstance(node, nodes.Mapping) or not node.pairs:
        return None
    word = printable(node.pairs[0][0].text[:40])
    return f"a list item begins with '- ', including the space: write '- {word.removeprefix('-')}: …'"


class Items(Struct, Generic[T], frozen=True):
    """A list of items that `item` reads."""

    wants: str
    item: Reader[T]
    at_least: int = 0
    hint: Callable[[Node], str | None] = _as_item  # for a node that isn't a list

    def read(self, node: Node, files: Files) -> tuple[T, ...]:
        if not isinstance(node, nodes.Sequence):
            raise expected(self.wants, node, self.hint(node))
        if len(node.items) < self.at_least:
            raise SourceError(node.span, f"expected {self.wants}, found an empty list")
        return tuple(self.item.read(item, files) for item in node.items)


class Key(Struct, frozen=True):
    """A key of a mapping."""

    reader: Reader[Any]
    about: str  # one sentence, for editors
    required: bool = False


class FoundKeys(Struct, frozen=True):
    """What was found in a mapping: values by key, and their places."""

    span: Span
    values: Mapping[str, Any]
    nodes: Mapping[str, Node]

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def at(self, key: str) -> Span:
        """The place of a key's value, or of the mapping if the key is missing."""
        return self.nodes[key].span if key in self.nodes else self.span


class Record(Struct, Generic[T], frozen=True):
    """A mapping with the keys of a table, from which `build` makes a value."""

    wants: str
    rows: Mapping[str, Key]
    build: Callable[[FoundKeys], T]
    one_of: tuple[str, ...] = ()  # exactly one of these is required
    exclusive: tuple[str, ...] = ()  # at most one of these is allowed
    at_least_one: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)  # keys that are required beside another one
    meant: Mapping[str, str] = field(default_factory=dict)  # help for keys of other tools
    hint: Callable[[Node], str | None] = lambda node: None  # for a node that isn't such a mapping at all

    def read(self, node: Node, files: Files) -> T:
        if not isinstance(node, nodes.Mapping):
            raise expected(self.wants, node, self.hint(node))
        values: dict[str, Any] = {}
        where: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.text not in self.rows:
                raise self._unknown(key, node)
            if self.one_of or self.exclusive:
                self._check_rivals(key, where)
            where[key.text] = value
            values[key.text] = self.rows[key.text].reader.read(value, files)
        self._check_missing(node, where)
        return self.build(FoundKeys(node.span, values, where))

    def _unknown(self, key: nodes.Scalar, node: nodes.Mapping) -> SourceError:
        """A mapping without a single known key may be something else entirely, such as JSON."""
        foreign = not any(name.text in self.rows for name, _ in node.pairs)
        of_another_tool = key.plain and key.text in self.meant
        hint = self.hint(node) if foreign and not of_another_tool else None
        hint = hint or help_with(key.text, self.rows, self.meant)
        return SourceError(key.span, f"unknown key {quoted(key.text)} in {self.wants}", hint)

    def _check_rivals(self, key: nodes.Scalar, before: Mapping[str, Node]) -> None:
        for rivals in (self.one_of, self.exclusive):
            other = next((name for name in rivals if name in before), None)
            if key.text in rivals and other is not None:
                raise SourceError(key.span, f"{quoted(key.text)} and {other!r} can't be used together")

    def _check_missing(self, node: nodes.Mapping, found: Mapping[str, Node]) -> None:
        required = {name for name, row in self.rows.items() if row.required}
        required |= {other for name, other in self.pairs.items() if name in found}
        missing = [name for name in self.rows if name in required and name not in found]
        if missing:
            about = self.rows[missing[0]].about
            hint = f"add '{missing[0]}: …': {about[:1].lower()}{about[1:].rstrip('.')}"
            raise SourceError(node.span, f"{self.wants} needs {missing[0]!r}", hint)
        for needed in (self.one_of, self.at_least_one):
            if needed and not any(name in found for name in needed):
                raise SourceError(node.span, f"{self.wants} needs one of {', '.join(needed)}")


class Table(Struct, Generic[T], frozen=True):
    """A mapping whose keys are names that the author chooses, each with a value that `value` reads."""

    wants: str
    name: Typed[str]
    value: Reader[T]
    hint: Callable[[Node], str | None] = lambda node: None  # for a node that isn't a mapping

    def read(self, node: Node, files: Files) -> tuple[tuple[str, T], ...]:
        if not isinstance(node, nodes.Mapping) or not node.pairs:
            raise expected(self.wants, node, self.hint(node))
        return tuple(
            (self.name.read(key, files), self.value.read(value, files)) for key, value in node.pairs
        )


class OneKey(Struct, Generic[T], frozen=True):
    """A mapping with one key that says how its value is read, or a word that needs no value.

    `placed` gives the value its place.
    """

    wants: str
    rows: Mapping[str, Reader[T]]
    placed: Callable[[T, Span], T]
    alone: Mapping[str, T] = field(default_factory=dict)
    meant: Mapping[str, str] = field(default_factory=dict)  # help for words of other tools

    def read(self, node: Node, files: Files) -> T:
        if isinstance(node, nodes.Scalar) and node.text:
            if node.text in self.alone:
                return self.placed(self.alone[node.text], node.span)
            if node.text in self.rows:
                wants = self.rows[node.text].wants
                raise SourceError(node.span, f"{quoted(node.text)} needs a value", f"{node.text}: {wants}")
            raise self._unknown(node)
        if not isinstance(node, nodes.Mapping) or not node.pairs:
            raise expected(self.wants, node)
        if len(node.pairs) > 1:
            first, second = node.pairs[0][0], node.pairs[1][0]
            raise SourceError(
                second.span,
                f"{self.wants} has exactly one word, found {quoted(first.text)} and {quoted(second.text)}",
                f"put details into the value, as in '{first.text}: {{…}}'; begin the next item with '- '",
            )
        key, value = node.pairs[0]
        if key.text not in self.rows:
            if key.text in self.alone:
                raise SourceError(value.span, f"{quoted(key.text)} takes no value")
            raise self._unknown(key)
        return self.placed(self.rows[key.text].read(value, files), node.span)

    def _unknown(self, word: nodes.Scalar) -> SourceError:
        known = [*dict.fromkeys((*self.alone, *self.rows))]
        hint = help_with(word.text, known, self.meant)
        return SourceError(word.span, f"unknown {self.wants.partition(' ')[2]} {quoted(word.text)}", hint)
