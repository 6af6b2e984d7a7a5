"""Wire logs as text: `parse` reads all their forms, `write` writes the canonical one.

A log that a user names is read with `read`, which also refuses what can't be meant: a log without entries,
or with two connections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.source import MAX_FILE, Source, SourceError, Span, printable
from replay.trace import framing, kinds, literal, written
from replay.trace.annotation import FrameLine
from replay.trace.model import Digest, Drop, Entry, Octets, Trace
from replay.wire.side import Side

if TYPE_CHECKING:
    from replay.trace import autobahn

MAX_LOG = limits.LOG.default
"""Octets to which all literals of one log may expand together."""

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_LINE = re.compile(r"[^\r\n]*")


class Parsed(Struct, frozen=True):
    """A trace, and warnings about its text, each as 'file:line:column: message'."""

    trace: Trace
    warnings: tuple[str, ...] = ()


def parse(source: Source) -> Parsed:
    """Read a wire log: canonical, written by hand, or inside an Autobahn report.

    A report may be the page, text pasted from it, or the JSON of the case. Raises SourceError for a line
    that is neither an entry nor, outside the log, prose; and for a FRAME line that contradicts the octets,
    unless it is a report's.
    """
    from replay.trace import autobahn, lines, streamed

    source, incomplete = streamed.whole(source)
    if incomplete is not None:
        said = _warning(incomplete, "the recording was cut off in this line, which is left out")
        parsed = parse(source)
        return replace(parsed, warnings=(said, *parsed.warnings))
    if autobahn.is_json(source):
        report = autobahn.read_json(source)
        return _finish(source, autobahn.mend(report.drafts, report), report, (), None, imported=True)
    if (page := autobahn.page(source)) is not None:
        log = lines.scan(*page)
    else:
        source, found = lines.unquoted(source)
        log = lines.scan(source, found)
    drafts = _build(log.words)
    start = log.words[0].head.start if log.words else 0
    report = autobahn.around(source.text[:start]) if page or log.prose else autobahn.Report()
    marked = any(isinstance(one, FrameLine) and one.is_autobahns for one in drafts)
    imported = page is not None or report.case is not None or marked
    if imported:
        drafts = autobahn.mend(drafts, report)
    return _finish(source, drafts, report, tuple(log.headers), log.recorder, imported=imported)


def read(source: Source) -> Parsed:
    """Like `parse`, for a log that has to be that of one connection: also raises SourceError if it has no
    entries, or if another connection begins in it."""
    parsed = parse(source)
    if not parsed.trace.entries:
        start = len(source.text) - len(source.text.lstrip("\ufeff \t\r\n"))
        found = _LINE.match(source.text, start)
        span = source.span(start, found.end() if found else start)
        hint = f"add what was sent and received, as in {kinds.KINDS['TX OCTETS'].form!r}"
        raise SourceError(span, "this log has header lines, but no entries", hint)
    if (second := framing.second_connection(parsed.trace.entries)) is not None:
        hint = "put each connection into a file of its own"
        raise SourceError(second.span, "another connection begins here, but a log has only one", hint)
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
    from replay.trace import autobahn, gaps, matching

    recorder = (
        recorder or framing.recorder(drafts, kinds.ME) or _masker(drafts) or report.recorder or Side.CLIENT
    )
    for side in Side:
        drafts = gaps.bridged(
            drafts, side, recorder if side is kinds.ME else recorder.other, side is kinds.ME
        )
    drafts = autobahn.with_unlogged(drafts, report)
    entries, differences = matching.settle(drafts, recorder, kinds.ME, report=imported)
    warnings = [_warning(span, message) for span, message in differences]
    cut = [entry.span for entry in entries if isinstance(entry, Octets) and entry.cut is not None]
    if cut:
        more = len(cut) - 1
        others = f" (and in {more} more place{'s' * (more > 1)} below)" if more else ""
        said = f"octets are missing here{others}: this log can be checked, but not replayed"
        warnings.append(_warning(cut[0], said))
    if recorder is not kinds.ME:
        entries = [_swapped(entry) for entry in entries]
    named = {name for name, _ in headers}
    headers = (*headers, *(header for header in report.headers if header[0] not in named))
    return Parsed(Trace(recorder, tuple(entries), headers), tuple(warnings))


def _masker(drafts: Sequence[Entry | FrameLine]) -> Side | None:
    """The recorder of a log that has only FRAME lines: the side that masks is the client."""
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
    """The canonical text of a trace, which `parse` reads as the same trace. Takes time linear in its
    octets."""
    head = [_header(name, value) for name, value in trace.headers]
    said = framing.recorder(trace.entries, trace.recorder) or Side.CLIENT
    if said is not trace.recorder or not (head or trace.entries):
        head.insert(0, f"# recorder: {trace.recorder.value}")
    return "\n".join((*head, *written.lines(trace), ""))


def storable(trace: Trace) -> bytes | None:
    """The content of a file with this trace; None: it would be too large to be read again."""
    if trace.size > MAX_LOG:
        return None
    text = write(trace).encode("utf-8", "replace")
    return text if len(text) <= MAX_FILE else None


def _header(name: str, value: str) -> str:
    from replay.trace import lines

    plain = _KEY.fullmatch(name) and name not in lines.TAKEN
    return f"# {name if plain else literal.quote_text(name)}: {kinds.show_text(value)}"
