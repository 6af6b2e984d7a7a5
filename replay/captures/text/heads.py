"""HTTP heads as lines of a text, with or without a mark in front of each."""

from __future__ import annotations

import re

from msgspec import Struct

from replay.captures.text.collected import Collected
from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Piece
from replay.captures.text.prefixes import Line
from replay.source import Source

CRLF = "the line breaks of the handshake are taken for CRLF"

_REQUEST = re.compile(r"[A-Z]{3,10} \S+ HTTP/\d\.\d")
_STATUS = re.compile(r"HTTP/\d\.\d \d{3}(?: .*)?")
_FIELD = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+:(?:[ \t].*|\S.*)?")


class _Head(Struct):
    """A head whose lines are being read."""

    sender: Sender
    at: int | None
    start: int
    end: int
    lines: list[str]
    marked: bool


class Heads:
    """Puts the lines of heads together."""

    def __init__(self, source: Source, out: Collected) -> None:
        self._source, self._out = source, out
        self._head: _Head | None = None

    def line(self, sender: Sender | None, body: str, line: Line, at: int) -> bool:
        """Take a line, if it begins a head or belongs to the current one. `sender`: as its mark says."""
        marked = sender is not None
        if _REQUEST.fullmatch(body) or _STATUS.fullmatch(body):
            self.leave()
            sender = sender or (Sender.SERVER if body.startswith("HTTP/") else Sender.CLIENT)
            self._head = _Head(sender, line.at, at, line.end, [body], marked)
            return True
        head = self._head
        if head is None or head.marked is not marked or (marked and head.sender is not sender):
            return False
        if not body:
            self.leave()
            return True
        if not _FIELD.fullmatch(body):
            return False
        head.lines.append(body)
        head.end = line.end
        return True

    def blank(self) -> None:
        """A line without anything, not even a mark, ends a head without marks."""
        if self._head is not None and not self._head.marked:
            self.leave()

    def leave(self) -> None:
        """Take the head, which is complete."""
        if (head := self._head) is None:
            return
        self._head = None
        octets = "\r\n".join((*head.lines, "", "")).encode("utf-8", "replace")
        self._out.take(Piece(head.sender, octets, self._source.span(head.start, head.end), head.at))
        self._out.said[CRLF] = None
