"""System calls as strace writes them: what a process wrote into a socket, and read from it."""

from __future__ import annotations

import re

from replay.captures.text import notations
from replay.captures.text.collected import Collected
from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Piece
from replay.captures.text.prefixes import Line
from replay.source import Source
from replay.trace.model import Cut
from replay.wire.handshake import is_head

_CALL = re.compile(
    r"(?:\[pid +\d+\] |\d+ +)?(?:\d\d:\d\d:\d\d(?:\.\d+)? |\d+\.\d+ )?"
    r"(?P<call>write|send|sendto|read|recv|recvfrom)\((?P<file>\d+)(?:<[^>]*>)?, "
    r'(?P<body>"(?:[^"\\]|\\.)*")(?P<cut>\.\.\.)?, .*\) = (?P<size>\d+)(?: <[\d.]+>)?'
)
_READS = ("read", "recv", "recvfrom")


class Calls:
    """Of all files, only the first on which there is a head of HTTP counts."""

    def __init__(self, source: Source, out: Collected) -> None:
        self._source, self._out = source, out
        self._file: str | None = None  # None: there was no head yet

    def line(self, line: Line) -> bool:
        """Whether a line is such a call."""
        found = _CALL.fullmatch(self._source.text, line.start, line.end)
        read = None if found is None else notations.strings(found["body"])
        if found is None or read is None:
            return False
        size = int(found["size"])
        data, more = read[:size], max(0, size - len(read))
        if not size:
            return True
        if self._file is None and is_head(data):
            self._file = found["file"]
        if found["file"] == self._file:
            sender = Sender.PEER if found["call"] in _READS else Sender.ME
            span = self._source.span(*found.span("body"))
            self._out.take(Piece(sender, data, span, line.at, Cut(more) if more else None))
        return True
