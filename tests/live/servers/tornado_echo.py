"""An echo server on the framework Tornado: python tornado_echo.py [PORT]."""

import asyncio
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Echo(WebSocketHandler):
    def get_compression_options(self) -> dict[str, object]:
        return {}

    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(message, binary=isinstance(message, bytes))


async def main() -> None:
    server = HTTPServer(Application([("/", Echo)], websocket_max_message_size=2**26))
    listening = bind_sockets(int(sys.argv[1]) if sys.argv[1:] else 0, "127.0.0.1")
    server.add_sockets(listening)
    print("listening on", listening[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
