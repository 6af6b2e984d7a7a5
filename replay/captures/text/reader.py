"""Captures as text: octets that some tool or person wrote down, and messages that a log tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay.captures import har
from replay.captures.text import follow, pasted, refused, sides, tshark
from replay.captures.text.pieces import Packet, Pasted
from replay.source import Source, SourceError, Span
from replay.trace import framing
from replay.trace.model import Entry, Octets
from replay.wire.handshake import is_head
from replay.wire.side import Side

SAMPLE = 16_384
"""Characters at the start of a text by which it is known."""


class Conversation(NamedTuple):
    """What both sides sent on one connection, as a text has it."""

    recorder: Side
    entries: tuple[Entry, ...]
    said: tuple[str, ...] = ()
    client: str | None = None
    server: str | None = None
    time: int | None = None


def read(source: Source, recorder: Side | None = None) -> list[Conversation]:
    """The connections in a text that doesn't have them as packets. `recorder`: the side that wrote it down,
    if the user says so.

    Raises SourceError for a text without octets and without messages, and for octets that aren't sure.
    """
    return parts(source, recorder)[0]


def parts(source: Source, recorder: Side | None = None) -> tuple[list[Conversation], list[Packet]]:
    """The connections in a text, or its packets. Raises SourceError, as `read` does."""
    head = source.text[:SAMPLE]
    if har.is_har(head):
        return [
            Conversation(one.recorder, one.entries, one.said, server=one.server, time=one.time)
            for one in har.read(source)
        ], []
    found, nodes = _found(source, head)
    if found.packets and found.pieces:
        span = found.pieces[0].span
        raise SourceError(span, "these octets aren't a packet, but others in this text are")
    if found.packets:
        return [], found.packets
    if not found.pieces:
        raise refused.known(source, SAMPLE, found=False) or SourceError(
            _first_line(source), "there are no octets in this text", NEAREST
        )
    return _conversations(source, found, nodes, recorder), []


NEAREST = (
    "replay reads wire logs, captures, HAR, hex dumps with or without offsets, and the arrays and strings "
    "of most languages"
)


def _found(source: Source, head: str) -> tuple[Pasted, tuple[str, str] | None]:
    """What there is in a text, and the addresses of the side that sent first and of the other."""
    if tshark.is_json(head):
        return tshark.read_json(source), None
    if (error := refused.known(source, SAMPLE)) is not None:
        raise error
    form = follow.form(head)
    if form == "yaml":
        return follow.read_yaml(source)
    if form == "raw":
        return follow.read_raw(source), follow.addresses(head)
    if form not in (None, "hex"):
        raise follow.refusal(source)
    if form is None and tshark.is_fields(source.text):
        return tshark.read_fields(source), None
    return pasted.read(source), follow.addresses(head) if form else None


def _first_line(source: Source) -> Span:
    start = len(source.text) - len(source.text.lstrip("\ufeff \t\r\n"))
    end = source.text.find("\n", start)
    return source.span(start, len(source.text) if end < 0 else end)


def _conversations(
    source: Source, found: Pasted, nodes: tuple[str, str] | None, recorder: Side | None
) -> list[Conversation]:
    sent = sides.sent(found.pieces, recorder)
    _check(found, sent.entries)
    client = server = None
    if nodes is not None:  # the first node is the side that is called ME
        client, server = nodes if sent.recorder is Side.CLIENT else nodes[::-1]
    said = (*sent.said, *found.said)
    return [Conversation(sent.recorder, one, said, client, server) for one in sides.apart(sent.entries)]


def _check(found: Pasted, entries: Sequence[Entry]) -> None:
    """Raise SourceError if these octets can't be those of a WebSocket: there is neither an HTTP head nor a
    whole frame."""
    octets = [one for one in entries if isinstance(one, Octets)]
    if any(is_head(one.data) for one in octets):
        return
    if not any(
        frame.whole or frame.lacking for side in Side for frame in framing.stream(entries, side).frames
    ):
        said = "these octets are not those of a WebSocket: there is neither an HTTP head nor a whole frame"
        raise SourceError(found.pieces[0].span, said, NEAREST)
