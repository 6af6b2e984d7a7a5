"""An echo server that has few connections open at once: python tests/peers/few.py N drops|waits.

One connection more is dropped, or waits until there is room.
"""

from __future__ import annotations

import asyncio
import sys
from typing import ClassVar

from replay.live.transport import Connection
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Limits
from replay.trace.model import SECOND
from replay.wire.side import Side

MOST, MORE = int(sys.argv[1]), sys.argv[2]


class Counted(Connection):
    open: ClassVar[set[Counted]] = set()
    waiting: ClassVar[list[tuple[Counted, asyncio.BaseTransport]]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if len(self.open) < MOST:
            self.open.add(self)
            super().connection_made(transport)
            transport.resume_reading()
        elif MORE == "waits":
            transport.pause_reading()
            self.waiting.append((self, transport))
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.waiting[:] = [(one, transport) for one, transport in self.waiting if one is not self]
        if self in self.open:
            self.open.discard(self)
            if self.waiting:
                other, transport = self.waiting.pop(0)
                other.connection_made(transport)


async def main() -> None:
    loop = asyncio.get_running_loop()
    limits = Limits(case=3600 * SECOND)
    server = await loop.create_server(
        lambda: Counted(EchoEndpoint(Side.SERVER, limits, bytes), loop), "127.0.0.1", 0
    )
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
