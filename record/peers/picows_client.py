import asyncio
import sys

from picows import WSCloseCode, WSListener, WSMsgType, ws_connect


class Echo(WSListener):
    def __init__(self):
        self.kind, self.message = None, bytearray()

    def on_ws_frame(self, transport, frame):
        match frame.msg_type:
            case WSMsgType.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.PONG:
                pass
            case WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code() or WSCloseCode.OK)
                transport.disconnect()
            case kind:
                self.kind = self.kind or kind
                self.message += frame.get_payload_as_memoryview()
                if frame.fin:
                    message, kind = bytes(self.message), self.kind
                    self.kind, self.message = None, bytearray()
                    transport.send(kind, message)


async def main(url):
    transport, _ = await ws_connect(Echo, url)
    await transport.wait_disconnected()


asyncio.run(main(sys.argv[1]))
