"""Octets of both sides -> events. What breaks a rule is an event; reading goes on behind it as
long as frame borders are known.

The live player feeds it entry by entry; `observe` runs it over a whole trace. They can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

from replay.protocol.closing import CLOSING, Act
from replay.protocol.events import (
    Close,
    End,
    Event,
    Fired,
    Message,
    NotOpened,
    Opened,
    Ping,
    Pong,
    Requested,
    Unparsed,
    Violation,
)
from replay.protocol.framing import RFC_6455, clean, close_breach, header_breaches
from replay.protocol.messages import Assembly
from replay.protocol.opening import agreed_deflate, request_breaches, response_breaches
from replay.protocol.rules import RULES, Breach
from replay.protocol.stream import Stream
from replay.trace.model import Digest, Drop, Entry, Octets, Timer, Trace, Unreached, Wait
from replay.wire.frame import FrameDecoder, Header, Opcode, Piece
from replay.wire.handshake import (
    HeadError,
    HeadReader,
    HeadTooLarge,
    HostError,
    Request,
    Response,
    parse_head,
)
from replay.wire.side import Side

_HEADS = (b"GET ", b"HTTP/")


def observe(trace: Trace, codes: frozenset[int] = RFC_6455) -> tuple[Event, ...]:
    """All events of a trace, in the order in which its entries completed them.

    `codes` may stand in a Close frame.
    """
    interpreter = Interpreter(trace.recorder, codes, opened=not has_opening(trace))
    return tuple(interpreter.feed_all(trace.entries))


def has_opening(trace: Trace) -> bool:
    """Whether the trace begins with an opening handshake (or with nothing), and not with frames."""
    begins = dict.fromkeys(Side, b"")
    for entry in trace.entries:
        if isinstance(entry, Octets) and len(begins[entry.side]) < 5:
            begins[entry.side] += entry.data[:5]
    said = [octets for octets in begins.values() if octets]
    return not said or any(octets.startswith(_HEADS) or b"HTTP/".startswith(octets) for octets in said)


class _Place(TypedDict):
    """Where an event stands: the fields that all events share."""

    side: Side
    entry: int
    start: int
    end: int


class Interpreter:
    """The state of one connection. `feed` takes the entries of a trace in order."""

    def __init__(
        self,
        recorder: Side,
        codes: frozenset[int] = RFC_6455,
        opened: bool = False,
        skips: Side | None = None,
    ) -> None:
        """`opened`: the octets begin with frames, the opening handshake isn't among them. `skips`: a
        side whose data is known, so that its payloads aren't looked at and make no messages."""
        self.recorder = recorder
        self._codes = codes
        self._skips = skips
        self.opened = opened
        self.ended = False
        self._over = False  # a NotOpened was told
        self._deflate = False
        self._request: Request | None = None
        self._entry = 0
        self._count = 0
        self._streams = {side: Stream(side, opened) for side in Side}

    def closed(self, side: Side) -> bool:
        """Whether this side has sent a Close frame that keeps the rules."""
        return self._streams[side].closed

    def frames(self, side: Side) -> int:
        """How many frames this side has begun."""
        return self._streams[side].frames_begun

    def feed(self, entry: Entry) -> Iterator[Event]:
        """The events that this entry completes, each as the state of the connection is then.

        Further entries may be fed before the last event is taken, as when an event is answered.
        """
        number = self._entry = self._count
        self._count += 1
        for event in self._events(entry):
            yield event
            self._entry = number

    def feed_all(self, entries: Sequence[Entry]) -> Iterator[Event]:
        """The events of these entries: the same as of one after the other. Many entries that hold
        nothing but payload of one data frame are taken as one."""
        at = 0
        while at < len(entries):
            inner = self._payload_only(entries, at)
            if len(inner) > 1:
                yield from self._payload(inner)
                at += len(inner)
            else:
                yield from self.feed(entries[at])
                at += 1

    def _payload_only(self, entries: Sequence[Entry], at: int) -> Sequence[Octets]:
        """The entries from `at` on of one side that hold payload of the data frame that has begun."""
        first, found = entries[at], list[Octets]()
        if not isinstance(first, Octets) or not first.data:
            return found
        stream = self._streams[first.side]
        if stream.frames is None or stream.unparsed:
            return found
        room = stream.frames.lacking
        for number in range(at, len(entries)):
            entry = entries[number]
            if not isinstance(entry, Octets) or entry.side is not first.side or entry.cut is not None:
                break
            if (room := room - len(entry.data)) < 0:
                break
            found.append(entry)
        return found

    def _payload(self, entries: Sequence[Octets]) -> Iterator[Event]:
        stream = self._streams[entries[0].side]
        assert stream.frames is not None
        for piece in stream.frames.feed(b"".join([entry.data for entry in entries])):
            whole = stream.assembly is None or stream.assembly.takes(piece.data)
            sizes = [len(piece.data)] if whole else [len(entry.data) for entry in entries]
            self._count += len(entries) - len(sizes)
            for part in piece.cut(sizes):
                self._entry, self._count = self._count, self._count + 1
                stream.position += len(part.data)
                yield from self._piece(stream, part)

    def _events(self, entry: Entry) -> Iterator[Event]:
        match entry:
            case Octets():
                stream = self._streams[entry.side]
                yield from self._octets(stream, entry.data)
                if entry.cut is not None and not stream.unparsed:
                    yield from self._cut(stream, entry.cut.more)
            case Digest():
                stream = self._streams[entry.side]
                yield Message(
                    **self._at(stream),
                    text=entry.opcode == Opcode.TEXT,
                    data=b"",
                    parts=(),
                    digest=(entry.length, entry.sha256),
                )
            case Timer(fired=True):
                yield from self._timer(entry)
            case Drop():
                yield from self._drop(entry)
            case Unreached():
                yield from self._not_opened(self._streams[Side.SERVER], entry.reason)

    def _at(self, stream: Stream, start: int | None = None, end: int | None = None) -> _Place:
        start = stream.position if start is None else start
        end = stream.position if end is None else end
        return _Place(side=stream.side, entry=self._entry, start=start, end=end)

    # The opening handshake.

    def _octets(self, stream: Stream, data: bytes) -> Iterator[Event]:
        stream.position += len(data)
        if stream.unparsed or not data:
            return
        if stream.frames is not None:
            for run in stream.frames.feed(data):
                if run.times > 1 and self._takes_whole(stream, run):
                    continue
                for piece in run.single() if run.times > 1 else (run,):
                    yield from self._piece(stream, piece)
                    if stream.unparsed:
                        return
        elif stream.head is None:  # a client's octets between its request and the response
            stream.early += data
        else:
            yield from self._head(stream, stream.head, data)

    def _head(self, stream: Stream, reader: HeadReader, data: bytes) -> Iterator[Event]:
        try:
            if (found := reader.feed(data)) is None:
                return
            octets, rest = found
            head = parse_head(stream.side, octets)
        except HeadError as error:
            if not isinstance(error, HeadTooLarge):
                rule = "request-host" if isinstance(error, HostError) else "opening-http"
                yield self._violation(stream, rule, str(error)[:200], 0)
            yield from self._not_opened(stream, str(error)[:200])
            yield self._lost(stream, 0, "no HTTP head")
            return
        if isinstance(head, Response) and 100 <= head.status < 200 and head.status != 101:
            yield from self._head(stream, reader, rest)  # not the final one (RFC 9110 §15.2)
            return
        stream.head = None
        if isinstance(head, Request):
            stream.early += rest
            self._request = head
            place = self._at(stream, 0, len(octets))
            breaches = list(request_breaches(head))
            for breach in breaches:
                yield self._violation(stream, breach.rule, breach.detail, breach.at)
            yield Requested(**place, request=head, valid=not breaches)
        else:
            yield from self._response(stream, head, rest)

    def _response(self, server: Stream, response: Response, rest: bytes) -> Iterator[Event]:
        client = self._streams[Side.CLIENT]
        place = self._at(server, 0, len(response.octets))
        if response.status != 101 or self._request is None:
            reason = f"the server answered {response.status} {response.reason}".rstrip()
            if self._request is None:
                reason = "a response stands before any request"
            yield from self._not_opened(server, reason, response.status)
            yield self._lost(server, len(response.octets), "what follows is no WebSocket connection")
            yield self._lost(client, client.position, "the connection was not opened")
            return
        breaches = list(response_breaches(self._request, response))
        for breach in breaches:
            yield self._violation(server, breach.rule, breach.detail, breach.at)
        if client.early:
            at = client.position - len(client.early)
            detail = f"{len(client.early)} octets came before the response"
            yield self._violation(client, "frame-before-opening", detail, at)
        if breaches:
            yield from self._not_opened(server, f"in the response {breaches[0].detail}", 101)
        else:
            self.opened = True
            yield Opened(**place, request=self._request, response=response)
        self._deflate = agreed_deflate(response)
        early, client.early = bytes(client.early), bytearray()
        for stream, octets in ((client, early), (server, rest)):
            stream.position -= len(octets)
            stream.frames = FrameDecoder(stream.position, stream.side is self._skips)
            yield from self._octets(stream, octets)

    def _not_opened(self, stream: Stream, reason: str, status: int | None = None) -> Iterator[Event]:
        if not self.opened and not self._over:
            self._over = True
            yield NotOpened(**self._at(stream), reason=reason, status=status)

    # Frames.

    def _piece(self, stream: Stream, piece: Piece) -> Iterator[Event]:
        header = piece.header
        if piece.opens:
            stream.frames_begun += 1
            broken = () if self._is_clean(stream, header) else tuple(self._header_breaches(stream, header))
            for rule, detail, at in broken:
                yield self._violation(stream, rule, detail, piece.start + at, piece.start)
            stream.spoiled = bool(broken) and not self._counts_anyway(stream, header, broken)
            if header.form == 8 and header.length >> 63:
                yield self._lost(stream, piece.start + header.size, "the frame has no end")
                return
        if header.is_control:
            yield from self._control(stream, piece)
        else:
            yield from self._data(stream, piece)

    def _takes_whole(self, stream: Stream, run: Piece) -> bool:
        """Take continuation frames that are alike as one, unless something has to be said of any."""
        assembly = stream.assembly
        if assembly is None or not self._is_clean(stream, run.header) or not assembly.takes(run.data):
            return False
        stream.frames_begun += run.times
        body, length = run.start + run.header.size, run.header.length
        stride = run.header.size + length
        assembly.parts += [(body + number * stride, length) for number in range(run.times)]
        if assembly.utf8:
            assembly.utf8.feed(run.data)
        if assembly.valid:
            assembly.chunks.append(run.data)
        return True

    def _counts_anyway(self, stream: Stream, header: Header, broken: Sequence[Breach]) -> bool:
        """Whether a control frame is one although its header breaks a rule. A tester's Close that
        does so is meant to be none, unless it is just too long."""
        own_close = stream.side is self.recorder and header.opcode == Opcode.CLOSE
        meant = not own_close or all(breach.rule == "control-length" for breach in broken)
        return header.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE) and header.form < 8 and meant

    def _is_clean(self, stream: Stream, header: Header) -> bool:
        """Whether a header surely breaks no rule: told without looking at each of them."""
        if stream.closed or self._streams[stream.side.other].closed:
            return False
        first, form, length, key = header
        fragmented = stream.assembly is not None
        return clean(first, form, length, bool(key), stream.side, fragmented, self._deflate)

    def _header_breaches(self, stream: Stream, header: Header) -> Iterator[Breach]:
        yield from header_breaches(header, stream.side, stream.assembly is not None, self._deflate)
        act = Act.CLOSE if header.opcode == Opcode.CLOSE else Act.FRAME
        if rule := CLOSING[stream.closed, self._streams[stream.side.other].closed, act]:
            yield Breach(rule, "a frame after the Close frame", 0)

    def _control(self, stream: Stream, piece: Piece) -> Iterator[Event]:
        if stream.spoiled:
            return
        stream.control += piece.data
        if not piece.last:
            return
        data = bytes(stream.control)
        stream.control.clear()
        body = piece.start + piece.header.size
        place = self._at(stream, piece.start, body + len(data))
        other = self._streams[stream.side.other]
        match piece.header.opcode:
            case Opcode.PING:
                if not stream.closed:
                    stream.pings.append(data)
                yield Ping(**place, data=data)
            case Opcode.PONG:
                if data in other.pings:
                    del other.pings[: other.pings.index(data) + 1]
                    stream.stray_pong = False
                elif other.pings:
                    stream.stray_pong = True
                yield Pong(**place, data=data)
            case Opcode.CLOSE:
                yield from self._close(stream, data, piece.start, body, place)

    def _close(self, stream: Stream, data: bytes, start: int, body: int, place: _Place) -> Iterator[Event]:
        other = self._streams[stream.side.other]
        code = int.from_bytes(data[:2], "big") if len(data) > 1 else None
        breach = close_breach(data, self._codes)
        if breach:
            rule, detail, at = breach
            yield self._violation(stream, rule, detail, body + at, start)
        # A tester may close with what breaks a rule, to see what comes.
        if not stream.closed and (stream.side is self.recorder or not breach):
            stream.closed = True
            if other.closed and other.pings:  # this Close answers one that stands behind the Ping
                rule = "pong-echoes-ping" if stream.stray_pong else "ping-answered"
                detail = "the Pong has another payload" if stream.stray_pong else "no Pong came"
                yield self._violation(stream, rule, detail, start, start)
        yield Close(**place, code=code, reason=data[2:], valid=breach is None)

    def _data(self, stream: Stream, piece: Piece) -> Iterator[Event]:
        header = piece.header
        opcode = header.first & 0x0F
        if opcode > Opcode.BINARY:
            return
        if piece.opens and (opcode or stream.assembly is None):
            compressed = self._deflate and bool(header.rsv & 4)
            stream.assembly = Assembly(opcode == Opcode.TEXT, compressed)
            stream.message_at = piece.start
            if opcode == Opcode.CONTINUATION or stream.side is self._skips:
                stream.assembly.ignore()
        assembly = stream.assembly
        if assembly is None:
            return
        if piece.opens:
            assembly.parts.append((piece.start + header.size, header.length))
        whole = piece.last and header.fin
        if assembly.utf8 and (wrong := assembly.utf8.feed(piece.data, whole)) is not None:
            at = assembly.offset_to_stream(wrong)
            detail = f"octet {wrong} of the message is wrong"
            yield self._violation(stream, "text-is-utf8", detail, at, piece.start)
            assembly.ignore()
        if assembly.valid:
            assembly.chunks.append(piece.data)
        if not whole:
            return
        stream.assembly = None
        if assembly.valid:
            yield Message(
                **self._at(stream, stream.message_at, piece.stream_at + len(piece.data)),
                text=assembly.text,
                data=b"".join(assembly.chunks),
                parts=tuple(assembly.parts),
                compressed=assembly.compressed,
            )

    # The end, and what the log left out.

    def _timer(self, timer: Timer) -> Iterator[Event]:
        testee = self._streams[self.recorder.other]
        both_closed = all(stream.closed for stream in self._streams.values())
        place = self._at(self._streams[self.recorder])
        yield Fired(**place, wait=timer.wait, tag=timer.tag, after=timer.after)
        if timer.wait is Wait.OPENING:
            yield from self._not_opened(testee, "no answer to the opening handshake came in time")
        elif timer.wait is Wait.CLOSING:
            yield self._violation(testee, "close-answered", "no Close frame came in time")
        elif (
            timer.wait in (Wait.DROP, Wait.FAIL, Wait.LIMIT) and both_closed and testee.side is Side.SERVER
        ):
            yield self._violation(testee, "server-drops", "TCP was still up when the time was over")

    def _drop(self, drop: Drop) -> Iterator[Event]:
        if self.ended:
            return
        self.ended = True
        stream = self._streams[drop.side]
        other = self._streams[drop.side.other]
        if self.opened and not other.failed and drop.side is not self.recorder:
            rule = CLOSING[stream.closed, other.closed, Act.DROP]
            if rule is not None:
                yield self._violation(stream, rule, "TCP ended without a Close frame")
        yield from self._not_opened(stream, "TCP ended before the opening handshake was done")
        for one in (stream, other):
            if begun := one.begun():
                yield Unparsed(**self._at(one, begun.start), reason=begun.reason)
        unfinished = stream.frames.unfinished if stream.frames else 0
        yield End(**self._at(stream), how=drop.how, unfinished=unfinished)

    def _cut(self, stream: Stream, more: int | None) -> Iterator[Event]:
        if stream.frames is None:
            yield self._lost(stream, stream.position, "the log left out a part of the handshake")
            return
        left_out = "octets" if more is None else f"{more} octets"
        place = self._at(stream)
        stream.position += more or 0
        stream.frames = FrameDecoder(stream.position)
        stream.assembly = None
        stream.control.clear()
        yield Unparsed(
            **place, reason=f"the log left out {left_out}; the next entry is taken to begin a frame"
        )

    def _violation(
        self, stream: Stream, rule: str, detail: str, at: int | None = None, frame: int | None = None
    ) -> Violation:
        at = stream.position if at is None else at
        if RULES[rule].code is not None:
            stream.failed = True
        return Violation(
            **self._at(stream, at, at + 1), rule=rule, detail=detail, frame=at if frame is None else frame
        )

    def _lost(self, stream: Stream, at: int, reason: str) -> Unparsed:
        stream.unparsed = True
        return Unparsed(**self._at(stream, at, max(at, stream.position)), reason=reason)
