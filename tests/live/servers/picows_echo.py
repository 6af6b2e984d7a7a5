"""An echo on the library picows, which hands out frames: messages are joined here.

It is a server, which may be given a port, or the client of the address that it is given. Like many a
program on such a library, it looks at neither UTF-8 nor close codes.
"""

import asyncio
import logging
import sys

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect, ws_create_server


class Echo(WSListener):
    def __init__(self) -> None:
        self.kind: WSMsgType | None = None  # of the message that has begun
        self.message = bytearray()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        match frame.msg_type:
            case WSMsgType.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.PONG:
                pass
            case WSMsgType.CLOSE:
                close(transport, frame.get_close_code() or WSCloseCode.OK)
            case kind if (kind is WSMsgType.CONTINUATION) is (self.kind is None):
                close(transport, WSCloseCode.PROTOCOL_ERROR)
            case kind:
                self.add(transport, frame, self.kind or kind)

    def add(self, transport: WSTransport, frame: WSFrame, kind: WSMsgType) -> None:
        self.kind = kind
        self.message += frame.get_payload_as_memoryview()
        if frame.fin:
            message, self.kind, self.message = bytes(self.message), None, bytearray()
            transport.send(kind, message)


def close(transport: WSTransport, code: WSCloseCode) -> None:
    transport.send_close(code)
    transport.disconnect()


async def serve(port: int) -> None:
    server = await ws_create_server(lambda _: Echo(), "127.0.0.1", port, max_frame_size=2**26)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def visit(url: str) -> None:
    transport, _ = await ws_connect(Echo, url)
    await transport.wait_disconnected()


logging.getLogger("picows").setLevel(logging.CRITICAL)
match sys.argv[1:]:
    case [url] if url.startswith("ws"):
        asyncio.run(visit(url))
    case port:
        asyncio.run(serve(int(*port)))
