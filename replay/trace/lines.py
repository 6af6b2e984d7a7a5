"""Finds the log in a text: which lines are entries, which continue an entry, and which are prose.

A text whose first line is an entry or a header is a log throughout. In any other text the log extends from
the first entry to the last, and there is prose around it. A line that looks like a mistyped entry is never
prose.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from msgspec import Struct, field

from replay import limits
from replay.source import Source, SourceError, Span, nearest
from replay.trace import streamed
from replay.trace.fields import seconds
from replay.trace.kinds import KINDS, Words, read_text, suggest
from replay.wire.side import Side

_NAMES = "|".join(name.replace(" ", "[ \t]+") for name in sorted(KINDS, key=len, reverse=True))
_ENTRY = re.compile(rf"(?:(?P<number>\d+)[ \t]+)?(?:\+(?P<at>\S+)[ \t]+)?(?P<kind>{_NAMES})(?![A-Za-z])")
_PREFIX = re.compile(r"(?P<number>\d+[ \t]+)?(?P<at>\+\S+[ \t]+)?(?P<words>[A-Za-z]+(?:[ \t]+[A-Za-z]+)*)?")
_NUMBERED = re.compile(r"\d{3,}[ \t]+(?:\+\S+[ \t]+)?[A-Z]{2,}\b")
_HEADER = re.compile(
    r'#[ \t]*(?P<key>[A-Za-z][A-Za-z0-9_.-]*|"(?:[^"\\]|\\.)*")[ \t]*:(?:[ \t]+(?P<value>\S.*)?)?'
)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+(?:[ \t]+\.\.\.)?[ \t]*")
_MARKS = re.compile(r"^(?:> ?)+", re.MULTILINE)
_FIRST = re.compile(r"[ \t]*(?P<line>[^\s][^\r\n]*)")
_SIMILAR = 0.75
_LONGEST_SHOWN = 400

TAKEN = ("recorder", streamed.KEY)
"""Headers that say how the log is to be read, and aren't kept."""

MAX_ENTRIES = limits.ENTRIES.default
"""Entries that one log may have."""


class LogLines(Struct):
    """The entries of a text, and its header lines."""

    words: list[Words] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    recorder: Side | None = None
    prose: bool = False


Lines = Sequence[tuple[int, int]]
"""Where each line starts and ends, without its line break."""


def split(source: Source) -> list[tuple[int, int]]:
    """The lines of a text."""
    starts, text = source.line_starts, source.text
    out = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        out.append((start, end))
    if text.startswith("\ufeff"):
        out[0] = (1, max(1, out[0][1]))
    return out


def unquoted(source: Source) -> tuple[Source, Lines]:
    """A text and its lines, without the '>' marks of a log that is quoted in a mail or comment. In the text
    they are replaced by spaces, so that all places in it remain the same."""
    lines, text = split(source), source.text
    found = _MARKS.search(text)
    if found is None or any(_ENTRY.match(text, *line) for line in lines):
        return source, lines
    marks = found[0]
    out, kept = [], []
    for (start, end), after in zip(lines, [*source.line_starts[1:], len(text)], strict=True):
        inside = start
        if text.startswith(marks, start, end):
            inside += len(marks)
        elif text[start:end] == marks.rstrip():
            inside = end
        out.append(" " * (inside - start) + text[inside:after])
        kept.append((inside, end))
    return Source(source.name, text[: lines[0][0]] + "".join(out)), kept


def scan(source: Source, lines: Lines) -> LogLines:
    """Find the entries in these lines of a text.

    Raises SourceError for a line that is neither an entry, nor a part of one, nor prose, and if there is no
    log at all.
    """
    return _Scanner(source).scan(lines)


def opens_log(source: Source) -> bool:
    """Whether the first line of a text that isn't a comment is an entry."""
    for found in _FIRST.finditer(source.text):
        if not found["line"].startswith("#"):
            return _ENTRY.match(found["line"]) is not None
    return False


def is_log(source: Source) -> bool:
    """Whether a text has an entry, or a line that was meant to be one."""
    plain, found = unquoted(source)
    scanner = _Scanner(plain)
    return any(scanner.is_attempt(*line) for line in found)


class _Scanner:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._log = LogLines()
        self._base = 0
        self._open: list[int] | None = None  # start and end of the body of the entry above
        self._found: re.Match[str] | None = None
        self._shown = ""

    def scan(self, lines: Lines) -> LogLines:
        first = next((i for i, line in enumerate(lines) if self._looks_like_entry(*line)), None)
        opening = next((line for line in lines if self._stripped(*line)[:1] not in ("", "#")), None)
        headers = any(_HEADER.fullmatch(self._text, *line) for line in self._comments_above(lines, opening))
        if opening is None and not headers:
            raise SourceError(None, f"{self._source.name}: no wire log: it is empty")
        self._log.prose = opening is not None and not headers and not self.is_attempt(*opening)
        region = lines
        if self._log.prose:
            if first is None:
                hint = f"an entry is a line such as {KINDS['TX OCTETS'].form!r}"
                attempt = next((line for line in lines if self.is_attempt(*line)), None)
                assert opening is not None
                raise (
                    self._unknown(*attempt)
                    if attempt
                    else SourceError(self._source.span(*opening), "no wire log in this text", hint)
                )
            for line in lines[:first]:
                if self.is_attempt(*line):
                    raise self._unknown(*line)
            region = self._region(lines, first)
        if first is not None:
            start, end = lines[first]
            self._base = end - start - len(self._text[start:end].lstrip())
        for line in region:
            self._line(*line)
        self._close()
        return self._log

    def _comments_above(self, lines: Lines, opening: tuple[int, int] | None) -> Lines:
        return lines[: lines.index(opening)] if opening is not None else lines

    def _region(self, lines: Lines, first: int) -> Lines:
        while first and self._stripped(*lines[first - 1])[:1] in ("", "#"):
            first -= 1
        last = len(lines)
        while not self.is_attempt(*lines[last - 1], inside=True):
            last -= 1
        while last < len(lines) and lines[last][1] > lines[last][0] and self._carries_on(*lines[last]):
            last += 1
        return lines[first:last]

    def _carries_on(self, start: int, end: int) -> bool:
        return self._text[start] in " \t" or bool(_HEX.fullmatch(self._text, start, end))

    def _stripped(self, start: int, end: int) -> str:
        return self._text[start:end].strip()

    def _looks_like_entry(self, start: int, end: int) -> bool:
        start = end - len(self._text[start:end].lstrip())
        found = _ENTRY.match(self._text, start, end)
        return found is not None and bool(
            KINDS[" ".join(found["kind"].split())].shape.match(self._text, found.end(), end)
        )

    def is_attempt(self, start: int, end: int, inside: bool = False) -> bool:
        """Whether a line is an entry, or was meant to be one."""
        if self._looks_like_entry(start, end):
            return True
        start = end - len(self._text[start:end].lstrip())
        found = _PREFIX.match(self._text, start, end)
        if found is None or not found["words"]:
            return False
        words = found["words"].upper()
        marked = found["number"] or found["at"] or words == found["words"]
        if not marked and not words.startswith(("TX ", "RX ")):
            return False
        if inside and _NUMBERED.match(self._text, start, end):
            return True
        return any(_similar(words, name) for name in KINDS)

    def _line(self, start: int, end: int) -> None:
        text = self._text
        indent = end - start - len(text[start:end].lstrip())
        here = start + indent
        if here == end:
            return
        if indent > self._base:
            self._indented(here, end)
        elif text[here] == "#":
            self._comment(here, end)
        elif (found := _ENTRY.match(text, here, end)) is not None:
            self._close()
            self._found, self._open = found, [found.end(), end]
        elif self._kind().endswith("OCTETS") and self._open and _HEX.fullmatch(text, here, end):
            self._open[1] = end
        else:
            raise self._unknown(here, end)

    def _kind(self) -> str:
        return "" if self._found is None else " ".join(self._found["kind"].split())

    def _indented(self, here: int, end: int) -> None:
        kind = self._kind()
        if self._text[here] == "#":
            return
        if self._open is None:
            raise SourceError(
                self._source.span(here, end), "an indented line continues an entry, but there is none above"
            )
        if kind.endswith("FRAME") and not self._goes_on():
            if len(self._shown) < _LONGEST_SHOWN:  # a report shows the payload below the line
                self._shown += self._text[here : min(end, here + _LONGEST_SHOWN)].rstrip()
            return
        if not kind.endswith(("OCTETS", "FRAME", "MESSAGE")):
            hint = "begin entries in the column of the first one; only octets and fields can be continued"
            raise SourceError(self._source.span(here, end), f"{kind} can't be continued here", hint)
        self._open[1] = end

    def _goes_on(self) -> bool:
        assert self._open is not None
        start, end = self._open
        return self._text.find("PAYLOAD=", start, end) >= 0 or self._text[start:end].rstrip().endswith(",")

    def _close(self) -> None:
        if self._found is None or self._open is None:
            return
        found, source = self._found, self._source
        at = None if found["at"] is None else seconds(source.span(*found.span("at")))
        head = source.span(*found.span("kind"))
        if len(self._log.words) == MAX_ENTRIES:
            raise SourceError(head, f"too many entries: a log may have {MAX_ENTRIES:,}")
        self._log.words.append(Words(self._kind(), head, source.span(*self._open), at, self._shown))
        self._found = self._open = None
        self._shown = ""

    def _comment(self, here: int, end: int) -> None:
        end = here + len(self._text[here:end].rstrip())
        found = _HEADER.fullmatch(self._text, here, end)
        if found is None:
            return
        source = self._source
        value = "" if found["value"] is None else read_text(source.span(*found.span("value")))
        if found["key"] == "recorder":
            self._log.recorder = self._side(
                source.span(*found.span("key" if found["value"] is None else "value"))
            )
        elif found["key"] not in TAKEN:
            self._log.headers.append((read_text(source.span(*found.span("key"))), value))

    def _side(self, span: Span) -> Side:
        text = self._text[span.start : span.end]
        known = {side.value: side for side in Side}
        if text not in known:
            raise SourceError(span, "recorder: expected 'client' or 'server'", nearest(text, known))
        return known[text]

    def _unknown(self, start: int, end: int) -> SourceError:
        start = end - len(self._text[start:end].lstrip())
        found = _PREFIX.match(self._text, start, end)
        words = found["words"] if found else None
        span = self._source.span(*found.span("words")) if found and words else self._source.span(start, end)
        return SourceError(
            span,
            "expected an entry such as 'TX OCTETS: 8100' or 'TCP DROPPED BY PEER'",
            suggest(words or ""),
        )


def _similar(words: str, name: str) -> bool:
    """Whether the first words, as many as `name` has, are nearly `name`."""
    start = " ".join(words.split()[: name.count(" ") + 1])
    if start.count(" ") != name.count(" ") and " " in name:
        return False
    matcher = difflib.SequenceMatcher(None, start, name)
    return matcher.quick_ratio() >= _SIMILAR and matcher.ratio() >= _SIMILAR
