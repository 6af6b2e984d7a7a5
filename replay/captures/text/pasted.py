"""Reads octets out of a text, whatever wrote it: dumps with offsets, arrays of any language, lines with
arrows in front, and logs of libraries, among prose.

A line is a row of a dump, or it says who sends what follows, or it has octets itself, or it is a line of an
HTTP head. Any other line is prose; but what looks like octets and can't be read for sure is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from replay.captures.text import debug, marks, notations, packet, prefixes
from replay.captures.text.calls import Calls
from replay.captures.text.collected import Collected, Heading
from replay.captures.text.dumped import Dumps
from replay.captures.text.heads import Heads
from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Pasted, Piece
from replay.captures.text.prefixes import Line
from replay.captures.text.unsure import unsure
from replay.captures.text.websocketpp import Frames
from replay.source import Source, SourceError
from replay.trace.model import Cut, How

_FENCE = re.compile(r"(?:```|~~~)[\w-]*|</?(?:pre|code)>")
_CURL = re.compile(
    r"(?P<arrow>=>|<=) (?:Send|Recv) (?P<what>header|data|SSL data), (?P<size>\d+) bytes? \(0x[0-9a-f]+\)"
)
_TITLE = re.compile(r"(?P<what>[\w][\w ()/.-]*?) \((?P<size>\d+) bytes?\):?")
_WHOLE = ("Frame", "Packet")
"""Titles of tshark's for the octets of a packet; the others are of octets that it made of those."""
_TRACED = re.compile(r"\+\+(?P<way>Sent|Rcv) (?P<what>raw|decoded): ?(?P<body>.*)")
_COUNTED = re.compile(r"(?P<label>\d+:\s+\S+)\s+(?P<size>\d+)\s+(?P<body>[0-9a-fA-F]{2}(?:\s.*)?)")
_PEER = re.compile(r"\bpeer(?P<peer>[01])_\d+")
_CUTS = re.compile(
    r"[:=]+[ \t]*&?|\t[ \t]*|[ \t]{2,}|(?<=[)\]])[ \t]+|[ \t]&?(?=<Buffer\b|<<|[\[{\"']|[bB][\"']|0[xX])"
)
_OF_OCTETS = re.compile(
    r"\b(?:octets?|bytes?|hex|raw|data|frames?|buf(?:fer)?|packets?|chunk|dump|wire)\b", re.IGNORECASE
)
_OF_PAYLOAD = re.compile(
    r"payload|messages?\b|decoded|\bmsg\b|\bbody\b|\btext\b|unmasked|\bkey\b", re.IGNORECASE
)
_LABEL = 160
"""Characters in which octets have to begin that stand behind a label."""


def read(source: Source) -> Pasted:
    """What a text says was sent. Raises SourceError for what looks like octets but isn't sure."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source, self._text = source, source.text
        self._out = Collected()
        self._dumps, self._heads = Dumps(source, self._out), Heads(source, self._out)
        self._frames = Frames(source, self._out)
        self._calls = Calls(source, self._out)
        self._list: tuple[Line, list[str]] | None = None  # an array that goes on: its first line, all lines
        self._titled = False
        self._raw: bytes | None = None  # what websocket-client called the octets of the last frame

    def read(self) -> Pasted:
        for line in prefixes.lines(self._source):
            self._line(line)
        if self._list is not None:
            line, _ = self._list
            raise SourceError(self._source.span(line.start, line.end), "this list isn't closed")
        self._dumps.leave()
        self._heads.leave()
        self._frames.leave()
        return self._out.all()

    def _line(self, line: Line) -> None:
        text, start, end = self._text, line.start, line.end
        while end > start and text[end - 1] in " \t":
            end -= 1
        if self._list is not None:
            return self._in_list(line, end)
        if self._dumps.row(start, end, line.at):
            return self._heads.leave()
        while start < end and text[start] in " \t":
            start += 1
        line = Line(start, end, line.at)
        if start == end:
            return self._heads.blank()
        if _FENCE.fullmatch(text, start, end):
            return None
        self._dumps.leave()
        readers: tuple[Callable[[Line], bool], ...] = (
            self._is_packet,
            self._is_title,
            lambda line: self._dumps.only,  # everything else describes a packet
            self._frames.line,
            self._is_traced,
            self._calls.line,
            self._is_arrow,
            self._is_head,
            self._is_octets,
            self._is_letter,
        )
        if not any(reader(line) for reader in readers):
            self._prose(line)
        return None

    # What stands around octets

    def _is_packet(self, line: Line) -> bool:
        """A line with which tcpdump or tshark describes a packet."""
        size = packet.captured(self._text, line.start, line.end)
        if size is not None or packet.describes(self._text, line.start, line.end):
            self._dumps.only = True
            self._dumps.size = size
            at = self._out.heading.at if line.at is None else line.at
            self._out.announce(Heading(at=at))
            return True
        return False

    def _is_title(self, line: Line) -> bool:
        text = self._text
        if found := _CURL.fullmatch(text, line.start, line.end):
            sender = Sender.ME if found["arrow"] == "=>" else Sender.PEER
            encrypted = found["what"] == "SSL data"
            self._out.announce(Heading(sender, line.at, int(found["size"]), skip=encrypted))
            return True
        if self._dumps.size is not None or (found := _TITLE.fullmatch(text, line.start, line.end)) is None:
            return False
        whole = found["what"] in _WHOLE
        self._titled = self._titled or whole
        if self._titled:
            self._out.announce(Heading(at=self._out.heading.at, size=int(found["size"]), skip=not whole))
        return self._titled

    def _is_letter(self, line: Line) -> bool:
        sender = marks.letter(self._text[line.start : line.end])
        if sender is not None:
            self._out.announce(Heading(sender, line.at))
        return sender is not None

    def _prose(self, line: Line) -> None:
        text = self._text
        self._heads.leave()
        if (error := unsure(self._source, line.start, line.end)) is not None:
            raise error
        self._out.prose += 1
        short = line.end - line.start <= marks.LONGEST
        self._out.announce(Heading(marks.named(text[line.start : line.end]) if short else None, line.at))

    # Lines that have octets

    def _is_arrow(self, line: Line) -> bool:
        text = self._text
        sender, at = marks.leading(text, line.start, line.end)
        if sender is None:
            return False
        body = text[at : line.end]
        span = self._source.span(at, line.end)
        if at < line.end and self._dumps.row(at, line.end, line.at, sender):
            self._dumps.leave()
            return True
        if self._heads.line(sender, body, line, at):
            return True
        self._heads.leave()
        if not body:
            self._out.announce(Heading(sender, line.at))
        elif (read := notations.read(body)) is not None:
            self._out.take(Piece(sender, read.data, span, line.at, _cut(read)))
        elif (told := debug.websockets(body)) is not None:
            self._out.take(Piece(sender, told, span, line.at))
        elif body == "EOF":
            self._out.take(Piece(sender, How.FIN, span, line.at))
        elif found := debug.BODY.fullmatch(body):
            self._out.take(Piece(sender, b"", span, line.at, Cut(int(found["length"]))))
        elif body.endswith(":") and len(body) <= marks.LONGEST:
            self._out.announce(Heading(marks.named(body) or sender, line.at))
        elif notations.OPENS.search(body):
            self._out.announce(Heading(sender, line.at))
            self._list = Line(at, line.end, line.at), [body]
        else:
            hint = "a capture has the octets: `tcpdump -w FILE`, or `replay record`"
            raise unsure(self._source, at, line.end) or SourceError(
                span, "expected octets behind this mark, found text", hint
            )
        return True

    def _is_traced(self, line: Line) -> bool:
        """A line of websocket-client's trace. Some of its versions trace the payload as the octets."""
        found = _TRACED.fullmatch(self._text, line.start, line.end)
        if found is None:
            return False
        self._heads.leave()
        sender = Sender.ME if found["way"] == "Sent" else Sender.PEER
        span = self._source.span(*found.span("body"))
        if found["what"] == "raw":
            read = notations.read(found["body"])
            if read is None:
                raise SourceError(span, "expected octets such as b'\\x81\\x05Hello'")
            self._raw = read.data
            self._out.take(Piece(sender, read.data, span, line.at))
            if sender is Sender.PEER:
                self._out.said["what was received is as websocket-client encoded it anew"] = None
        elif (told := debug.websocket_client(found["body"])) is not None:
            pieces = self._out.pieces
            if pieces and self._raw == told.payload and not told.payload.startswith((b"GET ", b"HTTP/")):
                pieces[-1] = pieces[-1]._replace(what=told)
            self._raw = None
        return True

    def _is_octets(self, line: Line) -> bool:
        """Octets alone on a line, or behind a label."""
        text = self._text
        body = text[line.start : line.end]
        if (read := notations.read(body)) is not None and not _PEER.search(body):
            heading = self._out.heading
            at = line.at if heading.at is None else heading.at
            span = self._source.span(line.start, line.end)
            name, is_name, _ = body[: marks.LONGEST].partition("=")
            sender = (marks.named(name) if is_name else None) or heading.sender
            self._out.take(Piece(sender, read.data, span, at, _cut(read)), heading)
            return True
        return self._is_counted(line) or self._is_labelled(line)

    def _is_counted(self, line: Line) -> bool:
        """A number, the sender, how many octets these are, and the first of them."""
        found = _COUNTED.fullmatch(self._text, line.start, line.end)
        if found is None or (read := notations.read(found["body"])) is None:
            return False
        heading = Heading(marks.named(found["label"]), line.at, int(found["size"]))
        self._out.announce(heading)
        span = self._source.span(*found.span("body"))
        self._out.take(Piece(heading.sender, read.data, span, line.at, _cut(read)), heading)
        return True

    def _is_labelled(self, line: Line) -> bool:
        text = self._text
        if notations.OPENS.search(text, line.start, line.end):
            label = text[line.start : line.end][: marks.LONGEST]
            self._out.announce(
                Heading(_peer(label) or marks.named(label) or self._out.heading.sender, line.at)
            )
            self._list = line, [text[line.start : line.end]]
            return True
        for found in _CUTS.finditer(text, line.start, min(line.end, line.start + _LABEL)):
            label = text[line.start : found.start()]
            if (read := notations.read(text[found.end() : line.end])) is None:
                continue
            sender = _peer(label) or marks.letter(label.strip()) or marks.named(label)
            if sender is None and not _OF_OCTETS.search(label):
                continue
            if _OF_PAYLOAD.search(label):
                return False
            span = self._source.span(found.end(), line.end)
            self._out.take(Piece(sender or self._out.heading.sender, read.data, span, line.at, _cut(read)))
            return True
        return False

    def _in_list(self, line: Line, end: int) -> None:
        assert self._list is not None
        first, texts = self._list
        texts.append(self._text[line.start : end])
        if not notations.CLOSES.search(texts[-1]):
            return
        self._list = None
        read = notations.read("\n".join(texts))
        if read is None:
            error = unsure(self._source, first.start, first.end)
            span = self._source.span(first.start, first.end)
            raise error or SourceError(span, "expected a list of octets such as {0x81, 0x05}")
        span = self._source.span(first.start, end)
        self._out.take(Piece(self._out.heading.sender, read.data, span, first.at, _cut(read)))

    def _is_head(self, line: Line) -> bool:
        sender, at = marks.word(self._text, line.start, line.end)
        return self._heads.line(sender, self._text[at : line.end], line, at)


def _peer(label: str) -> Sender | None:
    """The side in the name of one of Wireshark's arrays: peer0_0, peer1_0."""
    if (found := _PEER.search(label)) is None:
        return None
    return Sender.ME if found["peer"] == "0" else Sender.PEER


def _cut(read: notations.Read) -> Cut | None:
    return Cut(read.more) if read.cut else None
