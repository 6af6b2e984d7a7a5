"""Turns the frames of both sides into events (RFC 6455 §5): breaches, control frames and messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from replay import limits
from replay.protocol.closing import CLOSING, Act
from replay.protocol.events import (
    Close,
    CloseBegins,
    Event,
    Holes,
    Message,
    Ping,
    Pong,
    Unparsed,
    Violation,
)
from replay.protocol.frame_rules import RFC_6455, Codes, clean, close_breaches, header_breaches
from replay.protocol.messages import Assembly
from replay.protocol.rules import Breach
from replay.protocol.stream import MOST, EventPlace, SideStream
from replay.protocol.utf8 import is_utf8
from replay.trace.model import Octets
from replay.wire.decoder import FrameDecoder, Piece
from replay.wire.deflate import DeflateFault, DeflateFaultKind, Inflater
from replay.wire.frame import FrameHeader, Opcode
from replay.wire.masking import mask
from replay.wire.side import Side

FAULTS = {
    DeflateFaultKind.NOT_DEFLATE: "message-inflates",
    DeflateFaultKind.UNFINISHED: "message-inflates",
    DeflateFaultKind.WINDOW: "window-kept",
    DeflateFaultKind.CONTEXT: "context-not-kept",
    DeflateFaultKind.TAIL: "tail-removed",
}
"""The rule that each fault of a compressed payload breaks. TOO_MUCH breaks none."""


MOST_BREACHES = limits.BREACHES.default
"""Breaches of one side after which its frames are no longer read."""

_CLOSE = 0x88
"""The first octet of a Close frame, if that octet breaks no rule."""

_MESSAGES = (0x81, 0x82, 0xC1, 0xC2)
"""The first octets that a message in one frame may have: text or binary, compressed or not."""


class Frames:
    """Reads the frames of one connection, once it is open."""

    def __init__(self, recorder: Side, codes: Codes) -> None:
        """`codes`: the codes that a Close frame may carry."""
        self._recorder = recorder
        self._codes = codes

    def message(self, stream: SideStream, decoder: FrameDecoder, data: bytes) -> Iterable[Event] | None:
        """A fast path for octets that are exactly one frame with a whole message, as most reads and writes
        are. None: they aren't, or their header breaks a rule."""
        if stream.assembly is not None or stream.context_lost or not data or data[0] not in _MESSAGES:
            return None
        found = decoder.alone(data)
        if found is None or not self._is_clean(stream, found[0]):
            return None
        header, body = found
        decoder.passed(len(data))
        stream.frames_begun += 1
        start = stream.position
        stream.position = end = start + len(data)
        if stream.skipped:
            return ()
        octets = payload = mask(data[body:], header.key)
        faults: Sequence[DeflateFault] = ()
        text, compressed = header.opcode == Opcode.TEXT, bool(header.rsv)
        if compressed and stream.inflater is not None:
            octets, faults = self._inflated(stream, stream.inflater, payload, True)
        if faults or (text and not is_utf8(octets)):
            piece = Piece(header, start, 0, payload, True, True)
            return self._taken(stream, self._begun(stream, piece), piece, octets, faults)
        message = Message(
            side=stream.side,
            entry=stream.now.entry,
            start=start,
            end=end,
            text=text,
            data=octets,
            parts=((start + body, header.length),),
            compressed=compressed,
        )
        return (message,)

    def read(self, stream: SideStream, decoder: FrameDecoder, data: bytes) -> Iterator[Event]:
        """The events of the next octets."""
        for run in decoder.feed(data):
            if run.times > 1 and self._takes_whole(stream, run):
                continue
            for piece in run.single() if run.times > 1 else (run,):
                yield from self._piece(stream, piece)
                if stream.breaches >= MOST_BREACHES and not stream.unparsed:
                    yield from self._enough(stream, piece)
                if stream.unparsed:
                    return
        if (begun := decoder.begun) is not None and begun[1] == _CLOSE:
            start = begun[0]
            known = decoder.size is not None  # whether it breaks a rule
            if start != stream.close_begun_at and not (known and stream.spoiled):
                stream.close_begun_at = start
                yield CloseBegins(**stream.place(start, start + 1))

    def _enough(self, stream: SideStream, piece: Piece) -> Iterator[Event]:
        """Stop reading the peer, as further breaches tell nothing new. The recorder's own are intended."""
        if stream.side is not self._recorder:
            at = piece.stream_at + len(piece.data)
            reason = f"its frames broke rules {stream.breaches} times, so replay stopped reading them"
            yield stream.unread(at, reason, MOST_BREACHES, "breaches")

    def skip(self, stream: SideStream, decoder: FrameDecoder, most: int) -> Iterator[Event]:
        """The events of at most this many unknown octets, up to the end of the incomplete frame."""
        if (piece := decoder.skip(most)) is not None:
            stream.position += piece.missing
            yield from self._piece(stream, piece)

    def read_payload(
        self, stream: SideStream, decoder: FrameDecoder, entries: Sequence[Octets]
    ) -> Iterator[Event]:
        """The events of entries that hold nothing but payload of one data frame. They are read as one entry
        if only the last of them can have an event."""
        if stream.skipped:  # then the pieces have no data
            stream.position += sum(len(entry.data) for entry in entries)
        for piece in decoder.feed(b"".join([entry.data for entry in entries])):
            whole = stream.assembly is None or stream.assembly.takes(piece.data)
            sizes = [len(piece.data)] if whole else [len(entry.data) for entry in entries]
            stream.now.entry += len(entries) - len(sizes)
            for part in piece.cut(sizes):
                stream.now.entry += 1
                stream.position += len(part.data)
                yield from self._piece(stream, part)

    def _piece(self, stream: SideStream, piece: Piece) -> Iterator[Event]:
        header = piece.header
        if piece.opens:
            stream.frames_begun += 1
            broken = () if self._is_clean(stream, header) else tuple(self._header_breaches(stream, header))
            for rule, detail, at in broken:
                yield stream.violation(rule, detail, piece.start + at, piece.start)
            stream.spoiled = bool(broken) and not self._counts_anyway(stream, header, broken)
            if stream.spoiled and piece.start == stream.close_begun_at:
                stream.close_begun_at = None
            if header.form == 8 and header.length >> 63:
                yield stream.lost(piece.start + header.size, "the frame announces 2^63 octets or more")
                return
        if header.is_control:
            yield from self._control(stream, piece)
        else:
            yield from self._data(stream, piece)

    def _takes_whole(self, stream: SideStream, run: Piece) -> bool:
        """Take continuation frames with the same header as one, unless one of them may have an event."""
        assembly = stream.assembly
        if assembly is None or not self._is_clean(stream, run.header) or not assembly.takes(run.data):
            return False
        stream.frames_begun += run.times
        if stream.skipped:
            return True
        body, length = run.start + run.header.size, run.header.length
        stride = run.header.size + length
        assembly.parts += [(body + number * stride, length) for number in range(run.times)]
        if assembly.utf8:
            assembly.utf8.feed(run.data)
        if assembly.valid:
            assembly.chunks.append(run.data)
        return True

    def _counts_anyway(self, stream: SideStream, header: FrameHeader, broken: Sequence[Breach]) -> bool:
        """Whether a control frame takes effect although its header breaks a rule. The tester's own broken
        Close is intended to have no effect, unless it is merely too long."""
        own_close = stream.side is self._recorder and header.opcode == Opcode.CLOSE
        meant = not own_close or all(breach.rule == "control-length" for breach in broken)
        return header.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE) and header.form < 8 and meant

    def _is_clean(self, stream: SideStream, header: FrameHeader) -> bool:
        """Whether a header certainly breaks no rule, without checking each rule."""
        if stream.closed or stream.other.closed:
            return False
        first, form, length, key = header
        fragmented = stream.assembly is not None
        return clean(first, form, length, bool(key), stream.side, fragmented, stream.inflater is not None)

    def _header_breaches(self, stream: SideStream, header: FrameHeader) -> Iterator[Breach]:
        yield from header_breaches(
            header, stream.side, stream.assembly is not None, stream.inflater is not None
        )
        if rule := CLOSING[stream.closed, stream.other.closed, Act.of(header)]:
            yield Breach(rule, "a data frame after the Close frame", 0)

    def _control(self, stream: SideStream, piece: Piece) -> Iterator[Event]:
        if stream.spoiled:
            return
        if piece.missing or stream.control_hole:  # only the octets before the hole can be used
            stream.control_hole += piece.missing + len(piece.data)
        else:
            stream.control += piece.data
        if not piece.last:
            return
        data, hole = bytes(stream.control), stream.control_hole
        stream.control.clear()
        stream.control_hole = 0
        body = piece.start + piece.header.size
        place = stream.place(piece.start, body + len(data) + hole)
        holes: Holes = ((len(data), hole),) if hole else ()
        other = stream.other
        match piece.header.opcode:
            case Opcode.PING:
                if not stream.closed and not hole:
                    stream.pings.append(data)
                    stream.unanswered[data] += 1
                yield Ping(**place, data=data, holes=holes)
            case Opcode.PONG:
                if hole:  # it may answer any of the Pings
                    other.pings.clear()
                    other.unanswered.clear()
                elif other.unanswered[data]:
                    while (answered := other.pings.popleft()) != data:  # it answers earlier Pings too
                        other.unanswered[answered] -= 1
                    other.unanswered[data] -= 1
                    stream.stray_pong = False
                elif other.pings:
                    stream.stray_pong = True
                yield Pong(**place, data=data, holes=holes)
            case Opcode.CLOSE:
                yield from self._close(stream, data, piece.start, body, place, hole)

    def _close(
        self, stream: SideStream, data: bytes, start: int, body: int, place: EventPlace, hole: int
    ) -> Iterator[Event]:
        other = stream.other
        code = int.from_bytes(data[:2], "big") if len(data) > 1 else None
        valid = True
        # If a part of the payload is missing, the code can be judged, but the reason can't.
        known = data if not hole else data[:2] if len(data) > 1 else b""
        for rule, detail, at in close_breaches(known, self._codes):
            valid &= stream.harmless(rule)
            yield stream.violation(rule, detail, body + at, start)
        # Who knows the codes of RFC 6455 alone may fail the connection at another one.
        stream.failed |= code is not None and code not in RFC_6455
        # The tester's own Close counts even if it breaks a rule: that is part of the test.
        if not stream.closed and (stream.side is self._recorder or valid):
            stream.closed = True
            if other.closed and other.pings:  # the Close that this one answers came after the Ping
                rule = "pong-echoes-ping" if stream.stray_pong else "ping-answered"
                detail = "the Pong has a different payload" if stream.stray_pong else "no Pong was sent"
                yield stream.violation(rule, detail, start, start)
        yield Close(**place, code=code, reason=data[2:], valid=valid)

    def _data(self, stream: SideStream, piece: Piece) -> Iterator[Event]:
        opcode = piece.header.first & 0x0F
        if opcode > Opcode.BINARY:
            return
        begins = piece.opens and (opcode > 0 or stream.assembly is None)
        assembly = self._begun(stream, piece) if begins else stream.assembly
        if assembly is None:
            return
        if piece.opens and not begins:
            assembly.parts.append((piece.start + piece.header.size, piece.header.length))
        data = piece.data
        faults: Sequence[DeflateFault] = ()
        if piece.missing:
            if assembly.inflater is not None:
                stream.context_lost |= assembly.inflater.keeps_context
                stream.inflater = assembly.inflater.anew()
            assembly.hole(piece.missing)
        elif assembly.blind:
            data = b""
        if assembly.inflater is not None:
            data, faults = self._inflated(stream, assembly.inflater, data, piece.last and piece.header.fin)
        yield from self._taken(stream, assembly, piece, data, faults)

    def _begun(self, stream: SideStream, piece: Piece) -> Assembly:
        """Begin a message with this piece of a frame."""
        header = piece.header
        inflater = stream.inflater if header.rsv & 4 and header.opcode and not stream.skipped else None
        stream.assembly = assembly = Assembly(
            header.opcode == Opcode.TEXT, inflater, compressed=inflater is not None
        )
        if inflater is not None and stream.context_lost:
            assembly.hole(0)
        stream.message_at = piece.start
        assembly.parts.append((piece.start + header.size, header.length))
        if header.opcode == Opcode.CONTINUATION or stream.skipped:
            assembly.ignore()
        return assembly

    def _taken(
        self,
        stream: SideStream,
        assembly: Assembly,
        piece: Piece,
        data: bytes,
        faults: Sequence[DeflateFault],
    ) -> Iterator[Event]:
        """The events of a piece of a message, given the data in it and the faults that were found."""
        whole = piece.last and piece.header.fin
        ends = whole and all(fault.kind is DeflateFaultKind.TAIL for fault in faults)
        if assembly.utf8 and (wrong := assembly.utf8.feed(data, ends)) is not None:
            at = piece.start if assembly.inflater else assembly.offset_to_stream(wrong)
            found = stream.violation("text-is-utf8", assembly.utf8.wrong, at, piece.start)
            yield replace(found, spoilt=assembly.spoilt(None, data, wrong) if assembly.inflater else None)
            assembly.ignore()
        for fault in faults:  # after the text that was inflated before them
            yield self._fault(stream, assembly, fault, data, piece.start)
        if assembly.valid:
            assembly.chunks.append(data)
        if not whole:
            return
        stream.assembly = None
        if assembly.valid:
            yield Message(
                **stream.place(stream.message_at, piece.stream_at + len(piece.data)),
                text=assembly.text,
                data=b"".join(assembly.chunks),
                parts=tuple(assembly.parts),
                compressed=assembly.compressed,
                holes=tuple(assembly.holes),
            )

    def _inflated(
        self, stream: SideStream, inflater: Inflater, data: bytes, whole: bool
    ) -> tuple[bytes, Sequence[DeflateFault]]:
        """The output of the next octets of a compressed message, and the faults in them."""
        data, within = inflater.feed(data)
        behind = inflater.end() if whole else None
        stream.inflated += len(data)
        return data, [fault for fault in (within, behind) if fault is not None]

    def _fault(
        self, stream: SideStream, assembly: Assembly, fault: DeflateFault, data: bytes, frame: int
    ) -> Violation | Unparsed:
        at = assembly.offset_to_stream(fault.at)
        if fault.kind is DeflateFaultKind.TOO_MUCH:
            assembly.ignore()
            reason = f"a message inflates to more than {MOST} octets, the most that replay reads"
            return stream.unread(at, reason, MOST, "octets of a message")
        found = stream.violation(FAULTS[fault.kind], fault.detail, at, frame)
        if fault.kind is DeflateFaultKind.TAIL:
            return found
        spoilt = assembly.spoilt(fault.at, data)
        assembly.ignore()
        return replace(found, spoilt=spoilt)
