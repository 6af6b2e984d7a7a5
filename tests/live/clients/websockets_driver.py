"""A driver for the suite on the library websockets: URL AGENT."""

import asyncio
import sys
from contextlib import suppress
from functools import partial

from websockets.asyncio import client
from websockets.exceptions import WebSocketException

URL, AGENT = sys.argv[1:]
connect = partial(client.connect, max_size=2**26, ping_interval=None, proxy=None)


async def main() -> None:
    async with connect(f"{URL}/getCaseCount") as connection:
        count = int(await connection.recv())
    for case in range(1, count + 1):
        with suppress(WebSocketException, OSError):
            async with connect(f"{URL}/runCase?case={case}&agent={AGENT}") as connection:
                async for message in connection:
                    await connection.send(message)
    async with connect(f"{URL}/updateReports?agent={AGENT}") as connection:
        await connection.wait_closed()


asyncio.run(main())
