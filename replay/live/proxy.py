"""Listens, passes on what clients and a server say to each other, and has it recorded.

It takes no part: it sends nothing of its own, and a server that can't be reached is for the client as if
nobody listened here either.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, Protocol

from msgspec import Struct

from replay import limits
from replay.live.descriptors import EXHAUSTED, allow_all
from replay.live.pair import Pair
from replay.live.secure import LOOPBACK, Handshakes, Identity, Secure
from replay.live.settling import Settling
from replay.live.signals import cancel_on_signals
from replay.live.testee import TesteeError, ended_with, exec_server
from replay.live.transport import Address, NotConnected, connected
from replay.recording.exchange import Exchange, Seen
from replay.source import SourceError, strerror


class Way(Struct, frozen=True):
    """Where the proxy listens, and to which server it passes on."""

    host: str
    port: int
    server: Address | None
    command: str | None  # which starts the server
    secure: Secure | None  # None: clients connect without TLS
    start_timeout: float  # seconds


class Passed(Struct):
    """How it went."""

    address: Address  # for clients
    connections: int = 0  # that reached the server
    missed: int = 0  # that didn't
    unreached: str | None = None  # why the last of them didn't
    fault: str | None = None  # why the server that was started isn't available, or no longer
    last_lines: tuple[str, ...] = ()  # of its output
    said: tuple[str, ...] = ()  # what else went wrong, in sentences


class Recording(Protocol):
    """What the proxy is for."""

    def listening(self, address: Address, server: Address) -> None:
        """Clients may connect."""

    def exchange(self, over: Callable[[Seen], None]) -> Exchange:
        """A TCP connection is there; `over` has to be called with each WebSocket connection that ended."""

    def over(self, seen: Seen) -> str | None:
        """A WebSocket connection has ended; returns the name of a log that is complete, and may be written
        in canonical form."""

    def unreached(self, address: Address, reason: str) -> None:
        """The server couldn't be reached for a client."""


def record(way: Way, recording: Recording) -> Passed:
    """Pass on until ^C or SIGTERM, or until a server that was started has ended.

    Raises SourceError if it can't listen, or for a file or a command that can't be used.
    """
    allow_all()
    proxy = _Proxy(way, recording)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(proxy.run())
    if proxy.raised is not None:
        raise proxy.raised
    return proxy.passed


class _Proxy:
    def __init__(self, way: Way, recording: Recording) -> None:
        self.passed = Passed(Address(way.host, way.port))
        self.raised: BaseException | None = None
        self._way, self._recording = way, recording
        self._identity = Identity(way.secure, way.host) if way.secure else None
        tls = way.server.tls if way.server else None
        self._context = tls.context() if tls else None
        self._server = way.server
        self._pairs: dict[Pair, asyncio.Task[None] | None] = {}
        self._settling = Settling()
        self._fault = asyncio.Event()
        self._said: dict[str, None] = {}

    async def run(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        cancel_on_signals(task)
        asyncio.get_running_loop().set_exception_handler(self._troubled)
        try:
            async with AsyncExitStack() as stack:
                died = await self._started(stack)
                await stack.enter_async_context(self._listening())
                assert self._server is not None
                self._recording.listening(self.passed.address, self._server)
                fault = asyncio.create_task(self._fault.wait())
                stack.callback(fault.cancel)
                ends: list[asyncio.Future[Any]] = [fault, *died]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for one in died:
                    if one.done():
                        self.passed.fault = ended_with(one.result())
        except TesteeError as error:
            self.passed.fault, self.passed.last_lines = error.reason, error.last_lines
        finally:
            self.passed.said = tuple(self._said)
            await self._settling.end()

    async def _started(self, stack: AsyncExitStack) -> list[asyncio.Future[int]]:
        """Start the server if it has to be; what is returned has its exit status when it has ended."""
        if self._way.command is None:
            return []
        server = exec_server(self._way.command, self._server, start_timeout=self._way.start_timeout)
        testee = await stack.enter_async_context(server)
        self._server = testee.address
        stack.callback(lambda: setattr(self.passed, "last_lines", testee.last_lines()))
        return [testee.died]

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        loop, way = asyncio.get_running_loop(), self._way
        make = partial(self._recording.exchange, self._over)

        def client() -> asyncio.BaseProtocol:
            return Pair(self, make, loop).client

        try:
            listening = await loop.create_server(
                client, way.host, way.port, backlog=limits.BACKLOG.default, start_serving=not way.secure
            )
        except (OSError, UnicodeError, OverflowError) as error:
            said = f"can't listen at {self.passed.address}: {strerror(error)}"
            hint = "choose another address with --listen; port 0 means a free one"
            raise SourceError(None, said, hint, about="listen") from None
        handshakes = None
        try:
            self._told(listening.sockets[0].getsockname()[1])
            if self._identity is not None:
                handshakes = Handshakes(self._identity.context, client)
                handshakes.listen([each.dup() for each in listening.sockets])
            yield
        finally:
            listening.close()
            if handshakes is not None:
                await handshakes.close()
                self._say(handshakes.said)
            if self._identity is not None:
                self._identity.forget()
            for pair, connecting in [*self._pairs.items()]:
                if connecting is not None:
                    connecting.cancel()
                pair.abandon()
            await asyncio.sleep(0)  # for the loop to close their sockets

    def _told(self, port: int) -> None:
        """Complete the address for clients, which now has its port."""
        tls = None if self._identity is None else self._identity.trusted(port)
        server = self._server
        assert server is not None
        here = (*LOOPBACK, self._way.host)
        if server.port == port and server.host in here and self._way.command is None:
            said = f"{server} is where replay itself listens"
            raise SourceError(None, said, "choose another port with --listen", about="listen")
        self.passed.address = Address(self._way.host, port, server.target, tls)

    # Pairs.

    def came(self, pair: Pair) -> None:
        self._pairs[pair] = asyncio.create_task(self._connect(pair))

    async def _connect(self, pair: Pair) -> None:
        assert self._server is not None
        try:
            await connected(lambda: pair.server, self._server, limits.CONNECT.default, self._context)
        except NotConnected as error:
            self.passed.missed += 1
            self.passed.unreached = str(error)
            self._recording.unreached(self._server, str(error))
            pair.reset()
        else:
            self.passed.connections += 1

    def left(self, pair: Pair) -> None:
        self._pairs.pop(pair, None)
        if pair.raised is not None:
            self._fail(pair.raised)

    def _over(self, seen: Seen) -> None:
        if (name := self._recording.over(seen)) is not None:
            self._settling.add(name)

    def _fail(self, fault: BaseException) -> None:
        """Note an error of replay itself, and end."""
        self.raised = self.raised or fault
        self._fault.set()

    def _say(self, said: str | None) -> None:
        if said is not None:
            self._said[said] = None

    def _troubled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """For `set_exception_handler`: note that no descriptors are left. The loop itself tries again to
        accept the connection."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in EXHAUSTED:
            self._say(f"clients had to wait: {strerror(error)} (see `ulimit -n`)")
        else:
            loop.default_exception_handler(context)


def now() -> str:
    """The time of day, as a log says it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
