import asyncio
import sys

from websockets.asyncio.client import connect


async def echo(url):
    async with connect(url, max_size=None) as connection:
        async for message in connection:
            await connection.send(message)


asyncio.run(echo(sys.argv[1]))
