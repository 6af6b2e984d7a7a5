"""The first difference between expected and observed events, in a sentence."""

from __future__ import annotations

from replay.cases.difference import Difference
from replay.cases.model import EventKind
from replay.protocol.events import Message, Pong
from replay.report import words
from replay.report.safe import escape

_HANDSHAKE = (EventKind.OPENED, EventKind.NOT_OPENED)
"""Of these there is only one, so that it needs no number."""


def _octet(value: bytes) -> str:
    """One octet in hex, and its character."""
    return value.hex() + (f" {chr(value[0])!r}" if 0x20 < value[0] < 0x7F else "")


def difference(found: Difference) -> str:
    """The first difference in a sentence without a full stop: '1st event: expected …, observed …'."""
    if found.field == "opening":
        return f"opening handshake: {escape(found.said, 300)}"
    if found.expected is not None and found.expected.kind in _HANDSHAKE:
        return _difference(found)
    place = "" if found.part is None else f"round {found.part + 1}, "
    return f"{place}{words.ordinal(found.at + 1)} event: {_difference(found)}"


def _difference(found: Difference) -> str:
    want, got = found.expected, found.observed
    if want is None:
        return "nothing more was expected, observed " + (words.noun(got) if got else "nothing")
    if got is None:
        return f"expected {words.noun(want)}, but nothing more came"
    if want.said is not None and found.field == "value":
        if found.mismatch is None:
            return f"the message {escape(found.said, 300)}"
        return escape(f"{want.said.view} {found.mismatch}", 300)
    if isinstance(got, Message | Pong) and found.offset is not None and want.payload is not None:
        name, at, total = _named(got), found.offset, len(want.payload)
        if at >= total:
            return f"the {name} goes on after the expected {words.count(total, 'octet')}: {got.length} came"
        if at >= got.length:
            return f"the {name} ends after {at} of {words.count(total, 'octet')}"
        octets = (
            f"expected {_octet(words.part(want.payload, at, at + 1))}, observed {_octet(got.octet(at))}"
        )
        return f"the {name} differs at offset {at} of {total}: {octets}"
    said = f" {escape(found.said, 300)}" if found.field == "answer" and found.said else ""
    return f"expected {words.noun(want)}, observed {words.noun(got)}{said}"


def _named(got: Message | Pong) -> str:
    if isinstance(got, Pong):
        return "Pong"
    return "inflated message" if got.compressed else "message"
