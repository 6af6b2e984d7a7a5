"""The octet literal of a wire log: hex, quoted text and repeats, in any mix.

    82fe007e 3245eb4b (ccbb15b5)*31 ccbb        "GET / HTTP/1.1\\r\\n" 0d0a

White space between items doesn't matter, `(items)*n` can't be nested, and quoted text is UTF-8 with the
escapes \\r \\n \\t \\" \\\\ \\xNN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay import limits
from replay.source import SourceError, Span

MAX_ENTRY = limits.ENTRY.default
"""Octets that one literal may expand to."""

MAX_UNIT = limits.UNIT.default
"""Octets of the longest repeated unit that is found when a literal is written."""

_PROBE = 16
_LEAST = 48
_WIDTH = 100

_TOKEN = re.compile(
    r"(?P<space>(?:[\r\n][ \t]*#[^\r\n]*|\s)+)"
    r"|(?P<hex>[0-9a-fA-F]+)"
    r'|(?P<quoted>"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*")'
    r"|(?P<open>\()"
    r"|(?P<close>\)(?:\s*\*\s*(?P<count>[0-9]+))?)"
)
_PLAIN_HEX = re.compile(r"[0-9a-fA-F \t\r\n]*")
_CHARACTER = re.compile(r"\\x[0-9a-fA-F]{2}|\\.|.", re.DOTALL)
_ESCAPED = re.compile(r"(?:[^\\]++|\\(?:[rnt\"\\]|x[0-9a-fA-F]{2}))*+")
_ESCAPES = {"\\r": b"\r", "\\n": b"\n", "\\t": b"\t", '\\"': b'"', "\\\\": b"\\"}
_PRINTABLE = bytes(range(0x20, 0x7F))
_SHOWN = {octet: chr(octet) if octet in _PRINTABLE else f"\\x{octet:02x}" for octet in range(256)} | {
    octets[0]: escape for escape, octets in _ESCAPES.items()
}


class _Part(NamedTuple):
    """Hex or quoted text (without `parts`), or a repeat (with the parts of its unit)."""

    start: int
    end: int
    octets: bytes
    times: int = 1
    parts: tuple[_Part, ...] = ()


def parse(span: Span, limit: int = MAX_ENTRY) -> bytes:
    """The octets of the literal in `span`.

    Raises SourceError if it isn't a literal, or has more than `limit` octets; its size is computed before
    anything is expanded.
    """
    text = span.source.text
    if (span.end - span.start) // 2 <= limit and _PLAIN_HEX.fullmatch(text, span.start, span.end):
        try:
            return bytes.fromhex(text[span.start : span.end])
        except ValueError:
            pass  # an odd number of digits, which is reported below with its place
    return b"".join(part.octets * part.times for part in _parts(span, limit))


def parse_text(span: Span) -> str:
    """The text of a quoted literal. Raises SourceError."""
    try:
        return parse(span).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise SourceError(span, "expected text, but these octets are not valid UTF-8") from None


def locate(span: Span, offset: int) -> Span:
    """The characters of the octet at `offset`; in a repeat, those of the octet in its unit.

    The whole of `span` if there are none: if `offset` is past the end, or if `span` isn't a literal (an
    entry made of a FRAME line, a restored handshake).
    """
    try:
        parts: Sequence[_Part] = _parts(span, None)
    except SourceError:
        return span
    while parts:
        for part in parts:
            size = len(part.octets) * part.times
            if offset < size:
                break
            offset -= size
        else:
            break
        offset %= len(part.octets)
        if not part.parts:
            return _character(span, part, offset)
        parts = part.parts
    return span


def _character(span: Span, part: _Part, offset: int) -> Span:
    text = span.source.text
    if text[part.start] != '"':
        return span.source.span(part.start + 2 * offset, part.start + 2 * offset + 2)
    for found in _CHARACTER.finditer(text, part.start + 1, part.end - 1):
        offset -= len(_octets(found[0]))
        if offset < 0:
            return span.source.span(found.start(), found.end())
    return span


def _parts(span: Span, limit: int | None) -> list[_Part]:
    source, text = span.source, span.source.text
    outer: list[_Part] = []
    parts = outer
    opened, total, at = span.start, 0, span.start
    while at < span.end:
        found = _TOKEN.match(text, at, span.end)
        if found is None:
            raise _unknown(span, at)
        start, at = at, found.end()
        kind = found.lastgroup
        part = None
        if kind == "hex":
            if text.startswith("CHOP", start):
                here = source.span(start, start + len("CHOP"))
                raise SourceError(here, "'CHOP=' is only allowed behind all octets of an entry")
            if at < span.end and text[at].isalpha():
                here = source.span(at, at + 1)
                raise SourceError(
                    here,
                    f"{text[at]!r} is not a hex digit",
                    "an octet is two hex digits; text stands in quotes",
                )
            if (at - start) % 2:
                here = source.span(start, at)
                said = f"an odd number of hex digits: {at - start}"
                raise SourceError(here, said, "write each octet with two digits")
            part = _Part(start, at, bytes.fromhex(found[0]))
        elif kind == "quoted":
            part = _Part(start, at, _unquote(source.span(start, at)))
        elif kind == "open":
            if parts is not outer:
                here = source.span(start, at)
                raise SourceError(here, "a repeat inside a repeat", "write the inner one out")
            parts, opened = [], start
        elif kind == "close":
            here = source.span(start, at)
            part = _repeat(here, parts, parts is not outer, opened, found["count"], limit)
            parts = outer
        if part is not None:
            if parts is outer:
                total += len(part.octets) * part.times
                if limit is not None and total > limit:
                    message = f"too many octets: {total:,}, but at most {limit:,} are allowed here"
                    raise SourceError(source.span(start, at), message)
            parts.append(part)
    if parts is not outer:
        raise SourceError(source.span(opened, opened + 1), "this '(' isn't closed: expected '(items)*n'")
    return outer


def _repeat(
    here: Span, parts: list[_Part], inside: bool, opened: int, count: str | None, limit: int | None
) -> _Part:
    if not inside:
        raise SourceError(here, "this ')' has no '(' before it: expected '(items)*n'")
    if count is None:
        raise SourceError(here, "expected '*' and a number after ')'", "a repeat is (items)*n")
    unit = b"".join(part.octets for part in parts)
    if not unit:
        raise SourceError(here.source.span(opened, here.end), "nothing to repeat between '(' and ')'")
    digits = count.lstrip("0") or "0"
    if limit is not None and (len(digits) > 18 or int(digits) * len(unit) > limit):
        size = f"{int(digits) * len(unit):,}" if len(digits) <= 18 else "far more"
        raise SourceError(
            here.source.span(opened, here.end),
            f"this repeat expands to {size} octets, but at most {limit:,} are allowed here",
        )
    return _Part(opened, here.end, unit, int(digits), tuple(parts))


def _unknown(span: Span, at: int) -> SourceError:
    text = span.source.text
    if text[at] == '"':
        return SourceError(span.source.span(at), "this quote isn't closed on its line")
    if text.startswith("...", at):
        hint = "write '...' alone, or with what is missing: '... +131008 octets'"
        here = span.source.span(at, at + 3)
        return SourceError(here, "'...' is only allowed at the end of an entry", hint)
    end = at + 1
    while end < span.end and not text[end].isspace() and text[end] not in '"()':
        end += 1
    return SourceError(span.source.span(at, end), 'expected hex digits, "text" or (items)*n')


def _octets(character: str) -> bytes:
    if character.startswith("\\x") and len(character) == 4:
        return bytes.fromhex(character[2:])
    return _ESCAPES.get(character) or character.encode("utf-8", "surrogatepass")


def _unquote(span: Span) -> bytes:
    text = span.source.text[span.start + 1 : span.end - 1]
    if text.isascii() and _ESCAPED.fullmatch(text):  # then Python's escapes are the same as a log's
        return text.encode("ascii").decode("unicode_escape").encode("latin-1")
    for found in _CHARACTER.finditer(text):
        here = span.source.span(span.start + 1 + found.start(), span.start + 1 + found.end())
        if found[0][0] == "\\" and found[0] not in _ESCAPES and len(found[0]) != 4:
            raise SourceError(here, "unknown escape", 'known escapes are \\r \\n \\t \\" \\\\ and \\xNN')
        if found[0] == "\ufffd":
            raise SourceError(
                here, "this character is not valid UTF-8 in the file", "write its octets as \\xNN"
            )
    return b"".join(_octets(found[0]) for found in _CHARACTER.finditer(text))


def quote(octets: bytes) -> str:
    """These octets as quoted text, with everything but printable ASCII escaped."""
    return f'"{"".join(map(_SHOWN.__getitem__, octets))}"'


def quote_text(text: str) -> str:
    """This text as a quoted literal; U+FFFD and unprintable characters are escaped."""
    shown = (c if ord(c) > 0x7F and c.isprintable() and c != "\ufffd" else _escaped(c) for c in text)
    return f'"{"".join(shown)}"'


def _escaped(character: str) -> str:
    return "".join(map(_SHOWN.__getitem__, character.encode("utf-8", "surrogatepass")))


def items(
    octets: bytes, start: int = 0, stop: int | None = None, *, text: bool = False, most: int | None = None
) -> list[str] | None:
    """The canonical items of a literal: repeats, and between them hex, or quoted text if `text` is given
    and all octets are printable.

    From the left, each first run of at least three units and 48 octets becomes a repeat of its smallest
    unit, of at most MAX_UNIT octets. None: more than `most` octets would have to be written out. Takes time
    linear in the octets from `start` up to `stop`.
    """
    stop = len(octets) if stop is None else stop
    found: list[tuple[bytes, int]] = []
    written, at = 0, start
    for begin, unit, count in _runs(octets, start, stop, most) if stop - start >= _LEAST else ():
        if begin > at:
            found.append((octets[at:begin], 1))
        found.append((octets[begin : begin + unit], count))
        written += begin - at + unit
        at = begin + unit * count
    if most is not None and written + stop - at > most:
        return None
    if at < stop:
        found.append((octets[at:stop], 1))
    plain = text and not b"".join([some for some, _ in found]).translate(None, _PRINTABLE)
    write = quote if plain else bytes.hex
    return [write(some) if times == 1 else f"({write(some)})*{times}" for some, times in found]


def _runs(octets: bytes, done: int, stop: int, most: int | None) -> Iterator[tuple[int, int, int]]:
    """The start, unit size and count of each repeat. It is enough to look for runs at every `_PROBE`th
    octet, since each run that is long enough contains such a probe near its start, and again later."""
    probe = done
    while probe + _LEAST - _PROBE < stop and (most is None or probe - done <= most):
        if (found := _run_at(octets, probe, done, stop)) is None:
            probe += _PROBE
            continue
        yield found
        start, unit, count = found
        done = probe = start + count * unit


def _run_at(octets: bytes, probe: int, done: int, stop: int) -> tuple[int, int, int] | None:
    """The run with the smallest unit whose first probe is here.

    In a run of a larger unit, more octets after the probe have to occur again, so the needle grows with the
    unit. That keeps the number of places to look at small, whatever the octets are: a long needle that
    occurs often would be a run of a smaller unit.
    """
    unit, first = 1, max(done, probe - _PROBE)
    while unit <= MAX_UNIT:
        size = max(_PROBE, 2 * unit - _PROBE) + 1  # octets that recur in a run of this or a larger unit
        needle = octets[probe : probe + size]
        again = octets.find(needle, probe + unit, min(stop, probe + MAX_UNIT + size))
        if again < 0:
            return None
        if again - probe > max(unit, _PROBE):
            unit = again - probe  # a larger unit, of which more octets have to recur
            continue
        unit = again - probe
        end, start = _end_of_run(octets, unit, again + size, stop), probe
        while start > first and octets[start - 1] == octets[start - 1 + unit]:
            start -= 1
        if end - start >= max(_LEAST, 3 * unit):
            return start, unit, (end - start) // unit
        # Within this run the needle recurs at multiples of the unit, and none of them gives a longer run.
        unit = max(unit, end - size - probe) + 1
    return None


def _end_of_run(octets: bytes, unit: int, end: int, stop: int) -> int:
    """The end of the run with this period that reaches at least `end`: by steps that double, then halve."""
    step, growing = _PROBE, True
    while step and end < stop:
        piece = octets[end - unit : min(end + step, stop) - unit]
        if octets.startswith(piece, end):
            end += len(piece)
        else:
            growing = False
        step = min(step * 2, 2**16) if growing else step // 2
    return end


def wrap(head: str, written: Sequence[str], indent: int) -> str:
    """`head`, followed by the items, on lines of about 100 columns; further lines are indented."""
    line = head + " ".join(written)
    if len(line) <= _WIDTH:
        return line.rstrip()
    margin, most = " " * indent, _WIDTH - indent
    lines = [head]

    def put(word: str, width: int = _WIDTH) -> None:
        if len(lines[-1]) + len(word) > width and lines[-1] != margin:
            lines.append(margin)
        lines[-1] += word

    for item in written:
        width = _WIDTH + 20 if lines == [head] else _WIDTH
        room = width - len(lines[-1])
        if len(item) <= max(room, most) or item[0] == "." or '"' in item:
            put(item, width)
        else:
            digits, close, count = item.partition(")")
            room = _WIDTH - len(lines[-1])
            for piece in _pieces(digits, room if room >= _PROBE else most, most):
                put(piece)
            put(close + count)
        lines[-1] += " "
    return "\n".join(line.rstrip() for line in lines)


def _pieces(digits: str, first: int, most: int) -> Iterator[str]:
    """Hex digits, possibly after a '(', in pieces of whole octets: of at most `first` characters, then of
    `most`."""
    at, end = 0, first - (first - len(digits)) % 2
    while at < len(digits):
        yield digits[at:end]
        at, end = end, end + most - most % 2
