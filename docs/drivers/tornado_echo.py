import asyncio
import sys

from tornado.websocket import websocket_connect


async def echo(url):
    connection = await websocket_connect(url, max_message_size=2**30, compression_options={})
    while (message := await connection.read_message()) is not None:
        await connection.write_message(message, binary=isinstance(message, bytes))


asyncio.run(echo(sys.argv[1]))
