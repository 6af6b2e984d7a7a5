"""A trace for people, as a list of packets: what `replay show` prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct
from rich.text import Text

from replay.cases.language import Language, language, viewed
from replay.protocol.events import Event, Message, NotOpened, Unparsed, Violation
from replay.report import contents, inflated, log, safe, words
from replay.report.layout import DIM, FAULT, LABEL, WRONG, Lines, pad, text, wrapped
from replay.report.stream import Placed, SentOctets, both
from replay.trace.model import SECOND, Digest, Octets, Trace
from replay.wire.side import Side

WIDE = 110
"""From this width on, times are complete, and both sides and the masking key are shown."""

MOST = 10_000
"""The most characters of a message in its view."""

Told = dict[int | tuple[Side, int], list[Event]]


def show(trace: Trace, events: Sequence[Event], whole: bool = False) -> Lines:
    """Each frame on a line of its own, with the bits of its header and the rules that it breaks below it;
    the handshake, timers and the end of TCP in between. With `whole`, each message is shown in full below
    its last frame, with JSON laid out."""
    return Lines(lambda width: _show(trace, tuple(events), width, whole))


def _show(trace: Trace, events: tuple[Event, ...], width: int, whole: bool) -> Iterator[Text]:
    for name, value in trace.headers:
        yield text((f"# {safe.escape(name, 80)}: {safe.escape(value, 300)}", DIM))
    yield from inflated.agreed(events, width)
    streams = both(trace, events)
    rows = {side: _by_entry(stream) for side, stream in streams.items()}
    read = language(events)
    told = _told(streams, events, whole, read)
    columns = _Columns.of(trace, streams, width)
    yield columns.title()
    messages = log.left_out(trace)
    shown = set(log.told(trace))
    for number, entry in enumerate(trace.entries):
        if isinstance(entry, Octets):
            stream = streams[entry.side]
            if stream.head and (place := stream.place(stream.head - 1)) and place.entry == number:
                yield from _head(columns.lead(number, entry.at, entry.side), stream)
            for placed in rows[entry.side].get(number, ()):
                yield columns.row(number, entry.at, placed, stream)
                yield from _tell(told.pop((entry.side, placed.start), []), columns, whole, read)
            if entry.chop is not None:
                lead = columns.lead(number, entry.at, entry.side)
                yield text((f"{lead}written {log.in_writes(entry)}", DIM))
            if entry.cut is not None and number in shown:
                yield text((columns.lead(number, entry.at, entry.side), DIM), log.not_kept([entry]))
        elif isinstance(entry, Digest):
            covered = [trace.entries[each] for each in messages[number]]
            at = covered[-1].at if covered else entry.at
            said = columns.digest(entry, log.not_kept(covered))
            yield text((columns.lead(number, at, entry.side), DIM), *said)
        else:
            said_of = log.line(entry, trace.recorder, width)
            yield text((columns.lead(number, entry.at), DIM), said_of)
        yield from _tell(told.pop(number, []), columns, whole, read)


def _by_entry(stream: SentOctets) -> dict[int, list[Placed]]:
    """The frames by the entry that completes them; an unfinished one by the last entry."""
    rows: dict[int, list[Placed]] = defaultdict(list)
    for placed in stream.frames:
        if (place := stream.place(min(placed.end, stream.length) - 1)) is not None:
            rows[place.entry].append(placed)
    return rows


def _told(streams: dict[Side, SentOctets], events: tuple[Event, ...], whole: bool, read: Language) -> Told:
    """What is said below a frame (by its side and start) or below an entry (by its number)."""
    frames = [(side, placed) for side, stream in streams.items() for placed in stream.frames]
    starts = {(side, placed.body): placed.start for side, placed in frames}
    known = {(side, placed.start) for side, placed in frames}
    told: Told = defaultdict(list)
    for event in events:
        if isinstance(event, Message) and event.parts:
            if not (event.compressed or whole or viewed(read, event, 1)):
                continue
            start = starts.get((event.side, event.parts[-1][0]))
            told[event.entry if start is None else (event.side, start)].append(event)
        if isinstance(event, Violation):
            key = (event.side, event.frame)
            told[key if key in known else event.entry].append(event)
        elif isinstance(event, Unparsed | NotOpened):
            told[event.entry].append(event)
    return told


def _head(lead: str, stream: SentOctets) -> Iterator[Text]:
    head = stream.slice(0, stream.head).decode("latin-1").split("\r\n")
    for number, line in enumerate(line for line in head if line):
        said = safe.escape(line, 400)
        yield text((" " * len(lead) + said, DIM)) if number else text((lead, DIM), (said, LABEL))


def _tell(events: list[Event], columns: _Columns, whole: bool, read: Language) -> Iterator[Text]:
    refused = any(isinstance(event, NotOpened) for event in events)
    for event in events:
        if isinstance(event, Message):
            if event.compressed:
                yield columns.beneath(inflated.message(event))
            said = viewed(read, event, MOST if whole else columns.width - columns.margin)
            if said is not None:
                lines = (
                    wrapped(said, columns.width, " " * columns.margin)
                    if whole
                    else [" " * columns.margin + said]
                )
                for number, line in enumerate(lines):
                    yield columns.beneath(line[columns.margin :], not number)
            elif whole:
                yield from map(text, contents.lines(event, columns.width))
            continue
        if isinstance(event, Violation):
            rule = f"{words.reference(event.rule)}, {words.level(event.rule)}: {words.sentence(event.rule)}"
            said = f"{rule} At octet {event.start}: {safe.escape(event.detail, 200)} [{event.rule}]"
        elif refused and isinstance(event, Unparsed):
            continue
        else:
            said = words.event(event)
        lines = wrapped(said, columns.width, " " * columns.margin)
        for number, line in enumerate(lines):
            marker = "! " if not number else "  "
            yield text((marker.rjust(columns.margin), FAULT), (line[columns.margin :], WRONG))
        if isinstance(event, Violation) and event.spoilt is not None:
            rows = wrapped(inflated.spoilt(event.spoilt), columns.width, " " * columns.margin)
            for number, line in enumerate(rows):
                yield columns.beneath(line[columns.margin :], not number)


class _Columns(Struct, frozen=True):
    """The widths of the columns, chosen for their contents."""

    width: int
    numbers: Sequence[int]
    number: int
    time: int  # 0: the log has no times
    side: int
    opcode: int
    mask: int
    length: int
    offset: int

    @classmethod
    def of(cls, trace: Trace, streams: dict[Side, SentOctets], width: int) -> _Columns:
        wide = width >= WIDE
        times = [entry.at for entry in trace.entries if entry.at is not None]
        frames = [placed for stream in streams.values() for placed in stream.frames]
        return cls(
            width=width,
            numbers=streams[trace.recorder].numbers,
            number=max(3, len(str(max(streams[trace.recorder].numbers, default=0)))),
            time=len(_time(max(times), wide)) if times else 0,
            side=len("client -> server") if wide else len("client"),
            opcode=max([5, *(len(words.opcode(placed.header.opcode)) for placed in frames)]),
            mask=8 if wide else 4,
            length=max([6, *(len(str(placed.header.length)) for placed in frames)]),
            offset=max([6, *(len(str(placed.start)) for placed in frames)]),
        )

    @property
    def wide(self) -> bool:
        return self.width >= WIDE

    @property
    def margin(self) -> int:
        """The column in which the frame starts."""
        return self.number + 2 + (self.time + 2 if self.time else 0) + self.side + 2

    def title(self) -> Text:
        time = "time".rjust(self.time) + "  " if self.time else ""
        side = ("from -> to" if self.wide else "from").ljust(self.side)
        line = f"{'#'.rjust(self.number)}  {time}{side}  {'frame'.ljust(self.opcode)}  FIN  RSV  "
        line += f"{'MASK'.ljust(self.mask)}  {'length'.rjust(self.length)}  "
        line += f"{'offset'.rjust(self.offset)}  payload"
        return text((line, DIM))

    def lead(self, number: int, at: int | None, side: Side | None = None) -> str:
        """Number, time and direction of an entry."""
        number = self.numbers[number]
        time = ("" if at is None else _time(at, self.wide)).rjust(self.time) + "  " if self.time else ""
        sent = "" if side is None else f"{side.value} -> {side.other.value}" if self.wide else side.value
        return f"{number:03}".rjust(self.number) + f"  {time}{sent.ljust(self.side)}  "

    def digest(self, entry: Digest, left_out: str) -> Iterator[tuple[str, str]]:
        """A message that is known by its digest."""
        yield words.opcode(entry.opcode).ljust(self.opcode), LABEL
        yield f"  {words.count(entry.length, 'octet')}" + (f" ({left_out})" if left_out else ""), ""
        yield f"  sha256 {entry.sha256[:16]}…", DIM

    def beneath(self, said: str, first: bool = True) -> Text:
        """What the message of a frame inflates to, in one line below it."""
        marker = "= " if first else ""
        return text((marker.rjust(self.margin), DIM), pad(said, max(8, self.width - self.margin)).rstrip())

    def row(self, number: int, at: int | None, placed: Placed, stream: SentOctets) -> Text:
        """One frame."""
        header = placed.header
        key = "0" if not header.key else header.key.hex() if self.wide else "1"
        opcode = words.opcode(header.opcode).ljust(self.opcode)
        line = text((self.lead(number, at, stream.side), DIM), (opcode, LABEL))
        line.append(f"  {int(header.fin)}    {header.rsv:03b}  {key.ljust(self.mask)}")
        line.append(f"  {header.length:>{self.length}}  ")
        line.append(f"{placed.start:>{self.offset}}  ", DIM)
        room = max(8, self.width - len(line))
        return line.append(pad(_payload(placed, stream, room), room).rstrip())


def _time(at: int, wide: bool) -> str:
    return f"{at / SECOND:.{6 if wide else 3}f}"


def _payload(placed: Placed, stream: SentOctets, limit: int) -> str:
    """At most `limit` octets of the payload; for a Close, its code and reason."""
    header = placed.header
    data = stream.payload(placed, 128 if header.opcode == 8 else limit)
    missing = placed.end - stream.length
    said = ""
    if header.opcode == 8 and len(data) > 1:
        said = words.code(int.from_bytes(data[:2], "big"))
        said += f" {safe.sample(data[2:], header.length - 2, text=True)}" if data[2:] else ""
    elif placed.start in stream.packed:
        said = safe.hexed(data) + (" …" if len(data) < header.length else "")
    elif data:
        said = safe.sample(data, header.length, text=header.opcode == 1)
    if missing > 0:
        return f"({words.count(missing, 'octet')} missing) {said}"
    return said
