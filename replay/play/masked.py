"""Hides what no log may show, such as a token that came from the environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from replay.cases.connect import Connect
from replay.trace.model import REDACTED, Entry, Octets, Trace
from replay.wire.side import Side

_END = b"\r\n\r\n"


def masked(trace: Trace, connect: Connect) -> Trace:
    """The trace without the secrets of the client's request, which it says in a header line."""
    if not connect.secrets:
        return trace
    headers = (*trace.headers, (REDACTED, ", ".join(connect.hides)))
    return replace(trace, headers=headers, entries=_masked(trace.entries, Side.CLIENT, connect.secrets))


def _masked(entries: Sequence[Entry], side: Side, secrets: Sequence[str]) -> tuple[Entry, ...]:
    """The entries with x's in the head that this side sent, in place of each secret: as many as it has
    octets, so that everything else stays where it is."""
    head, first = b"", len(entries)
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, Octets) and entry.side is side:
            head += entry.data
            if _END in head:
                first = number
                break
    end = head.find(_END)
    shown = head[:end] if end >= 0 else head
    for secret in sorted((secret.encode("latin-1") for secret in secrets), key=len, reverse=True):
        shown = shown.replace(secret, b"x" * len(secret))
    return (*_with(entries[:first], side, shown + head[len(shown) :]), *entries[first:])


def _with(entries: Sequence[Entry], side: Side, octets: bytes) -> Iterator[Entry]:
    """The entries with these octets of the side."""
    at = 0
    for entry in entries:
        if isinstance(entry, Octets) and entry.side is side:
            size = len(entry.data)
            yield replace(entry, data=octets[at : at + size])
            at += size
        else:
            yield entry
