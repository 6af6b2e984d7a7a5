"""Starts the server in the process of the tests, in a thread with its own event loop."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from echo_server import echo
from websockets.asyncio.server import serve


@pytest.fixture(scope="session")
def replay_server() -> Iterator[str]:
    listening: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        over = asyncio.Event()
        async with serve(echo, "127.0.0.1", 0, max_size=2**25, close_timeout=1) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            listening.set_result((port, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    port, loop, over = listening.result(timeout=10)
    yield f"ws://127.0.0.1:{port}"
    loop.call_soon_threadsafe(over.set)
    thread.join()
