"""An echo server on any release of the library websockets: python websockets_echo.py PORT."""

import asyncio
import sys

try:
    from websockets.asyncio.server import serve
except ImportError:  # before 13.0
    from websockets import serve
from websockets.exceptions import ConnectionClosed


async def echo(connection, *_):
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass


async def main():
    async with serve(
        echo, "127.0.0.1", int(sys.argv[1]), max_size=2**26, ping_interval=None, close_timeout=2
    ):
        await asyncio.Event().wait()


asyncio.run(main())
