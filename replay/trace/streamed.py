"""A wire log that is written while its connection lasts, and may be cut off at any octet.

Each entry is one line, so that an entry is there if its line break is. FRAME lines are left out, and long
octets that don't repeat from the start are written out, since finding repeats in them would take longer
than passing them on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from replay import limits
from replay.source import Source, Span
from replay.trace import kinds, literal
from replay.trace.fields import show_seconds
from replay.trace.model import Entry, Octets
from replay.wire.handshake import is_head
from replay.wire.side import Side

RECORDER = Side.CLIENT
"""The side that is TX, though neither side is the recorder."""

KEY = "streamed"
"""The header by which a reader knows such a log."""

_VALUE = "each entry is one line; a last line without a line break is incomplete"
_MARKED = re.compile(rf"\ufeff?(?:#[^\n]*\n)*# {KEY}:")

_SHORT = limits.STREAMED.default
"""How many octets without a repeat are looked at."""


def head(headers: Iterable[tuple[str, str]]) -> str:
    """The lines before the first entry."""
    return "".join(header(name, value) for name, value in (*headers, (KEY, _VALUE)))


def header(name: str, value: str) -> str:
    """A header line."""
    return f"# {name}: {kinds.show_text(value)}\n"


def line(number: int, entry: Entry) -> str:
    """The line of an entry."""
    words, tail = kinds.write(entry, RECORDER)
    at = "" if entry.at is None else f"+{show_seconds(entry.at)} "
    if isinstance(entry, Octets):
        words += " ".join([*_items(entry.data), *tail])
    return f"{number:03d} {at}{words}\n"


def _items(data: bytes) -> list[str]:
    if is_head(data) and data.isascii() and len(data) <= limits.HEAD.default:
        return [literal.quote(data)]
    return literal.items(data, most=_SHORT) or ([data.hex()] if data else ['""'])


def whole(source: Source) -> tuple[Source, Span | None]:
    """A text without the incomplete last line, and where that is; None: there is none, or the text isn't
    such a log."""
    text = source.text
    end = text.rfind("\n") + 1
    if end == len(text) or not _MARKED.match(text):
        return source, None
    return Source(source.name, text[:end]), source.span(end, len(text))
