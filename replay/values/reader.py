"""What a spec says of a value, read from YAML.

A scalar is typed as by YAML's JSON schema: true, false, null and numbers are what they look like unless
they are in quotes, and everything else is a text. A text that is `<…>` as a whole is a matcher or a name,
in quotes or not; `<<` at its start is a `<`. An object whose only key is one of WORDS is that word.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from replay.json_text import MAX_DIGITS
from replay.source import SourceError, Span, nearest
from replay.typed import nodes
from replay.typed.nodes import Node
from replay.typed.readers import Files, Reader, expected, quoted
from replay.typed.scalars import TAG_PATTERN
from replay.values import patterns
from replay.values.kinds import KINDS, MAKEABLE
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
)
from replay.values.written import MARK

_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_AS = re.compile(r"(?P<new>new +)?(?P<kind>[^ ]+)(?: +as +(?P<name>[^ ]+))?")
_RESERVED = {"new", "as"}


class _Word(Struct, frozen=True):
    """A key that says how its value is read."""

    about: str
    read: Callable[[_ShapeReader, Node, Span], Shape]
    sent: bool = False  # whether it may be in what is sent


class _ShapeReader(Struct, frozen=True):
    """Reads what is expected, or what is sent."""

    sent: bool

    @property
    def wants(self) -> str:
        return "a JSON value"

    def schema(self) -> dict[str, Any]:
        """Any value: what the words and the texts in it mean isn't for an editor to check."""
        about = "It may contain names in the form <name>"
        more = "and new values in the form <new uuid>" if self.sent else "and matchers such as <uuid>"
        return {"description": f"A JSON value. {about}, {more}."}

    def read(self, node: Node, files: Files) -> Shape:
        return self.shape(node)

    def shape(self, node: Node) -> Shape:
        match node:
            case nodes.Scalar():
                return self._scalar(node)
            case nodes.Sequence(items=items):
                return Listed(tuple(map(self.shape, items)), span=node.span)
        if len(node.pairs) == 1 and node.pairs[0][0].text in WORDS:
            return self._word(*node.pairs[0], node.span)
        return self.keyed(node, node.span)

    def keyed(self, node: nodes.Mapping, span: Span, others: bool = False) -> Keyed:
        for key, _ in node.pairs:
            if key.plain and key.text == "<<":
                hint = "repeat the keys; a key that is really '<<' needs quotes"
                raise SourceError(key.span, "the merge key of YAML can't be used in a value", hint)
        items = tuple((key.text, self.shape(value)) for key, value in node.pairs)
        return Keyed(items, others, span=span)

    def _word(self, key: nodes.Scalar, value: Node, span: Span) -> Shape:
        word = WORDS[key.text]
        if self.sent and not word.sent:
            hint = f"an object whose only key is {key.text!r} is written {{exactly: {{{key.text}: …}}}}"
            raise SourceError(key.span, f"{key.text!r} is for what is expected, not for what is sent", hint)
        return word.read(self, value, span)

    def _scalar(self, node: nodes.Scalar) -> Shape:
        if node.plain:
            if not node.text:
                raise expected(self.wants, node, "write null, or '' for an empty text")
            if node.text in _WORDS:
                return Exactly(_WORDS[node.text], span=node.span)
            if (number := _NUMBER.fullmatch(node.text)) is not None:
                return Exactly(_numeric(number, node), span=node.span)
        if node.text.startswith("<<"):
            return Exactly(node.text[1:], span=node.span)
        if MARK.fullmatch(node.text):
            return self._marked(node)
        return Exactly(node.text, span=node.span)

    def _marked(self, node: nodes.Scalar) -> Shape:
        """A matcher, a name or a new value."""
        inside = node.text[1:-1]
        found = _AS.fullmatch(inside)
        if found is None or inside == "new":
            raise _not_a_mark(node)
        new, kind, name = found["new"], found["kind"], found["name"]
        if name is not None:
            _check_name(node, name, 1 + found.start("name"))
        if new is not None:
            return self._fresh(node, kind, name)
        if kind in KINDS:
            if self.sent:
                hint = f"write <new {kind}> for a new one" if kind in MAKEABLE else None
                said = f"<{kind}> is for what is expected, not for what is sent"
                raise SourceError(
                    node.span, said, hint or "write a value, or <name> for one that was captured"
                )
            return Free(kind, name, span=node.span)
        if name is not None:
            raise _unknown_kind(node, kind, KINDS)
        if not re.fullmatch(TAG_PATTERN, kind):
            raise _not_a_mark(node)
        return Known(kind, span=node.span)

    def _fresh(self, node: nodes.Scalar, kind: str, name: str | None) -> Fresh:
        if not self.sent:
            captured = f"<{kind} as {name or 'name'}> captures what comes"
            raise SourceError(node.span, "<new …> is for what is sent, not for what is expected", captured)
        if kind not in MAKEABLE:
            raise _unknown_kind(node, kind, MAKEABLE)
        return Fresh(kind, name, span=node.span)


EXPECTED: Reader[Shape] = _ShapeReader(sent=False)
"""What has to come."""

SENT: Reader[Shape] = _ShapeReader(sent=True)
"""What is sent."""


def not_captured(name: str, span: Span | None, names: Iterable[str]) -> SourceError:
    """The error for a name that nothing has before it is used; `names` are those that there are."""
    hint = nearest(name, [*names, *KINDS]) or f"a text that is '<{name}>' is written '<<{name}>'"
    return SourceError(span, f"nothing is captured as <{name}> before this", hint)


def _numeric(found: re.Match[str], node: nodes.Scalar) -> int | float:
    if found[1] is None and found[2] is None:
        if len(node.text) > MAX_DIGITS:
            raise SourceError(node.span, f"a number can't have more than {MAX_DIGITS} digits")
        return int(node.text)
    if math.isinf(value := float(node.text)):
        raise SourceError(node.span, "the number is too large for a double")
    return value


def _not_a_mark(node: nodes.Scalar) -> SourceError:
    if re.fullmatch(r"</.*/>", node.text):
        hint = (
            f"a regular expression is written {{regex: {json.dumps(node.text[2:-2], ensure_ascii=False)}}}"
        )
    elif node.text[1:-1].split()[:1] == ["new"]:
        hint = "a new value is <new uuid>, or <new uuid as name>"
    else:
        hint = f"a text that is {quoted(node.text)} is written {quoted('<' + node.text)}"
    return SourceError(node.span, f"{quoted(node.text)} is neither a matcher nor a name", hint)


def _check_name(node: nodes.Scalar, name: str, at: int) -> None:
    place = node.part(at, at + len(name))
    if name in KINDS or name in _RESERVED:
        raise SourceError(
            place, f"{name!r} can't be a name: it has a meaning of its own", "choose another name"
        )
    if not re.fullmatch(TAG_PATTERN, name):
        raise SourceError(
            place, f"{quoted(name)} can't be a name", "a name is a letter, then letters, digits, - and _"
        )


def _unknown_kind(node: nodes.Scalar, kind: str, known: Iterable[str]) -> SourceError:
    known = [*known]
    at = node.text.index(kind)
    hint = nearest(kind, known) or f"expected one of {', '.join(known)}"
    said = "there is no new value of the kind" if kind in KINDS else "unknown matcher"
    return SourceError(node.part(at, at + len(kind)), f"{said} {quoted(kind)}", hint)


# What stands behind a word.


def _has(reader: _ShapeReader, node: Node, span: Span) -> Shape:
    return reader.keyed(_mapping(node, "the keys that the object has to have"), span, others=True)


def _exactly(reader: _ShapeReader, node: Node, span: Span) -> Shape:
    return reader.keyed(_mapping(node, "an object that has only the key of a word"), span)


def _mapping(node: Node, wants: str) -> nodes.Mapping:
    if not isinstance(node, nodes.Mapping):
        raise expected(wants, node)
    return node


def _unordered(reader: _ShapeReader, node: Node, span: Span) -> Shape:
    if not isinstance(node, nodes.Sequence):
        raise expected("a list of items, which may come in any order", node)
    return Unordered(tuple(map(reader.shape, node.items)), span=span)


def _each(reader: _ShapeReader, node: Node, span: Span) -> Shape:
    return Each(reader.shape(node), span=span)


def _regex(reader: _ShapeReader, node: Node, span: Span) -> Shape:
    if not isinstance(node, nodes.Scalar) or not node.text:
        raise expected("a regular expression", node)
    patterns.compiled(node.text, node.span)
    return Regex(node.text, span=span)


def _hex(reader: _ShapeReader, node: Node, span: Span) -> Shape:
    if not isinstance(node, nodes.Scalar) or (node.plain and not node.text):
        raise expected("octets in hex", node)
    allowed = "0-9A-Fa-f " if reader.sent else "0-9A-Fa-f? "
    if (bad := re.search(f"[^{allowed}]", node.text)) is not None:
        free = reader.sent and bad[0] == "?"
        said = "what is sent has to be known" if free else f"{bad[0]!r} is not a hex digit"
        raise SourceError(
            node.part(bad.start(), bad.end()), said, None if free else "?? stands for any octet"
        )
    digits = node.text.replace(" ", "")
    if len(digits) % 2:
        end = len(node.text.rstrip())
        raise SourceError(node.part(end - 1, end), "a hex digit is missing: an octet has two")
    mask = re.sub("[^?]", "f", digits).replace("?", "0")
    return Octets(bytes.fromhex(digits.replace("?", "0")), bytes.fromhex(mask), span=span)


WORDS = {
    "has": _Word("An object that has these keys and may have others.", _has),
    "unordered": _Word("A list of these items, in any order.", _unordered),
    "each": _Word("A list, which may be empty, whose items are all like this.", _each),
    "regex": _Word("A text that the regular expression, in the syntax of RE2, matches as a whole.", _regex),
    "hex": _Word("Binary data in hex; ? is any digit, so ?? is any octet.", _hex, sent=True),
    "exactly": _Word(
        "An object with this key, where the key would be a word by itself.", _exactly, sent=True
    ),
}
"""The words, by the key that has to stand alone in its object."""
