"""A connection as the page shows it: the entries of its log, and the frames that stand in them.

    entries   [number, microseconds | null, side | null, what, [breach, …]]; what is a line of text, or for
              octets a list of pieces. A null among the entries: some are left out, see `left`
    pieces    ["head", [line, …]]              of the opening handshake
              ["frame", number, hex]           octets of a frame's header
              ["data", number, at, hex]        octets of its payload, unmasked, from `at` on
              ["raw", hex]                     behind the last octet that is known to be in a frame
              ["more", octets]                 not shown, or not kept in the log
              ["run", said]                    in how many writes the entry was written
    frames    side, at and body (in its stream), fin, rsv, opcode, name, key, form, length, said, and where
              they are: fields of the header that break a rule (bad), a message that ends here (inflated)

Sides are 'client' and 'server', octets are in hex; what a peer wrote is escaped for the eye only, so it
still has to be treated as text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from replay import limits
from replay.cases.language import language, viewed
from replay.protocol.events import Event, Message, Violation
from replay.report import inflated, log, safe, words
from replay.report.octets import FIELDS
from replay.report.stream import Placed, SentOctets, Streams
from replay.trace.kinds import write
from replay.trace.model import Entry, Octets, Trace
from replay.wire.masking import mask
from replay.wire.side import Side

ENTRY, MESSAGE = limits.PAGE_ENTRY.default, limits.PAGE_MESSAGE.default

Row = dict[str, Any]

_VIEWED = 200
"""The most characters of a message in its view."""


def connection(trace: Trace, events: Sequence[Event], streams: Streams, shown: Shown) -> Row:
    """The entries that are shown, and the frames in them."""
    drawn = _Drawn(trace, events, streams)
    entries = [None if number is None else drawn.entry(number) for number in shown.entries]
    return {
        "entries": entries,
        "left": shown.left,
        "frames": drawn.frames,
        "recorder": trace.recorder.value,
    }


class Shown(NamedTuple):
    """What is shown of a log: the numbers of entries, and None where some are left out."""

    entries: Sequence[int | None]
    left: int = 0  # how many these are


def fitting(trace: Trace, room: int) -> Shown:
    """What is shown of a log in about `room` characters; of a longer one its beginning and its end."""
    numbers = log.told(trace)
    first, last = ends([cost(trace.entries[number]) for number in numbers], room)
    left = len(numbers) - first - last
    return Shown([*numbers[:first], None, *numbers[-last:]], left) if left else Shown(numbers)


def ends(costs: Sequence[int], room: int) -> tuple[int, int]:
    """How many of the first and of the last ones are shown, where all together cost too much."""
    if sum(costs) <= room:
        return len(costs), 0
    counted = []
    for order in (costs, costs[::-1]):
        left, number = room // 2, 0
        while number < len(order) and (not number or order[number] <= left):
            left -= order[number]
            number += 1
        counted.append(number)
    return min(counted[0], len(costs) - 1), min(counted[1], max(1, len(costs) - counted[0]))


def cost(entry: Entry) -> int:
    """About how many characters an entry takes."""
    return 60 + (2 * min(len(entry.data), ENTRY) if isinstance(entry, Octets) else 0)


class _Drawn:
    """The entries that are asked for, and the frames in them."""

    def __init__(self, trace: Trace, events: Sequence[Event], streams: Streams) -> None:
        self.frames: list[Row] = []
        self._trace, self._streams = trace, streams
        self._known: dict[tuple[Side, int], int] = {}
        self._broken: dict[tuple[Side, int], list[Violation]] = defaultdict(list)
        self._told: dict[int, list[Violation]] = defaultdict(list)
        self._messages: dict[tuple[Side, int], Message] = {}
        self._viewed: dict[tuple[Side, int], str] = {}  # messages in their view
        read = language(events)
        for event in events:
            if isinstance(event, Violation):
                self._broken[event.side, event.frame].append(event)
                self._told[event.entry].append(event)
            elif isinstance(event, Message) and event.compressed and event.parts:
                self._messages[event.side, event.parts[-1][0]] = event
            if isinstance(event, Message) and event.parts and (said := viewed(read, event, _VIEWED)):
                self._viewed[event.side, event.parts[-1][0]] = said
        self._starts: dict[int, int] = {}  # of an entry in its stream
        length = dict.fromkeys(Side, 0)
        for number, entry in enumerate(trace.entries):
            if isinstance(entry, Octets):
                self._starts[number] = length[entry.side]
                length[entry.side] += log.size(entry)
        self._left_out = log.left_out(trace)

    def entry(self, number: int) -> list[Any]:
        entry = self._trace.entries[number]
        shown = self._streams[self._trace.recorder].numbers[number]
        broken = [breach(violation) for violation in self._told[number][: limits.PAGE_BREACHES.default]]
        if isinstance(entry, Octets):
            return [shown, entry.at, entry.side.value, list(self._pieces(number, entry)), broken]
        said = safe.escape(write(entry, self._trace.recorder)[0], 400)
        covered = [self._trace.entries[each] for each in self._left_out.get(number, ())]
        said += f" ({log.not_kept(covered)})" if covered else ""
        at = covered[-1].at if covered else entry.at
        return [shown, at, getattr(entry, "side", self._trace.recorder).value, said, broken]

    def _pieces(self, number: int, entry: Octets) -> Iterator[list[Any]]:
        """What stands in an entry, up to so many octets; then how many more there are."""
        stream, start = self._streams[entry.side], self._starts[number]
        end = start + len(entry.data)
        at, left = start, ENTRY
        if at < stream.head:
            until = min(end, stream.head, at + 4 * ENTRY)
            head = entry.data[: until - at].decode("latin-1").rstrip("\r\n").split("\r\n")
            yield ["head", [safe.escape(line, 1000) for line in head]]
            at = until
        while at < min(end, at + left) and left > 0:
            placed = stream.frame_around(at)
            if placed is None or at >= placed.end:
                until = min(end, at + left)
                yield ["raw", entry.data[at - start : until - start].hex()]
            elif at < placed.body:
                until = min(end, placed.body)
                yield ["frame", self._frame(placed, stream), entry.data[at - start : until - start].hex()]
            else:
                until = min(end, placed.end, at + left)
                data = mask(entry.data[at - start : until - start], placed.header.key, at - placed.body)
                yield ["data", self._frame(placed, stream), at - placed.body, data.hex()]
            left -= until - at
            at = until
        if more := end - at + (entry.cut.more or 0 if entry.cut else 0):
            yield ["more", more]
        elif entry.cut is not None:
            yield ["more", None]
        if entry.chop is not None:
            yield ["run", log.in_writes(entry)]

    def _frame(self, placed: Placed, stream: SentOctets) -> int:
        """The number of a frame; it is described when it is first met."""
        key = (stream.side, placed.start)
        if key not in self._known:
            self._known[key] = len(self.frames)
            self.frames.append(self._described(placed, stream))
        return self._known[key]

    def _described(self, placed: Placed, stream: SentOctets) -> Row:
        header = placed.header
        row: Row = {
            "side": stream.side.value,
            "at": placed.start,
            "body": placed.body,
            "fin": int(header.fin),
            "rsv": f"{header.rsv:03b}",
            "opcode": header.opcode,
            "name": words.opcode(header.opcode),
            "key": header.key.hex(),
            "form": {0: 7, 2: 16, 8: 64}[header.form],
            "length": header.length,
            "said": _said(placed, stream),
        }
        broken = {each.rule for each in self._broken.get((stream.side, placed.start), ())}
        if bad := sorted({FIELDS[rule] for rule in broken & FIELDS.keys()}):
            row["bad"] = bad
        if (said := self._viewed.get((stream.side, placed.body))) is not None:
            row["said"] += f": {said}"
        message = self._messages.get((stream.side, placed.body))
        if message is not None:
            row["inflated"] = [inflated.message(message), message.data[:MESSAGE].hex(), len(message.data)]
        return row


def _said(placed: Placed, stream: SentOctets) -> str:
    """A frame in a few words: 'text 126', 'close 1002 (protocol error) "…"'."""
    if placed.header.opcode == 8 and placed.header.length > 1:
        data = stream.payload(placed, 125)
        reason = f" {safe.sample(data[2:], placed.header.length - 2, text=True)}" if data[2:] else ""
        return f"close {words.code(int.from_bytes(data[:2], 'big'))}{reason}" if len(data) > 1 else "close"
    header = placed.header
    packed = ", RSV1" if header.rsv & 4 else ""
    return f"{words.opcode(header.opcode)} {header.length}{packed}" + ("" if header.fin else ", FIN 0")


def breach(violation: Violation) -> Row:
    """A broken rule: what it says, where it stands, and which octet breaks it."""
    return {
        "rule": violation.rule,
        "by": violation.side.value,
        "reference": words.reference(violation.rule),
        "level": words.level(violation.rule),
        "sentence": words.sentence(violation.rule),
        "detail": safe.escape(violation.detail, 300),
        "octet": violation.start,
    }
