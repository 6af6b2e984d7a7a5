"""Parses and writes the Sec-WebSocket-Extensions header (RFC 6455 §9.1). Knows no particular extension.

    extension-list  = 1#extension
    extension       = extension-token *( ";" extension-param )
    extension-param = token [ "=" ( token | quoted-string ) ]

White space is allowed between any two of these, and a list may have empty elements (RFC 2616 §2.1).
The value of a quoted string has to be a token, so it is kept without its quotes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar

from msgspec.structs import replace

from replay.source import Located
from replay.wire.handshake import Request, Response

HEADER = "Sec-WebSocket-Extensions"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_SPACE = re.compile(r"[ \t]*")
_LINE = re.compile(rb"(?im)^Sec-WebSocket-Extensions[ \t]*:[ \t]*")


class ExtensionsError(Exception):
    """The text isn't a list of extensions; `at` is the offset of the character that is wrong."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Parameter(Located, frozen=True):
    """A parameter of an extension; `value` is None where there is no '='."""

    origin: ClassVar = ("at",)

    name: str
    value: str | None = None
    at: int = 0  # offset of its name in the text

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value}"


class Extension(Located, frozen=True):
    """An extension that is offered or agreed on; its parameters in order, with duplicates."""

    origin: ClassVar = ("at",)

    name: str
    parameters: tuple[Parameter, ...] = ()
    at: int = 0  # offset of its name in the text

    def __str__(self) -> str:
        return "; ".join((self.name, *map(str, self.parameters)))


def parse_extensions(text: str) -> tuple[Extension, ...]:
    """Parse the values of all header lines, joined by ', '.

    Raises ExtensionsError, also for a list without an extension.
    """
    reader = _Reader(text)
    extensions: list[Extension] = []
    while not reader.at_end:
        if reader.take(","):
            continue
        extensions.append(reader.extension())
        if not reader.at_end and not reader.take(","):
            raise ExtensionsError(f"expected ',' or ';', found {text[reader.at]!r}", reader.at)
    if not extensions:
        raise ExtensionsError("it names no extension", 0)
    return tuple(extensions)


@lru_cache(maxsize=4)  # each of the rules on extensions asks for the same head
def head_extensions(head: Request | Response) -> tuple[Extension, ...]:
    """The extensions that all header lines of a head name together; `at` is an offset in the head.

    A head without such a line names none. Raises ExtensionsError, whose `at` is an offset in the head too.
    """
    if not (values := head.values(HEADER)):
        return ()

    lines = [line.end() for line in _LINE.finditer(head.octets)]
    starts = [0, *accumulate(len(value) + len(", ") for value in values)]  # in the joined text

    def octet(at: int) -> int:
        number = bisect_right(starts, at) - 1
        return lines[number] + at - starts[number] if number < len(lines) else head.offset(HEADER)

    try:
        return tuple(
            replace(
                extension,
                at=octet(extension.at),
                parameters=tuple(replace(one, at=octet(one.at)) for one in extension.parameters),
            )
            for extension in parse_extensions(", ".join(values))
        )
    except ExtensionsError as error:
        raise ExtensionsError(str(error), octet(error.at)) from None


def write_extensions(extensions: Sequence[Extension]) -> str:
    """The value of the header. Doesn't check that all names and values are tokens."""
    return ", ".join(map(str, extensions))


class _Reader:
    """Reads a text from left to right; `at` is never at white space."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self._move(0)

    @property
    def at_end(self) -> bool:
        return self.at == len(self._text)

    def _move(self, to: int) -> None:
        space = _SPACE.match(self._text, to)
        self.at = space.end() if space else to

    def take(self, mark: str) -> bool:
        """Whether `mark` is next; if so, it is consumed."""
        if found := self._text.startswith(mark, self.at):
            self._move(self.at + len(mark))
        return found

    def extension(self) -> Extension:
        at, name = self.at, self._token("the name of an extension")
        parameters: list[Parameter] = []
        while self.take(";"):
            start, key = self.at, self._token("the name of a parameter")
            parameters.append(Parameter(key, self._value() if self.take("=") else None, start))
        return Extension(name, tuple(parameters), at)

    def _token(self, what: str) -> str:
        found = _TOKEN.match(self._text, self.at)
        if found is None:
            here = "the end" if self.at_end else repr(self._text[self.at])
            raise ExtensionsError(f"expected {what}, found {here}", self.at)
        self._move(found.end())
        return found[0]

    def _value(self) -> str:
        if not self._text.startswith('"', self.at):
            return self._token("the value of a parameter")
        quoted = _QUOTED.match(self._text, self.at)
        if quoted is None:
            raise ExtensionsError("a quoted value is not closed", self.at)
        value = _ESCAPED.sub(r"\1", quoted[1])
        if not _TOKEN.fullmatch(value):
            raise ExtensionsError(f"the quoted value {value[:80]!r} is not a token", self.at)
        self._move(quoted.end())
        return value
