"""What looks like octets, but could be read in several ways or in none, and how to write it instead."""

from __future__ import annotations

import re
from typing import NamedTuple

from replay.source import Source, SourceError

LONGEST = 4_000
"""Characters at the start of a line that are looked at."""


class _Form(NamedTuple):
    shape: re.Pattern[str]
    message: str
    hint: str


_PAIR = "[0-9a-fA-F]{2}"
_DECIMAL = r"(?:25[0-5]|2[0-4]\d|1\d\d|\d?\d)"
_NOISE = re.compile(r"[*#{}] |==? |//")
"""How lines begin that only comment."""

_FORMS = (
    _Form(
        re.compile(r"[<>] (?:TEXT|BINARY|CONT|PING|PONG|CLOSE) .{0,100}\[.{0,20}\d+ bytes?"),
        "this looks like a frame in a log of websockets, but what stands before it isn't known",
        "let '>' or '<' stand first on the line, or behind a time, a level and the name of a logger",
    ),
    _Form(
        re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{7}[ \t]+(?:[0-9a-fA-F]{4}[ \t]+)*[0-9a-fA-F]{4}\Z"),
        "these words of a dump may have their octets swapped",
        "`hexdump -C` and `xxd` print octets in their order",
    ),
    _Form(
        re.compile(r"[01]{8}(?:[\s,]+[01]{8})+"),
        "expected hex digits, found binary digits",
        "write each octet with two hex digits, as in 81 05",
    ),
    _Form(
        re.compile(rf"(?<![\d.]){_DECIMAL}(?:,\s*{_DECIMAL}){{2,}}(?![\d.]|,\s*[0-9a-fA-F])"),
        "these numbers may be decimal or hex",
        "put decimal numbers in brackets, as in [129, 5], or write hex as 0x81, 0x05",
    ),
    _Form(
        re.compile(rf"(?<![0-9a-fA-F]){_PAIR}(?:,\s*{_PAIR}){{2,}}(?![0-9a-fA-F])"),
        "expected octets, found a list of hex numbers that aren't marked as such",
        "write them with spaces, as in 81 05, or as 0x81, 0x05",
    ),
    _Form(
        re.compile(rf"(?:\\x{_PAIR}){{2,}}"),
        "expected octets, found a part of a string with escapes",
        "write the whole string in quotes, as in b'\\x81\\x05Hello'",
    ),
    _Form(
        re.compile(r"0[xX][0-9a-fA-F]{1,2}(?:[\s,;]+0[xX][0-9a-fA-F]{1,2})+"),
        "expected only octets on this line",
        "write them alone on their line, or as a list such as {0x81, 0x05}",
    ),
    _Form(
        re.compile(r"<Buffer "),
        "expected a Buffer on one line, as in <Buffer 81 05>",
        "write it with its closing '>'",
    ),
    _Form(
        re.compile(rf"(?<![0-9a-zA-Z]){_PAIR}(?:[ :\-]{{1,3}}{_PAIR}){{6,}}(?![0-9a-zA-Z])"),
        "this looks like octets, but what stands around them isn't known",
        "write them alone on their line, or behind '>' if they were sent and '<' if they were received",
    ),
    _Form(
        re.compile(rf"(?<![0-9a-zA-Z/+_\-])(?=[0-9]*[a-fA-F])(?:{_PAIR}){{12,}}(?![0-9a-zA-Z/+=_\-])"),
        "this looks like octets, but what stands around them isn't known",
        "write them alone on their line, or behind '>' if they were sent and '<' if they were received",
    ),
)


def unsure(source: Source, start: int, end: int) -> SourceError | None:
    """The error for a line that has what looks like octets; None: it has nothing of the sort."""
    end = min(end, start + LONGEST)
    if _NOISE.match(source.text, start, end):
        return None
    for form in _FORMS:
        if (found := form.shape.search(source.text, start, end)) is not None:
            return SourceError(source.span(*found.span()), form.message, form.hint)
    return None
