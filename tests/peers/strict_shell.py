"""Sockets for the strict peers.

    python -m tests.peers.strict_shell server --way takes-rsv [--port 0]
    python -m tests.peers.strict_shell client --way no-masks ws://127.0.0.1:9001/

The first prints 'listening on PORT' when it is ready; --list says what each way is.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from tests.peers import strict_client, strict_server
from tests.peers.strict import PATIENCE, Endpoint, Ways
from tests.peers.strict_client import Client
from tests.peers.strict_server import Server

LINGER = 1.0
"""Seconds for which what still comes is read once TCP is ended, so that its end is no reset."""

WAYS: Mapping[str, Mapping[str, Ways]] = {
    "server": strict_server.UNUSUAL | strict_server.FAULTS,
    "client": strict_client.UNUSUAL | strict_client.FAULTS,
}


async def converse(
    make: Callable[[], Endpoint], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection, from its opening to its end."""
    own = make()
    own.connected()
    with suppress(ConnectionError):
        while await written(own, writer):
            data = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE if own.waits else None):
                    data = await reader.read(2**16)
            if data:
                own.received(data)
            else:
                own.ended()
        if own.ways.resets:
            writer.transport.abort()
        else:
            await lingered(reader, writer)
    writer.close()


async def written(own: Endpoint, writer: asyncio.StreamWriter) -> bool:
    """Write what there is; whether the connection goes on."""
    if own.output:
        await asyncio.sleep(own.ways.delay)
    for octets in own.output:
        writer.write(octets)
        await writer.drain()
    own.output.clear()
    return not own.dropped


async def lingered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if writer.can_write_eof():
        writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while await reader.read(2**16):
                pass


async def serve(ways: Ways, port: int = 0) -> asyncio.Server:
    return await asyncio.start_server(partial(converse, partial(Server, ways)), "127.0.0.1", port)


async def visit(ways: Ways, url: str) -> None:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    await converse(partial(Client, ways, target, parts.netloc), reader, writer)


async def listen(ways: Ways, port: int) -> None:
    server = await serve(ways, port)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="An echo peer that keeps every rule, or breaks one.")
    parser.add_argument("side", choices=WAYS)
    parser.add_argument("url", nargs="?", help="where a client connects")
    parser.add_argument("--way", default="sound", metavar="NAME")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="say what each way is")
    asked = parser.parse_args()
    ways = WAYS[asked.side]
    if asked.list:
        for name, way in ways.items():
            print(f"{name:30} {way.says}")
    elif asked.way not in ways:
        parser.error(f"unknown way {asked.way!r}; --list says which there are")
    else:
        with suppress(KeyboardInterrupt):
            asyncio.run(
                listen(ways[asked.way], asked.port)
                if asked.side == "server"
                else visit(ways[asked.way], asked.url)
            )


if __name__ == "__main__":
    main()
