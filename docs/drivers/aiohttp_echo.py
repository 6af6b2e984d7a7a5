import asyncio, sys
import aiohttp


async def echo(url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, max_msg_size=0, compress=15) as connection:
            async for message in connection:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await connection.send_str(message.data)
                elif message.type is aiohttp.WSMsgType.BINARY:
                    await connection.send_bytes(message.data)


asyncio.run(echo(sys.argv[1]))
