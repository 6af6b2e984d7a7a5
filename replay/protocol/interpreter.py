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
    Unparsed,
    Why,
)
from replay.protocol.frame_rules import ORIGINAL, Reading
from replay.protocol.frames import Frames
from replay.protocol.opening import OpeningHandshake
from replay.protocol.stream import SideStream, streams
from replay.trace.model import Cut, Digest, Drop, Entry, Logging, Octets, Timer, Trace, Unreached, Wait
from replay.wire.frame import Opcode
from replay.wire.handshake import may_be_head
from replay.wire.side import Side

_FIRST = 24
"""The octets of a side that tell a head from frames."""


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
        if isinstance(entry, Octets) and len(begins[entry.side]) < _FIRST:
            begins[entry.side] += entry.data[:_FIRST]
            if all(len(octets) >= _FIRST for octets in begins.values()):
                break
    said = [octets for octets in begins.values() if octets]
    return not said or any(map(may_be_head, said))


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
        self.ended = False
        self._count = 0
        self._streams = streams(opened, skips, reading.lenient)
        self._now = self._streams[Side.CLIENT].now
        self._frames = Frames(recorder, reading.codes)
        self._opening = OpeningHandshake(recorder, self._streams, self._octets, opened)

    @property
    def opened(self) -> bool:
        """Whether the opening handshake is complete."""
        return self._opening.opened

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

    def together(self, side: Side, octets: bytes, at: int, chop: int, most: int) -> int:
        """How many of this side's next writes cause nothing before the last of them: see `FrameDecoder`."""
        stream = self._streams[side]
        if stream.frames is None or stream.unparsed or stream.closed or stream.other.closed:
            return 1
        return stream.frames.together(octets, at, chop, most)

    def feed(self, entry: Entry, grows: bool = False) -> Iterable[Event]:
        """The events that this entry completes. Each is made when it is asked for, so that the state of the
        connection fits it.

        Further entries may be fed before the last event is taken, as when an event is answered.
        """
        self._count += not grows  # else its octets are more of the last entry
        number = self._now.entry = self._count - 1
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
                if stream.frames is not None and not stream.unparsed and not self._opening.over:
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
                return self._opening.not_opened(self._streams[Side.SERVER], entry.reason, Why.UNREACHED)
            case Logging(on=False):
                return self._switched_off()
        return ()

    # The opening handshake.

    def _octets(self, stream: SideStream, data: bytes) -> Iterator[Event]:
        stream.position += len(data)
        if self._opening.over and stream.side is Side.CLIENT and data:
            yield from self._opening.spoken(stream, data)
        if stream.unparsed or not data:
            return
        if stream.frames is not None:
            yield from self._frames.read(stream, stream.frames, data)
        elif stream.head is None:  # a client's octets between its request and the response
            stream.early += data
        else:
            yield from self._opening.head(stream, stream.head, data)

    # The end of the connection, and octets that the log left out.

    def _timer(self, timer: Timer) -> Iterator[Event]:
        testee, tester = self._streams[self.recorder.other], self._streams[self.recorder]
        both_closed = all(stream.closed for stream in self._streams.values())
        place = tester.place()
        yield Fired(**place, wait=timer.wait, tag=timer.tag, after=timer.after)
        if timer.wait is Wait.OPENING:
            by_client = testee.side is Side.CLIENT
            missing = "no complete request" if by_client else "no answer to the opening handshake"
            yield from self._opening.not_opened(testee, f"{missing} came in time", Why.TIMED_OUT)
        elif timer.wait is Wait.CLOSING and tester.closed and not testee.unsure:
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
        yield from self._opening.not_opened(
            stream, "TCP ended before the opening handshake was complete", Why.ENDED
        )
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
            yield from self._opening.cut(stream, cut)
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
                self._opening.over = stream.unparsed = True
            yield missing.gap(stream, None, lost=True)
            stream.lose()
