"""Autobahn's command mode: a connection on which the client says, in text messages of JSON, what to send
to it.

    ["sendframe", {"opcode": 1, "payload": "a", "fin": true, "rsv": 0, "mask": null, "payload_len": 3,
                   "chopsize": 1}]
    ["sendframes", [{"opcode": 1}, {"opcode": 8}]]
    ["echo", {"payload": "a", "payload_len": 3}]
    ["close", {"code": 1000, "reason": "bye"}]

Only the opcode of a frame is required. `payload_len` repeats or cuts the payload to this size, and
`chopsize` is the size of each write. Anything else is answered with a Close that says what is expected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from replay import limits
from replay.play.actions import chopped
from replay.play.endpoint import Endpoint, Limits
from replay.protocol.events import Event, Message
from replay.trace.model import SECOND
from replay.wire.frame import Opcode, encode, frame
from replay.wire.side import Side
from replay.wire.writes import Writes

_EXPECTED = b"no case is played here: expected /runCase?case=1&agent=NAME, or a command in JSON"


class _Wrong(Exception):
    """The message isn't a command."""


class CommandedEndpoint(Endpoint):
    def __init__(self) -> None:
        brief = Limits(case=limits.STATUS.default * SECOND, octets=limits.COMMANDED.default)
        super().__init__(Side.SERVER, brief, bytes)
        self._room = limits.COMMANDED.default  # octets that may still be sent; a write counts as some too

    def event(self, event: Event) -> None:
        if isinstance(event, Message) and event.side is not self.side and self.is_open:
            try:
                self._obey(event)
            except (_Wrong, KeyError, TypeError, ValueError, OverflowError, RecursionError):
                self.send_close(1008, _EXPECTED)

    def _obey(self, message: Message) -> None:
        if not message.text:
            raise _Wrong
        match json.loads(message.data):
            case ["sendframe", dict(spec)]:
                self.write(*self._frame(spec))
            case ["sendframes", [*specs]] if all(isinstance(spec, dict) for spec in specs):
                self.write(*(piece for spec in specs for piece in self._frame(spec)))
            case ["echo", dict(spec)]:
                self.write(*self._frame({**spec, "opcode": Opcode.TEXT}))
            case ["close", dict(spec)]:
                code, reason = _number(spec, "code", 0), _text(spec, "reason")
                if len(reason) > 123 or (reason and code is None):
                    raise _Wrong
                self.send_close(code, reason)
            case _:
                raise _Wrong

    def _frame(self, spec: Mapping[str, Any]) -> Iterator[Writes]:
        """The writes with which a frame is sent. Raises _Wrong, KeyError, TypeError or ValueError."""
        payload, mask = _text(spec, "payload"), _text(spec, "mask")
        size, chop = _number(spec, "payload_len", 0), _number(spec, "chopsize", 1)
        size = len(payload) if size is None else size
        self._room -= max(size, 64 * (1 if chop is None else size // chop + 16))
        if self._room < 0 or (size and not payload):
            raise _Wrong
        payload = payload * (size // max(1, len(payload))) + payload[: size % max(1, len(payload))]
        fin, rsv = bool(spec.get("fin", True)), spec.get("rsv", 0)
        yield from chopped(
            encode(frame(spec["opcode"], payload, fin=fin, rsv=rsv, key=mask)), chop or "recorded"
        )


def _number(spec: Mapping[str, Any], name: str, least: int) -> int | None:
    """A number of at least `least`; None: it isn't given. Raises _Wrong."""
    number = spec.get(name)
    if number is not None and not (isinstance(number, int) and number >= least):
        raise _Wrong
    return number


def _text(spec: Mapping[str, Any], name: str) -> bytes:
    """A text as octets; empty if it isn't given. Raises _Wrong."""
    match spec.get(name):
        case None:
            return b""
        case str(text):
            return text.encode()
    raise _Wrong
