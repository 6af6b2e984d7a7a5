"""Matches FRAME lines with the frames in the octets next to them, and compares the two.

If a log has both, the octets count. A FRAME line without octets stands for those that it describes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from replay.source import SourceError
from replay.trace import literal
from replay.trace.annotation import ON_WIRE, Contradiction, FrameLine, announces, difference, octets
from replay.trace.fields import Value
from replay.trace.framing import LoggedFrame, LoggedFrames, stream
from replay.trace.model import Entry, Octets
from replay.wire.frame import Frame, encode
from replay.wire.side import Side

Drafts = Sequence[Entry | FrameLine]


def settle(
    drafts: Drafts, recorder: Side, me: Side, *, report: bool
) -> tuple[list[Entry], list[Contradiction]]:
    """Compare the FRAME lines with the octets; returns the entries without FRAME lines, and warnings.

    A line without octets becomes the octets that it describes. Raises SourceError for a line that
    contradicts its octets, unless that may be a quirk of a report: then there is a warning. A line that
    isn't a report's can only belong to the octets next to it. `me` is the side that TX means in the drafts.
    """
    made: dict[int, Octets] = {}
    warnings: list[Contradiction] = []
    for side in Side:
        sent_by = recorder if side is me else recorder.other
        ahead = side is me  # TX lines precede their octets, RX lines follow them
        beside = _beside(drafts, side, ahead)
        for segment in _segments(drafts, side, ahead, stream(drafts, side, aligned=report)):
            lines = []
            for index, line in segment.lines:
                strict = "PAYLOAD" in line.fields or not (report or line.is_autobahns or not ahead)
                near = beside[index] if strict and segment.known and not report else None
                lines.append(_Told(index, line, strict, near))
            fitting, alone = _pair(lines, segment.frames, ahead)
            for told, found in fitting:
                if (whole := _filled(drafts[found.last], told.line, found)) is not None:
                    made[found.last] = whole
            for told, place in alone:
                where = "" if place is None else _place(drafts[place.first])
                if (
                    told.strict
                    and place is not None
                    and (short := _short(drafts, place, ahead)) is not None
                ):
                    raise short
                match _alone(told, place, where, segment.known, sent_by):
                    case Octets() as own:
                        made[told.number] = own
                    case Contradiction() as wrong:
                        warnings.append(wrong)
    entries = [made.get(index, draft) for index, draft in enumerate(drafts)]
    return [entry for entry in entries if not isinstance(entry, FrameLine)], warnings


class _Told(NamedTuple):
    """A FRAME line among the drafts."""

    number: int
    line: FrameLine
    strict: bool  # a contradiction between it and its octets is an error
    near: range | None  # the entries that may have its frame; None: any

    def may_be_of(self, found: LoggedFrame, ahead: bool) -> bool:
        return self.near is None or (found.first if ahead else found.last) in self.near


def _short(drafts: Drafts, place: LoggedFrame, ahead: bool) -> SourceError | None:
    """The error for a frame that ends too early, so that what follows is taken for the rest of it. It is
    known by its own FRAME line, which says that it ends before the next one begins."""
    first, header = drafts[place.first], place.header
    if header is None or not isinstance(first, Octets):
        return None
    inside = drafts[place.first + 1 : place.last]
    lines = (each for each in inside if isinstance(each, FrameLine) and each.side is first.side)
    if (line := next(lines, None)) is None:
        return None
    behind = place.first + 1 + inside.index(line)
    own = drafts[place.first - 1] if ahead and place.first else line
    if not isinstance(own, FrameLine) or not announces(own, header):
        return None
    parts = (each for each in drafts[place.first : behind] if isinstance(each, Octets))
    size = sum(len(each.data) for each in parts if each.side is first.side)
    follow = size - place.at - (place.body - place.start)
    if follow < 0 or first.span is None:
        return None
    said = f"the frame announces {header.length} octets of payload, but {follow} follow"
    hint = "complete its octets"
    if "PAYLOAD" in own.fields:
        hint += ", or delete the OCTETS line to let the FRAME line stand for them"
    return SourceError(literal.locate(first.span, place.at), said, hint)


_OWN_OCTETS = "delete the OCTETS line to let the FRAME line stand for its octets"
_NO_OCTETS = "correct or delete the FRAME line; to stand for octets of its own, it needs PAYLOAD="


def _alone(
    told: _Told, place: LoggedFrame | None, where: str, known: bool, sent_by: Side
) -> Octets | Contradiction | None:
    """What becomes of a line that matches no frame and is in the place of this one: octets of its own, or a
    warning. `known`: all frames next to it are. Raises SourceError if the line contradicts the frame."""
    line = told.line
    wrong = None if place is None else difference(line, place, where)
    if wrong is not None and told.strict:
        raise SourceError(*wrong, _OWN_OCTETS if "PAYLOAD" in line.fields else _NO_OCTETS)
    if wrong is not None:
        return wrong
    if known:
        no_frame = Contradiction(line.span, "no frame in the octets matches this line")
        return octets(line, sent_by) if told.strict else no_frame
    if "PAYLOAD" in line.fields:
        return Contradiction(line.span, "this line is not compared, as octets next to it are missing")
    return None


def _beside(drafts: Drafts, side: Side, ahead: bool) -> dict[int, range]:
    """The octet entries that each line of a side is next to, with nothing else in between."""
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
    """The complete entry, if it was cut off inside a frame that the line describes in full."""
    payload = line.value("PAYLOAD")
    if not isinstance(entry, Octets) or entry.cut is None or found.whole or found.first != found.last:
        return None
    if found.header is None or not isinstance(payload, bytes):
        return None
    data = entry.data[: found.at] + encode(Frame(found.header, payload))
    if entry.cut.more not in (None, len(data) - len(entry.data)):
        return None
    return replace(entry, data=data, cut=None)


class _Segment(Struct):
    """Consecutive lines, the frames next to them, and whether all of these frames are known."""

    lines: list[tuple[int, FrameLine]] = field(default_factory=list)
    frames: list[LoggedFrame] = field(default_factory=list)
    known: bool = True


def _segments(drafts: Drafts, side: Side, ahead: bool, found: LoggedFrames) -> list[_Segment]:
    """The segments of a side that have lines."""
    segments = [_Segment()]
    of_entry: dict[int, _Segment] = {}
    last = Octets if ahead else FrameLine  # what a segment ends with
    previous: type | None = None
    for index, draft in enumerate(drafts):
        if not isinstance(draft, FrameLine | Octets) or draft.side is not side:
            continue
        if previous is last and not isinstance(draft, last):
            segments.append(_Segment())
        previous = type(draft)
        if isinstance(draft, FrameLine):
            segments[-1].lines.append((index, draft))
        else:
            of_entry[index] = segments[-1]
            segments[-1].known &= draft.cut is None
    for one in found.frames:
        of_entry[one.first if ahead else one.last].frames.append(one)
    for index in found.lost:
        of_entry[index].known = False
    return [segment for segment in segments if segment.lines]


class _Likely:
    """An index of frames, so that a line needn't be compared with all of them."""

    def __init__(self, frames: Sequence[LoggedFrame]) -> None:
        self._frames = frames
        self._known: dict[tuple[str, ...], dict[tuple[Value, ...], list[int]]] = {}
        self._open = [number for number, found in enumerate(frames) if not found.whole]

    def behind(self, at: int, line: FrameLine) -> Iterator[int]:
        """The numbers of the frames, from `at` on, that have all values of the line or are incomplete."""
        size = "PAYLOAD-LEN" if line.value("PAYLOAD-REPEAT-LEN") is None else "PAYLOAD-REPEAT-LEN"
        said = {name: size if name == "PAYLOAD-LEN" else name for name in ON_WIRE}
        names = tuple(name for name, field in said.items() if field in line.fields)
        values: list[Value] = [line.value(said[name]) for name in names]
        payload = line.value("PAYLOAD")
        if isinstance(payload, bytes):
            names, values = (*names, "PAYLOAD"), [*values, payload]
        return merge(_from(self._of(names).get(tuple(values), []), at), _from(self._open, at))

    def _of(self, names: tuple[str, ...]) -> dict[tuple[Value, ...], list[int]]:
        """The complete frames, by the values of these fields."""
        if names not in self._known:
            found = self._known[names] = {}
            for number, frame in enumerate(self._frames):
                if frame.whole and frame.header is not None:
                    of = [ON_WIRE[name](frame.header) for name in names if name != "PAYLOAD"]
                    key = (*of, *([frame.payload()] if "PAYLOAD" in names else []))
                    found.setdefault(key, []).append(number)
        return self._known[names]


def _from(numbers: Sequence[int], least: int) -> Iterator[int]:
    """Those of ascending numbers that aren't less than `least`, one by one."""
    return (numbers[place] for place in range(bisect_left(numbers, least), len(numbers)))


def _pair(
    lines: Sequence[_Told], frames: Sequence[LoggedFrame], ahead: bool
) -> tuple[list[tuple[_Told, LoggedFrame]], list[tuple[_Told, LoggedFrame | None]]]:
    """The lines that match a frame, with it; the others, with the frame in whose place they are."""
    fitting: list[tuple[_Told, LoggedFrame]] = []
    alone: list[tuple[_Told, LoggedFrame | None]] = []
    likely = _Likely(frames)
    waiting: list[_Told] = []
    at = 0
    for told in lines:
        fits = (
            number
            for number in likely.behind(at, told.line)
            if told.may_be_of(frames[number], ahead) and difference(told.line, frames[number]) is None
        )
        if (fit := next(fits, None)) is None:
            waiting.append(told)
            continue
        alone += _between(waiting, frames, at, fit, ahead)
        fitting.append((told, frames[fit]))
        waiting, at = [], fit + 1
    alone += _between(waiting, frames, at, len(frames), ahead)
    return fitting, alone


def _between(
    lines: Sequence[_Told], frames: Sequence[LoggedFrame], at: int, end: int, ahead: bool
) -> Iterator[tuple[_Told, LoggedFrame | None]]:
    """Lines that match no frame, each with the frame from `at` up to `end` in whose place it is.

    If there are more lines than frames, the lines next to the octets get the frames. A line between the
    octets and a line that matches them can't stand for other octets.
    """
    near_none = [told for told in lines if told.near is not None and not told.near]
    others = [told for told in lines if told.near is None or told.near]
    of_each_range = {told.near: told for told in others}.values()
    gap = [found for found in frames[at:end] if any(told.may_be_of(found, ahead) for told in of_each_range)]
    fitted = frames[max(0, at - 1) : at] if ahead else frames[end : end + 1]
    missing = [None] * (len(others) - len(gap))
    places = [*missing, *gap] if ahead else [*gap, *missing]
    yield from ((told, None) for told in near_none)
    for told, place in zip(others, places, strict=False):
        if place is None and fitted and told.near is not None:
            place = fitted[0]
        yield told, place if place and told.may_be_of(place, ahead) else None
