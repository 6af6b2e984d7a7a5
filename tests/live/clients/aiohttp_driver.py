"""A driver for the suite on the library aiohttp: URL AGENT."""

import asyncio
import sys
from contextlib import suppress

from aiohttp import ClientError, ClientSession, WSMsgType

URL, AGENT = sys.argv[1:]


async def main() -> None:
    async with ClientSession() as session:
        async with session.ws_connect(f"{URL}/getCaseCount") as connection:
            count = int(await connection.receive_str())
        for case in range(1, count + 1):
            target = f"{URL}/runCase?case={case}&agent={AGENT}"
            with suppress(ClientError, OSError):
                async with session.ws_connect(target, compress=15, max_msg_size=2**26) as connection:
                    async for message in connection:
                        if message.type is WSMsgType.TEXT:
                            await connection.send_str(message.data)
                        elif message.type is WSMsgType.BINARY:
                            await connection.send_bytes(message.data)
        async with session.ws_connect(f"{URL}/updateReports?agent={AGENT}") as connection:
            await connection.receive()


asyncio.run(main())
