"""From the pieces of a text to what each side sent: who the client is, and whose the octets are for which
nobody is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from replay.captures.messages import MASKS_MADE, Told, octets
from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Piece
from replay.source import SourceError
from replay.trace import framing
from replay.trace.model import Drop, Entry, How, Octets
from replay.wire.decoder import FrameDecoder
from replay.wire.frame import Opcode, decode_header
from replay.wire.handshake import is_head, may_be_head
from replay.wire.side import Side

BY_MASK = "who sent what is told by the mask bit: masked frames are the client's"
UNLIKELY = (
    "these may not be octets of a WebSocket: there is no handshake, and no endpoint may send such a frame"
)
HOW_TO_SAY = "put '>' before what was sent and '<' before what was received if they are"
NOBODY = "nothing in it says who the client is: the side that sent is taken for it"

_OPCODES = frozenset(Opcode)
_END_OF_HEAD = b"\r\n\r\n"


class Sent(NamedTuple):
    """What both sides of a text sent, and the side that wrote it down."""

    recorder: Side
    entries: tuple[Entry, ...]
    said: tuple[str, ...]


def sent(pieces: Sequence[Piece], recorder: Side | None = None) -> Sent:
    """The entries that these pieces make. `recorder`: the side that wrote them down, as the user says."""
    said: list[str] = []
    me = recorder or _me(pieces)
    if me is None:
        me = Side.CLIENT
        if any(piece.sender in (Sender.ME, Sender.PEER) for piece in pieces):
            said.append(NOBODY)
    start = next((piece.at for piece in pieces if piece.at is not None), None)
    entries: list[Entry] = []
    alone = _Alone()
    by_mask = made = 0
    for piece in pieces:
        at = None if piece.at is None or start is None else max(0, piece.at - start)
        side = _side(piece.sender, me)
        match piece.what:
            case How():
                entries.append(Drop(side or me, piece.what, at, piece.span))
            case Told():
                side = side or me
                data, cut = octets(piece.what, side, made)
                made += 1
                entries.append(Octets(side, data, at, cut, piece.span))
            case data if side is not None:
                entries.append(Octets(side, data, at, piece.cut, piece.span))
            case data:
                by_mask += not is_head(data)
                entries += alone.take(data, at, piece)
    entries += alone.rest()
    if alone.odd is not None and not alone.opened:
        raise SourceError(alone.odd.span, UNLIKELY, HOW_TO_SAY)
    if by_mask:
        said.append(BY_MASK)
    if made:
        said.append(MASKS_MADE)
    return Sent(me, tuple(entries), tuple(said))


def _side(sender: Sender | None, me: Side) -> Side | None:
    if sender is None:
        return None
    return sender.side or (me if sender is Sender.ME else me.other)


def _me(pieces: Sequence[Piece]) -> Side | None:
    """The side of those that wrote the text down, as far as octets tell."""
    drafts = [
        Octets(Side.CLIENT if piece.sender is Sender.ME else Side.SERVER, piece.what, cut=piece.cut)
        for piece in pieces
        if piece.sender in (Sender.ME, Sender.PEER) and isinstance(piece.what, bytes)
    ]
    return framing.recorder(drafts, Side.CLIENT)


class _Alone(Struct):
    """Follows heads and frames of which it isn't said who sent them."""

    side: Side = Side.CLIENT
    left: int = 0  # octets of the current frame that are still to come
    head: bool = False  # within an HTTP head
    held: bytes = b""  # too few to tell what they are
    last: Piece | None = None
    opened: bool = False  # there was an HTTP head
    odd: Piece | None = None  # what has a header that no endpoint should send

    def take(self, data: bytes, at: int | None, piece: Piece) -> Iterator[Entry]:
        data, self.held, self.last = self.held + data, b"", piece
        runs: list[tuple[Side, int, int]] = []
        start = 0
        while start < len(data):
            end = self._next(data, start)
            if end == start:
                self.held = data[start:]
                break
            if runs and runs[-1][0] is self.side:
                runs[-1] = (self.side, runs[-1][1], end)
            else:
                runs.append((self.side, start, end))
            start = end
        if piece.cut is not None and self.left and piece.cut.more is not None:
            self.left = max(0, self.left - piece.cut.more)
        for number, (side, first, end) in enumerate(runs, 1):
            cut = piece.cut if number == len(runs) and not self.held else None
            yield Octets(side, data[first:end], at, cut, piece.span)

    def _next(self, data: bytes, start: int) -> int:
        """Where the head or frame at `start` ends, as far as it is there; `start`: it isn't known whose it
        is."""
        if self.left:
            end = min(len(data), start + self.left)
            self.left -= end - start
            return end
        if self.head or is_head(data[start : start + 16]):
            if not self.head:
                self.opened = True
                self.side = Side.SERVER if data.startswith(b"HTTP/", start) else Side.CLIENT
            found = data.find(_END_OF_HEAD, start)
            self.head = found < 0
            return len(data) if found < 0 else found + len(_END_OF_HEAD)
        if len(data) - start < len(b"GET ") and may_be_head(data[start:]):
            return start
        if (found_header := decode_header(data, start)) is None:
            return start
        header, body = found_header
        if (
            header.opcode not in _OPCODES
            or header.rsv & 3
            or (header.is_control and not (header.fin and header.length < 126))
        ):
            self.odd = self.odd or self.last
        self.side = Side.CLIENT if header.key or data[start + 1] & 0x80 else Side.SERVER
        end = min(len(data), body + header.length)
        self.left = body + header.length - end
        return end

    def rest(self) -> Iterator[Entry]:
        """The octets of a header that isn't complete."""
        if self.held and self.last is not None:
            side = self.side
            if len(self.held) > 1:
                side = Side.CLIENT if self.held[1] & 0x80 else Side.SERVER
            yield Octets(side, self.held, None, self.last.cut, self.last.span)


_REQUEST = re.compile(rb"GET [^\r\n]{0,8192} HTTP/1\.\d\r?\n")
_SWITCHED = re.compile(rb"HTTP/1\.\d 101\b")


def apart(entries: Sequence[Entry]) -> Iterator[tuple[Entry, ...]]:
    """The entries of each connection, of which several may follow one another: a request begins one, unless
    it is inside a frame or comes before the first one was answered."""
    start, answered, opening = 0, False, True
    frames = FrameDecoder(skips=True)
    for number, entry in enumerate(entries):
        if isinstance(entry, Drop):
            answered = True
        if not isinstance(entry, Octets):
            continue
        if entry.side is Side.SERVER:
            answered = answered or _SWITCHED.match(entry.data) is not None
            continue
        if answered and not frames.unfinished and _REQUEST.match(entry.data) and number > start:
            yield tuple(entries[start:number])
            start, answered, opening, frames = number, False, True, FrameDecoder(skips=True)
        data = entry.data
        if opening and is_head(data):
            end = data.find(_END_OF_HEAD)
            data = data[end + len(_END_OF_HEAD) :] if end >= 0 else b""
            opening = end < 0
        frames.feed(data)
        if entry.cut is not None:
            frames.skip(entry.cut.more or 0)
    yield tuple(entries[start:])
