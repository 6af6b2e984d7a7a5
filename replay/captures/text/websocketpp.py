"""The log of WebSocket++ at its levels frame_header and frame_payload: what it wrote, headers and payloads
apart. It logs nothing of what it reads."""

from __future__ import annotations

import re

from msgspec import Struct

from replay.captures.text import notations
from replay.captures.text.collected import Collected
from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Piece
from replay.captures.text.prefixes import Line
from replay.source import Source, Span
from replay.trace.model import Cut
from replay.wire.frame import decode_header

ONLY_SENT = "WebSocket++ logs the frames that it sends, and not those that it receives"

_TITLE = re.compile(r"\[frame_(?:header|payload)\] (?P<what>Header|Payload) Bytes: *")
_ROW = re.compile(r"\[(?P<number>\d{1,6})\] \((?P<size>\d{1,18})\) ?(?:\[(?P<opcode>\d+)\] ?)?(?P<body>.*)")
_TEXT = "1"


class _Frame(Struct):
    header: bytes
    span: Span
    at: int | None
    payload: bytes | None = None


class Frames:
    """Puts headers and payloads together, which are numbered in each write."""

    def __init__(self, source: Source, out: Collected) -> None:
        self._source, self._out = source, out
        self._frames: dict[int, _Frame] = {}
        self._what: str | None = None
        self._at: int | None = None

    def line(self, line: Line) -> bool:
        """Take a line, if it is one of this log's."""
        text = self._source.text
        if (title := _TITLE.fullmatch(text, line.start, line.end)) is not None:
            if title["what"] == "Header":
                self.leave()
            self._what, self._at = title["what"], line.at
            return True
        if self._what is None or (row := _ROW.fullmatch(text, line.start, line.end)) is None:
            return False
        number, size = int(row["number"]), int(row["size"])
        if self._what == "Header":
            read = notations.read(row["body"])
            if read is None or len(read.data) != size:
                return False
            span = self._source.span(row.start("body"), line.end)
            self._frames[number] = _Frame(read.data, span, self._at)
        elif (frame := self._frames.get(number)) is not None:
            frame.payload = _payload(row["body"], size, row["opcode"], frame.header)
        return True

    def leave(self) -> None:
        """Take the frames of the last write."""
        for frame in self._frames.values():
            decoded = decode_header(frame.header)
            length = decoded[0].length if decoded else 0
            known = frame.payload is not None and len(frame.payload) == length
            data = frame.header + (frame.payload or b"" if known else b"")
            cut = None if known or not length else Cut(length)
            self._out.take(Piece(Sender.ME, data, frame.span, frame.at, cut))
            self._out.said[ONLY_SENT] = None
        self._frames, self._what = {}, None


def _payload(body: str, size: int, opcode: str | None, header: bytes) -> bytes | None:
    """The octets of a payload, as they were sent; None: they can't be known, as those of a masked text."""
    if size == 0:
        return b""
    if opcode == _TEXT:
        data = body.encode("utf-8", "replace")
        masked = len(header) > 1 and header[1] & 0x80
        return data if len(data) == size and not masked else None
    read = notations.read(body)
    return read.data if read is not None and len(read.data) == size else None
