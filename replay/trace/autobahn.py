"""Logs inside Autobahn|Testsuite's reports: pages, text pasted from them, JSON, and the quirks of each."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import index
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from replay import json_text, limits
from replay.source import Source, SourceError, Span
from replay.trace.annotation import READERS, FrameLine, shown_payloads
from replay.trace.fields import PlacedValue, Value, key
from replay.trace.framing import stream
from replay.trace.kinds import ME
from replay.trace.literal import MAX_ENTRY
from replay.trace.model import SECOND, Cut, Drop, Entry, Logging, Octets, Timer, Wait
from replay.wire.frame import Frame, FrameHeader, encode, frame
from replay.wire.handshake import is_head
from replay.wire.side import Side

_SHOWN = 64
"""Octets that current reports show of a longer read or write. They append ' ...' from 61 octets on."""

_MOST = 10**15
"""A number of octets or microseconds that no real report reaches."""

_PAGE = re.compile(r"(?i)\s*<(?:!doctype html|html)\b")
_ROW = re.compile(r'<pre class="?wirelog_[a-z_]*"?>')
_TAG = re.compile(r"<[^<>]*>")
_SIZE = re.compile(r'<tr class="?stats_row"?><td>(\d{1,15})</td><td>\d+</td><td>\d+</td>')
_TOTAL = re.compile(
    r"Octets (Received|Transmitted) by Chop Size\s+Chop Size\s+Count\s+Octets(?:\s+\d{1,15}){0,30000}?\s+"
    r"Total\s+\d{1,15}\s+(\d{1,15})\b"
)
_WAYS = {"Received": ME.other, "Transmitted": ME}
_HEADING = re.compile(r"^[ \t]*(?P<agent>\S.*?) - Case (?P<case>\d+(?:\.\d+)+)[ \t]*:", re.MULTILINE)
_SERVER = re.compile(r"\bisServer\s*(True|False)")
_FIELDS = r"(?:\r?\n[ \t]*[!-9;-~]+:[^\r\n]*)*"
_HEADS = re.compile(
    rf"^[ \t]*(?:GET [^\r\n]* HTTP/1\.\d|HTTP/1\.\d \d{{3}}[^\r\n]*){_FIELDS}", re.MULTILINE
)

Drafts = list[Entry | FrameLine]


class Report(Struct, frozen=True):
    """What a report says apart from its log."""

    agent: str | None = None
    case: str | None = None
    recorder: Side | None = None
    heads: tuple[bytes, ...] = ()  # the complete heads of the opening handshake
    sizes: frozenset[int] = frozenset()  # of reads and writes; empty: it doesn't say
    totals: Mapping[Side, int] = field(default_factory=dict)  # octets of each side, from its statistics
    drafts: Drafts = field(default_factory=list)  # of a JSON report

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        known = (("agent", self.agent), ("case", self.case))
        return tuple((name, value) for name, value in known if value is not None)


def around(text: str) -> Report:
    """Read what precedes the log, in a page or in text that was pasted from one."""
    sizes = frozenset(int(size) for size in _SIZE.findall(text))
    found = {_WAYS[way]: int(octets) for way, octets in _TOTAL.findall(_TAG.sub(" ", text))}
    if "<" in text:
        text = html.unescape(_TAG.sub("", text))
    heading, server = _HEADING.search(text), _SERVER.search(text)
    heads = tuple(
        "".join(line.strip() + "\r\n" for line in (*found[0].splitlines(), "")).encode(
            "utf-8", "surrogatepass"
        )
        for found in _HEADS.finditer(text)
    )
    recorder = None if server is None else Side.SERVER if server[1] == "True" else Side.CLIENT
    agent, case = (None, None) if heading is None else (heading["agent"], heading["case"])
    return Report(agent, case, recorder, heads, sizes, found)


def page(source: Source) -> tuple[Source, list[tuple[int, int]]] | None:
    """The log of a saved page: the text with everything else blanked, and its lines. None: it isn't a page.

    Raises SourceError for a page without a log.
    """
    if _PAGE.match(source.text) is None and 'class="wirelog_' not in source.text:
        return None
    blanked: list[str] = []
    lines: list[tuple[int, int]] = []
    starts = [*source.line_starts, len(source.text)]
    for start, end in pairwise(starts):
        kept = _row(source.text, start, end)
        line = source.text[start:end]
        blank = re.sub(r"[^\r\n]", " ", line)
        blanked.append(
            blank[: kept[0] - start] + line[kept[0] - start : kept[1] - start] + blank[kept[1] - start :]
        )
        if kept[0] < end:
            lines.append(kept)
    if not lines:
        hint = "the report of a single case has one, unless its logging was switched off"
        raise SourceError(None, f"{source.name}: no wire log in this page", hint)
    return Source(source.name, "".join(blanked)), lines


def _row(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the row of the log starts and ends in a line; an empty range at its end if it has none."""
    opens = _ROW.search(text, start, end)
    closes = -1 if opens is None else text.rfind("</pre>", opens.end(), end)
    return (end, end) if opens is None or closes < 0 else (opens.end(), closes)


def mend(drafts: Sequence[Entry | FrameLine], report: Report) -> Drafts:
    """Restore what a report cut off but shows elsewhere, and remove '...' where nothing was cut off."""
    mended: Drafts = list(drafts)
    for side in Side:
        place = next(
            (i for i, one in enumerate(mended) if isinstance(one, Octets) and one.side is side), None
        )
        if place is not None and isinstance(one := mended[place], Octets):
            mended[place] = _restored(one, report)
    ends = {place for side in Side for place in stream(mended, side, aligned=side is ME).ends}
    for place, one in enumerate(mended):
        if isinstance(one, Octets) and one.cut == Cut():
            known = len(one.data) == _SHOWN and place in ends
            if known or _SHOWN - 3 <= len(one.data) < _SHOWN:
                mended[place] = replace(one, cut=None)
    return mended


def with_unlogged(drafts: Sequence[Entry | FrameLine], report: Report) -> Drafts:
    """Add cut entries for octets that a report counts but doesn't log. They were left out after the opening
    handshake, as Autobahn does in its section 9.

    Autobahn switches the logging of both directions together. So if its log has all that it wrote, it also
    has all that it read.
    """
    octets = [one for one in drafts if isinstance(one, Octets)]
    if any(isinstance(one, Logging) for one in drafts) or any(one.cut == Cut() for one in octets):
        return list(drafts)
    short = {side: report.totals.get(side, 0) - _logged(octets, side) for side in Side}
    if short[ME] <= 0:
        return list(drafts)
    heads = [number for number, one in enumerate(drafts) if isinstance(one, Octets) and is_head(one.data)]
    place = heads[:2][-1] + 1 if heads else 0
    span = drafts[place - 1].span if place else None
    left_out = [Octets(side, b"", cut=Cut(size), span=span) for side, size in short.items() if size > 0]
    return [*drafts[:place], *left_out, *drafts[place:]]


def _logged(octets: Sequence[Octets], side: Side) -> int:
    own = [one for one in octets if one.side is side]
    return sum(len(one.data) + (one.cut.more or 0 if one.cut else 0) for one in own)


def _restored(octets: Octets, report: Report) -> Octets:
    if octets.cut is None or not octets.data:
        return octets
    for head in report.heads:
        more = octets.cut.more
        fits = (
            len(head) == len(octets.data) + more
            if more is not None
            else not report.sizes or len(head) in report.sizes
        )
        if head.startswith(octets.data) and fits:
            return replace(octets, data=head, cut=None)
    return octets


def is_json(source: Source) -> bool:
    """Whether a text is JSON: of the texts that have a log, only a case report is."""
    return source.text.lstrip("\ufeff \t\r\n").startswith("{")


def read_json(source: Source) -> Report:
    """Read a case report in JSON. Raises SourceError."""
    fields = {field.key: field for field in json_text.fields(source)}
    report = {key: field.value for key, field in fields.items()}
    if not isinstance(report.get("wirelog"), list):
        hint = "the report of a single case has one; index.json has only verdicts"
        raise SourceError(
            None, f"{source.name}: no wire log in this JSON: expected the field 'wirelog'", hint
        )
    reader = _Rows(source)
    log = fields["wirelog"]
    for row, span in json_text.items(source, log.span.start):
        reader.take(row, span)
    recorder = Side.SERVER if report.get("isServer") is True else Side.CLIENT
    heads = (report.get("httpRequest"), report.get("httpResponse"))
    return Report(
        agent=report["agent"] if isinstance(report.get("agent"), str) else None,
        case=report["id"] if isinstance(report.get("id"), str) else None,
        recorder=recorder,
        heads=tuple(head.encode("utf-8", "surrogatepass") for head in heads if isinstance(head, str)),
        totals={
            side: _total(report[name])
            for side, name in ((ME, "txOctetStats"), (ME.other, "rxOctetStats"))
            if isinstance(report.get(name), dict)
        },
        drafts=[*reader.drafts, *_end(report, log.place)],
    )


def _total(stats: Mapping[str, Any]) -> int:
    """The octets of a count of reads or writes by their sizes; 0 if it isn't one."""
    try:
        return sum(int(size) * index(count) for size, count in stats.items())
    except (TypeError, ValueError):
        return 0


def _end(report: dict[str, Any], span: Span) -> list[Entry]:
    """The entries for what a report says by flags rather than in its log."""
    flags = {
        "wasOpenHandshakeTimeout": Wait.OPENING,
        "wasCloseHandshakeTimeout": Wait.CLOSING,
        "wasServerConnectionDropTimeout": Wait.DROP,
    }
    fired: list[Entry] = [
        Timer(wait, True, span=span) for flag, wait in flags.items() if report.get(flag) is True
    ]
    return [*fired, Drop(ME if report.get("droppedByMe") is True else ME.other, span=span)]


class _Described(NamedTuple):
    """A frame whose payload may repeat. Its octets are made only if a cut entry has this many."""

    header: FrameHeader
    payload: bytes

    @property
    def size(self) -> int:
        return self.header.size + self.header.length

    @property
    def octets(self) -> bytes:
        length = self.header.length
        full = (self.payload * (length // max(1, len(self.payload)) + 1))[:length]
        return encode(Frame(self.header, full))


class _Rows:
    """Reads the rows of a JSON report's log, one by one."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._described: list[_Described] = []  # the forms that the previous TX frame may have on the wire
        self._left = limits.LOG.default
        self.drafts: Drafts = []

    def take(self, row: Any, span: Span) -> None:
        """Read one row. Raises SourceError."""
        try:
            self.drafts.append(_ROWS[row[0]](self, row, span))
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            hint = f"known rows are {', '.join(_ROWS)}"
            raise SourceError(
                span, 'expected a row of a wire log such as ["TO", [2, "8100"], false]', hint
            ) from None

    def octets(self, row: Any, span: Span, side: Side) -> Octets:
        length, shown = row[1]
        data = bytes.fromhex(shown.removesuffix(" ..."))
        if not 0 <= (more := index(length) - len(data)) < _MOST:
            raise ValueError
        cut = Cut(more) if more else None
        if cut is not None and side is ME:
            fitting = (one.octets for one in self._described if one.size == length <= self._left)
            whole = next((octets for octets in fitting if octets.startswith(data)), None)
            if whole is not None:
                data, cut = whole, None
                self._left -= length
        if side is ME:
            self._described = []
        start = self._source.text.index('"', self._source.text.index(",", span.start)) + 1
        return Octets(
            side, data, cut=cut, span=self._source.span(start, start + len(shown.removesuffix(" ...")))
        )

    def tx_frame(self, row: Any, span: Span) -> FrameLine:
        (length, shown), opcode, fin, rsv, mask, repeat, chop, sync = row[1:]
        octets = key(str(mask))
        self._described = []
        for payload in shown_payloads(shown):
            if len(payload) == length and (repeat is None or (length and index(repeat) <= MAX_ENTRY)):
                size = length if repeat is None else repeat
                header = frame(opcode, fin=fin, rsv=rsv, key=octets or b"", length=size).header
                self._described.append(_Described(header, payload))
        values = (opcode, fin, rsv, length, octets is not None, octets, repeat, chop, sync)
        return FrameLine(ME, _named(values, span), span, shown=shown)

    def rx_frame(self, row: Any, span: Span) -> FrameLine:
        (length, shown), opcode, fin, rsv, masked, mask = row[1:]
        values = (opcode, fin, rsv, length, masked, key(str(mask)))
        return FrameLine(ME.other, _named(values, span), span, shown=str(shown))


def _named(values: Sequence[Value], span: Span) -> dict[str, PlacedValue]:
    return {name: PlacedValue(value, span) for name, value in zip(READERS, values, strict=False)}


def _timer(wait: Wait, fired: bool) -> Callable[[_Rows, Any, Span], Timer]:
    def build(rows: _Rows, row: Any, span: Span) -> Timer:
        after = None if fired else round(row[1] * SECOND)
        if after is not None and not 0 <= after < _MOST:
            raise ValueError
        tag = row[-1] if wait is Wait.DELAY else None
        return Timer(wait, fired, after, tag if tag is None else str(tag), span=span)

    return build


_ROWS: dict[str, Callable[[_Rows, Any, Span], Entry | FrameLine]] = {
    "TO": lambda rows, row, span: rows.octets(row, span, ME),
    "RO": lambda rows, row, span: rows.octets(row, span, ME.other),
    "TF": _Rows.tx_frame,
    "RF": _Rows.rx_frame,
    "CT": _timer(Wait.DELAY, False),
    "CTE": _timer(Wait.DELAY, True),
    "KL": _timer(Wait.FAIL, False),
    "KLE": _timer(Wait.FAIL, True),
    "TI": _timer(Wait.CLOSE, False),
    "TIE": _timer(Wait.CLOSE, True),
    "WLM": lambda rows, row, span: Logging(bool(row[1]), span=span),
}
