"""A trace as it is stored: in MessagePack, which takes a tenth of the time and a third of the space of the
text, and is read back without a parser. Of long octets that repeat, one unit is stored, which is found in a
tenth of the time of deflating them; others are deflated.
"""

from __future__ import annotations

import zlib
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from replay import limits
from replay.source import MAX_FILE, Source, SourceError, printable
from replay.trace.model import Digest, Drop, Entry, Logging, Octets, Timer, Trace, Unreached
from replay.trace.wirelog import MAX_LOG, parse, storable
from replay.wire.side import Side

MAX_ENTRIES = limits.ENTRIES.default

_LONG = 1024
"""Octets of an entry from which on they are stored in short."""

_BEFORE = limits.HEADER.default
"""Octets after which those that repeat may begin: a frame's payload repeats, but not its header."""

_LIKE = 16
"""Octets that are looked for to see whether they come again."""

_BLOCK = 16 * _LONG
"""About how many repeated octets are compared at once."""


class _Deflated(Struct, frozen=True, array_like=True, tag=-1):
    """An entry with many octets."""

    entry: Octets  # without them
    size: Annotated[int, Meta(ge=0, le=MAX_LOG)]  # how many they are
    deflated: bytes  # as by zlib (RFC 1950)

    @property
    def whole(self) -> Octets:
        """The entry with its octets. Raises ValueError if they aren't as many as it says."""
        inflater = zlib.decompressobj()
        try:
            octets = inflater.decompress(self.deflated, self.size + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        if len(octets) != self.size:
            raise ValueError(f"expected {self.size} octets in an entry")
        return replace(self.entry, data=octets)


class _Repeated(Struct, frozen=True, array_like=True, tag=-2):
    """An entry with many octets, most of which repeat."""

    entry: Octets  # without them
    before: bytes
    unit: bytes
    times: Annotated[int, Meta(ge=0, le=MAX_LOG)]
    after: bytes

    @property
    def size(self) -> int:
        return len(self.before) + len(self.unit) * self.times + len(self.after)

    @property
    def whole(self) -> Octets:
        """The entry with its octets."""
        return replace(self.entry, data=b"".join((self.before, self.unit * self.times, self.after)))


class _Stored(Struct, frozen=True, omit_defaults=True):
    recorder: Side
    headers: tuple[tuple[str, str], ...] = ()
    entries: Annotated[
        tuple[Octets | _Deflated | _Repeated | Digest | Timer | Drop | Unreached | Logging, ...],
        Meta(max_length=MAX_ENTRIES),
    ] = ()
    log: bytes = b""  # its text instead, if there is a text in it that isn't Unicode


_SHORT = _Deflated | _Repeated

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Stored)


def pack(trace: Trace) -> bytes | None:
    """The octets from which `unpack` reads this trace; None: it would be too large to be read."""
    if trace.size > MAX_LOG or len(trace.entries) > MAX_ENTRIES:
        return None
    stored = _Stored(trace.recorder, trace.headers, tuple(map(_stored, trace.entries)))
    try:
        octets = _ENCODER.encode(stored)
    except UnicodeEncodeError:  # half of a surrogate pair
        octets = _ENCODER.encode(_Stored(trace.recorder, log=storable(trace) or b""))
    return octets if len(octets) <= MAX_FILE else None


def unpack(name: str, octets: bytes) -> Trace:
    """The trace in these octets, which `name` names in messages. Raises SourceError."""
    try:
        found = _DECODER.decode(octets)
        if found.log:
            return parse(Source.decode(name, found.log)).trace
        total = sum(entry.size for entry in found.entries if isinstance(entry, _SHORT))
        if total > MAX_LOG:
            raise ValueError(f"more than {MAX_LOG >> 20} MiB in one log")
        entries = tuple(map(_entry, found.entries))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        said = f"{printable(name)}: damaged, this is not a stored log: {printable(str(error))}"
        raise SourceError(None, said) from None
    return Trace(found.recorder, entries, found.headers)


def _stored(entry: Entry) -> Entry | _Deflated | _Repeated:
    if entry.span is not None:  # which would hold all of its file
        entry = replace(entry, span=None)
    if not isinstance(entry, Octets) or len(entry.data) < _LONG:
        return entry
    rest, data = replace(entry, data=b""), entry.data
    for before in (0, _BEFORE):
        unit, times = _repeated(data, before)
        end = before + len(unit) * times
        if before + len(unit) + len(data) - end < _LONG:
            return _Repeated(rest, data[:before], unit, times, data[end:])
    return _Deflated(rest, len(data), zlib.compress(data, 1))


def _repeated(data: bytes, at: int) -> tuple[bytes, int]:
    """The octets from `at` on that are repeated at once, and how many times they are there."""
    again = data.find(data[at : at + _LIKE], at + 1, at + _LONG)
    unit = data[at : max(at, again)]
    if not unit:
        return unit, 0
    block, end = unit * (_BLOCK // len(unit)), at
    while data.startswith(block, end):
        end += len(block)
    left = len(data) - end
    if left < len(block) and data.startswith(unit * (left // len(unit)), end):
        end += left - left % len(unit)
    return unit, (end - at) // len(unit)


def _entry(stored: Entry | _Deflated | _Repeated) -> Entry:
    """Raises ValueError."""
    entry = stored.whole if isinstance(stored, _SHORT) else stored
    if entry.span is not None:
        raise ValueError("an entry says where it was read")
    return entry
