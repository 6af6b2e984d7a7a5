"""An echo server that hardly looks at what it gets: python sloppy_echo.py emptyclose|masked|noclose|nodrop.

It checks no UTF-8, reserved bits, control frames and close codes, answers no Ping of more than 100
octets, passes over unknown opcodes, lets a continuation begin a text message, and a new message take
the place of an unfinished one. Its word names one more fault:

    emptyclose  a Close is answered by an empty one
    masked      messages come back masked, or, of 126 octets and more, not at all
    noclose     a Close is not answered
    nodrop      TCP stays open once both Closes have passed
"""

import asyncio
import base64
import hashlib
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FAULT = sys.argv[1]


async def connected(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        writer.write(opening(await reader.readuntil(b"\r\n\r\n")))
        await converse(reader, writer)
    writer.close()


def opening(request: bytes) -> bytes:
    lines = (line.partition(b": ") for line in request.split(b"\r\n")[1:])
    key = {name.lower(): value for name, _, value in lines}[b"sec-websocket-key"]
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nServer: sloppy\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


async def converse(reader: StreamReader, writer: StreamWriter) -> None:
    kind, message = TEXT, b""
    while True:
        fin, opcode, payload = await read_frame(reader)
        if opcode == CLOSE and FAULT != "noclose":
            writer.write(frame(CLOSE, b"" if FAULT == "emptyclose" else b"\x03\xe8"))
            await writer.drain()
            if FAULT == "nodrop":
                await reader.read()
            return
        if opcode == PING and len(payload) <= 100:
            writer.write(frame(PONG, payload))
        elif opcode in (CONTINUATION, TEXT, BINARY):
            if opcode:
                kind, message = opcode, b""
            message += payload
            if fin:
                writer.write(echo(kind, message))
                kind, message = TEXT, b""
        await writer.drain()


def echo(kind: int, message: bytes) -> bytes:
    if FAULT != "masked":
        return frame(kind, message)
    return b"" if len(message) > 125 else bytes([128 | kind, 128 | len(message)]) + bytes(4) + message


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([128 | opcode, size]) + payload
    form, mark = (2, 126) if size < 2**16 else (8, 127)
    return bytes([128 | opcode, mark]) + size.to_bytes(form) + payload


async def read_frame(reader: StreamReader) -> tuple[bool, int, bytes]:
    first, second = await reader.readexactly(2)
    size = second & 127
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
    key = await reader.readexactly(4)
    payload = await reader.readexactly(size)
    mask = (key * (size // 4 + 1))[:size]
    return first > 127, first & 15, (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)


async def main() -> None:
    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
