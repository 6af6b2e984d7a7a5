"""`replay serve` as a process, and flawless clients for it."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from replay.live.tls import Tls
from replay.live.transport import Address, connect
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Limits
from replay.protocol.events import Message
from replay.protocol.interpreter import observe
from replay.trace.model import SECOND, Trace
from replay.wire.side import Side
from tests.memory import OFFER, REQUEST, keys
from tests.processes import ROOT, Running, running

ECHO = f"{sys.executable} -m replay.live.demo {{url}}"
"""A command for --each."""

MOST = Limits(case=60 * SECOND, octets=2**30, reads=2**30, frames=2**30, events=2**30)


class Ended(NamedTuple):
    status: int
    stdout: str
    stderr: str


class Served:
    """A server that runs."""

    def __init__(self, process: Running, port: int, ca: Path | None = None) -> None:
        self.process = process
        self.port = port
        self.ca = ca  # None: ws://

    def visit(self, *targets: str) -> list[Trace]:
        """What a flawless client sees that asks for these, all at once."""

        async def together() -> list[Trace]:
            return await asyncio.gather(*(self.one(target) for target in targets))

        return asyncio.run(together())

    async def one(self, target: str) -> Trace:
        headers = (*REQUEST, ("Sec-WebSocket-Extensions", OFFER))
        client = EchoEndpoint(Side.CLIENT, MOST, keys(Side.CLIENT), (target, headers))
        tls = None if self.ca is None else Tls(ca=self.ca)
        address = Address("127.0.0.1", self.port, tls=tls)
        await connect(client, address, 10, tls.context() if tls else None)
        return client.trace()

    def told(self, target: str) -> str:
        """The message that answers."""
        (trace,) = self.visit(target)
        messages = [event for event in observe(trace) if isinstance(event, Message)]
        return messages[0].data.decode()

    def ended(self) -> Ended:
        """How it ends by itself."""
        ended = self.process.ended()
        assert "Traceback" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def interrupted(self) -> Ended:
        self.process.send_signal(signal.SIGINT)
        return self.ended()


@contextmanager
def serving(out: Path, *words: str) -> Iterator[Served]:
    """Serve these cases on a free port until the block ends."""
    with running("serve", "--port", "0", "--out", out, *words) as process:
        first = process.stdout.readline()
        found = re.match(r"listening at wss?://127\.0\.0\.1:(\d+): .* cases?(?:.* in (\S+))?$", first)
        assert found, (first, process.ended())
        yield Served(process, int(found[1]), ROOT / found[2] if found[2] else None)
