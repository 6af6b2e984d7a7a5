"""Octets as they were on the wire, with a caret, and the bits of a frame's header spelled out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from rich.text import Text

from replay.report import safe, words
from replay.report.layout import DIM, FAULT, LABEL, WANTED, text
from replay.report.stream import OctetPlace, Placed, SentOctets
from replay.wire.frame import encode_header
from replay.wire.masking import mask

ROW = 16
"""How many octets a row of hex has."""

FIELDS = {
    "client-masks": "MASK",
    "server-does-not-mask": "MASK",
    "rsv-zero": "RSV",
    "rsv1-on-first-frame": "RSV",
    "known-opcode": "OPCODE",
    "continuation-continues": "OPCODE",
    "fragments-not-interleaved": "OPCODE",
    "control-not-fragmented": "FIN",
    "control-length": "LENGTH",
    "minimal-length": "LENGTH",
    "length-below-2-63": "LENGTH",
    "close-length": "LENGTH",
}
"""The field of the header to which a breach of a rule belongs."""

MARGIN = len("  000 RX OCTETS  ")
"""The column after the labels."""

Octet = Callable[[int], bytes]
"""What was expected at an offset of the stream: one octet or none."""


def entry_label(entry: int, stream: SentOctets) -> str:
    """'005 RX OCTETS', as in the written log."""
    return f"{stream.numbers[entry]:03} {'TX' if stream.recorded else 'RX'} OCTETS"


def pointed_octets(
    stream: SentOctets,
    offset: int,
    width: int,
    length: int = 1,
    expected: Octet | None = None,
    behind: bool = False,
) -> Iterator[Text]:
    """The row of octets around `offset`, what was expected instead, and carets.

    With `behind`, the octet at `offset` doesn't belong there, or there is none: the caret is after the
    octet before it.
    """
    if (place := stream.place(offset - behind)) is None:
        return
    place = place._replace(offset=place.offset + behind)
    if stream.head and offset < stream.head:
        yield from _head_line(stream, place, offset, width)
        return
    margin = len(entry_label(place.entry, stream)) + 4
    digits = 4 if place.length < 65536 else 8
    first, per_row = _window(place.offset, width, margin)
    row = stream.slice(place.start + first, place.start + min(first + per_row, place.length))
    column = margin + digits + 2

    shown, style = entry_label(place.entry, stream), LABEL
    yield _row(f"  {shown}  ", style, f"{first:0{digits}x}", row, width, column, per_row)
    frame = stream.frame_around(offset - behind)
    if frame is not None and frame.header.key and frame.body < place.start + first + per_row:
        plain = _unmasked(frame, place.start + first, row)
        yield _row("  unmasked".ljust(margin), "", "", plain, width, column, per_row)
    if expected is not None:
        wanted = [expected(place.start + first + i) for i in range(per_row)]
        yield _row("  expected".ljust(margin), "", "", wanted, width, column, per_row, WANTED)
    at = place.offset - first
    yield _caret(at, min(length, per_row - at), place, width, column)


def pointed_inflated(data: bytes, offset: int, width: int, expected: Octet) -> Iterator[Text]:
    """The same for a message that isn't on the wire as it is shown; all offsets are its own."""
    digits = 4 if len(data) < 65536 else 8
    first, per_row = _window(offset, width, MARGIN)
    column = MARGIN + digits + 2
    label, number = "  inflated".ljust(MARGIN), f"{first:0{digits}x}"
    yield _row(label, LABEL, number, data[first : first + per_row], width, column, per_row)
    wanted = [expected(first + at) for at in range(per_row)]
    yield _row("  expected".ljust(MARGIN), "", "", wanted, width, column, per_row, WANTED)
    yield _caret(offset - first, 1, OctetPlace(0, offset, len(data), 0), width, column, " inflated")


def _window(offset: int, width: int, margin: int) -> tuple[int, int]:
    """The first octet of the row that shows `offset`, and the number of octets in it."""
    per_row = ROW if width >= margin + 7 + ROW * 3 + 1 else ROW // 2
    half = per_row // 2
    return max(0, offset - half) // half * half, per_row


def _row(
    label: str,
    style: str,
    number: str,
    octets: bytes | list[bytes],
    width: int,
    column: int,
    per_row: int,
    tone: str = "",
) -> Text:
    cells = [octets[i : i + 1] if isinstance(octets, bytes) else octets[i] for i in range(len(octets))]
    pairs = [cell.hex() or "  " for cell in cells]
    hexes = " ".join(pairs[:8]) + ("  " + " ".join(pairs[8:]) if len(pairs) > 8 else "")
    line = text((label, style), (number.ljust(column - len(label)), DIM), (hexes.rstrip(), tone))
    if width >= column + per_row * 3 + per_row + 2:
        dump = "".join(chr(c[0]) if c and 0x20 <= c[0] < 0x7F else "." if c else " " for c in cells)
        line.append(" " * (column + per_row * 3 + 2 - len(line)))
        line.append(dump.rstrip(), DIM)
    return line


def _caret(at: int, length: int, place: OctetPlace, width: int, column: int, what: str = "") -> Text:
    start = column + at * 3 + (1 if at >= 8 else 0)
    carets = "^" * max(2, length * 3 - 1)
    if place.offset >= place.length:
        said = f"behind the last octet of {place.length}{what}"
    else:
        said = f"offset {place.offset} of {place.length}{what}"
    if start + len(carets) + 1 + len(said) <= width or start <= len(said):
        return text((" " * start + carets + " " + said, FAULT))
    return text((" " * (start - len(said) - 1) + said + " " + carets, FAULT))


def _unmasked(frame: Placed, first: int, row: bytes) -> list[bytes]:
    """The octets of the row that are payload of this frame, unmasked; the others are left blank."""
    cells = []
    for i in range(len(row)):
        at = first + i - frame.body
        inside = 0 <= at < frame.header.length
        cells.append(mask(row[i : i + 1], frame.header.key, at) if inside else b"")
    return cells


def _head_line(stream: SentOctets, place: OctetPlace, offset: int, width: int) -> Iterator[Text]:
    """The line of the opening handshake that contains the octet, with carets under all of it."""
    start = max(0, offset - 4096)
    line_start = stream.slice(start, offset).rfind(b"\n") + 1 + start
    line = stream.slice(line_start, min(stream.head, line_start + 4096)).split(b"\n")[0].rstrip(b"\r")
    label = f"  {entry_label(place.entry, stream)}  "
    shown = safe.quoted(line.decode("latin-1"))
    if len(shown) > width - len(label):
        shown = shown[: width - len(label) - 1] + "…"
    yield text((label, LABEL), shown)
    said = f" offset {place.offset} of {place.length}"
    carets = "^" * max(1, min(len(shown) - 2, width - len(label) - len(said) - 1))
    yield text((" " * (len(label) + 1) + carets + said, FAULT))


def header_bits(
    placed: Placed, stream: SentOctets, width: int, rules: Collection[str] = ()
) -> Iterator[Text]:
    """A frame's header: its octets, then its fields, with carets under the fields that break `rules`."""
    broken = {FIELDS.get(rule) for rule in rules}
    header = placed.header
    rsv = f"{header.rsv:03b}"
    size = {0: "7 bit", 2: "16 bit", 8: "64 bit"}[header.form]
    fields = [
        f"FIN {int(header.fin)}",
        f"RSV {rsv}",
        f"OPCODE {header.opcode} {words.opcode(header.opcode)}",
        f"MASK {'1 ' + header.key.hex() if header.key else '0'}",
        f"LENGTH {header.length} ({size})",
    ]
    indent = " " * MARGIN
    octets = safe.hexed(encode_header(header))
    said = [
        f"   at octet {placed.start} of the {stream.side.value}'s stream",
        f"   at octet {placed.start}",
        "",
    ]
    where = next(where for where in said if MARGIN + len(octets) + len(where) <= width or not where)
    yield text("  header".ljust(MARGIN), octets, (where, DIM))
    line, carets = indent, ""
    for field in fields:
        if len(line) > len(indent) and len(line) + 2 + len(field) > width:
            yield text(line)
            if carets:
                yield text((carets, FAULT))
            line, carets = indent, ""
        line += "  " if len(line) > len(indent) else ""
        if field.split(" ")[0] in broken:
            carets = carets.ljust(len(line)) + "^" * len(field)
        line += field
    yield text(line)
    if carets:
        yield text((carets, FAULT))
