"""Has complete logs written in canonical form, one after the other, by a process of its own."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from replay import limits

_COMMAND = (sys.executable, "-m", "replay.recording.canonical")


class Settling:
    """The process starts with the first log. It ends by itself when its input does, and so with replay,
    however that ends."""

    def __init__(self) -> None:
        self._names: asyncio.Queue[str] = asyncio.Queue()
        self._work: asyncio.Task[None] | None = None

    def add(self, name: str) -> None:
        """Have this log rewritten."""
        self._names.put_nowait(str(Path(name).absolute()))
        if self._work is None:
            self._work = asyncio.create_task(self._pass_on())

    async def end(self) -> None:
        """Wait until all of them are rewritten, or for some time: the others stay as they were recorded."""
        if self._work is not None:
            self._names.put_nowait("")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._work, limits.SETTLING.default)

    async def _pass_on(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *_COMMAND, stdin=asyncio.subprocess.PIPE, start_new_session=True
            )
        except OSError:  # the logs stay as they were recorded
            return
        assert process.stdin is not None
        with suppress(OSError):
            while name := await self._names.get():
                process.stdin.write(f"{name}\n".encode())
                await process.stdin.drain()
        process.stdin.close()
        try:
            await process.wait()
        finally:
            with suppress(ProcessLookupError):  # it has ended
                process.terminate()
            await process.wait()  # asyncio complains of a process that outlives its loop
