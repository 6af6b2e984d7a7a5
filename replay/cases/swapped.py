"""A recorded connection with its sides swapped: what its tester sent is sent by the other side.

This turns a log of a case that was recorded against a server into a log against a client, and the other way
round. The client still sends the request, and the server still answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from replay.protocol.events import Close, Event, Opened
from replay.protocol.interpreter import has_opening, observe
from replay.protocol.negotiation import Agreed
from replay.trace.model import Digest, Drop, Entry, Octets, Trace
from replay.wire.frame import decode_header
from replay.wire.handshake import HeadError, HeadReader, edit_head
from replay.wire.masking import mask
from replay.wire.side import Side
from replay.wire.writes import Writes, grouped

KEY = bytes.fromhex("37fa213d")
"""The masking key for frames that a server sent and a client now sends: the one of the examples in RFC 6455
§5.7."""


def swapped(trace: Trace) -> Trace:
    """The frames of each side as the other side has to send them: masked by a client, unmasked by a server,
    everything else as recorded and in the same writes. The negotiated compression is swapped too."""
    events = observe(trace)
    heads = [head for side in Side if (head := _head(trace, side))] if has_opening(trace) else []
    frames = {side: _Frames(KEY if side is Side.SERVER else b"") for side in Side}
    before = {head.side: len(head.data) for head in heads}
    entries: list[Entry] = []
    for entry in trace.entries:
        match entry:
            case Octets(side=side, data=data):
                skip = min(before.get(side, 0), len(data))
                before[side] = before.get(side, 0) - skip
                if skip < len(data):
                    pieces = (piece for rest in entry.writes.behind(skip) for piece in rest.single())
                    entries += _turned(entry, [frames[side].feed(piece) for piece in pieces])
                if entry.cut is not None:
                    frames[side] = _Frames(KEY if side is Side.SERVER else b"")
            case Digest():
                entries.append(replace(entry, side=entry.side.other))
            case Drop():
                entries.append(replace(entry, side=_who_drops(entry, events, trace.recorder)))
            case _:
                entries.append(entry)
    return Trace(trace.recorder.other, (*_opening(heads, events), *entries), trace.headers)


def _turned(entry: Octets, writes: Sequence[bytes]) -> Iterator[Octets]:
    """The other side's entries for an entry of which these writes have become. In a run they may differ in
    size now."""
    *before, last = list(grouped(filter(None, writes))) or [Writes(b"")]
    for one in before:
        yield replace(entry, side=entry.side.other, data=one.octets, cut=None, chop=one.chop)
    yield replace(entry, side=entry.side.other, data=last.octets, chop=last.chop)


def _head(trace: Trace, side: Side) -> Octets | None:
    """This side's part of the opening handshake, as one write."""
    reader, sent = HeadReader(), b""
    own = [entry for entry in trace.entries if isinstance(entry, Octets) and entry.side is side]
    for entry in own:
        sent += entry.data
        try:
            if head := reader.feed(entry.data):
                return replace(own[0], data=head, cut=None, chop=None)
        except HeadError:
            break
    return replace(own[0], data=sent, chop=None) if own else None


def _opening(heads: Sequence[Octets], events: Sequence[Event]) -> Iterator[Octets]:
    """The heads with the offer and the response that were negotiated, for the swapped sides. A refusal was
    the testee's, and is left out."""
    opened = next((event for event in events if isinstance(event, Opened)), None)
    terms = opened.agreed if opened else None
    turned = terms and Agreed(
        server_no_context_takeover=terms.client_no_context_takeover,
        client_no_context_takeover=terms.server_no_context_takeover,
        server_max_window_bits=terms.client_max_window_bits,
        client_max_window_bits=terms.server_max_window_bits,
    )
    edit = ("Sec-WebSocket-Extensions", str(turned) if turned else None)
    for head in heads if opened else heads[:1]:
        yield replace(head, data=edit_head(head.data, None, [edit]))


def _who_drops(drop: Drop, events: Sequence[Event], tester: Side) -> Side:
    """Once the testee has sent a Close, the server has to end TCP; otherwise the other side does it now."""
    closed = any(isinstance(event, Close) and event.side is not tester for event in events)
    return Side.SERVER if closed else drop.side.other


class _Frames:
    """The frames of a stream, read in pieces, with their masking keys replaced by `key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._header = bytearray()  # the header of the frame that has begun, as far as it has come
        self._own = b""  # the key with which its payload was masked
        self._at = self._left = 0  # how much of the payload has come, and how much is still to come

    def feed(self, data: bytes) -> bytes:
        """The octets that replace these. Those of a header are replaced one by one, so that no write
        moves."""
        out, at = bytearray(), 0
        while at < len(data):
            if self._left:
                part = data[at : at + self._left]
                out += mask(mask(part, self._own, self._at), self._key, self._at)
                self._at, self._left = self._at + len(part), self._left - len(part)
                at += len(part)
            else:
                out += self._of_header(data[at])
                at += 1
        return bytes(out)

    def _of_header(self, octet: int) -> bytes:
        self._header.append(octet)
        place = len(self._header) - 1
        form = {126: 2, 127: 8}.get(self._header[1] & 0x7F, 0) if place else 0
        out = b""
        if place < 2 + form:
            out = bytes((octet if place != 1 else octet & 0x7F | (0x80 if self._key else 0),))
            if place and place == 1 + form:
                out += self._key
        if (found := decode_header(self._header)) is not None:
            header, _ = found
            self._own, self._at, self._left = header.key, 0, header.length
            self._header.clear()
        return out
