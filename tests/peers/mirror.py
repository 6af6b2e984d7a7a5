"""A websockets server on any address: python tests/peers/mirror.py HOST. Offers the subprotocol mqtt."""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol


async def mirror(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    async with serve(mirror, sys.argv[1], 0, subprotocols=[Subprotocol("mqtt")]) as server:
        print("listening on", next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
