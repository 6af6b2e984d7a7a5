"""Listens for clients, and runs an `Endpoint` on each connection.

Clients are started by the user or by a `Starter`.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from errno import EACCES, EADDRINUSE
from typing import Any

from msgspec.structs import replace

from replay import limits
from replay.live.client_contract import Door, Host, Served
from replay.live.descriptors import EXHAUSTED
from replay.live.secure import Handshakes, Identity
from replay.live.signals import cancel_on_signals
from replay.live.spawn import Starter
from replay.live.transport import Address, Connection
from replay.play.endpoint import Endpoint
from replay.play.visitors import Page, Reception, Teller
from replay.source import SourceError, strerror

_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to connect to a server that listens on all interfaces."""


def receive(host: Host, door: Door) -> Served:
    """Receive clients until those that were started are done, or one of them asks to end, or ^C.

    What the host raises is raised here once everything is closed. Raises SourceError if it can't listen at
    that address, and for a command that doesn't say where to connect.
    """
    session = _Session(host, door)
    served = session.served
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        served.interrupted = True
        asyncio.run(session.receive())
        served.interrupted = False
    served.seconds = session.elapsed()
    if session.raised is not None:
        raise session.raised
    return served


class _Session:
    def __init__(self, host: Host, door: Door) -> None:
        self.served = Served(Address(_ANY.get(door.host, door.host), door.port))
        self.raised: BaseException | None = None
        self._host, self._door = host, door
        self._visits: dict[_Visit, None] = {}  # in the order in which they connected
        self._began = self._moved = time.monotonic()
        self._epoch = time.time() - self._began
        self._starter = Starter(host, door, self.served, self._idle)
        self._quiet = asyncio.Event()  # nobody is connected, and everything is judged
        self._end = asyncio.Event()
        self._closed = False
        self._judge = ThreadPoolExecutor(1)
        self._judging: set[asyncio.Future[None]] = set()
        self._identity = Identity(door.secure, door.host) if door.secure else None
        self._handshakes: Handshakes | None = None

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def _idle(self) -> float:
        """For how many seconds nobody has been connected."""
        return 0.0 if self._visits else time.monotonic() - self._moved

    async def _clients(self) -> None:
        await self._starter.start()
        if self._visits or self._judging:
            await self._quiet.wait()  # each connection has its limits

    async def receive(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        cancel_on_signals(task)
        asyncio.get_running_loop().set_exception_handler(self._troubled)
        server = await self._listen()
        work = [asyncio.create_task(self._clients()), asyncio.create_task(self._end.wait())]
        try:
            self._began = self._moved = time.monotonic()
            self._host.listening(self.served.address)
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            if work[0].done():
                work[0].result()
        finally:  # whatever ends from here on isn't a client's fault
            visits = list(self._visits)
            for visit in visits:
                if visit.endpoint.done:  # only its socket is still open
                    self.left(visit)
            self._closed = True
            server.close()
            if self._handshakes and self._identity:
                await self._handshakes.close()
                self._identity.forget()
                self.served.refused = self._handshakes.said
            for visit in visits:
                visit.abort()
            for one in work:
                one.cancel()
            await asyncio.gather(*work, *self._judging, return_exceptions=True)
            self._judge.shutdown()

    async def _listen(self) -> asyncio.Server:
        loop, door = asyncio.get_running_loop(), self._door

        def visit() -> _Visit:
            return _Visit(self._host.visitor(), loop, self)

        try:
            server = await loop.create_server(
                visit,
                door.host,
                door.port,
                backlog=limits.VISITS.default,
                start_serving=self._identity is None,
            )
        except (OSError, UnicodeError, OverflowError) as error:
            hint = "choose another --host or --port; 0 means a free port"
            said = f"can't listen at {self.served.address}: {strerror(error)}"
            about = "port" if getattr(error, "errno", None) in (EADDRINUSE, EACCES) else "host"
            raise SourceError(None, said, hint, about) from None
        port = server.sockets[0].getsockname()[1]
        tls = None
        if self._identity is not None:
            tls = self._identity.trusted(port)
            self._handshakes = Handshakes(self._identity.context, visit)
            self._handshakes.listen([each.dup() for each in server.sockets])
        self.served.address = replace(self.served.address, port=port, tls=tls)
        return server

    # Connections.

    def came(self, visit: _Visit) -> None:
        self._visits[visit] = None
        self._quiet.clear()
        if len(self._visits) > limits.VISITS.default:
            next((one for one in self._visits if one.may_give_way), visit).give_way()

    def left(self, visit: _Visit) -> None:
        if visit not in self._visits:
            return
        if not isinstance(visit.endpoint, Page):  # looking at the page is no progress
            self._moved = time.monotonic()
        del self._visits[visit]
        if visit.fault is not None:
            self._fail(visit.fault)
        number = None if self._closed else self._host.left(visit.endpoint)
        if number is not None:
            loop, endpoint = asyncio.get_running_loop(), visit.endpoint
            ended = self._epoch + time.monotonic()
            judging = loop.run_in_executor(self._judge, self._host.judge, endpoint, ended)
            self._judging.add(judging)
            judging.add_done_callback(lambda done: self._judged(endpoint, number, done))
        self._changed()

    def _judged(self, endpoint: Endpoint, number: int, judging: asyncio.Future[None]) -> None:
        self._judging.discard(judging)
        if (fault := judging.exception()) is not None:
            self._fail(fault)
        self._host.judged(endpoint)
        self._starter.over(number)
        self._changed()

    def _changed(self) -> None:
        """Something that a connection or the session waits for may have happened."""
        if not self._visits and not self._judging:
            self._quiet.set()
        if self._host.over:
            self._end.set()
        if not self._closed:
            for other in list(self._visits):
                if isinstance(other.endpoint, Reception | Teller):
                    other.nudge()

    def _troubled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """For `set_exception_handler`: note that no descriptors are left. The loop itself tries again to
        accept the connection."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in EXHAUSTED:
            self.served.refused = f"replay could not accept clients: {strerror(error)}"
        elif not self._closed:  # the loop tries again even after the server was closed
            loop.default_exception_handler(context)

    def _fail(self, fault: BaseException) -> None:
        """Note an error of replay itself, and end."""
        self.raised = self.raised or fault
        self._end.set()


class _Visit(Connection):
    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, session: _Session) -> None:
        super().__init__(endpoint, loop)
        self._session = session
        self._leaves = False
        self._read = limits.LEAST_READ.default  # octets that are read at once

    @property
    def may_give_way(self) -> bool:
        """Whether it hasn't sent its request, and isn't being closed."""
        return not self._leaves and isinstance(self.endpoint, Reception) and not self.endpoint.waits

    def give_way(self) -> None:
        """Close it to make room for another."""
        self._leaves = True
        self.abort()

    @property
    def fault(self) -> BaseException | None:
        """The exception that the endpoint raised, if any."""
        return self.finished.exception() if self.finished.done() else None

    def get_buffer(self, sizehint: int) -> memoryview:
        return super().get_buffer(sizehint)[: self._read]

    def buffer_updated(self, nbytes: int) -> None:
        """Read a client whose octets take long, such as many small frames, in small pieces, so that the
        others get their turn."""
        began = time.thread_time()
        super().buffer_updated(nbytes)
        took = time.thread_time() - began
        if took > limits.SLICE.default / 1000:
            self._read = max(self._read // 2, limits.LEAST_READ.default)
        elif nbytes == self._read and took < limits.SLICE.default / 4000:
            self._read = min(self._read * 2, limits.READ.default)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._session.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._session.left(self)
