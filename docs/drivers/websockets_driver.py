import asyncio
import sys
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

URL, AGENT = sys.argv[1], "websockets"


async def main():
    async with connect(f"{URL}/getCaseCount") as connection:
        count = int(await connection.recv())
    for case in range(1, count + 1):
        with suppress(WebSocketException, OSError):
            async with connect(f"{URL}/runCase?case={case}&agent={AGENT}", max_size=None) as connection:
                async for message in connection:
                    await connection.send(message)
    async with connect(f"{URL}/updateReports?agent={AGENT}") as connection:
        await connection.wait_closed()


asyncio.run(main())
