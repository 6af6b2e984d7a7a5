"""From the paths of logs to traces: wire logs, and recordings of every format that is known.

`FILE#2` is the second connection in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from replay.captures import formats, listing
from replay.captures.content import Content
from replay.captures.model import ANYTHING, Captured, Wanted
from replay.source import Source, SourceError, Span, open_octets, printable
from replay.trace.model import Trace

_NUMBERED = re.compile(r"(.+)#([1-9][0-9]{0,8})", re.DOTALL)


class LogFile(Struct, frozen=True):
    """The log of one connection that has been read."""

    name: str
    trace: Trace
    warnings: tuple[str, ...]
    captured: Captured | None = None  # what a recording says about it; None: it is a wire log


class Place(NamedTuple):
    file: str
    connection: int | None  # None: none is chosen


def place_of(word: str) -> Place:
    """The file that a word names, and the connection in it."""
    found = _NUMBERED.fullmatch(word)
    if found is None or Path(word).exists():
        return Place(word, None)
    return Place(found[1], int(found[2]))


def is_recording(path: Path) -> bool:
    """Whether this file certainly holds a recording in a format that isn't replay's own."""
    try:
        with open_octets(path) as file:
            content = Content.of(path.name, iter(lambda: file.read(2**16), b""))
            return formats.certain(content.head)
    except OSError:
        return False


def read_logs(word: str, wanted: Wanted = ANYTHING, span: Span | None = None) -> Iterator[LogFile]:
    """The connections in a file or (`-`) on standard input, or the one of them that is chosen. `span`:
    where the file is named. Raises SourceError."""
    file, number = place_of(word)
    if number is not None and wanted.connection not in (None, number):
        said = f"{printable(word)} is one connection, but another one is chosen by --connection"
        raise SourceError(None, said, about="connection")
    number = number or wanted.connection
    if span is not None and not Path(file).exists():
        raise SourceError(span, f"there is no file {file}", "the path is relative to the spec")
    content = Content.open(file)
    single = formats.format_of(content.head) is formats.WIRELOG
    count = 0
    for one in formats.read(content, wanted):
        count += 1
        if number in (None, one.number):
            yield _log(file, one, wanted, single)
            if number is not None:
                return
    if number is not None:
        there = "one connection" if count == 1 else f"{count:,} connections"
        said = f"{printable(file)}: there is no connection {number}: the file has {there}"
        raise SourceError(None, said, f"`replay show {printable(file)}` shows what it has")


def read_log(word: str, span: Span | None = None, wanted: Wanted = ANYTHING) -> LogFile:
    """The log of the only connection in a file, or of the one that is chosen. Raises SourceError."""
    found = list(read_logs(word, wanted, span))
    if len(found) == 1:
        return found[0]
    file = printable(place_of(word).file)
    lines = listing.table([one.captured for one in found if one.captured is not None])
    said = f"{file}: {len(found):,} connections in this file, of which one is needed\n"
    raise SourceError(span, said + "\n".join(lines), f"choose one: {file}#2, or --connection 2")


def log_of(name: str, source: Source) -> LogFile:
    """The wire log in a text. Raises SourceError."""
    from replay.trace.wirelog import read

    parsed = read(source)
    return LogFile(name, parsed.trace, parsed.warnings)


def _log(file: str, one: Captured, wanted: Wanted, single: bool) -> LogFile:
    trace = one.trace if wanted.recorder is None else replace(one.trace, recorder=wanted.recorder)
    if single:
        return LogFile(file, trace, one.notes)
    name = f"{file}#{one.number}"
    noted = (("recording", name), *one.headers)
    return LogFile(name, replace(trace, headers=(*noted, *trace.headers)), one.notes, one)
