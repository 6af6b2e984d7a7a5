"""A trace as it is stored: in MessagePack, which takes a tenth of the time and a third of the space of the
text, and is read back without a parser. Long octets are deflated, as most of them repeat.
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
"""Octets of an entry from which on they are deflated."""


class _Deflated(Struct, frozen=True, array_like=True, tag=-1):
    """An entry with many octets."""

    entry: Octets  # without them
    size: Annotated[int, Meta(ge=0, le=MAX_LOG)]  # how many they are
    deflated: bytes  # as by zlib (RFC 1950)

    @property
    def inflated(self) -> Octets:
        """The entry with its octets. Raises ValueError if they aren't as many as it says."""
        inflater = zlib.decompressobj()
        try:
            octets = inflater.decompress(self.deflated, self.size + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        if len(octets) != self.size:
            raise ValueError(f"expected {self.size} octets in an entry")
        return replace(self.entry, data=octets)


class _Stored(Struct, frozen=True, omit_defaults=True):
    recorder: Side
    headers: tuple[tuple[str, str], ...] = ()
    entries: Annotated[
        tuple[Octets | _Deflated | Digest | Timer | Drop | Unreached | Logging, ...],
        Meta(max_length=MAX_ENTRIES),
    ] = ()
    log: bytes = b""  # its text instead, if there is a text in it that isn't Unicode


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
        total = sum(entry.size for entry in found.entries if isinstance(entry, _Deflated))
        if total > MAX_LOG:
            raise ValueError(f"more than {MAX_LOG >> 20} MiB in one log")
        entries = tuple(map(_entry, found.entries))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        said = f"{printable(name)}: damaged, this is not a stored log: {printable(str(error))}"
        raise SourceError(None, said) from None
    return Trace(found.recorder, entries, found.headers)


def _stored(entry: Entry) -> Entry | _Deflated:
    if entry.span is not None:  # which would hold all of its file
        entry = replace(entry, span=None)
    if isinstance(entry, Octets) and len(entry.data) >= _LONG:
        return _Deflated(replace(entry, data=b""), len(entry.data), zlib.compress(entry.data, 1))
    return entry


def _entry(stored: Entry | _Deflated) -> Entry:
    """Raises ValueError."""
    entry = stored.inflated if isinstance(stored, _Deflated) else stored
    if entry.span is not None:
        raise ValueError("an entry says where it was read")
    return entry
