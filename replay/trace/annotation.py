"""FRAME lines: reads their fields, makes the octets that they stand for, compares them with real frames."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct

from replay.source import SourceError, Span
from replay.trace import fields, literal
from replay.trace.fields import PlacedValue, Value
from replay.trace.framing import LoggedFrame
from replay.trace.model import Octets
from replay.wire.frame import FrameHeader, encode, frame
from replay.wire.side import Side

READERS: fields.Readers = {
    "OPCODE": fields.number,
    "FIN": fields.truth,
    "RSV": fields.number,
    "PAYLOAD-LEN": fields.number,
    "MASKED": fields.truth,
    "MASK": fields.key,
    "PAYLOAD-REPEAT-LEN": fields.optional,
    "CHOPSIZE": fields.optional,
    "SYNC": fields.truth,
}
_AUTOBAHN = ("PAYLOAD-REPEAT-LEN", "CHOPSIZE", "SYNC")
ON_WIRE: dict[str, Callable[[FrameHeader], Value]] = {
    "OPCODE": lambda header: header.opcode,
    "FIN": lambda header: header.fin,
    "RSV": lambda header: header.rsv,
    "PAYLOAD-LEN": lambda header: header.length,
    "MASKED": lambda header: bool(header.key),
    "MASK": lambda header: header.key or None,
}


class FrameLine(Struct, frozen=True):
    """A FRAME line as it was read."""

    side: Side
    fields: dict[str, PlacedValue]
    span: Span  # of the line's words
    at: int | None = None
    shown: str = ""  # the payload as a report shows it: text, or '0x' and hex

    def payload(self) -> bytes | None:
        """The payload, if it is certainly complete: reports shorten it, and their lines lose spaces."""
        if isinstance(payload := self.value("PAYLOAD"), bytes):
            return payload
        length = self.value("PAYLOAD-LEN")
        if length == 0:
            return b""
        fitting = [one for one in shown_payloads(self.shown) if len(one) == length]
        return fitting[0] if len(fitting) == 1 and self.value("PAYLOAD-REPEAT-LEN") is None else None

    @property
    def is_autobahns(self) -> bool:
        """Whether Autobahn may have written it, so that a contradiction is only a warning."""
        return "PAYLOAD" not in self.fields and any(name in self.fields for name in _AUTOBAHN)

    def value(self, name: str, default: Value = None) -> Value:
        found = self.fields.get(name)
        return default if found is None else found.value


def shown_payloads(shown: str) -> list[bytes]:
    """The payloads that a report may mean by this text."""
    found = [shown.encode("utf-8", "surrogatepass")]
    with suppress(ValueError):
        found.append(bytes.fromhex(shown.removeprefix("0x")))
    return found


class Contradiction(NamedTuple):
    span: Span
    message: str


def read(side: Side, body: Span, span: Span, limit: int, at: int | None, shown: str = "") -> FrameLine:
    """Read what follows 'FRAME :'. Raises SourceError, also if PAYLOAD-LEN isn't the length of PAYLOAD."""
    line = FrameLine(side, fields.read(body, READERS, limit, "PAYLOAD"), span, at, shown)
    payload, length = line.value("PAYLOAD"), line.fields.get("PAYLOAD-LEN")
    if isinstance(payload, bytes) and length is not None and length.value != len(payload):
        message = f"PAYLOAD-LEN={show(length.value)}, but PAYLOAD has {len(payload)} octets"
        raise SourceError(
            length.span, message, "leave PAYLOAD-LEN out, or write the octets as an OCTETS line"
        )
    return line


def octets(line: FrameLine, sent_by: Side) -> Octets:
    """The octets that the line stands for. Raises SourceError if it doesn't say enough."""
    payload = line.value("PAYLOAD")
    if not isinstance(payload, bytes):
        hint = "add PAYLOAD=, or the OCTETS line that it describes"
        raise SourceError(line.span, "this FRAME line has neither PAYLOAD= nor OCTETS next to it", hint)
    if "OPCODE" not in line.fields:
        raise SourceError(line.span, "expected OPCODE= in a FRAME line without OCTETS next to it")
    if "MASK" not in line.fields and (line.value("MASKED") or sent_by is Side.CLIENT):
        hint = "write MASK=None if the frame isn't masked"
        raise SourceError(
            line.span, "expected MASK= in the client's FRAME line without OCTETS next to it", hint
        )
    numbers = {name: line.value(name, 0) for name in ("OPCODE", "RSV")}
    opcode, rsv, key = numbers["OPCODE"], numbers["RSV"], line.value("MASK")
    assert isinstance(opcode, int)
    assert isinstance(rsv, int)
    masked = line.fields.get("MASKED")
    if masked is not None and masked.value != bool(key):
        raise SourceError(masked.span, f"MASKED={show(masked.value)} and MASK contradict each other")
    for name, most in (("OPCODE", 15), ("RSV", 7)):
        if (number := line.value(name, 0)) is not None and int(number) > most:
            raise SourceError(line.fields[name].span, f"{name}: expected 0 to {most}, found {show(number)}")
    made = frame(
        opcode,
        payload,
        fin=bool(line.value("FIN", True)),
        rsv=rsv,
        key=key if isinstance(key, bytes) else b"",
    )
    source, literal_at = line.span.source, line.fields["PAYLOAD"].span
    start = source.text.rindex("PAYLOAD", 0, literal_at.start)
    return Octets(line.side, encode(made), line.at, span=source.span(start, literal_at.end))


def difference(line: FrameLine, found: LoggedFrame, where: str = "the octets") -> Contradiction | None:
    """The first field in which the line differs from the frame in the octets; `where` names the octets."""
    header = found.header
    if header is None:
        return None
    repeated = line.value("PAYLOAD-REPEAT-LEN") is not None
    for name, on_wire in ON_WIRE.items():
        field = line.fields.get("PAYLOAD-REPEAT-LEN" if repeated and name == "PAYLOAD-LEN" else name)
        if field is not None and field.value != on_wire(header):
            expected, said = show(on_wire(header)), show(field.value)
            return Contradiction(
                field.span, f"{name} contradicts {where}: expected {expected}, found {said}"
            )
    field = line.fields.get("PAYLOAD")
    if field is None or not isinstance(field.value, bytes):
        return None
    there, said_ = found.payload(), field.value
    if len(said_) == header.length and said_[: len(there)] == there:
        return None
    if len(said_) != header.length:
        message = f"PAYLOAD contradicts {where}: expected {header.length} octets, found {len(said_)}"
        return Contradiction(field.span, message)
    at = next(i for i, (a, b) in enumerate(zip(said_, there, strict=False)) if a != b)
    message = (
        f"PAYLOAD contradicts {where} at octet {at} of {header.length}: "
        f"expected {there[at]:02x}, found {said_[at]:02x}"
    )
    return Contradiction(literal.locate(field.span, at), message)


def announces(line: FrameLine, header: FrameHeader) -> bool:
    """Whether the line describes a frame with this header, and a payload of its length."""
    fits = all(line.value(name, on_wire(header)) == on_wire(header) for name, on_wire in ON_WIRE.items())
    payload = line.value("PAYLOAD")
    return fits and (not isinstance(payload, bytes) or len(payload) == header.length)


def show(value: Value) -> str:
    """The form in which a FRAME line has this value."""
    return value.hex() if isinstance(value, bytes) else str(value)
