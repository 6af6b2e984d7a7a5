"""The contents of messages in full: for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from replay.cases.language import language, valued
from replay.protocol.events import Close, Event, Message, NotOpened, Opened, Ping, Pong, Violation
from replay.report import safe
from replay.trace.model import SECOND, Trace

MARGIN = " " * 4
DEEPEST = 32
"""The most levels of JSON that is laid out."""


def lines(message: Message, width: int) -> Iterator[str]:
    """A whole message in lines of at most `width` cells: JSON is laid out, other text stays as it is,
    everything else is in hex."""
    room = max(20, width - len(MARGIN))
    if message.text and (said := safe.as_text(message.data)) is not None:
        for line in (_laid_out(said) or said).splitlines():
            shown = safe.escape(line, len(line))
            step = room if shown.isascii() else room // 2  # a character takes at most two cells
            yield from (MARGIN + shown[at : at + step] for at in range(0, len(shown) or 1, step))
        return
    row = room // 3 // 4 * 4
    for at in range(0, len(message.data), row):
        yield f"{MARGIN}{safe.hexed(message.data[at : at + row])}"


def _laid_out(said: str) -> str | None:
    """JSON with a line for each of its values. None if it isn't JSON, is a single value, or is nested so
    deeply that its lines would be mostly blank."""
    brackets = (1 if character in "[{" else -1 for character in said if character in "[]{}")
    if max(accumulate(brackets), default=0) > DEEPEST:
        return None
    try:
        value = json.loads(said)
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict | list) else None
    except (ValueError, RecursionError):
        return None


def objects(trace: Trace, events: Sequence[Event]) -> Iterator[str]:
    """A line of JSON for each thing that was said: `from`, `kind`, `entry` (its number in the log, counted
    from 0), `at` (seconds), `length` and `payload`, or `hex` if that isn't text; for a message in a view,
    such as MessagePack, also `view` and `value`, in which octets are `{"hex": …}`."""
    read = language(events)
    for event in events:
        if (said := _object(event)) is not None:
            if isinstance(event, Message) and (found := valued(read, event)) is not None:
                said |= {"view": found[0], "value": found[1]}
            at = trace.entries[event.entry].at
            place = {"entry": event.entry, "at": None if at is None else at / SECOND}
            told = {"from": event.side.value, **said, **place}
            yield json.dumps(told, ensure_ascii=True, default=lambda octets: {"hex": octets.hex()})


def _object(event: Event) -> dict[str, Any] | None:
    match event:
        case Message(digest=(length, sha256)):
            return {"kind": "text" if event.text else "binary", "length": length, "sha256": sha256}
        case Message():
            kind = "text" if event.text else "binary"
            return {"kind": kind, "compressed": event.compressed, **_payload(event.data, event.text)}
        case Ping() | Pong():
            return {"kind": "ping" if isinstance(event, Ping) else "pong", **_payload(event.data, False)}
        case Close():
            return {"kind": "close", "code": event.code, "reason": safe.as_text(event.reason)}
        case Opened():
            return {"kind": "opened", "target": event.request.target}
        case NotOpened():
            return {"kind": "not-opened", "status": event.status, "reason": event.reason}
        case Violation():
            return {"kind": "violation", "rule": event.rule, "detail": event.detail}
    return None


def _payload(data: bytes, is_text: bool) -> dict[str, Any]:
    said = safe.as_text(data) if is_text else None
    return {"length": len(data), **({"hex": data.hex()} if said is None else {"payload": said})}
