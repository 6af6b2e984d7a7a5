"""The connections of a recording as a table, from which one is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from replay.captures.model import Captured, time_text
from replay.protocol.events import Message
from replay.protocol.interpreter import observe
from replay.source import printable

_TITLES = ("#", "time", "client", "server", "path", "messages", "octets")
_NUMBERS = ("#", "messages", "octets")
_WIDEST = 60


def table(connections: Sequence[Captured]) -> list[str]:
    """A line of titles, and one for each connection."""
    rows = [_TITLES, *map(_row, connections)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    return ["  ".join(_padded(row, widths)).rstrip() for row in rows]


def _row(one: Captured) -> tuple[str, ...]:
    messages = sum(isinstance(event, Message) for event in observe(one.trace))
    said = [printable(text or "-") for text in (one.client, one.server, one.path)]
    cut = [text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…" for text in said]
    return (str(one.number), time_text(one.at) or "-", *cut, f"{messages:,}", f"{one.trace.size:,}")


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if title in _NUMBERS else cell.ljust(width)
        for cell, width, title in zip(row, widths, _TITLES, strict=True)
    ]
