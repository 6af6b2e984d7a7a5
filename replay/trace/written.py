"""Writes the lines of a wire log: its entries, and FRAME lines next to those with octets."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TypeVar

from replay.trace import framing, kinds, literal
from replay.trace.fields import show_seconds
from replay.trace.framing import LoggedFrame, LoggedFrames
from replay.trace.model import Octets, Trace
from replay.wire.handshake import MAX_HEAD, is_head
from replay.wire.side import Side

MOST_FRAMES = 64
"""If an entry has more frames than this, their FRAME lines are left out."""

_KEPT = 256
"""Entries and frames whose text is cached, since many of a connection are the same."""

_FIRST = 64
"""The first octets of each, by which it is found in the cache."""

_MOST_PAYLOAD = 256
"""Octets of a payload that a FRAME line writes out; a longer payload only if it repeats."""

_WIDEST = 110
"""Columns that a FRAME line may have before its payload is put on the next line."""

R = TypeVar("R")
_Streams = Mapping[Side, LoggedFrames]
_Frames = dict[int, list[LoggedFrame]]

_INDENT = len("000 TX OCTETS: ")
_HTTP_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")


def lines(trace: Trace) -> list[str]:
    """All lines of a trace, in order."""
    first, before, behind = _told(trace, None, _beside)
    known: _Known = {}
    out: list[str] = []
    at, when = None, ""
    for index, entry in enumerate(trace.entries):
        for found in before.get(index, ()):
            out.append(_frame("TX", found, len(out), known))
        if entry.at != at:
            at, when = entry.at, "" if entry.at is None else f"+{show_seconds(entry.at)} "
        words, tail = kinds.write(entry, trace.recorder)
        line = f"{len(out):03d} {when}{words}"
        if isinstance(entry, Octets):
            line = _octets(line, entry.data, first[entry.side].get(index, ()), tail, known)
        out.append(line)
        for found in behind.get(index, ()):
            out.append(_frame("RX", found, len(out), known))
    return out


def numbers(trace: Trace, streams: _Streams | None = None) -> list[int]:
    """The number of each entry in the written log, in which FRAME lines are numbered too. `streams`: the
    frames of both sides, if they are known."""
    _, before, behind = _told(trace, streams, _counted)
    found, number = [], 0
    for index in range(len(trace.entries)):
        number += before.get(index, 0)
        found.append(number)
        number += 1 + behind.get(index, 0)
    return found


def _told(
    trace: Trace, streams: _Streams | None, taken: Callable[[LoggedFrames, str], dict[int, R]]
) -> tuple[dict[Side, dict[int, R]], dict[int, R], dict[int, R]]:
    """By entry: the frames of each side that begin in it, those whose FRAME lines precede it, and those
    whose FRAME lines follow it; or how many they are."""
    me = trace.recorder
    streams = streams or {side: framing.stream(trace.entries, side) for side in Side}
    first = {side: taken(stream, "first") for side, stream in streams.items()}
    before, behind = first[me], taken(streams[me.other], "last")
    # After an unknown number of missing octets, a FRAME line could be read as that of a missing frame.
    if (unsure := streams[me].unsure) is not None:
        before = {index: some for index, some in before.items() if index <= unsure}
    if (unsure := streams[me.other].unsure) is not None:
        behind = {index: some for index, some in behind.items() if index < unsure}
    return first, before, behind


def _counted(stream: LoggedFrames, end: str) -> dict[int, int]:
    """How many complete frames have their first or last octet in each entry: see `_beside`."""
    counts: dict[int, int] = {}
    entry = attrgetter(end)
    for found, times in stream.rows:
        if found.whole:
            index = entry(found)
            counts[index] = counts.get(index, 0) + times
    return {index: count for index, count in counts.items() if count <= MOST_FRAMES}


def _beside(stream: LoggedFrames, end: str) -> _Frames:
    """The complete frames with their first or last octet in each entry, unless there are too many for FRAME
    lines."""
    entry = attrgetter(end)
    whole = ((found, times) for found, times in stream.rows if found.whole)
    of_entry = ((index, list(rows)) for index, rows in groupby(whole, lambda row: entry(row[0])))
    return {
        index: [each for found, times in rows for each in found.row(times)]
        for index, rows in of_entry
        if sum(times for _, times in rows) <= MOST_FRAMES
    }


_Key = tuple[bytes, Hashable, int]
_Known = dict[_Key, tuple[bytes | memoryview, str]]
"""A cache of octets and their text. The key is the first octets (it takes longer to hash all of them than
to compare them), what else the text depends on, and the column where it starts."""


def _octets(line: str, data: bytes, frames: Sequence[LoggedFrame], tail: list[str], known: _Known) -> str:
    """An OCTETS entry that starts with `line`."""
    borders = _borders(frames) if frames else ()
    if tail:
        return line[:-1] + _literal(data, borders, tail, len(line))
    key = data[:_FIRST], borders, len(line)
    same, text = known.get(key, (None, ""))
    if same != data:
        text = _keep(known, key, data, _literal(data, borders, tail, len(line)))
    return line[:-1] + text


def _literal(data: bytes, borders: Sequence[int], tail: list[str], column: int) -> str:
    """The literal after this many columns, with the last of these: a head as text, line by line; frames as
    header, key and payload."""
    line, margin = " ".rjust(column, "x"), "\n" + " " * _INDENT
    end = _head_end(data)
    rest = (_parts(data, end, borders) if data else ['""']) + tail
    if end:
        line += margin.join(literal.quote(found[0]) for found in _HTTP_LINE.finditer(data, 0, end))
        line += margin if rest else ""
    return literal.wrap(line, rest, _INDENT)[column - 1 :]


def _keep(known: _Known, key: _Key, octets: bytes | memoryview, text: str) -> str:
    if len(known) == _KEPT:
        known.clear()
    known[key] = octets, text
    return text


def _head_end(data: bytes) -> int:
    """How many octets are written as text because they are an HTTP head."""
    if not is_head(data):
        return 0
    head = framing.last_head(data[:MAX_HEAD])
    return head[1] if head else len(data) if len(data) <= MAX_HEAD else 0


def _borders(frames: Sequence[LoggedFrame]) -> tuple[int, ...]:
    """The offsets in an entry at which headers, keys and payloads start."""
    borders: list[int] = []
    for found in frames:
        start = found.at
        body = start + found.body - found.start
        borders += [start, body - (len(found.header.key) if found.header else 0), body]
    return tuple(borders)


def _parts(data: bytes, start: int, borders: Sequence[int]) -> list[str]:
    marks = [start, *sorted({border for border in borders if start < border < len(data)}), len(data)]
    return [item for a, b in pairwise(marks) for item in literal.items(data, a, b) or ()]


def _frame(way: str, found: LoggedFrame, number: int, known: _Known) -> str:
    """The FRAME line of a complete frame."""
    line = f"{number:03d} {way} FRAME : "
    run, start = found.run, found.start
    key = run[start : start + _FIRST], way, len(line)
    same, text = known.get(key, (None, ""))
    if same is None or not run.startswith(same, start):  # the same header means the same length
        octets = memoryview(run)[start : found.end]
        text = _keep(known, key, octets, _frame_fields(way, found, len(line)))
    return line + text


def _frame_fields(way: str, found: LoggedFrame, column: int) -> str:
    """The fields of a FRAME line, after this many columns."""
    header = found.header
    assert header is not None  # only complete frames have a FRAME line
    key = header.key.hex() or None
    masked = f"MASK={key}" if way == "TX" and key else f"MASKED={bool(key)}, MASK={key}"
    words = (
        f"OPCODE={header.opcode}, FIN={header.fin}, RSV={header.rsv}, PAYLOAD-LEN={header.length}, {masked}"
    )
    octets, start = (found.payload(), 0) if key else (found.run, found.body)
    end = start + header.length
    code = octets[start : min(start + 2, end)] if header.opcode == 8 else b""
    shown = literal.items(octets, start + len(code), end, text=True, most=_MOST_PAYLOAD)
    if shown is None:
        return words
    items = ([code.hex(), *shown] if code else shown) or ['""']
    if column + len(words) + sum(map(len, items)) > _WIDEST:
        return f"{words},\n" + literal.wrap(" " * _INDENT + "PAYLOAD=", items, _INDENT)
    return literal.wrap("x" * column + words + ", PAYLOAD=", items, _INDENT)[column:]
