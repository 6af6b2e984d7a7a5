"""Listens for clients, and lets an `Endpoint` speak on each connection.

Clients are the user's own, or started: a driver that runs all the cases, or one client a case.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from replay import limits
from replay.live.testee import Testee, TesteeError, check_client, ended_with, exec_client
from replay.live.transport import Address, Connection
from replay.play.endpoint import Endpoint
from replay.play.reception import Reception
from replay.schedule import Phase
from replay.source import SourceError

_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to connect to a server that listens on all interfaces."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where clients come in, and which of them replay starts. Times are in seconds."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    command: str | None = None  # a driver
    each: str | None = None  # a client, once a case
    jobs: int = limits.EACH.default  # of those at once
    idle: float = limits.IDLE.default  # without a connection, and the driver is done
    coming: float = limits.COMING.default  # for a client to come for its case


class Host(Protocol):
    """Who receives clients."""

    @property
    def over(self) -> bool:
        """Whether a client has asked for the end."""

    def listening(self, address: Address) -> None:
        """It begins; clients that are started know this address."""

    def visitor(self) -> Endpoint:
        """Who speaks first on a new connection."""

    def left(self, endpoint: Endpoint, at: float) -> int | None:
        """A connection has ended, `at` seconds after the beginning; the number of the case that it was."""

    def plays(self, number: int) -> bool:
        """Whether this case is under way."""

    def phases(self) -> Iterable[Phase]:
        """The cases for which clients are started, one phase after the other."""

    def target(self, number: int) -> str:
        """What such a client asks for."""


@dataclass(slots=True)
class Served:
    """How it went."""

    address: Address
    seconds: float = 0.0
    interrupted: bool = False  # by ^C or SIGTERM
    fault: str | None = None  # what is wrong with a client that was started
    last_lines: tuple[str, ...] = ()  # of its output
    missed: dict[int, str] = field(default_factory=dict)  # cases for which nobody came, and why


def receive(host: Host, door: Door) -> Served:
    """Receive clients until the started ones are done, one of them asks for the end, or ^C.

    What the host raises is raised here, when all is closed. Raises SourceError if it can't listen
    there, or for a command that doesn't say where to connect.
    """
    for option, command in (("--exec", door.command), ("--each", door.each)):
        if command is not None:
            check_client(command, option)
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
        self._visits: dict[_Visit, None] = {}  # in the order in which they came
        self._began = self._moved = time.monotonic()
        self._over: dict[int, asyncio.Future[None]] = {}  # the cases of clients that were started
        self._quiet = asyncio.Event()  # nobody is here
        self._end = asyncio.Event()
        self._closed = False

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    async def receive(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not everywhere, nor in threads
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        server = await self._listen()
        work = [asyncio.create_task(self._clients()), asyncio.create_task(self._end.wait())]
        try:
            self._began = self._moved = time.monotonic()
            self._host.listening(self.served.address)
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            if work[0].done():
                work[0].result()
        finally:  # nothing that breaks from here on is a client's fault
            self._closed = True
            server.close()
            for visit in self._visits:
                visit.abort()
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        loop, door = asyncio.get_running_loop(), self._door
        try:
            server = await loop.create_server(
                lambda: _Visit(self._host.visitor(), loop, self),
                door.host,
                door.port,
                backlog=limits.VISITS.default,
            )
        except (OSError, UnicodeError, OverflowError) as error:
            why = (getattr(error, "strerror", None) or str(error)).lower()
            hint = "name another --host, or another --port; 0 is a free one"
            raise SourceError(None, f"can't listen at {self.served.address}: {why}", hint) from None
        port = server.sockets[0].getsockname()[1]
        self.served.address = replace(self.served.address, port=port)
        return server

    # Connections.

    def came(self, visit: _Visit) -> None:
        self._visits[visit] = None
        self._quiet.clear()
        if len(self._visits) > limits.VISITS.default:
            next((one for one in self._visits if one.has_not_asked), visit).abort()

    def left(self, visit: _Visit) -> None:
        del self._visits[visit]
        self._moved = time.monotonic()
        if not self._visits:
            self._quiet.set()
        if self._closed:
            return
        try:
            if visit.fault is not None:
                raise visit.fault
            number = self._host.left(visit.endpoint, self.elapsed())
        except BaseException as raised:
            self.raised = self.raised or raised
            self._end.set()
            return
        if number in self._over and not self._over[number].done():
            self._over[number].set_result(None)
        if self._host.over:
            self._end.set()
        for other in list(self._visits):
            other.nudge()

    # Clients that replay starts.

    async def _clients(self) -> None:
        try:
            if self._door.command is not None:
                await self._driver(self._door.command)
            elif self._door.each is not None:
                await self._one_each(self._door.each)
            else:
                await self._end.wait()
        except TesteeError as error:
            self.served.fault, self.served.last_lines = error.reason, error.last_lines
        if self._visits:
            await self._quiet.wait()  # each has its limits

    async def _driver(self, command: str) -> None:
        async with exec_client(command, self.served.address) as driver:
            while not driver.died.done():
                left = self._moved + self._door.idle - time.monotonic()
                if left <= 0 and not self._visits:
                    raise driver.failure(f"was idle for {self._door.idle:g} s, and was ended")
                await asyncio.wait([driver.died], timeout=left if left > 0 else self._door.idle)
            if driver.exit_status:
                raise driver.failure(ended_with(driver.exit_status))

    async def _one_each(self, command: str) -> None:
        for phase in self._host.phases():
            room = asyncio.Semaphore(min(self._door.jobs, phase.busy))
            async with asyncio.TaskGroup() as group:
                for number in phase.numbers:
                    await room.acquire()
                    if self.served.fault is not None:
                        return
                    group.create_task(self._one(command, number, room))

    async def _one(self, command: str, number: int, room: asyncio.Semaphore) -> None:
        """Start the client of one case, and end it when the case is over; then there is room again."""
        over = self._over[number] = asyncio.get_running_loop().create_future()
        address = replace(self.served.address, target=self._host.target(number))
        try:
            async with exec_client(command, address) as client:
                either: list[asyncio.Future[Any]] = [client.died, over]
                await asyncio.wait(either, timeout=self._door.coming, return_when=asyncio.FIRST_COMPLETED)
                if not over.done() and self._host.plays(number):
                    await over  # which has a limit of its own
                if not over.done():
                    self._miss(number, client)
        except TesteeError as error:
            self.served.fault = error.reason
        finally:
            room.release()

    def _miss(self, number: int, client: Testee) -> None:
        status = client.exit_status
        why = f"did not come within {self._door.coming:g} s" if status is None else ended_with(status)
        self.served.missed[number] = why
        self.served.last_lines = client.last_lines()
        if len(self.served.missed) >= limits.MISSES.default:
            self.served.fault = f"did not come for {len(self.served.missed)} cases; for the last, it {why}"


class _Visit(Connection):
    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, session: _Session) -> None:
        super().__init__(endpoint, loop)
        self._session = session

    @property
    def has_not_asked(self) -> bool:
        """Whether it hasn't said what it wants."""
        return isinstance(self.endpoint, Reception) and not self.endpoint.waits

    @property
    def fault(self) -> BaseException | None:
        """Of the endpoint itself."""
        return self.finished.exception()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._session.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._session.left(self)
