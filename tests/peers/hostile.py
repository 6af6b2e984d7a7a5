"""A server that does its worst, by name: python tests/peers/hostile.py NAME. Shares no code with replay."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]
"""What is done with a connection, given the right answer to its request."""


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    await reader.read()


def says(octets: bytes) -> Act:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(octets.replace(b"ANSWER", answer))
        await writer.drain()
        await reader.read()

    return say


def floods(first: bytes, again: bytes) -> Act:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(first.replace(b"ANSWER", answer))
        while True:
            writer.write(again)
            await writer.drain()

    return flood


async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    await writer.drain()
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    writer.write_eof()
    await reader.read()


async def never_reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    transport = writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    transport.pause_reading()
    await asyncio.get_running_loop().create_future()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    for octet in answer:
        writer.write(bytes([octet]))
        await asyncio.sleep(1)


REFUSAL = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nLocation: /\r\n\r\n"
LINE = b"X-Filler: " + b"x" * 1000 + b"\r\n"

ACTS: dict[str, Act] = {
    "silent": silent,
    "drops": drop,
    "drips": drips,
    "404": says(REFUSAL % b"404 Not Found"),
    "301": says(REFUSAL % b"301 Moved Permanently"),
    "401": says(REFUSAL % b"401 Unauthorized"),
    "escapes-in-the-status": says(REFUSAL % b"500 \x1b]0;x\x07\x9b31m\xe2\x80\xae"),
    "endless-interim": floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "no-http": says(b"220 mail.example.org ESMTP\r\n\r\n"),
    "bare-lf": says(b"HTTP/1.1 101 x\nUpgrade: websocket\nConnection: Upgrade\n\n"),
    "huge-head": floods(b"HTTP/1.1 101 Switching Protocols\r\n", LINE),
    "many-headers": floods(b"HTTP/1.1 101 Switching Protocols\r\n", b"X: y\r\n" * 1000),
    "endless-data": floods(b"ANSWER", b"\x82\x7e\xff\xff" + b"x" * 65535),
    "endless-message": floods(b"ANSWER\x02\x00", b"\x00\x7e\xff\xff" + b"x" * 65535),
    "endless-pings": floods(b"ANSWER", b"\x89\x00" * 5000),
    "endless-pongs": floods(b"ANSWER", b"\x8a\x01x" * 5000),
    "endless-breaches": floods(b"ANSWER", b"\xf3\x00" * 5000),
    "endless-closes": floods(b"ANSWER", b"\x88\x02\x03\xe8" * 5000),
    "announces-2-62": says(b"ANSWER\x82\x7f\x40" + bytes(7) + b"x" * 100),
    "announces-2-64": says(b"ANSWER\x82\x7f" + b"\xff" * 8 + b"x" * 100),
    "resets": reset,
    "half-closes": half_close,
    "never-reads": never_reads,
    "escapes": says(b"ANSWER\x81\x0c\x1b[31m[bold]\x07" + b"\x88\x0b\x03\xe8\x1b]0;x\x07\xe2\x80\xae"),
}


async def serve(name: str) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            request = b""
            if ACTS[name] is not silent:
                request = await reader.readuntil(b"\r\n\r\n")
            key = next(
                (x[18:].strip() for x in request.split(b"\r\n") if x.startswith(b"Sec-WebSocket-Key")), b""
            )
            digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            answer = (
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
            )
            await ACTS[name](reader, writer, answer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
