"""The built-in server: an echo server without faults, on a free port of the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from replay import limits
from replay.live.transport import Address, Connection
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Limits
from replay.protocol.events import Event
from replay.trace.model import SECOND
from replay.wire.side import Side

_MOST = limits.ECHO_OCTETS.default
_LIMITS = Limits(
    case=limits.ECHO_CASE.default * SECOND, octets=_MOST, reads=_MOST, frames=_MOST, events=_MOST
)


class _Server(EchoEndpoint):
    """Keeps no trace, as nobody asks for it."""

    def event(self, event: Event) -> None:
        self.entries.clear()
        super().event(event)


@asynccontextmanager
async def echo_server() -> AsyncIterator[Address]:
    """Listen until the context ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(_Server(Side.SERVER, _LIMITS, bytes), loop), "127.0.0.1", 0
    )
    try:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
