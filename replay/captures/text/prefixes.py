"""The lines of a text, without what loggers, mails and diffs put in front of them: quote marks, a time, the
level and the name of a logger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from replay.source import Source

SAMPLE = 200
"""Lines that decide whether all lines have a mark in front."""

_LINE = re.compile(r"[^\r\n]*")
_BREAK = re.compile(r"\r\n|\n|\r")
_QUOTE = re.compile(r"> ?|\+(?!\+) ?|\| ?")
_CLOCK = re.compile(
    r"[\[(]?(?:(?P<year>\d{4})[-/.](?P<month>\d\d)[-/.](?P<day>\d\d)[T ])?"
    r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d)(?:[.,](?P<part>\d{1,9}))?"
    r"(?: ?Z| ?UTC|[+-]\d\d:?\d\d)?(?:[\])]?:?[ \t]+|[\])]:?)(?=\S)"
)
_SYSLOG = re.compile(
    r"[A-Z][a-z]{2} [ 0-3]\d (?P<hour>[0-2]\d):(?P<minute>[0-5]\d):(?P<second>[0-6]\d)"
    r"(?:\.(?P<part>\d{1,9}))? \S{1,64} [\w./@-]{1,64}(?:\[\d{1,7}\])?: (?=\S)"
)
"""What syslog and the journal of systemd put in front: time, host and program."""
_SECONDS = re.compile(r"[\[(]?\+?(?P<whole>\d{1,10})\.(?P<part>\d{3,9})s?[\])]?:?[ \t]+(?=\S)")
_LEVEL = re.compile(
    r"(?:[-|]\s*)?(?:[\w.]+\s+[-|]\s+)?[\[(<]?(?:DEBUG|TRACE|INFO|NOTICE|WARN(?:ING)?|ERROR|debug|trace|info)"
    r"\b[\])>]?[ \t]*(?:[-:|][ \t]*)?(?:[A-Za-z_][\w.:]*\w(?::| -| \||(?=[ \t]+[<>=!%]))[ \t]*)?"
)
_CURL = re.compile(r"\[\d+-\d+\] (?=[*<>={}])")
"""The numbers of a transfer and its connection, in the traces of curl from version 8.8 on."""
_DAY = 86_400_000_000


class Line(NamedTuple):
    """A line, and the range of what stands behind its prefixes."""

    start: int
    end: int
    at: int | None = None  # microseconds, from an origin that all lines share
    number: int = 0


def lines(source: Source) -> Iterator[Line]:
    """The lines of a text, with the time of each that has one."""
    text, quoted = source.text, _quotes(source.text)
    last: int | None = None
    midnights = 0
    for number, (start, end) in enumerate(_raw(text)):
        start = _behind(text, start, end, quoted)
        clocks = (_CLOCK, _SYSLOG, _SECONDS)
        found = next(filter(None, (clock.match(text, start, end) for clock in clocks)), None)
        at = None
        if found is not None:
            at = _micros(found) + midnights * _DAY
            if last is not None and at < last - _DAY // 2:
                midnights += 1
                at += _DAY
            last, start = at, found.end()
        if (level := _LEVEL.match(text, start, end)) is not None:
            start = level.end()
        if (connection := _CURL.match(text, start, end)) is not None:
            start = connection.end()
        yield Line(start, end, at, number)


def _raw(text: str) -> Iterator[tuple[int, int]]:
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        found = _LINE.match(text, at)
        assert found is not None
        end = found.end()
        yield at, end
        broken = _BREAK.match(text, end)
        at = broken.end() if broken else len(text)


def _quotes(text: str) -> int:
    """How many quote marks all lines have in front."""
    rows = [text[start:end] for (start, end), _ in zip(_raw(text), range(SAMPLE), strict=False)]
    depth = 0
    while len(rows := [row for row in rows if row.strip()]) > 1:
        marks = [_QUOTE.match(row) for row in rows]
        if len({None if mark is None else mark[0].strip() for mark in marks}) > 1:
            break
        if not (rows := [row[mark.end() :] for row, mark in zip(rows, marks, strict=True) if mark]):
            break
        depth += 1
    return depth


def _behind(text: str, start: int, end: int, depth: int) -> int:
    for _ in range(depth):
        if (found := _QUOTE.match(text, start, end)) is None:
            break
        start = found.end()
    return start


def _micros(found: re.Match[str]) -> int:
    """Microseconds since the start of the day, of the epoch, or of what is counted."""
    groups = found.groupdict()
    part = int((groups["part"] or "0").ljust(9, "0")[:9]) // 1000
    if "whole" in groups:
        return int(groups["whole"]) * 1_000_000 + part
    clock = (int(groups["hour"]) * 60 + int(groups["minute"])) * 60 + int(groups["second"])
    days = 0
    if groups.get("year"):
        days = _days(int(groups["year"]), int(groups["month"]), int(groups["day"]))
    return days * _DAY + clock * 1_000_000 + part


def _days(year: int, month: int, day: int) -> int:
    """The days since 1970-01-01, by the calendar with years that begin in March."""
    year -= month < 3
    of_year = (153 * ((month - 3) % 12) + 2) // 5 + day - 1
    era, of_era = divmod(year, 400)
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


_STAMP = re.compile(
    r"(?P<year>\d{4})-(?P<month>[01]\d)-(?P<day>[0-3]\d)T(?P<hour>[0-2]\d):(?P<minute>[0-5]\d):"
    r"(?P<second>[0-6]\d)(?:\.(?P<part>\d{1,9})\d*)?(?:Z|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))"
)


def clock(stamp: object) -> int | None:
    """The microseconds since 1970 of a time with its zone, as 2026-11-30T11:14:52.024Z."""
    if not isinstance(stamp, str) or (found := _STAMP.fullmatch(stamp)) is None:
        return None
    zone = (int(found["hours"] or 0) * 60 + int(found["minutes"] or 0)) * 60_000_000
    return _micros(found) - (-zone if found["sign"] == "-" else zone)
