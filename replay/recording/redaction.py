"""Hides what is secret in the entries of a connection, before they are written.

What stands in place of a secret has its length, so that all frames remain what they were. In a compressed
message it can't: such a message is compressed anew, or its payload is left out. Entries wait until what
they are part of is complete, in their order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from replay import limits
from replay.protocol.negotiation import Agreed, agreed
from replay.recording.exchange import Log
from replay.recording.hidden import Hidden
from replay.recording.json_paths import hide
from replay.trace.model import Cut, Entry, Logging, Octets
from replay.wire.deflate import Deflater, Inflater
from replay.wire.frame import FrameHeader, decode_header, encode_message
from replay.wire.handshake import HeadError, HeadReader, Response, parse_head
from replay.wire.masking import mask
from replay.wire.side import Side

_WINDOW = 2**15
_HELD = limits.HELD.default
"""The most octets of an incomplete message that are held."""

ANEW = "anew"
LEAVE_OUT = "leave-out"
WAYS = (ANEW, LEAVE_OUT)
"""What becomes of a compressed message with something to hide."""


class Said:
    """What the owner is told at the end, after a number of messages."""

    ANEW = "compressed anew, to hide values in them or in those before"
    LEFT_OUT = "left out, since values in them can't be hidden otherwise"
    KEPT = "not JSON, and as they were"


def said(counts: Counter[str]) -> tuple[str, ...]:
    """The counts of a log in words."""
    return tuple(f"{n} message{'s' * (n > 1)} {what}" for what, n in counts.items() if n)


class _Slot(Struct, eq=False):
    """An entry that waits."""

    entry: Entry
    left: int = 0  # of its octets, those that aren't settled
    parts: list[bytes | int] = field(default_factory=list)  # octets, or how many were left out

    def add(self, part: bytes | int) -> None:
        if part:
            self.parts.append(part)


class _Frame(NamedTuple):
    header: FrameHeader
    start: int  # offsets in the octets that aren't settled
    body: int
    end: int


class _Piece(NamedTuple):
    """Octets that are settled."""

    size: int  # of what was there
    instead: bytes | int  # or how many are left out


class _Stream:
    """The octets of one side."""

    def __init__(self) -> None:
        self.raw = bytearray()  # those that aren't settled
        self.slots: deque[_Slot] = deque()  # the entries that have them
        self.head: HeadReader | None = HeadReader()  # None: what follows isn't a head
        self.frames: list[
            _Frame
        ] = []  # of the incomplete message, and control frames between its fragments
        self.inflater: Inflater | None = None
        self.deflater: Deflater | None = None  # once a message was compressed anew
        self.past = b""  # what earlier messages inflated to, as far as it may be referred to

    def settle(self, pieces: Sequence[_Piece]) -> None:
        """Put these in the place of the first octets that aren't settled. If the length differs, all of a
        piece goes where it ended."""
        for size, instead in pieces:
            at, rest = 0, size
            while rest:
                slot = self.slots[0]
                taken = min(rest, slot.left)
                rest -= taken
                slot.left -= taken
                if isinstance(instead, int):
                    slot.add(taken)
                elif len(instead) == size:
                    slot.add(bytes(instead[at : at + taken]))
                elif not rest:
                    slot.add(bytes(instead))
                at += taken
                if not slot.left:
                    self.slots.popleft()
        del self.raw[: sum(piece.size for piece in pieces)]


class Redactor:
    """A log between the recorder and the file."""

    def __init__(self, hidden: Hidden, way: str, log: Log, tell: Callable[[Counter[str]], None]) -> None:
        """`way`: one of WAYS. `tell` is called at the end with how often which of `Said` is true."""
        self._hidden, self._way, self._log, self._tell = hidden, way, log, tell
        self._queue: deque[_Slot] = deque()
        self._streams = {side: _Stream() for side in Side}
        self._terms: Agreed | None = None
        self._counts: Counter[str] = Counter()
        self._opened: bool | None = None  # None: there is no response yet
        self._over = False  # a message was too large to be held

    def record(self, entry: Entry) -> None:
        if self._over:
            return
        slot = _Slot(entry)
        self._queue.append(slot)
        if isinstance(entry, Octets) and entry.data:
            stream = self._streams[entry.side]
            slot.left = len(entry.data)
            stream.slots.append(slot)
            stream.raw += entry.data
            self._read(stream, entry.side, entry.data)
            if len(stream.raw) > _HELD:
                self._over = True
                self._counts[Said.LEFT_OUT] += 1
                self._end()
                self._log.record(Logging(False, entry.at))
        self._release()

    def close(self) -> None:
        if not self._over:
            self._end()
        self._tell(self._counts)
        self._log.close()

    def _release(self) -> None:
        while self._queue and not self._queue[0].left:
            self._write(self._queue.popleft())

    def _write(self, slot: _Slot) -> None:
        """Write an entry. What is left out ends it, and the octets behind that are another one."""
        entry = slot.entry
        if not isinstance(entry, Octets) or not entry.data:
            self._log.record(entry)
            return
        data = b""
        for part in slot.parts:
            if isinstance(part, bytes):
                data += part
            else:
                self._log.record(replace(entry, data=data, cut=Cut(part)))
                data = b""
        if data:
            self._log.record(replace(entry, data=data))

    def _end(self) -> None:
        """Settle what isn't complete."""
        for stream in self._streams.values():
            if stream.head is not None:
                raw = bytes(stream.raw)
                stream.settle([_Piece(len(raw), self._hidden.head(raw))])
            elif stream.raw:
                self._unfinished(stream)
        self._release()

    # Heads.

    def _read(self, stream: _Stream, side: Side, data: bytes) -> None:
        if stream.head is not None:
            try:
                head = stream.head.feed(data)
                while head is not None:
                    stream.settle([_Piece(len(head), self._hidden.head(head))])
                    if side is Side.CLIENT or self._responded(head):
                        stream.head = None
                        break
                    head = stream.head.feed()
            except HeadError:
                stream.settle([_Piece(len(stream.raw), self._hidden.head(bytes(stream.raw)))])
                stream.head = None
                self._opened = False
        if self._opened is not None:
            for each, other in self._streams.items():
                if other.head is None and other.raw:
                    self._behind(other, each)

    def _responded(self, head: bytes) -> bool:
        """Whether this is the response to the request, rather than an interim one."""
        try:
            response = parse_head(Side.SERVER, head)
        except HeadError:
            self._opened = False
            return True
        assert isinstance(response, Response)
        if 100 <= response.status < 200 and response.status != 101:
            return False
        self._opened = response.status == 101
        self._terms = agreed(response) if self._opened else None
        if self._terms is not None:
            for side, stream in self._streams.items():
                terms = self._terms.window(side), self._terms.keeps_context(side)
                stream.inflater = Inflater(*terms, limits.INFLATED.default)
        return True

    def _behind(self, stream: _Stream, side: Side) -> None:
        """Settle what follows the head of a side, as far as it is complete."""
        if self._opened and self._hidden.paths:
            self._messages(stream, side)
        else:
            stream.settle([_Piece(len(stream.raw), bytes(stream.raw))])

    # Messages.

    def _messages(self, stream: _Stream, side: Side) -> None:
        at = stream.frames[-1].end if stream.frames else 0
        while (found := decode_header(stream.raw, at)) is not None:
            header, body = found
            end = body + header.length
            if end > len(stream.raw):
                return
            stream.frames.append(_Frame(header, at, body, end))
            data = [frame for frame in stream.frames if not frame.header.is_control]
            at = end
            if not data:
                stream.settle([_Piece(end, bytes(stream.raw[:end]))])
            elif header.is_control or not header.fin:
                continue
            else:
                stream.settle(self._message(stream, side, data))
            stream.frames, at = [], 0

    def _message(self, stream: _Stream, side: Side, data: Sequence[_Frame]) -> list[_Piece]:
        payload = b"".join(mask(bytes(stream.raw[one.body : one.end]), one.header.key) for one in data)
        if data[0].header.rsv & 4 and stream.inflater is not None:
            return self._compressed(stream, side, stream.inflater, payload)
        instead = self._searched(payload)
        return self._pieces(stream, payload if instead is None else instead)

    def _searched(self, text: bytes) -> bytes | None:
        """The text of a message with its secrets hidden; None: it has none."""
        instead = hide(text, self._hidden.paths)
        if instead is None:
            self._counts[Said.KEPT] += 1
        return None if instead == text else instead

    def _compressed(self, stream: _Stream, side: Side, inflater: Inflater, payload: bytes) -> list[_Piece]:
        inflated = inflater.feed(payload)
        fault = inflater.end() or inflated.fault
        before, text = stream.past, inflated.data
        stream.past = (before + text)[-_WINDOW:] if inflater.keeps_context else b""
        if fault is not None or not inflater.sound:
            self._counts[Said.LEFT_OUT] += 1
            return self._pieces(stream, None)
        instead = self._searched(text)
        if instead is None and stream.deflater is None:
            return self._pieces(stream, payload)
        if self._way == LEAVE_OUT:
            self._counts[Said.LEFT_OUT] += 1
            return self._pieces(stream, None)
        assert self._terms is not None
        self._counts[Said.ANEW] += 1
        keeps = inflater.keeps_context
        if stream.deflater is None:
            stream.deflater = Deflater(self._terms.window(side), keeps, before=before)
        anew = stream.deflater.message(text if instead is None else instead)
        if not keeps:
            stream.deflater = None
        return self._one_frame(stream, anew)

    def _pieces(self, stream: _Stream, payload: bytes | None) -> list[_Piece]:
        """The frames with another payload of the same length; None: it is left out."""
        pieces, at = [], 0
        for header, start, body, end in stream.frames:
            whole = bytes(stream.raw[start:end])
            if header.is_control:
                pieces.append(_Piece(end - start, whole))
                continue
            pieces.append(_Piece(body - start, whole[: body - start]))
            instead: bytes | int = header.length
            if payload is not None:
                instead = mask(payload[at : at + header.length], header.key)
            pieces.append(_Piece(header.length, instead))
            at += header.length
        return pieces

    def _one_frame(self, stream: _Stream, payload: bytes) -> list[_Piece]:
        """The message in one frame, in the place of its last one; control frames stay."""
        data = [frame for frame in stream.frames if not frame.header.is_control]
        pieces = []
        for frame in stream.frames:
            instead = bytes(stream.raw[frame.start : frame.end])
            if frame is data[-1]:
                first, key = data[0].header, frame.header.key
                instead = encode_message(first.opcode, payload, None, partial(bytes, key), first.rsv).octets
            elif frame in data:
                instead = b""
            pieces.append(_Piece(frame.end - frame.start, instead))
        return pieces

    def _unfinished(self, stream: _Stream) -> None:
        """Leave out the payload of an incomplete message, in which nothing can be found."""
        pieces = self._pieces(stream, None)
        at = stream.frames[-1].end if stream.frames else 0
        found = decode_header(stream.raw, at) if self._opened else None
        body = len(stream.raw) if found is None or found[0].is_control else found[1]
        if not self._opened:  # frames that were sent before there was a response
            body = at
        pieces.append(_Piece(body - at, bytes(stream.raw[at:body])))
        pieces.append(_Piece(len(stream.raw) - body, len(stream.raw) - body))
        self._counts[Said.LEFT_OUT] += any(isinstance(instead, int) and instead for _, instead in pieces)
        stream.settle(pieces)
