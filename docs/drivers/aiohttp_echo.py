import asyncio
import sys

from aiohttp import ClientSession, WSMsgType


async def echo(url):
    async with ClientSession() as session, session.ws_connect(url, max_msg_size=0, compress=15) as ws:
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                await ws.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await ws.send_bytes(message.data)


asyncio.run(echo(sys.argv[1]))
