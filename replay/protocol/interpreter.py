"""Turns the octets of both sides into events. A breach of a rule is an event, after which reading continues
as long as frame boundaries are known.

The live player feeds it entry by entry, `observe` runs it over a whole trace: the two can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from replay.protocol import missing
from replay.protocol.closing import CLOSING, Act
from replay.protocol.events import (
    End,
    Event,
    Fired,
    Message,
    NotOpened,
    Opened,
    Requested,
    Unparsed,
)
from replay.protocol.frame_rules import ORIGINAL, Reading
from replay.protocol.frames import Frames
from replay.protocol.handshake_rules import request_breaches, response_breaches
from replay.protocol.negotiation import Agreed, agreed, misfits, offer_breaches
from replay.protocol.stream import SideStream, streams
from replay.trace.model import Cut, Digest, Drop, Entry, Logging, Octets, Timer, Trace, Unreached, Wait
from replay.wire.frame import Opcode
from replay.wire.handshake import (
    HeadError,
    HeadReader,
    HeadTooLarge,
    HostError,
    Request,
    Response,
    parse_head,
    partial_head,
)
from replay.wire.side import Side

_HEADS = (b"GET ", b"HTTP/")


def observe(trace: Trace, reading: Reading = ORIGINAL, skips: Side | None = None) -> tuple[Event, ...]:
    """All events of a trace, in the order in which its entries completed them.

    `skips`: see `Interpreter`.
    """
    interpreter = Interpreter(trace.recorder, reading, not has_opening(trace), skips)
    return _known(tuple(interpreter.feed_all(trace.entries)))


def _known(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events, without a message that lacks octets if the log also has its digest, which says more."""
    if not any(isinstance(event, Message) and event.digest for event in events):
        return events
    told: list[Event | None] = []
    last: dict[Side, tuple[int, Message]] = {}
    for event in events:
        if isinstance(event, Message):
            place, before = last.get(event.side, (0, event))
            same = (before.text, before.length) == (event.text, event.length)
            if event.digest and before.holes and same:
                told[place] = None
            last[event.side] = len(told), event
        told.append(event)
    return tuple(event for event in told if event is not None)


def has_opening(trace: Trace) -> bool:
    """Whether the trace begins with an opening handshake rather than with frames; True if it is empty."""
    begins = dict.fromkeys(Side, b"")
    for entry in trace.entries:
        if isinstance(entry, Octets) and len(begins[entry.side]) < 5:
            begins[entry.side] += entry.data[:5]
            if all(len(octets) > 4 for octets in begins.values()):
                break
    said = [octets for octets in begins.values() if octets]
    return not said or any(octets.startswith(_HEADS) or b"HTTP/".startswith(octets) for octets in said)


class Interpreter:
    """The state of one connection. `feed` takes the entries of a trace in order."""

    def __init__(
        self,
        recorder: Side,
        reading: Reading = ORIGINAL,
        opened: bool = False,
        skips: Side | None = None,
    ) -> None:
        """`opened`: the octets begin with frames, without an opening handshake. `skips`: a side whose data
        is known already; its payloads aren't looked at, and it gets no Message events."""
        self.recorder = recorder
        self.opened = opened
        self.ended = False
        self._over = False  # NotOpened was yielded
        self._request: Request | None = None
        self._partial = False  # the log cut off the request
        self._count = 0
        self._streams = streams(opened, skips, reading.lenient)
        self._now = self._streams[Side.CLIENT].now
        self._frames = Frames(recorder, reading.codes)

    def closed(self, side: Side) -> bool:
        """Whether this side has sent a Close frame that keeps the rules."""
        return self._streams[side].closed

    def closing(self, side: Side) -> bool:
        """Whether this side has sent a Close frame that keeps the rules, or has begun to send one."""
        stream = self._streams[side]
        return stream.closed or stream.close_begun_at is not None

    def frames(self, side: Side) -> int:
        """How many frames this side has begun."""
        return self._streams[side].frames_begun

    def unfinished(self, side: Side) -> int:
        """How many octets of an incomplete frame this side has sent."""
        stream = self._streams[side]
        return 0 if stream.frames is None or stream.unparsed else stream.frames.unfinished

    def inflated(self, side: Side) -> int:
        """How many octets the compressed messages of this side have inflated to."""
        return self._streams[side].inflated

    def feed(self, entry: Entry) -> Iterable[Event]:
        """The events that this entry completes. Each is made when it is asked for, so that the state of the
        connection fits it.

        Further entries may be fed before the last event is taken, as when an event is answered.
        """
        number = self._now.entry = self._count
        self._count += 1
        events = self._events(entry)
        return events if isinstance(events, tuple) else self._one_by_one(events, number)

    def _one_by_one(self, events: Iterable[Event], number: int) -> Iterator[Event]:
        for event in events:
            yield event
            self._now.entry = number

    def feed_all(self, entries: Sequence[Entry]) -> Iterator[Event]:
        """The events of these entries, the same as if they were fed one by one. Consecutive entries that
        hold nothing but payload of one data frame are read at once."""
        at = 0
        while at < len(entries):
            inner = self._payload_only(entries, at)
            if len(inner) > 1:
                stream = self._streams[inner[0].side]
                assert stream.frames is not None
                self._now.entry = self._count - 1
                yield from self._frames.read_payload(stream, stream.frames, inner)
                at += len(inner)
                self._count += len(inner)
            else:
                yield from self.feed(entries[at])
                at += 1

    def _payload_only(self, entries: Sequence[Entry], at: int) -> Sequence[Octets]:
        """The entries of one side, from `at` on, with nothing but payload of its incomplete data frame."""
        found: list[Octets] = []
        first = entries[at]
        if not isinstance(first, Octets) or not first.data:
            return found
        stream = self._streams[first.side]
        if stream.frames is None or stream.unparsed or stream.unsure or not (room := stream.frames.lacking):
            return found
        for number in range(at, len(entries)):
            entry = entries[number]
            if not isinstance(entry, Octets) or entry.side is not first.side or entry.cut is not None:
                break
            if (room := room - len(entry.data)) < 0:
                break
            found.append(entry)
        return found

    def _events(self, entry: Entry) -> Iterable[Event]:
        """The events of an entry: a tuple if they are known at once, else an iterator."""
        match entry:
            case Octets():
                stream, data = self._streams[entry.side], entry.data
                if entry.cut is not None:
                    return self._octets_and_cut(stream, data, entry.cut)
                if stream.unsure:
                    return missing.behind(self._frames, stream, data)
                if stream.frames is not None and not stream.unparsed:
                    events = self._frames.message(stream, stream.frames, data)
                    if events is not None:
                        return events
                return self._octets(stream, data)
            case Digest():
                stream = self._streams[entry.side]
                if stream.skipped:
                    return ()
                message = Message(
                    **stream.place(),
                    text=entry.opcode == Opcode.TEXT,
                    data=b"",
                    parts=(),
                    digest=(entry.length, entry.sha256),
                )
                return (message,)
            case Timer(fired=True):
                return self._timer(entry)
            case Drop():
                return self._drop(entry)
            case Unreached():
                return self._not_opened(self._streams[Side.SERVER], entry.reason)
            case Logging(on=False):
                return self._switched_off()
        return ()

    # The opening handshake.

    def _octets(self, stream: SideStream, data: bytes) -> Iterator[Event]:
        stream.position += len(data)
        if stream.unparsed or not data:
            return
        if stream.frames is not None:
            yield from self._frames.read(stream, stream.frames, data)
        elif stream.head is None:  # a client's octets between its request and the response
            stream.early += data
        else:
            yield from self._head(stream, stream.head, data)

    def _head(self, stream: SideStream, reader: HeadReader, data: bytes) -> Iterator[Event]:
        begins = 0
        try:
            octets = reader.feed(data)
            while octets is not None:
                begins = stream.position - len(reader.rest) - len(octets)
                head = parse_head(stream.side, octets)
                if isinstance(head, Request) or not 100 <= head.status < 200 or head.status == 101:
                    break
                octets = reader.feed()  # after an interim response (RFC 9110 §15.2)
            else:
                return
        except HeadError as error:
            if not isinstance(error, HeadTooLarge):
                rule = "request-host" if isinstance(error, HostError) else "opening-http"
                yield stream.violation(rule, str(error)[:200], begins)
            yield from self._not_opened(stream, str(error)[:200])
            yield stream.lost(begins, "they are not an HTTP head")
            return
        stream.head = None
        if isinstance(head, Request):
            stream.early += reader.rest
            self._request = head
            place = stream.place(0, len(octets))
            breaches = list(request_breaches(head))
            for breach in (*breaches, *offer_breaches(head)):
                yield stream.violation(breach.rule, breach.detail, breach.at)
            yield Requested(**place, request=head, valid=not breaches)
        else:
            yield from self._response(stream, head, reader.rest, begins)

    def _response(
        self, server: SideStream, response: Response, rest: bytes, begins: int, partial: bool = False
    ) -> Iterator[Event]:
        """`begins`: the offset of the response, after interim ones. `partial`: the log cut it off."""
        client = self._streams[Side.CLIENT]
        place = server.place(begins, begins + len(response.octets))
        if response.status != 101 or self._request is None:
            reason = f"the server answered {response.status} {response.reason}".rstrip()
            if self._request is None:
                reason = "a response came before any request"
            yield from self._not_opened(server, reason, response)
            yield server.lost(place["end"], "what follows is not a WebSocket connection")
            yield client.lost(client.position, "the connection was not opened")
            return
        partial |= self._partial
        breaches = [] if partial else list(response_breaches(self._request, response))
        # The part that was cut off may have agreed on compression, on any terms.
        terms = Agreed() if partial else agreed(response)
        for breach in (*breaches, *(() if partial else misfits(self._request, response))):
            yield server.violation(breach.rule, breach.detail, begins + breach.at)
        if client.early:
            at = client.position - len(client.early)
            count = f"{len(client.early)} octet{'s' * (len(client.early) > 1)}"
            detail = f"the client sent {count} before the response"
            yield client.violation("frame-before-opening", detail, at)
        for stream in self._streams.values():
            stream.agree(terms)
            stream.context_lost = partial
        refused = [breach for breach in breaches if not server.harmless(breach.rule)]
        if refused:
            yield from self._not_opened(server, f"in the response, {refused[0].detail}", response)
        else:
            self.opened = True
            for stream, waiting in ((client, client.early), (server, rest)):
                if not waiting:  # then what is sent in answer to Opened is read at once
                    stream.begin()
            yield Opened(
                **place,
                request=self._request,
                response=response,
                agreed=None if partial else terms,
                partial=partial,
            )
        early, client.early = bytes(client.early), bytearray()
        for stream, octets in ((client, early), (server, rest)):
            stream.position -= len(octets)
            if stream.frames is None:
                stream.begin()
            yield from self._octets(stream, octets)

    def _not_opened(
        self, stream: SideStream, reason: str, response: Response | None = None
    ) -> Iterator[Event]:
        if not self.opened and not self._over:
            self._over = True
            status = None if response is None else response.status
            yield NotOpened(**stream.place(), reason=reason, status=status, response=response)

    # The end of the connection, and octets that the log left out.

    def _timer(self, timer: Timer) -> Iterator[Event]:
        testee = self._streams[self.recorder.other]
        both_closed = all(stream.closed for stream in self._streams.values())
        place = self._streams[self.recorder].place()
        yield Fired(**place, wait=timer.wait, tag=timer.tag, after=timer.after)
        if timer.wait is Wait.OPENING:
            by_client = testee.side is Side.CLIENT
            missing = "no complete request" if by_client else "no answer to the opening handshake"
            yield from self._not_opened(testee, f"{missing} came in time")
        elif timer.wait is Wait.CLOSING and not testee.unsure:
            yield testee.violation("close-answered", "no Close frame came in time")
        elif (
            timer.wait in (Wait.DROP, Wait.FAIL, Wait.LIMIT) and both_closed and testee.side is Side.SERVER
        ):
            yield testee.violation("server-drops", "TCP was still open when the time ran out")

    def _drop(self, drop: Drop) -> Iterator[Event]:
        if self.ended:
            return
        self.ended = True
        stream = self._streams[drop.side]
        other = self._streams[drop.side.other]
        judged = not (stream.unsure or other.unsure or other.failed)
        if self.opened and judged and drop.side is not self.recorder:
            rule = CLOSING[stream.closed, other.closed, Act.DROP]
            if rule is not None:
                yield stream.violation(rule, "TCP ended without a Close frame")
        yield from self._not_opened(stream, "TCP ended before the opening handshake was complete")
        for one in (stream, other):
            if begun := one.begun():
                yield Unparsed(**one.place(begun.start), reason=begun.reason)
        unfinished = stream.frames.unfinished if stream.frames else 0
        yield End(**stream.place(), how=drop.how, unfinished=unfinished)

    def _octets_and_cut(self, stream: SideStream, data: bytes, cut: Cut) -> Iterator[Event]:
        if stream.unsure:
            yield from missing.behind(self._frames, stream, data)
        else:
            yield from self._octets(stream, data)
        if stream.unparsed:
            stream.position += cut.more or 0
        elif stream.frames is None:
            yield from self._cut_head(stream, cut)
        elif cut.more is not None and cut.sha256 is not None:
            stream.resume(cut.more)  # Digest entries follow for the messages in them
        else:
            yield from missing.passed(self._frames, stream, cut.more)

    def _switched_off(self) -> Iterator[Event]:
        """The recorder has stopped logging octets."""
        for stream in self._streams.values():
            if stream.unparsed:
                continue
            if stream.frames is None:  # the result of the handshake isn't in the log
                self._over = stream.unparsed = True
            yield missing.gap(stream, None, lost=True)
            stream.lose()

    def _cut_head(self, stream: SideStream, cut: Cut) -> Iterator[Event]:
        """A handshake that the log cut off: frames begin in the next entry. The part of it that is shown
        isn't judged, and neither are the terms that it may have agreed on."""
        head = partial_head(stream.side, stream.head.rest) if stream.head else None
        if head is None:
            yield stream.lost(stream.position, "the log left out a part of the handshake")
            return
        yield missing.gap(stream, cut.more, lost=False)
        stream.position += cut.more or 0
        stream.head = None
        if isinstance(head, Request):
            self._request, self._partial = head, True
            yield Requested(**stream.place(0), request=head, valid=True)
        else:
            begins = stream.position - (cut.more or 0) - len(head.octets)
            yield from self._response(stream, head, b"", begins, partial=True)
