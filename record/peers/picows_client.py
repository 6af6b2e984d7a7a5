import asyncio
import sys

from picows import WSCloseCode, WSListener, WSMsgType, ws_connect


class Echo(WSListener):
    """Joins messages, as the library hands out frames; it looks at neither UTF-8 nor close codes."""

    def __init__(self):
        self.kind, self.message = None, bytearray()

    def on_ws_frame(self, transport, frame):
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
                self.kind = self.kind or kind
                self.message += frame.get_payload_as_memoryview()
                if frame.fin:
                    message, kind = bytes(self.message), self.kind
                    self.kind, self.message = None, bytearray()
                    transport.send(kind, message)


def close(transport, code):
    transport.send_close(code)
    transport.disconnect()


async def main(url):
    transport, _ = await ws_connect(Echo, url)
    await transport.wait_disconnected()


asyncio.run(main(sys.argv[1]))
