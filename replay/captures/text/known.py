"""Whether a file is a text with octets that some tool wrote down, rather than a wire log or a report."""

from __future__ import annotations

import re

from replay.captures import har
from replay.captures.text import follow, packet, pasted, refused, tshark
from replay.source import Source, SourceError
from replay.trace import lines

_SURE = re.compile(
    r"^(?:.{0,120}[ \t])?(?:\+\+(?:Sent|Rcv) raw: "
    r"|[<>] (?:TEXT|BINARY|CONT|PING|PONG|CLOSE) .{0,200}\[.{0,20}\d+ bytes?"
    r"|[TR]X Octets (?:to|from) \S+ : |(?:=>|<=) (?:Send|Recv) (?:header|data), \d+ bytes"
    r"|\[frame_(?:header|payload)\] )",
    re.MULTILINE,
)
"""Lines that only tools write, though some look a little like entries of a wire log."""
_MARKUP = re.compile(r"\s*(?:\{|<(?:!|[a-zA-Z]+(?:>|\s+\w+=)))")


SAMPLE = 65_536
"""Octets that are looked at."""


def is_text(head: bytes) -> bool:
    """Whether a file that begins with these octets has octets, or messages, as text. A wire log isn't one,
    even if it is wrong; neither are pages and JSON of other tools."""
    source = _source(head)
    if lines.opens_log(source):
        return False
    if _is_signed(source, head):
        return True
    if b"\0" in head[:SAMPLE] or _MARKUP.match(source.text) or lines.is_log(source):
        return False
    try:
        found = pasted.read(source)
    except SourceError:
        return True  # there is what may be octets
    return bool(found.pieces or found.packets)


def is_certain(head: bytes) -> bool:
    """Whether such a text is a recording and nothing else: it begins as a tool's output does, or can be
    read and has hardly any prose, or lines that only a tool writes.

    Source code may contain such lines, too, but can't be read.
    """
    source = _source(head)
    if _begins_as_output(source):
        return True
    try:
        found = pasted.read(source)
    except SourceError:
        return False
    count = len(found.pieces) + len(found.packets)
    return bool(count) and (found.prose <= count or _SURE.search(source.text) is not None)


def _begins_as_output(source: Source) -> bool:
    text = source.text
    if _MARKUP.match(text):
        return har.is_har(text) or refused.known(source, len(text)) is not None
    first = next(((start, end) for start, end in lines.split(source) if text[start:end].strip()), (0, 0))
    line = Source("", text[first[0] : first[1]])
    return (
        refused.known(line, len(line.text)) is not None
        or tshark.is_json(text)
        or bool(follow.form(text))
        or tshark.is_fields(text)
        or _of_packet(text, *first)
    )


def _source(head: bytes) -> Source:
    text = head[:SAMPLE].decode("utf-8-sig", "replace")
    return Source("", text[: text.rfind("\n") + 1] or text)


def _is_signed(source: Source, head: bytes) -> bool:
    """Whether a text has what only a certain tool writes."""
    text = head[:SAMPLE].decode("utf-8-sig", "replace")
    if _MARKUP.match(text):
        return har.is_har(text) or refused.known(source, len(text)) is not None
    if tshark.is_json(text) or refused.known(source, len(text)) or follow.form(text):
        return True
    if b"\0" in head[:SAMPLE]:
        return False
    if _SURE.search(text) or tshark.is_fields(source.text):
        return True
    return any(_of_packet(text, *line) for line in lines.split(source))


def _of_packet(text: str, start: int, end: int) -> bool:
    return packet.describes(text, start, end) or packet.captured(text, start, end) is not None
