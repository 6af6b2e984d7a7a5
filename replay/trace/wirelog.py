"""Wire logs as text: `parse` reads every form of them, `write` writes the one canonical form.

What `write` wrote, `parse` reads. What a person names goes through `read`, which also refuses a log
that can't be meant: one without entries, or with two connections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from replay import limits
from replay.source import MAX_FILE, Source, SourceError, Span, printable
from replay.trace import annotation, framing, kinds, literal
from replay.trace.annotation import FrameLine
from replay.trace.fields import show_seconds
from replay.trace.framing import Found
from replay.trace.model import Digest, Drop, Entry, Octets, Trace
from replay.wire.frame import Header
from replay.wire.handshake import MAX_HEAD
from replay.wire.side import Side

if TYPE_CHECKING:
    from replay.trace import autobahn

MAX_LOG = limits.LOG.default
"""Octets that the literals of one log may expand to, all together."""

MOST_FRAMES = 64
"""An entry with more frames than this is written without their FRAME lines."""

_SHORT = 1024
"""Octets up to which the text of an entry or a frame is kept, since many of a connection are alike."""

_KEPT = 2048
"""Texts that are kept of each."""

_MOST_PAYLOAD = 256
"""Octets of a payload that a FRAME line writes out; longer ones only if they repeat."""

_WIDEST = 110
"""Columns of a FRAME line, before its payload goes to the next line."""

_INDENT = len("000 TX OCTETS: ")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_LINE = re.compile(r"[^\r\n]*")
_HTTP_LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A trace, and what its text left unclear: one 'file:line:column: text' each."""

    trace: Trace
    warnings: tuple[str, ...] = ()


def parse(source: Source) -> Parsed:
    """Read a wire log: canonical, written by hand, or inside of an Autobahn report.

    A report may be the page, the text pasted from it, or the JSON of the case. Raises SourceError
    for whatever is neither an entry nor, outside of the log, prose; and for a FRAME line that
    contradicts the octets, unless a report said so.
    """
    from replay.trace import autobahn, lines

    if autobahn.is_json(source):
        report = autobahn.read_json(source)
        return _finish(source, autobahn.mend(report.drafts, report), report, (), None, imported=True)
    page = autobahn.page(source)
    log = lines.scan(*page) if page else lines.scan(source, lines.split(source))
    drafts = _build(log.words)
    start = log.words[0].head.start if log.words else 0
    report = autobahn.around(source.text[:start]) if page or log.prose else autobahn.Report()
    marked = any(isinstance(one, FrameLine) and one.is_autobahns for one in drafts)
    imported = page is not None or report.case is not None or marked
    if imported:
        drafts = autobahn.mend(drafts, report)
    return _finish(source, drafts, report, tuple(log.headers), log.recorder, imported=imported)


def read(source: Source) -> Parsed:
    """`parse`, for the log of one connection. Raises SourceError too if it has no entry, or another
    connection begins in it."""
    parsed = parse(source)
    if not parsed.trace.entries:
        start = len(source.text) - len(source.text.lstrip("\ufeff \t\r\n"))
        found = _LINE.match(source.text, start)
        span = source.span(start, found.end() if found else start)
        hint = f"put what passed on the connection below, as in {kinds.KINDS['TX OCTETS'].form!r}"
        raise SourceError(span, "no entries: a log needs more than header lines", hint)
    if (second := framing.second_connection(parsed.trace.entries)) is not None:
        hint = "put each connection into a file of its own"
        raise SourceError(second.span, "another connection begins here; one log holds one connection", hint)
    return parsed


def _build(words: Sequence[kinds.Words]) -> list[Entry | FrameLine]:
    drafts: list[Entry | FrameLine] = []
    left = MAX_LOG
    for one in words:
        draft = kinds.build(one, min(left, literal.MAX_ENTRY))
        if isinstance(draft, Octets):
            left -= len(draft.data)
        elif isinstance(draft, FrameLine) and isinstance(payload := draft.value("PAYLOAD"), bytes):
            left -= len(payload)
        drafts.append(draft)
    return drafts


def _finish(
    source: Source,
    drafts: Sequence[Entry | FrameLine],
    report: autobahn.Report,
    headers: tuple[tuple[str, str], ...],
    recorder: Side | None,
    *,
    imported: bool,
) -> Parsed:
    recorder = (
        recorder or framing.recorder(drafts, kinds.ME) or _masker(drafts) or report.recorder or Side.CLIENT
    )
    entries, differences = annotation.settle(drafts, recorder, kinds.ME, report=imported)
    warnings = [_warning(span, message) for span, message in differences]
    cut = [entry.span for entry in entries if isinstance(entry, Octets) and entry.cut is not None]
    if cut:
        others = f" (and {len(cut) - 1} more times below)" if cut[1:] else ""
        warnings.append(
            _warning(cut[0], f"octets are missing here{others}: this log can be checked, not replayed")
        )
    if recorder is not kinds.ME:
        entries = [_swapped(entry) for entry in entries]
    named = {name for name, _ in headers}
    headers = (*headers, *(header for header in report.headers if header[0] not in named))
    return Parsed(Trace(recorder, tuple(entries), headers), tuple(warnings))


def _masker(drafts: Sequence[Entry | FrameLine]) -> Side | None:
    """Who recorded a log that has only FRAME lines: who masks is the client."""
    for draft in drafts:
        if isinstance(draft, FrameLine) and draft.value("MASK"):
            return Side.CLIENT if draft.side is kinds.ME else Side.SERVER
    return None


def _swapped(entry: Entry) -> Entry:
    if isinstance(entry, Octets | Digest | Drop):
        return replace(entry, side=entry.side.other)
    return entry


def _warning(span: Span | None, message: str) -> str:
    return f"{printable(str(span))}: {message}"


def write(trace: Trace) -> str:
    """The canonical text of a trace; `parse` gives the trace again. Time linear in its octets."""
    me = trace.recorder
    head = [_header(name, value) for name, value in trace.headers]
    if (framing.recorder(trace.entries, me) or Side.CLIENT) is not me or not (head or trace.entries):
        head.insert(0, f"# recorder: {me.value}")
    streams = _streams(trace)
    first = {side: _beside(stream, attrgetter("first")) for side, stream in streams.items()}
    out: list[str] = []
    for index, (entry, (before, behind)) in enumerate(
        zip(trace.entries, _told(trace, streams), strict=True)
    ):
        for found in before:
            out.append(_frame("TX", found, len(out)))
        words, tail = kinds.write(entry, me)
        at = "" if entry.at is None else f"+{show_seconds(entry.at)} "
        line = f"{len(out):03d} {at}{words}"
        if isinstance(entry, Octets):
            starts = first[entry.side].get(index, ())
            out.append(_octets(line, entry, starts, tail))
        else:
            out.append(line)
        for found in behind:
            out.append(_frame("RX", found, len(out)))
    return "".join(line + "\n" for line in (*head, *out))


def storable(trace: Trace) -> bytes | None:
    """The same as a file; None: it could not be read again."""
    if trace.size > MAX_LOG:
        return None
    text = write(trace).encode("utf-8", "replace")
    return text if len(text) <= MAX_FILE else None


def numbers(trace: Trace) -> list[int]:
    """The number of each entry in the written log, where FRAME lines have numbers as well."""
    found, number = [], 0
    for before, behind in _told(trace, _streams(trace)):
        number += len(before)
        found.append(number)
        number += 1 + len(behind)
    return found


def _streams(trace: Trace) -> dict[Side, framing.Stream]:
    return {side: framing.stream(trace.entries, side, most=MOST_FRAMES) for side in Side}


def _told(
    trace: Trace, streams: dict[Side, framing.Stream]
) -> Iterator[tuple[Sequence[Found], Sequence[Found]]]:
    """For each entry the frames whose lines stand in front of it, and behind it."""
    me = trace.recorder
    before = _beside(streams[me], attrgetter("first"))
    behind = _beside(streams[me.other], attrgetter("last"))
    unsure: set[Side] = set()  # a FRAME line could be taken for that of octets that the log left out
    for index, entry in enumerate(trace.entries):
        front = () if me in unsure else before.get(index, ())
        if isinstance(entry, Octets) and entry.cut is not None and entry.cut.more is None:
            unsure.add(entry.side)
        yield front, () if me.other in unsure else behind.get(index, ())


def _header(name: str, value: str) -> str:
    plain = _KEY.fullmatch(name) and name != "recorder"
    return f"# {name if plain else literal.quote_text(name)}: {kinds.show_text(value)}"


def _beside(stream: framing.Stream, entry: Callable[[Found], int]) -> dict[int, list[Found]]:
    """The whole frames of each entry, unless they are too many to be told one by one."""
    of_entry: dict[int, list[Found]] = {}
    for found in stream.frames:
        if found.whole and (index := entry(found)) not in stream.crowded:
            of_entry.setdefault(index, []).append(found)
    return {index: some for index, some in of_entry.items() if len(some) <= MOST_FRAMES}


def _octets(line: str, entry: Octets, frames: Sequence[Found], tail: list[str]) -> str:
    """An OCTETS entry: a head as text, a line each; frames as header, key and payload."""
    data, margin = entry.data, "\n" + " " * _INDENT
    if not data:
        return literal.wrap(line, ['""', *tail], _INDENT)
    end = _head_end(data)
    borders = _borders(frames, end)
    if not end and not tail and len(data) <= _SHORT:
        return line[:-1] + _short(data, tuple(borders), len(line))
    quoted = [literal.quote(found[0]) for found in _HTTP_LINE.finditer(data, 0, end)]
    rest = _parts(data[end:], borders) + tail
    if not quoted:
        return literal.wrap(line, rest, _INDENT)
    text = line + margin.join(quoted)
    return literal.wrap(text + margin, rest, _INDENT) if rest else text


@lru_cache(maxsize=_KEPT)
def _short(data: bytes, borders: tuple[int, ...], column: int) -> str:
    """The last of so many columns, and the octets behind it."""
    return literal.wrap("x" * (column - 1) + " ", _parts(data, borders), _INDENT)[column - 1 :]


def _head_end(data: bytes) -> int:
    """How many octets are an HTTP head, written as text."""
    if not data.startswith(framing.HEADS):
        return 0
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD)
    return end + 4 if end >= 0 else len(data) if len(data) <= MAX_HEAD else 0


def _borders(frames: Sequence[Found], end: int) -> list[int]:
    """Where headers, keys and payloads start, counted from `end`."""
    borders = []
    for found in frames:
        start = found.at - end
        body = start + found.body - found.start
        borders += [start, body - (len(found.header.key) if found.header else 0), body]
    return borders


def _parts(data: bytes, borders: Sequence[int]) -> list[str]:
    marks = [0, *sorted({border for border in borders if 0 < border < len(data)}), len(data)]
    return [item for a, b in pairwise(marks) for item in literal.items(data[a:b]) or ()]


def _frame(way: str, found: Found, number: int) -> str:
    """The FRAME line of a whole frame."""
    header = found.header
    assert header is not None  # only whole frames have one
    line = f"{number:03d} {way} FRAME : "
    if header.length <= _SHORT:
        return line + _short_frame(way, header, found.payload(), len(line))
    return line + _frame_fields(way, header, found.payload(), len(line))


def _frame_fields(way: str, header: Header, payload: bytes, column: int) -> str:
    """What a FRAME line says behind so many columns."""
    key = header.key.hex() or None
    masked = f"MASK={key}" if way == "TX" and key else f"MASKED={bool(key)}, MASK={key}"
    words = (
        f"OPCODE={header.opcode}, FIN={header.fin}, RSV={header.rsv}, PAYLOAD-LEN={header.length}, {masked}"
    )
    code = payload[:2] if header.opcode == 8 else b""
    shown = literal.items(payload[len(code) :], text=True, most=_MOST_PAYLOAD)
    if shown is None:
        return words
    items = ([code.hex(), *shown] if code else shown) or ['""']
    if column + len(words) + sum(map(len, items)) > _WIDEST:
        return f"{words},\n" + literal.wrap(" " * _INDENT + "PAYLOAD=", items, _INDENT)
    return literal.wrap("x" * column + words + ", PAYLOAD=", items, _INDENT)[column:]


_short_frame = lru_cache(maxsize=_KEPT)(_frame_fields)
