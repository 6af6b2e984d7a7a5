"""An application, and no echo server: what one says is told to all who are there, behind a name.

`python tests/peers/room.py FILE`: also keeps all that is said there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(said: Path) -> None:
    present: set[ServerConnection] = set()

    async def talk(connection: ServerConnection) -> None:
        present.add(connection)
        try:
            async for message in connection:
                with said.open("a") as file:
                    file.write(f"{message!r}\n")
                await asyncio.sleep(0.05)  # as it takes to ask a database
                broadcast(present, f"they said {message!r}")
        finally:
            present.discard(connection)

    async with serve(talk, "127.0.0.1", 0) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
