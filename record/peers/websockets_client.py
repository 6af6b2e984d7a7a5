import asyncio
import sys

try:
    from websockets.asyncio.client import connect
except ImportError:  # before 13.0
    from websockets import connect


async def echo(url):
    async with connect(url, max_size=None) as connection:
        async for message in connection:
            await connection.send(message)


asyncio.run(echo(sys.argv[1]))
