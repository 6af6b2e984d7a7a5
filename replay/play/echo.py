"""A peer without faults that sends every message back: the built-in server, and the other side in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from replay import limits
from replay.play.endpoint import Endpoint, Limits
from replay.protocol.events import Close, Event, Message
from replay.protocol.negotiation import Ask
from replay.trace.model import SECOND
from replay.wire.handshake import encode_request
from replay.wire.side import Side

CLOSING = limits.ECHO_CLOSING.default * SECOND // 1000
"""Microseconds to wait for the Close of a peer after failing the connection."""


class EchoEndpoint(Endpoint):
    """Echoes text and binary messages, each in one frame, as a client or as a server."""

    asks: Sequence[Ask] = (Ask(),)

    def __init__(
        self,
        side: Side,
        bounds: Limits,
        keys: Callable[[], bytes],
        request: tuple[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        """`request`: the target and headers with which a client opens the connection."""
        super().__init__(side, replace(bounds, closing=CLOSING), keys)
        self._request = request

    def opening(self) -> None:
        if self._request is not None:
            self.write(encode_request(*self._request))

    def event(self, event: Event) -> None:
        match event:
            case Message(side=side) if side is not self.side and self.is_open:
                self.send_message(event.text, event.data)

    def reply_code(self, close: Close) -> int | None:
        return close.code
