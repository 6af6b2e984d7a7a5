"""The kinds of lines in a wire log: one table for reading, suggesting and writing them."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from replay.source import SourceError, Span, nearest
from replay.trace import annotation, fields, literal
from replay.trace.annotation import FrameLine
from replay.trace.fields import seconds, show_seconds
from replay.trace.model import Cut, Digest, Drop, Entry, How, Logging, Octets, Timer, Unreached, Wait
from replay.wire.side import Side

ME = Side.CLIENT
"""The side that TX is taken for until the recorder of a log is known."""

_CUT = re.compile(r"(?:\A|\s+)(\.\.\.)(?:\s+\+(\d{1,19})\s+octets)?(?:\s+sha256=([0-9a-f]{64}))?\s*\Z")
_CHOP = re.compile(r"(?:\A|\s)([A-Za-z][\w-]*)[ \t]*=[ \t]*([^\s\"]*)\s*\Z")
_LONGEST_TAIL = 400
_PLAIN = re.compile(r'[^\s"](?:.*\S)?')
_DROP = re.compile(r"\s*(?:\((FIN|RST)\))?\s*")
_TIMER = re.compile(r"(?:\s+(?:AFTER\s+)?(?P<after>\S+)\s+sec)?(?:\s+(?:for|on)\s+TAG\s+(?P<tag>\S.*))?")

_DIGEST: fields.Readers = {"OPCODE": fields.number, "LEN": fields.number, "SHA256": fields.digest}

TIMERS: dict[tuple[Wait, bool], str] = {
    (Wait.DELAY, False): "DELAY",
    (Wait.DELAY, True): "DELAY TIMEOUT",
    (Wait.FAIL, False): "FAIL CONNECTION",
    (Wait.FAIL, True): "FAILING CONNECTION",
    (Wait.CLOSE, False): "CLOSE CONNECTION",
    (Wait.CLOSE, True): "CLOSING CONNECTION",
    (Wait.EVENTS, False): "AWAIT EVENTS",
    (Wait.EVENTS, True): "EVENTS TIMEOUT",
    (Wait.OPENING, False): "AWAIT OPENING",
    (Wait.OPENING, True): "OPENING TIMEOUT",
    (Wait.CLOSING, False): "AWAIT CLOSE",
    (Wait.CLOSING, True): "CLOSE TIMEOUT",
    (Wait.DROP, False): "AWAIT DROP",
    (Wait.DROP, True): "DROP TIMEOUT",
    (Wait.LIMIT, False): "AWAIT LIMIT",
    (Wait.LIMIT, True): "LIMIT REACHED",
}


class Words(Struct, frozen=True):
    """The text of one entry."""

    kind: str
    head: Span  # the words of the kind
    body: Span  # everything after them, including further lines
    at: int | None = None
    shown: str = ""  # for a FRAME line of a report: the lines below it, which show the payload


Builder = Callable[[Words, int], Entry | FrameLine]


class LineKind(Struct, frozen=True):
    build: Builder
    form: str  # an example for messages
    shape: re.Pattern[str]  # distinguishes it from prose that starts with the same words


def _octets(side: Side) -> Builder:
    def build(words: Words, limit: int) -> Octets:
        from replay.trace import foreign

        body = _trimmed(words.body)
        foreign.refuse(body)
        tail = max(body.start, body.end - _LONGEST_TAIL)
        found = _CUT.search(body.source.text[tail : body.end])
        cut = None
        if found is not None:
            cut = Cut(int(found[2]) if found[2] else None, found[3])
            body = _trimmed(body.source.span(body.start, tail + found.start()))
        body, chop = _chop(body, limit)
        try:
            octets = literal.parse(body, limit)
        except SourceError as error:
            raise foreign.explained(body, error) from None
        if cut is None and chop is not None and chop >= len(octets):
            chop = None  # all of it in one write
        return Octets(side, octets, words.at, cut, body, chop)

    return build


def _chop(body: Span, limit: int) -> tuple[Span, int | None]:
    """The literal of a run, and the size of its writes; None: it is one write."""
    start = max(body.start, body.end - _LONGEST_TAIL)
    found = _CHOP.search(body.source.text[start : body.end])
    if found is None:
        return body, None
    field = fields.read(body.source.span(start + found.start(1), body.end), {"CHOP": fields.size}, limit)
    chop = field["CHOP"].value
    assert isinstance(chop, int)
    return _trimmed(body.source.span(body.start, start + found.start())), chop


def _frame(side: Side) -> Builder:
    return lambda words, limit: annotation.read(side, words.body, words.head, limit, words.at, words.shown)


def _digest(side: Side) -> Builder:
    def build(words: Words, limit: int) -> Digest:
        found = {name: one.value for name, one in fields.read(words.body, _DIGEST, limit).items()}
        if (missing := next((name for name in _DIGEST if name not in found), None)) is not None:
            raise SourceError(words.head, f"expected {missing}= in a MESSAGE line")
        opcode, length, sha256 = (found[name] for name in _DIGEST)
        assert isinstance(opcode, int)
        assert isinstance(length, int)
        assert isinstance(sha256, str)
        return Digest(side, opcode, length, sha256, words.at, words.head)

    return build


def _timer(wait: Wait, fired: bool) -> Builder:
    def build(words: Words, limit: int) -> Timer:
        source, body = words.body.source, _trimmed(words.body)
        found = _TIMER.fullmatch(source.text, words.body.start, body.end)
        if found is None:
            raise SourceError(body, f"expected {KINDS[words.kind].form!r}")
        after = None if found["after"] is None else seconds(source.span(*found.span("after")))
        tag = None if found["tag"] in (None, "None") else read_text(source.span(*found.span("tag")))
        return Timer(wait, fired, after, tag, words.at, words.head)

    return build


def _drop(side: Side) -> Builder:
    def build(words: Words, limit: int) -> Drop:
        found = _DROP.fullmatch(words.body.source.text, words.body.start, words.body.end)
        if found is None:
            raise SourceError(_trimmed(words.body), "expected '(FIN)', '(RST)' or nothing")
        return Drop(side, How(found[1]) if found[1] else How.UNKNOWN, words.at, words.head)

    return build


def _unreached(words: Words, limit: int) -> Unreached:
    return Unreached(read_text(_trimmed(words.body)), words.at, words.head)


def _logging(on: bool) -> Builder:
    def build(words: Words, limit: int) -> Logging:
        if (rest := _trimmed(words.body)).start < rest.end:
            raise SourceError(rest, "expected nothing more on this line")
        return Logging(on, words.at, words.head)

    return build


_COLON = re.compile(r"[ \t]*:")
_END = re.compile(r"\s*(?:\(.*)?\Z")
_TIMED = re.compile(r"\s*\Z|\s+(?:AFTER\b|\+?\d|(?:for|on)\s+TAG\b)")


def _kinds() -> dict[str, LineKind]:
    kinds: dict[str, LineKind] = {}
    for way, side in (("TX", ME), ("RX", ME.other)):
        kinds[f"{way} OCTETS"] = LineKind(_octets(side), f"{way} OCTETS: 8100", _COLON)
        kinds[f"{way} FRAME"] = LineKind(_frame(side), f"{way} FRAME : OPCODE=1, FIN=True, RSV=0", _COLON)
        kinds[f"{way} MESSAGE"] = LineKind(
            _digest(side), f"{way} MESSAGE : OPCODE=1, LEN=5, SHA256=…", _COLON
        )
    for (wait, fired), words in TIMERS.items():
        after = " " if words.startswith(("AWAIT", "DELAY")) else " AFTER "
        form = "DELAY TIMEOUT on TAG A" if words == "DELAY TIMEOUT" else f"{words}{after}1.000000 sec"
        kinds[words] = LineKind(_timer(wait, fired), form, _TIMED)
    for who, side in (("ME", ME), ("PEER", ME.other)):
        kinds[f"TCP DROPPED BY {who}"] = LineKind(_drop(side), f"TCP DROPPED BY {who}", _END)
    kinds["TCP NOT CONNECTED"] = LineKind(_unreached, 'TCP NOT CONNECTED: "refused"', _COLON)
    for words, on in (("ENABLED", True), ("DISABLED", False)):
        kinds[f"WIRELOG {words}"] = LineKind(_logging(on), f"WIRELOG {words}", _END)
    return kinds


KINDS = _kinds()
"""All kinds of lines, by the words with which they start."""


def build(words: Words, limit: int) -> Entry | FrameLine:
    """Read one entry; TX is `ME`. `limit`: octets that it may have at most. Raises SourceError."""
    kind, body = KINDS[words.kind], words.body
    if kind.shape is _COLON:
        found = _COLON.match(body.source.text, body.start, body.end)
        if found is None:
            raise SourceError(words.head, f"expected ':' after {words.kind}", f"as in {kind.form!r}")
        words = replace(words, body=body.source.span(found.end(), body.end))
    return kind.build(words, limit)


def suggest(words: str) -> str | None:
    """The known kind nearest to these words."""
    return nearest(words.upper(), KINDS)


def is_plain(text: str) -> bool:
    """Whether this text may be written without quotes at the end of a line."""
    return bool(_PLAIN.fullmatch(text)) and text.isprintable() and "\ufffd" not in text


def read_text(span: Span) -> str:
    """Read text at the end of a line, with or without quotes. Raises SourceError."""
    text = span.source.text[span.start : span.end]
    return literal.parse_text(span) if text.startswith('"') else text


def show_text(text: str) -> str:
    """The form that `read_text` reads."""
    return text if is_plain(text) else literal.quote_text(text)


def write(entry: Entry, me: Side) -> tuple[str, list[str]]:
    """The words of an entry, and the items after its literal; `me` is TX."""
    match entry:
        case Octets():
            tail = [] if entry.chop is None else [f"CHOP={entry.chop}"]
            tail += [] if entry.cut is None else [_show_cut(entry.cut)]
            return f"{_way(entry.side, me)} OCTETS: ", tail
        case Digest():
            shown = f"OPCODE={entry.opcode}, LEN={entry.length}, SHA256={entry.sha256}"
            return f"{_way(entry.side, me)} MESSAGE : {shown}", []
        case Timer():
            return _show_timer(entry), []
        case Drop():
            how = "" if entry.how is How.UNKNOWN else f" ({entry.how.value})"
            return f"TCP DROPPED BY {'ME' if entry.side is me else 'PEER'}{how}", []
        case Unreached():
            return f"TCP NOT CONNECTED: {literal.quote_text(entry.reason)}", []
        case Logging():
            return f"WIRELOG {'ENABLED' if entry.on else 'DISABLED'}", []


def _way(side: Side, me: Side) -> str:
    return "TX" if side is me else "RX"


def _show_cut(cut: Cut) -> str:
    more = f" +{cut.more} octets" if cut.more is not None else ""
    return "..." + more + (f" sha256={cut.sha256}" if cut.sha256 is not None else "")


def _show_timer(timer: Timer) -> str:
    words = TIMERS[timer.wait, timer.fired]
    if timer.after is not None:
        plain = words == "DELAY" or words.startswith("AWAIT")
        words += f"{' ' if plain else ' AFTER '}{show_seconds(timer.after)} sec"
    if timer.tag is not None or timer.wait is Wait.DELAY:
        tag = "None" if timer.tag is None else show_text(timer.tag)
        if timer.tag == "None":
            tag = literal.quote_text(tag)
        words += f" {'on' if timer.fired else 'for'} TAG {tag}"
    return words


def _trimmed(span: Span) -> Span:
    text = span.source.text
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return span.source.span(start, end)
