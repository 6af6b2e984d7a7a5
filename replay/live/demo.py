"""A client for `replay serve --demo`: python -m replay.live.demo URL [CA].

It needs the library websockets.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from contextlib import suppress


async def echo(url: str, ca: str | None = None) -> None:
    """Send every message back until the server closes, or the library fails the connection."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    context = None if ca is None else ssl.create_default_context(cafile=ca)
    async with connect(url, ssl=context, max_size=None, ping_interval=None, proxy=None) as connection:
        with suppress(ConnectionClosed):
            async for message in connection:
                await connection.send(message)


if __name__ == "__main__":
    asyncio.run(echo(*sys.argv[1:]))
