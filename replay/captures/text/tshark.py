"""What tshark prints with -T: columns of fields, and JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from msgspec import Struct, field

from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Packet, Pasted, Piece
from replay.source import Source, SourceError

HINT = "replay reads the capture itself; `tshark -r FILE -T json -x` has the octets as well"

_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){2,}|[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2})+")
_SECONDS = re.compile(r"(?P<whole>\d{1,11})\.(?P<part>\d{1,9})")
_NAMES = re.compile(r"[a-z]\w*(?:\.\w+)+")
_ROW = re.compile(r"[^\r\n]+")
SAMPLE = 50
"""Rows that decide what the columns are."""


def is_fields(text: str) -> bool:
    """Whether a text has rows of columns apart by tabs, one of which has octets."""
    return _columns(_rows(text, SAMPLE)) is not None


def _rows(text: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    rows = []
    for found in _ROW.finditer(text):
        if found[0].startswith("Running as user"):
            continue
        rows.append((found.start(), found[0].split("\t")))
        if most is not None and len(rows) >= most:
            break
    return rows


def _columns(rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """The column with the octets, if the rows are those of -T fields."""
    body = [cells for _, cells in rows if not all(_NAMES.fullmatch(cell) for cell in cells)]
    if not body or len(body[0]) < 2 or len({len(cells) for cells in body}) > 1:
        return None
    found = []
    for column in range(len(body[0])):
        cells = [cells[column] for cells in body if cells[column]]
        if cells and all(map(_HEX.fullmatch, cells)):
            letters = any(re.search("[a-fA-F]", cell) for cell in cells)
            found.append((letters, sum(map(len, cells)), column))
    return max(found)[-1] if found else None


def read_fields(source: Source) -> Pasted:
    """Rows of columns: octets, and if they are there the time and who sent them. Of the columns with two
    values, any tells the sides apart."""
    rows = _rows(source.text)
    column = _columns(rows)
    assert column is not None
    rows = [
        (start, cells) for start, cells in rows if cells[column] and not _NAMES.fullmatch(cells[column])
    ]
    others = [number for number in range(len(rows[0][1])) if number != column]
    times = next((n for n in others if all(_SECONDS.fullmatch(cells[n]) for _, cells in rows)), None)
    values = {n: list(dict.fromkeys(cells[n] for _, cells in rows)) for n in others if n != times}
    sides = next((n for n, seen in values.items() if len(seen) == 2), None)
    ports = [n for n, seen in values.items() if len(seen) < len(rows) and any(map(str.strip, seen))]
    if sides is None and len(rows) > 2 and any(len(values[n]) > 2 for n in ports):
        span = source.span(rows[0][0], rows[0][0] + len("\t".join(rows[0][1])))
        raise SourceError(
            span, "these rows have more than two senders", "choose a connection: -Y 'tcp.stream eq 0'"
        )
    out = Pasted([], [])
    for start, cells in rows:
        at = start + len("\t".join(cells[:column])) + (column > 0)
        sender = None
        if sides is not None:
            sender = Sender.ME if cells[sides] == values[sides][0] else Sender.PEER
        span = source.span(at, at + len(cells[column]))
        data = bytes.fromhex(cells[column].replace(":", ""))
        out.pieces.append(Piece(sender, data, span, None if times is None else _micros(cells[times])))
    return out


def _micros(text: str) -> int | None:
    if (found := _SECONDS.fullmatch(text)) is None:
        return None
    return int(found["whole"]) * 1_000_000 + int(found["part"].ljust(6, "0")[:6])


class _Frame(Struct, rename={"epoch": "frame.time_epoch", "relative": "frame.time_relative"}):
    epoch: object = None
    relative: object = None


class _Layers(Struct):
    frame_raw: object = None
    frame: _Frame = field(default_factory=_Frame)


class _Source(Struct):
    layers: _Layers


class _Packet(Struct, rename={"source": "_source"}):
    source: _Source


_LAYERS = re.compile(r'"layers"\s*:\s*\{')
_AT_LAYERS = re.compile(r'^\s*\[\s*\{\s*"_(?:index|source|type)"')


def is_json(text: str) -> bool:
    """Whether the first few KiB are those of tshark's JSON."""
    return _AT_LAYERS.match(text) is not None and _LAYERS.search(text) is not None


def read_json(source: Source) -> Pasted:
    """The packets of `-T json -x` or `-T jsonraw`. Raises SourceError if it has no octets."""
    found = _LAYERS.search(source.text)
    span = source.span(*found.span()) if found else None
    try:
        packets = msgspec.json.decode(source.text.encode("utf-8", "replace"), type=list[_Packet])
    except (msgspec.MsgspecError, RecursionError) as error:
        said = f"this isn't the JSON of tshark: {error}"
        raise SourceError(source.span(0, 1), said, "it may have been cut off") from None
    out = Pasted([], [])
    for packet in packets:
        octets = _octets(packet.source.layers.frame_raw)
        if octets is None:
            what = "this JSON has what tshark made of the packets, but not their octets"
            raise SourceError(span, what, HINT)
        times = packet.source.layers.frame
        at = next((_micros(one) for one in (times.epoch, times.relative) if isinstance(one, str)), None)
        out.packets.append(Packet(octets, source.span(0, 1), at))
    return out


def _octets(raw: object) -> bytes | None:
    """The octets of a packet, which stand first in a list."""
    digits = raw[0] if isinstance(raw, list) and raw else raw
    if not isinstance(digits, str):
        return None
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None
