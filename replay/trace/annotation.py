"""FRAME lines: what they say, and whether the octets beside them say the same.

Where both stand, the octets are the truth. A FRAME line without octets stands for those that it
describes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from heapq import merge
from typing import NamedTuple

from replay.source import SourceError, Span
from replay.trace import fields, literal
from replay.trace.fields import PlacedValue, Value
from replay.trace.framing import LoggedFrame, LoggedFrames, stream
from replay.trace.model import Entry, Octets
from replay.wire.frame import Frame, FrameHeader, encode, frame
from replay.wire.side import Side

READERS: fields.Readers = {
    "OPCODE": fields.number,
    "FIN": fields.truth,
    "RSV": fields.number,
    "PAYLOAD-LEN": fields.number,
    "MASKED": fields.truth,
    "MASK": fields.key,
    "PAYLOAD-REPEAT-LEN": fields.optional,
    "CHOPSIZE": fields.optional,
    "SYNC": fields.truth,
}
_AUTOBAHN = ("PAYLOAD-REPEAT-LEN", "CHOPSIZE", "SYNC")
_ON_WIRE: dict[str, Callable[[FrameHeader], Value]] = {
    "OPCODE": lambda header: header.opcode,
    "FIN": lambda header: header.fin,
    "RSV": lambda header: header.rsv,
    "PAYLOAD-LEN": lambda header: header.length,
    "MASKED": lambda header: bool(header.key),
    "MASK": lambda header: header.key or None,
}


@dataclass(frozen=True, slots=True)
class FrameLine:
    """A FRAME line as read."""

    side: Side
    fields: dict[str, PlacedValue]
    span: Span  # of the line's words
    at: int | None = None
    shown: str = ""  # the payload as a report shows it: as text, or as '0x' and hex

    def payload(self) -> bytes | None:
        """The payload, where all of it is there for sure: a report cuts it, and its lines lose spaces."""
        if isinstance(payload := self.value("PAYLOAD"), bytes):
            return payload
        length = self.value("PAYLOAD-LEN")
        if length == 0:
            return b""
        fitting = [one for one in shown_payloads(self.shown) if len(one) == length]
        return fitting[0] if len(fitting) == 1 and self.value("PAYLOAD-REPEAT-LEN") is None else None

    @property
    def is_autobahns(self) -> bool:
        """Autobahn wrote it, or may have: it warns at most."""
        return "PAYLOAD" not in self.fields and any(name in self.fields for name in _AUTOBAHN)

    def value(self, name: str, default: Value = None) -> Value:
        found = self.fields.get(name)
        return default if found is None else found.value


def shown_payloads(shown: str) -> list[bytes]:
    """What a payload may have been that a report shows so."""
    found = [shown.encode("utf-8", "surrogatepass")]
    with suppress(ValueError):
        found.append(bytes.fromhex(shown.removeprefix("0x")))
    return found


class Contradiction(NamedTuple):
    span: Span
    message: str


def read(side: Side, body: Span, span: Span, limit: int, at: int | None, shown: str = "") -> FrameLine:
    """Read what stands behind 'FRAME :'. Raises SourceError, also when PAYLOAD and its length differ."""
    line = FrameLine(side, fields.read(body, READERS, limit, "PAYLOAD"), span, at, shown)
    payload, length = line.value("PAYLOAD"), line.fields.get("PAYLOAD-LEN")
    if isinstance(payload, bytes) and length is not None and length.value != len(payload):
        message = f"PAYLOAD-LEN={show(length.value)}, but PAYLOAD has {len(payload)} octets"
        raise SourceError(
            length.span, message, "leave PAYLOAD-LEN out, or write the octets as an OCTETS line"
        )
    return line


def octets(line: FrameLine, sent_by: Side) -> Octets:
    """The octets that the line stands for. Raises SourceError when it doesn't say enough."""
    payload = line.value("PAYLOAD")
    if not isinstance(payload, bytes):
        hint = "add PAYLOAD=, or the OCTETS line that it describes"
        raise SourceError(line.span, "this FRAME line has no OCTETS beside it, and no PAYLOAD=", hint)
    if "OPCODE" not in line.fields:
        raise SourceError(line.span, "expected OPCODE= in a FRAME line that has no OCTETS beside it")
    if "MASK" not in line.fields and (line.value("MASKED") or sent_by is Side.CLIENT):
        hint = "MASK=None is a frame that isn't masked"
        raise SourceError(
            line.span, "expected MASK= in a FRAME line of the client's that has no OCTETS", hint
        )
    numbers = {name: line.value(name, 0) for name in ("OPCODE", "RSV")}
    opcode, rsv, key = numbers["OPCODE"], numbers["RSV"], line.value("MASK")
    assert isinstance(opcode, int)
    assert isinstance(rsv, int)
    masked = line.fields.get("MASKED")
    if masked is not None and masked.value != bool(key):
        raise SourceError(masked.span, f"MASKED={show(masked.value)} and MASK contradict each other")
    for name, most in (("OPCODE", 15), ("RSV", 7)):
        if (number := line.value(name, 0)) is not None and int(number) > most:
            raise SourceError(line.fields[name].span, f"{name}: expected 0 to {most}, found {show(number)}")
    made = frame(
        opcode,
        payload,
        fin=bool(line.value("FIN", True)),
        rsv=rsv,
        key=key if isinstance(key, bytes) else b"",
    )
    source, literal_at = line.span.source, line.fields["PAYLOAD"].span
    start = source.text.rindex("PAYLOAD", 0, literal_at.start)
    return Octets(line.side, encode(made), line.at, span=source.span(start, literal_at.end))


def difference(line: FrameLine, found: LoggedFrame, where: str = "the octets") -> Contradiction | None:
    """The first field in which the line and the frame in the octets differ; `where` those stand."""
    header = found.header
    if header is None:
        return None
    repeated = line.value("PAYLOAD-REPEAT-LEN") is not None
    for name, on_wire in _ON_WIRE.items():
        field = line.fields.get("PAYLOAD-REPEAT-LEN" if repeated and name == "PAYLOAD-LEN" else name)
        if field is not None and field.value != on_wire(header):
            expected, said = show(on_wire(header)), show(field.value)
            return Contradiction(
                field.span, f"{name} contradicts {where}: expected {expected}, found {said}"
            )
    field = line.fields.get("PAYLOAD")
    if field is None or not isinstance(field.value, bytes):
        return None
    there, said_ = found.payload(), field.value
    if len(said_) == header.length and said_[: len(there)] == there:
        return None
    if len(said_) != header.length:
        message = f"PAYLOAD contradicts {where}: expected {header.length} octets, found {len(said_)}"
        return Contradiction(field.span, message)
    at = next(i for i, (a, b) in enumerate(zip(said_, there, strict=False)) if a != b)
    message = (
        f"PAYLOAD contradicts {where} at octet {at} of {header.length}: "
        f"expected {there[at]:02x}, found {said_[at]:02x}"
    )
    return Contradiction(literal.locate(field.span, at), message)


def show(value: Value) -> str:
    """A value as a FRAME line writes it."""
    return value.hex() if isinstance(value, bytes) else str(value)


Drafts = Sequence[Entry | FrameLine]


def settle(
    drafts: Drafts, recorder: Side, me: Side, *, report: bool
) -> tuple[list[Entry], list[Contradiction]]:
    """Compare the FRAME lines with the octets; what remains are entries.

    A line without octets becomes the octets that it describes. Raises SourceError for a line that
    contradicts its octets; what may only be a quirk of a report comes back as a warning. A line that
    may not belongs to the octets that it stands next to, and to no others.
    `me` is the side that the drafts name for TX.
    """
    made: dict[int, Octets] = {}
    warnings: list[Contradiction] = []
    for side in Side:
        sent_by = recorder if side is me else recorder.other
        ahead = side is me  # TX lines stand before their octets, RX lines behind them
        beside = _beside(drafts, side, ahead)
        for lines, frames, known in _segments(drafts, side, ahead, stream(drafts, side, aligned=report)):
            bound = known and not report
            near = {
                index: beside[index]
                for index, line in lines
                if bound and _strict(line, ahead, report=report)
            }
            fitting, alone = _pair(lines, frames, ahead, near)
            for line, found in fitting:
                if (whole := _filled(drafts[found.last], line, found)) is not None:
                    made[found.last] = whole
            for index, line, place in alone:
                strict = _strict(line, ahead, report=report)
                wrong = None if place is None else difference(line, place, _place(drafts[place.first]))
                if wrong is not None and strict:
                    raise SourceError(*wrong, _OWN_OCTETS if "PAYLOAD" in line.fields else _NO_OCTETS)
                if wrong is not None:
                    warnings.append(wrong)
                elif known and strict:
                    made[index] = octets(line, sent_by)
                elif known:
                    warnings.append(Contradiction(line.span, "no frame in the octets fits this line"))
                elif "PAYLOAD" in line.fields:
                    warnings.append(Contradiction(line.span, "not compared: octets beside it are missing"))
    entries = [
        made.get(index, draft)
        for index, draft in enumerate(drafts)
        if not isinstance(draft, FrameLine) or index in made
    ]
    return [entry for entry in entries if not isinstance(entry, FrameLine)], warnings


_OWN_OCTETS = "delete the OCTETS line to let the FRAME line stand for its octets"
_NO_OCTETS = "mend the FRAME line or delete it; to stand for octets of its own, it needs PAYLOAD="


def _strict(line: FrameLine, ahead: bool, *, report: bool) -> bool:
    """Whether a line that contradicts its octets is an error."""
    return "PAYLOAD" in line.fields or not (report or line.is_autobahns or not ahead)


def _beside(drafts: Drafts, side: Side, ahead: bool) -> dict[int, range]:
    """The entries of octets that each line of a side stands next to, with nothing else in between."""
    beside: dict[int, range] = {}
    run, previous = range(0), False
    for index in range(len(drafts))[:: -1 if ahead else 1]:
        draft = drafts[index]
        if isinstance(draft, Octets) and draft.side is side:
            ends = (index, index + 1, *((run.start, run.stop) if previous else ()))
            run, previous = range(min(ends), max(ends)), True
            continue
        previous = False
        if isinstance(draft, FrameLine) and draft.side is side:
            beside[index] = run
        else:
            run = range(0)
    return beside


def _place(entry: Entry | FrameLine) -> str:
    return f"the octets of line {entry.span.line}" if entry.span else "the octets"


def _filled(entry: Entry | FrameLine, line: FrameLine, found: LoggedFrame) -> Octets | None:
    """An entry whose source cut it off within a frame that the line describes in full."""
    payload = line.value("PAYLOAD")
    if not isinstance(entry, Octets) or entry.cut is None or found.whole or found.first != found.last:
        return None
    if found.header is None or not isinstance(payload, bytes):
        return None
    data = entry.data[: found.at] + encode(Frame(found.header, payload))
    if entry.cut.more not in (None, len(data) - len(entry.data)):
        return None
    return replace(entry, data=data, cut=None)


Lines = list[tuple[int, FrameLine]]


def _segments(
    drafts: Drafts, side: Side, ahead: bool, found: LoggedFrames
) -> list[tuple[Lines, list[LoggedFrame], bool]]:
    """Lines that stand together, the frames beside them, and whether those are all known."""
    segment = 0
    of_entry: dict[int, int] = {}
    lines: dict[int, Lines] = {}
    previous: type | None = None
    for index, draft in enumerate(drafts):
        if not isinstance(draft, FrameLine | Octets) or draft.side is not side:
            continue
        kind = type(draft)
        segment += previous is (Octets if ahead else FrameLine) and kind is not previous
        previous = kind
        if isinstance(draft, FrameLine):
            lines.setdefault(segment, []).append((index, draft))
        else:
            of_entry[index] = segment
    frames: dict[int, list[LoggedFrame]] = {}
    for one in found.frames:
        frames.setdefault(of_entry[one.first if ahead else one.last], []).append(one)
    unknown = {of_entry[index] for index in found.lost}
    for index, draft in enumerate(drafts):
        if isinstance(draft, Octets) and draft.cut is not None and draft.side is side:
            unknown.add(of_entry[index])
    return [(lines[one], frames.get(one, []), one not in unknown) for one in sorted(lines)]


class _Likely:
    """Which frames a line may fit, without a look at all the others: each line costs as much as what is
    like it."""

    def __init__(self, frames: Sequence[LoggedFrame]) -> None:
        self._frames = frames
        self._known: dict[tuple[str, ...], dict[tuple[Value, ...], list[int]]] = {}
        self._open = [number for number, found in enumerate(frames) if not found.whole]

    def behind(self, at: int, line: FrameLine) -> Iterator[int]:
        """The numbers of frames from `at` on with all that the line says, or that aren't whole."""
        size = "PAYLOAD-LEN" if line.value("PAYLOAD-REPEAT-LEN") is None else "PAYLOAD-REPEAT-LEN"
        said = {name: size if name == "PAYLOAD-LEN" else name for name in _ON_WIRE}
        names = tuple(name for name, field in said.items() if field in line.fields)
        values: list[Value] = [line.value(said[name]) for name in names]
        payload = line.value("PAYLOAD")
        if isinstance(payload, bytes):
            names, values = (*names, "PAYLOAD"), [*values, payload]
        return merge(_from(self._of(names).get(tuple(values), []), at), _from(self._open, at))

    def _of(self, names: tuple[str, ...]) -> dict[tuple[Value, ...], list[int]]:
        """The whole frames by these fields."""
        if names not in self._known:
            found = self._known[names] = {}
            for number, frame in enumerate(self._frames):
                if frame.whole and frame.header is not None:
                    of = [_ON_WIRE[name](frame.header) for name in names if name != "PAYLOAD"]
                    key = (*of, *([frame.payload()] if "PAYLOAD" in names else []))
                    found.setdefault(key, []).append(number)
        return self._known[names]


def _from(numbers: Sequence[int], least: int) -> Iterator[int]:
    """Those of ascending numbers that are no smaller, one by one."""
    return (numbers[place] for place in range(bisect_left(numbers, least), len(numbers)))


def _pair(
    lines: Lines, frames: Sequence[LoggedFrame], ahead: bool, near: Mapping[int, range]
) -> tuple[list[tuple[FrameLine, LoggedFrame]], list[tuple[int, FrameLine, LoggedFrame | None]]]:
    """The lines that fit a frame, with it; the others, with the frame in whose place they stand.

    A line that is `near` some entries can't fit frames of others. With more lines than frames, the
    ones next to the octets belong to them.
    """
    fitting: list[tuple[FrameLine, LoggedFrame]] = []
    alone: list[tuple[int, FrameLine, LoggedFrame | None]] = []
    waiting: Lines = []
    at = 0
    likely = _Likely(frames)

    def is_near(index: int, found: LoggedFrame) -> bool:
        return index not in near or (found.first if ahead else found.last) in near[index]

    def close(end: int) -> None:
        parted = {index for index, _ in waiting if index in near and not near[index]}
        others = [line for line in waiting if line[0] not in parted]
        ranges = {near.get(index): index for index, _ in others}.values()
        gap = [found for found in frames[at:end] if any(is_near(index, found) for index in ranges)]
        # A line between the octets and a line that fits them stands for no others.
        fitted = frames[max(0, at - 1) : at] if ahead else frames[end : end + 1]
        none = [None] * (len(others) - len(gap))
        places = [*none, *gap] if ahead else [*gap, *none]
        alone.extend((*line, None) for line in waiting if line[0] in parted)
        for (index, line), place in zip(others, places, strict=False):
            if place is None and fitted and index in near:
                place = fitted[0]
            alone.append((index, line, place if place and is_near(index, place) else None))
        waiting.clear()

    for index, line in lines:
        fit = next(
            (
                i
                for i in likely.behind(at, line)
                if is_near(index, frames[i]) and difference(line, frames[i]) is None
            ),
            None,
        )
        if fit is None:
            waiting.append((index, line))
        else:
            close(fit)
            fitting.append((line, frames[fit]))
            at = fit + 1
    close(len(frames))
    return fitting, alone
