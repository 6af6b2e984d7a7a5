"""What -v adds for each case: the handshake, how the connection ended, octets by size, frames, the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

from rich.text import Text

from replay.protocol.events import Close, Message, Opened
from replay.report import causes, inflated, log, safe, words
from replay.report.layout import DIM, INDENT, LABEL, labelled, pad, text, wrapped
from replay.report.rounds import rounds
from replay.report.stream import SentOctets, both
from replay.trace.model import Octets
from replay.verdict.result import CaseResult, Judged
from replay.wire.handshake import MAX_HEAD
from replay.wire.side import Side

MOST_SIZES = 12
"""The most sizes of reads and writes that are listed; the others are summed up."""

_KEY = 24


def verbose(result: Judged, width: int) -> Iterator[Text]:
    """The sections, one below the other."""
    streams = both(result.trace, result.events)
    tester = result.facts.tester
    fits = f"fits {result.outcome.verdict.value}" if result.outcome else "fits none of what is expected"
    fits = safe.escape(result.unjudged) if result.unjudged is not None else fits
    if any(isinstance(event, Message) and event.digest for event in result.events):
        fits += "; some messages are known by their digests only"
    yield _title(f"{safe.escape(result.case.id)}  {safe.escape(result.case.title)}")
    yield from labelled("behaviour", f"{result.word}, {fits}", width)
    reason = safe.escape(result.closing_reason, 300)
    yield from labelled("closing", f"{result.closing.value}: {reason}", width)
    if few := rounds(result.case):
        yield from labelled("rounds", few, width)
    for note in (*(() if result.failed else causes.broken(result)), *result.notes):
        yield from labelled("note", safe.escape(note), width)
    yield text()
    yield _title("Opening handshake")
    yield from _handshake(streams, width)
    yield from inflated.agreed(result.events, width)
    yield text()
    yield _title("Closing")
    yield from _closing(result, width)
    yield text()
    order = (tester, tester.other)
    sizes = [_sizes(result, side) for side in order]
    frames = [_frames(streams[side]) for side in order]
    if any(isinstance(event, Opened) and event.agreed for event in result.events):
        yield _title("Compression")
        names = [(side, f"{words.side(side, tester)} sent") for side in order]
        yield from inflated.totals(result.events, names, width)
        yield text()
    yield _title("Octets by size of write and read")
    yield from _beside([f"{words.side(side, tester)} sent" for side in order], sizes, width)
    yield text()
    yield _title("Frames by opcode")
    yield from _beside([f"{words.side(side, tester)} sent" for side in order], frames, width)
    yield text()
    yield text(("  Wire log", LABEL), (f"  TX is the {result.trace.recorder.value}", DIM))
    yield from log.whole(result.trace, streams, width)


def _title(string: str) -> Text:
    return text(("  " + string, LABEL))


def _handshake(streams: dict[Side, SentOctets], width: int) -> Iterator[Text]:
    for side in (Side.CLIENT, Side.SERVER):
        stream = streams[side]
        head = stream.slice(0, min(stream.head, MAX_HEAD)).decode("latin-1").split("\r\n")
        for number, line in enumerate([line for line in head if line] or ["nothing"]):
            name, colon, value = line.partition(":")
            style = DIM if colon and number else ""
            label = f"  {side.value}".ljust(INDENT) if not number else " " * INDENT
            yield text(label, (safe.escape(name, 200) + colon, style), safe.escape(value, 400))


def closing(result: CaseResult) -> list[tuple[str, str]]:
    """How the connection ended, fact by fact."""
    facts, tester = result.facts, result.facts.tester
    testee = tester.other
    closed = tester if facts.closed_by_tester else testee if facts.closed_by_testee else None
    dropped = tester if facts.dropped_by_tester else testee if facts.dropped_by_testee else None
    late = {
        "the opening handshake": facts.opening_timed_out,
        "the other Close": facts.close_timed_out,
        "the server's end of TCP": facts.drop_timed_out,
        "the whole case": facts.limit_reached and facts.bound is None,
    }
    return [
        ("opened", "yes" if facts.opened else "no"),
        ("first Close", "nobody" if closed is None else f"by the {words.side(closed, tester)}"),
        ("failed", f"by the {words.side(tester, tester)}" if facts.failed_by_tester else "no"),
        ("TCP ended", "by nobody" if dropped is None else f"by the {words.side(dropped, tester)}"),
        ("clean", f"no: {safe.escape(facts.unclean_reason)}" if facts.unclean_reason else "yes"),
        (f"Close of the {tester.value}", _close(facts.tester_close)),
        (f"Close of the {testee.value}", _close(facts.testee_close)),
        ("too late", ", ".join(name for name, is_late in late.items() if is_late) or "nothing"),
    ]


def _closing(result: CaseResult, width: int) -> Iterator[Text]:
    for key, value in closing(result):
        lines = wrapped(value, width, " " * _KEY)
        for number, line in enumerate(lines):
            yield text((("  " + key).ljust(_KEY) if not number else " " * _KEY, DIM), line[_KEY:])


def _close(close: Close | None) -> str:
    return "none" if close is None else words.event(close).removeprefix("close, ")


Table = list[tuple[str, str, str]]


def _sizes(result: Judged, side: Side) -> Table:
    """Each size, how often it occurs and the octets in total; then the sum."""
    writes = (entry for entry in result.trace.entries if isinstance(entry, Octets) and entry.side is side)
    counts = log.sizes(writes)
    rows = sorted(counts.items())
    table: Table = [("size", "count", "octets")]
    table += [(str(size), str(n), str(size * n)) for size, n in rows[:MOST_SIZES]]
    if others := rows[MOST_SIZES:]:
        table.append(("larger", str(sum(n for _, n in others)), str(sum(s * n for s, n in others))))
    table.append(("total", str(sum(counts.values())), str(sum(size * n for size, n in rows))))
    return table


def _frames(stream: SentOctets) -> Table:
    counts = Counter(placed.header.opcode for placed in stream.frames)
    table: Table = [("opcode", "", "count")]
    table += [(str(number), words.opcode(number), str(n)) for number, n in sorted(counts.items())]
    table.append(("total", "", str(sum(counts.values()))))
    return table


def _beside(titles: list[str], tables: list[Table], width: int) -> Iterator[Text]:
    """Two tables of three columns, side by side."""
    column = min(40, (width - 4) // 2)
    yield text("  ", (pad(titles[0], column), ""), (pad(titles[1], column).rstrip(), ""))
    blank = ("", "", "")
    totals = [table.pop() for table in tables]
    rows = [*zip_longest(*tables, fillvalue=blank), tuple(totals)]
    for number, pair in enumerate(rows):
        style = DIM if number in (0, len(rows) - 1) else ""
        cells = [pad(f"{a:>8}  {b:>12}{c:>10}", column) for a, b, c in pair]
        yield text("  ", ("".join(cells).rstrip(), style))
