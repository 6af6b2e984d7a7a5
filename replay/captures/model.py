"""What a reader makes of a recording: one `Captured` for each connection in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from replay.trace.model import Trace
from replay.wire.side import Side

Run = Callable[[Sequence[str]], Iterator[str]]
"""Runs a command and yields the lines that it prints. Raises FileNotFoundError if it isn't there."""


class Captured(Struct, frozen=True):
    """One connection of a recording."""

    number: int  # from 1, in the order of the first packets
    trace: Trace
    client: str | None = None  # the address, as in '10.0.0.1:40936' or '[::1]:40936'
    server: str | None = None
    path: str | None = None  # that was requested
    at: int | None = None  # of its first octet or packet, in microseconds since 1970
    notes: tuple[str, ...] = ()
    """What is missing or made up, each with its place: 'a.pcap: packet 12: 3 octets are lost before it'"""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the log of the connection notes about it."""
        said = (("time", time_text(self.at)), ("client", self.client), ("server", self.server))
        return tuple((name, value) for name, value in said if value is not None)


def time_text(at: int | None) -> str | None:
    """A time of a recording, in UTC."""
    if at is None:
        return None
    try:
        time = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
    except OverflowError:
        return None
    return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond:06}Z"


class Wanted(Struct, frozen=True):
    """What the user says about a recording."""

    connection: int | None = None  # only this one
    recorder: Side | None = None  # the side as which it is replayed, or on which it was made
    keylog: Path | None = None  # the secrets of its TLS connections
    run: Run | None = None  # None: other programs aren't started


ANYTHING = Wanted()
