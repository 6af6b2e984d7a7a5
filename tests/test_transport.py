"""The socket's side of a connection, where the two ends don't end it alike."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode

from replay.live.transport import Address, connect
from replay.suite.files import known
from replay.verdict.judge import judge
from replay.wire.side import Side
from tests.memory import KEY, player

ACCEPT = b64encode(hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
HEAD = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that has enough of a message, and yet reads it to its end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD.encode())
    await reader.readexactly(1000)
    writer.write(bytes.fromhex("8802 03f1"))
    writer.write_eof()
    while await reader.read(2**20):
        pass
    writer.close()
    await writer.wait_closed()


def test_a_server_may_end_its_half_and_read_on() -> None:
    own = player(known()["9.1.6"])

    async def play() -> None:
        served = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await refuse(reader, writer)
            served.set()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            await connect(own, Address("127.0.0.1", server.sockets[0].getsockname()[1], "/"), 5)
            await served.wait()

    asyncio.run(play())
    close = judge(known()["9.1.6"], own.trace(), Side.CLIENT).facts.testee_close
    assert close is not None
    assert close.code == 1009
