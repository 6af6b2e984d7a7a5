"""Recognizes octets as other programs write them: hex dumps with columns, lists of numbers, escapes.

Some of these could be read as a literal, but as the wrong octets. So none of them is accepted: the error
says what the text looks like, and its hint has the octets as a log writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from replay.source import SourceError, Span

LONGEST = 400
"""Longer lines and lists aren't looked at: no dump has lines of so many characters."""

SHOWN = 16
"""Octets that a hint shows."""

_PAIR = "[0-9a-fA-F]{2}"
_DUMP = re.compile(
    rf"(?P<offset>(?P<sure>0[xX])?[0-9a-fA-F]{{4,8}}(?(sure):?|(?P<colon>:)?))(?P<gap>[ \t]+)"
    rf"(?P<octets>(?P<pairs>{_PAIR}(?:[ \t-]{{1,2}}{_PAIR})*)|(?:{_PAIR}{_PAIR}[ \t])*{_PAIR}(?:{_PAIR})?)"
    rf"(?P<beside>[ \t]{{2,}}\S.*)?"
)
_BESIDE = re.compile(rf"(?P<octets>{_PAIR}(?:[ \t]{{1,2}}{_PAIR})+)[ \t]{{2,}}(?P<beside>\S.*)")
_BLANK = re.compile(r"[ \t]")
_BINARY = re.compile(r"[01]{8}(?:[ \t,]+[01]{8})+")
_TIME = re.compile(r"(\+?\d+(?::\d\d)*\.\d+|\d\d(?::\d\d)+)(?:[ \t]|\Z)")
_OF_WORDS = 7  # digits of the offset in a dump of 16-bit words
_SMALL = re.compile("0[0-9a-fA-F]*")


class Form(NamedTuple):
    """A way to write octets that a log doesn't have."""

    what: str
    shape: re.Pattern[str]
    octet: str  # a pattern for the digits of one octet
    base: int = 16

    def read(self, text: str) -> bytes | None:
        """The octets, if the text has this form."""
        if (found := self.shape.fullmatch(text)) is None:
            return None
        body = found.groupdict().get("body") or text
        return bytes(int(digits, self.base) for digits in re.findall(self.octet, body))


_DECIMAL = r"(?:25[0-5]|2[0-4]\d|1\d\d|\d?\d)"

FORMS = (
    Form(
        "a list of numbers",
        re.compile(r"[{\[(]?\s*(?:0[xX][0-9a-fA-F]{1,2}[\s,;]*)+[}\])]?;?"),
        "0[xX]([0-9a-fA-F]{1,2})",
    ),
    Form("one number", re.compile(rf"0[xX](?P<body>(?:{_PAIR})+)"), _PAIR),
    Form("escapes of another language", re.compile(rf"b?['\"]?(?:\\x{_PAIR})+['\"]?"), rf"\\x({_PAIR})"),
    Form(
        "hex in quotes",
        re.compile(rf"(?:bytes\.fromhex\()?['\"](?P<body>(?:{_PAIR}\s*)+)['\"]\)?"),
        _PAIR,
    ),
    Form("marks between octets", re.compile(rf"{_PAIR}(?:(?:[:\-,]|,\s+){_PAIR})+,?"), _PAIR),
    Form(
        "decimal numbers",
        re.compile(rf"[\[{{(]?\s*{_DECIMAL}(?:[\s,]+{_DECIMAL})+\s*[\]}})]?"),
        r"\d+",
        10,
    ),
)
"""Forms that can't be read as a literal; the first one that matches names the text in the error."""


def refuse(span: Span) -> None:
    """Raise SourceError if this text can be read as octets but is a hex dump or has binary digits."""
    if span.source.text.find(" ", span.start, min(span.end, span.start + LONGEST)) < 0:
        return
    seen = 0  # octets in the lines before
    for line in _lines(span):
        text = line.source.text[line.start : line.end]
        if not _BLANK.search(text):
            seen += len(text) // 2
            continue
        if (found := _DUMP.fullmatch(text)) is not None and _is_offset(found, seen):
            raise _offset(line, found)
        if (found := _BESIDE.fullmatch(text)) is not None:
            octets = _pairs(found["octets"])
            if found["beside"].startswith(("...", _printed(octets))):
                raise SourceError(
                    line.source.span(line.start + found.start("beside"), line.end),
                    "expected octets, found what may be the text column of a hex dump",
                    f"write only the octets: {_shown(octets)}; add ' ...' if the log was cut off here",
                )
        if _BINARY.fullmatch(text) is not None and re.search(r"\b1", text):
            octets = bytes(int(digits, 2) for digits in re.findall("[01]{8}", text))
            message = "expected hex digits, found binary digits"
            raise SourceError(line, message, f"in hex digits: {_shown(octets)}")
        seen += sum(len(digits) // 2 for digits in re.findall("[0-9a-fA-F]+", text))


def explained(span: Span, error: SourceError) -> SourceError:
    """The error for text that can't be read: one that names its form if it is known, else `error`."""
    for line in _lines(span):
        text = line.source.text[line.start : line.end]
        if (found := _TIME.match(text)) is not None:
            return SourceError(
                line.source.span(line.start, line.start + found.end(1)),
                "expected octets, found a time",
                "write the time before the entry, in seconds: +0.001204 TX OCTETS: 8100",
            )
        if (found := _DUMP.fullmatch(text)) is not None and (
            found["sure"] or found["colon"] or len(found["offset"]) % 2
        ):
            return _offset(line, found)
        if (found := _BESIDE.fullmatch(text)) is not None:
            octets = _pairs(found["octets"])
            return SourceError(
                line.source.span(line.start + found.start("beside"), line.end),
                "expected octets, found what may be the text column of a hex dump",
                f"write only the octets: {_shown(octets)}",
            )
    whole = span.source.text[span.start : min(span.end, span.start + LONGEST)].strip()
    for form in FORMS:
        if read := form.read(whole):
            message = f'expected hex digits, "text" or (items)*n, found {form.what}'
            return SourceError(span, message, f"in hex digits: {_shown(read)}")
    return error


def _offset(line: Span, found: re.Match[str]) -> SourceError:
    hint = f"write only the octets: {_shown(_pairs(found['octets']))}"
    if found["pairs"] is None and not found["sure"] and len(found["offset"]) == _OF_WORDS:
        hint = "this dump has words whose octets may be swapped; `xxd -p` or `hexdump -C` prints octets"
    offset = line.source.span(line.start, line.start + found.end("offset"))
    return SourceError(offset, "expected octets, found the offset column of a hex dump", hint)


def _is_offset(found: re.Match[str], seen: int) -> bool:
    """Whether the first group of digits on a line is certainly an offset and not octets: it has the number
    of the octets before it, or the shape of an offset column."""
    if found["sure"] or found["colon"]:
        return True
    value = int(found["offset"], 16)
    if found["pairs"] is None or not re.search(r"[ \t-]", found["pairs"]):
        return False
    apart = len(found["gap"]) > 1 or found["gap"] == "\t" or found["beside"] or len(found["offset"]) == 6
    small = value % 8 == 0 and _SMALL.fullmatch(found["offset"]) is not None
    return bool(apart and (small or value == seen)) or bool(seen and value == seen)


def _pairs(digits: str) -> bytes:
    return bytes(int(pair, 16) for pair in re.findall(_PAIR, digits))


def _printed(octets: bytes) -> str:
    """These octets as the text column of a dump has them."""
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in octets)


def _shown(octets: bytes) -> str:
    return octets[:SHOWN].hex(" ") + (" …" if len(octets) > SHOWN else "")


def _lines(span: Span) -> Iterator[Span]:
    """The lines that may be those of a dump, without the white space around them."""
    text, at = span.source.text, span.start
    while at < span.end:
        end = text.find("\n", at, span.end)
        end = span.end if end < 0 else end
        if end - at <= LONGEST:
            line = text[at:end]
            start = at + len(line) - len(line.lstrip())
            if kept := line.strip():
                yield span.source.span(start, start + len(kept))
        at = end + 1
