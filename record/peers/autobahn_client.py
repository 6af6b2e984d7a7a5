import asyncio
import sys

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)


class Echo(WebSocketClientProtocol):
    def onMessage(self, payload, isBinary):
        self.sendMessage(payload, isBinary)

    def connection_lost(self, reason):
        super().connection_lost(reason)
        if not self.factory.ended.done():
            self.factory.ended.set_result(None)


def accept(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)
    return None


async def main(url):
    loop = asyncio.get_running_loop()
    factory = WebSocketClientFactory(url)
    factory.protocol, factory.ended = Echo, loop.create_future()
    factory.setProtocolOptions(
        perMessageCompressionOffers=[PerMessageDeflateOffer()], perMessageCompressionAccept=accept
    )
    await loop.create_connection(factory, factory.host, factory.port)
    await factory.ended


asyncio.run(main(sys.argv[1]))
