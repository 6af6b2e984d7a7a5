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


def is_text(head: bytes) -> bool:
    """Whether a file that begins with these octets has octets, or messages, as text. A wire log isn't one,
    even if it is wrong; neither are pages and JSON of other tools."""
    text = head.decode("utf-8-sig", "replace")
    source = Source("", text[: text.rfind("\n") + 1] or text)
    if har.is_har(text) or tshark.is_json(text) or refused.known(source, len(text)) or follow.form(text):
        return True
    if b"\0" in head:
        return False
    if _SURE.search(text) or any(_of_packet(text, *line) for line in lines.split(source)):
        return True
    if _MARKUP.match(text) or lines.is_log(source):
        return False
    if tshark.is_fields(source.text):
        return True
    try:
        found = pasted.read(source)
    except SourceError:
        return True  # there is what may be octets
    return bool(found.pieces or found.packets)


def _of_packet(text: str, start: int, end: int) -> bool:
    return packet.describes(text, start, end) or packet.captured(text, start, end) is not None
