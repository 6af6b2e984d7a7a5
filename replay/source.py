"""Where a fault is in a file that a person wrote, and how it is shown.

Every error in a log, a spec or a config, and every failed expectation, names a `Span` and is shown by
`excerpt`: file, line and column, then the line itself with carets under it.
"""

from __future__ import annotations

import bisect
import os
import re
import stat
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from msgspec import Struct

from replay import limits

MAX_FILE = limits.FILE.default
"""The most octets that are read from one file."""


class Source(Struct, frozen=True, eq=False, dict=True):
    """The text of one file, and the name by which the user knows it."""

    name: str
    text: str

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read `path` as UTF-8; undecodable octets become U+FFFD.

        Raises SourceError if the file can't be read or is larger than MAX_FILE.
        """
        try:
            octets = read_octets(path, MAX_FILE + 1)
        except OSError as error:
            raise file_error(path, error) from None
        return cls.decode(str(path), octets)

    @classmethod
    def decode(cls, name: str, octets: bytes) -> Source:
        """Take the octets of a file, with or without a byte order mark."""
        if len(octets) > MAX_FILE:
            raise SourceError(None, f"{name}: the file is larger than {MAX_FILE >> 20} MiB")
        return cls(name, octets.decode("utf-8-sig", "replace"))

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", self.text))]

    def span(self, start: int, end: int | None = None) -> Span:
        """The characters from `start` up to, but not including, `end`."""
        return Span(self, start, start if end is None else end)


class Located(Struct, frozen=True):
    """A value that also says where it comes from, which is no part of what it is: values that differ in
    `origin` alone are equal."""

    origin: ClassVar[tuple[str, ...]] = ("span",)
    """The fields that say it."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(tuple(self._said()))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._parts())
        return f"{type(self).__name__}({said})"

    def _parts(self) -> list[str]:
        return [name for name in self.__struct_fields__ if name not in self.origin]

    def _said(self) -> list[object]:
        return [getattr(self, name) for name in self._parts()]


def open_octets(path: Path) -> BinaryIO:
    """A file, opened to read its octets. Raises OSError, also for a named pipe: opening one blocks until
    somebody writes to it, which may never happen."""
    if stat.S_ISFIFO(path.stat().st_mode) and Path(os.path.realpath(path)).exists():
        raise OSError(
            None, f"this is a named pipe: pass it on standard input instead, as in - < {path.name}"
        )
    return path.open("rb")


def read_octets(path: Path, most: int) -> bytes:
    """The first `most` octets of a file. Raises OSError, as `open_octets` does."""
    with open_octets(path) as file:
        return file.read(most)


class Span(NamedTuple):
    """A range of characters in a source; lines and columns count from 1."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return bisect.bisect_right(self.source.line_starts, self.start)

    @property
    def column(self) -> int:
        return self.start - self.source.line_starts[self.line - 1] + 1

    @property
    def line_text(self) -> str:
        starts = self.source.line_starts
        end = starts[self.line] if self.line < len(starts) else len(self.source.text)
        return self.source.text[starts[self.line - 1] : end].rstrip("\r\n")

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


class SourceError(Exception):
    """A fault in what the user wrote: where it is, what is wrong, and how to fix it.

    `about` is the long name of the setting at fault, which may have been set in a config.
    """

    def __init__(
        self, span: Span | None, message: str, hint: str | None = None, about: str | None = None
    ) -> None:
        super().__init__(message)
        self.span = span
        self.message = message
        self.hint = hint
        self.about = about

    def __str__(self) -> str:
        if self.span is None:
            return self.message + (f"\n  help: {self.hint}" if self.hint else "")
        shown = f"{printable(str(self.span))}: {self.message}\n{excerpt(self.span)}"
        return shown + (f"\n  help: {self.hint}" if self.hint else "")


_BIND = re.compile(r"error while attempting to bind on address .*?: (?:\[errno \d+\] )?")
"""What asyncio puts before an error of bind(): messages name the address themselves."""


def strerror(error: Exception) -> str:
    """The system's description of an error, in the form that follows a file name: 'no such file or
    directory'."""
    return _BIND.sub("", str(getattr(error, "strerror", None) or error).lower())


def file_error(path: Path, error: OSError) -> SourceError:
    """The error for a path that the system refuses."""
    return SourceError(None, f"{printable(str(path))}: {strerror(error)}")


def printable(text: str) -> str:
    """The text on one line, and harmless on a terminal: characters that move the cursor, change the writing
    direction, are invisible or combine with others are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    point = ord(char)
    short = f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}" if point < 65536 else f"\\U{point:08x}"
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, short)


def excerpt(span: Span, label: str = "", width: int = 100) -> str:
    """The line on which `span` starts, with carets under it and `label` after them.

    Columns are counted in terminal cells of the text as shown, including escapes. A line wider than `width`
    is cut on both sides of the span.
    """
    from rich.cells import cell_len

    def shown(text: str) -> str:
        return printable(text.replace("\t", " "))

    def fitting(chars: Iterable[str], room: int) -> tuple[int, int]:
        """How many of the characters fit, and how much room is left."""
        number = 0
        for char in chars:
            if (cells := cell_len(shown(char))) > room:
                break
            number, room = number + 1, room - cells
        return number, room

    line, at = span.line_text, span.column - 1
    length = max(1, min(span.end - span.start, len(line) - at))
    _, unused = fitting(line[at : at + width], width)
    before_at, left = fitting(reversed(line[max(0, at - width) : at]), max(width // 3, unused))
    room = width - max(width // 3, unused) + left
    first, last = at - before_at, at + max(1, fitting(line[at : at + width], room)[0])
    before = ("…" if first else "") + shown(line[first:at])
    marked = shown(line[at : min(at + length, last)])
    after = shown(line[at + length : last]) + ("…" if last < len(line) else "")
    number = str(span.line)
    gutter = " " * len(number)
    carets = "^" * max(1, cell_len(marked)) + (f" {label}" if label else "")
    return f" {gutter} |\n {number} | {before}{marked}{after}\n {gutter} | {' ' * cell_len(before)}{carets}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """'did you mean …?' with the known word nearest to `word`, or None. A word is near if it differs in a
    few letters, or if one of the two begins with the other."""
    import difflib

    words = list(known)
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.65)
    if not found and word.lower() != word:
        return nearest(word.lower(), words)
    found = found or [
        one for one in words if len(one) > 1 and (word.startswith(one) or one.startswith(word))
    ]
    return f"did you mean {found[0]!r}?" if found and word else None
