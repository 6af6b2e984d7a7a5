"""Serves a page to browsers on this machine: HTTP on loopback, only GET, one request per connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import h11

from replay import limits

HOST = "127.0.0.1"


class Answer(NamedTuple):
    status: int
    kind: str  # as in Content-Type
    body: bytes


def serve(answer: Callable[[str], Answer], port: int, listening: Callable[[str], None]) -> None:
    """Answer requests by their target until ^C. `listening` is called with the address. Raises OSError."""
    asyncio.run(_serve(answer, port, listening))


async def _serve(answer: Callable[[str], Answer], port: int, listening: Callable[[str], None]) -> None:
    turn = asyncio.Lock()  # `answer` is called for one request at a time

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, h11.ProtocolError):
            async with asyncio.timeout(limits.DESK.default):
                await _answered(reader, writer, turn, answer)
        writer.close()

    server = await asyncio.start_server(visit, HOST, port)
    async with server:
        listening(f"http://{HOST}:{server.sockets[0].getsockname()[1]}/")
        await server.serve_forever()


async def _answered(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    turn: asyncio.Lock,
    answer: Callable[[str], Answer],
) -> None:
    """Answer one request. Raises OSError and h11.ProtocolError."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.HEAD.default)
    event = connection.next_event()
    while event is h11.NEED_DATA:
        connection.receive_data(await reader.read(limits.HEAD.default))
        event = connection.next_event()
    if not isinstance(event, h11.Request):
        return
    port = writer.get_extra_info("sockname")[1]
    host = next((value for name, value in event.headers if name == b"host"), b"").decode("latin-1")
    if host not in (f"{HOST}:{port}", f"localhost:{port}"):  # DNS rebinding
        found = Answer(421, "text/plain", b"This page is for http://127.0.0.1 only.")
    elif event.method != b"GET":
        found = Answer(405, "text/plain", b"Only GET is supported.")
    else:
        async with turn:
            found = await asyncio.to_thread(answer, event.target.decode("latin-1"))
    headers = [
        ("Content-Type", found.kind),
        ("Content-Length", str(len(found.body))),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
        ("Content-Security-Policy", "frame-ancestors 'none'"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    for part in (
        h11.Response(status_code=found.status, headers=headers),
        h11.Data(data=found.body),
        h11.EndOfMessage(),
    ):
        if octets := connection.send(part):
            writer.write(octets)
    await writer.drain()
