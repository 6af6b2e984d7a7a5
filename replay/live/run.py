"""Plays endpoints against one server, some at a time, phase after phase."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from replay import limits
from replay.live.echo import echo_server
from replay.live.testee import Testee, TesteeError, ended_with, exec_server
from replay.live.transport import Address, connect
from replay.play.endpoint import Endpoint

Maker = Callable[[Address], Endpoint]


@dataclass(frozen=True, slots=True)
class Target:
    """The server: at an address, started by a command, or (neither) the built-in one."""

    address: Address | None = None
    command: str | None = None
    start_timeout: float = limits.START.default  # seconds


@dataclass(slots=True)
class Played:
    """How it went. What had ended before it was stopped was told."""

    address: Address | None = None  # where the server was
    seconds: float = 0.0
    interrupted: bool = False  # by ^C or SIGTERM
    fault: str | None = None  # why the server that was to be started isn't there (any more)
    last_lines: tuple[str, ...] = ()  # of its output


def play_all(
    phases: Sequence[Sequence[Maker]],
    target: Target,
    jobs: int,
    connect_timeout: float,
    done: Callable[[int, int, Endpoint, float], bool],
) -> Played:
    """Make and play the endpoints of each phase, each on a connection of its own, `jobs` at once.

    `done` is told phase, number, endpoint and the seconds so far as each one ends, and says whether
    to go on; what it raises is raised here, when all is closed. `connect_timeout` is in seconds.
    Raises SourceError for a file or a command that can't be used.
    """
    session = _Session(phases, target, jobs, connect_timeout, done)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        session.played.interrupted = True
        asyncio.run(session.play())
        session.played.interrupted = False
    session.played.seconds = session.elapsed()
    if session.raised is not None:
        raise session.raised
    return session.played


class _Session:
    def __init__(
        self,
        phases: Sequence[Sequence[Maker]],
        target: Target,
        jobs: int,
        connect_timeout: float,
        done: Callable[[int, int, Endpoint, float], bool],
    ) -> None:
        self.played = Played()
        self.raised: BaseException | None = None
        self._phases, self._target, self._jobs = phases, target, jobs
        self._connect_timeout, self._done = connect_timeout, done
        self._began = time.monotonic()
        self._stopped = False

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    async def play(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not everywhere, nor in threads
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            async with self._server() as address:
                self.played.address = address
                for number, makers in enumerate(self._phases):
                    if makers and not self._stopped:
                        await self._phase(number, makers, address)
        except TesteeError as error:
            self.played.fault, self.played.last_lines = error.reason, error.last_lines

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[Address]:
        self._began = time.monotonic()
        if self._target.command is None:
            if self._target.address is not None:
                yield self._target.address
                return
            async with echo_server() as address:
                yield address
            return
        async with exec_server(
            self._target.command, self._target.address, start_timeout=self._target.start_timeout
        ) as server:
            self._began = time.monotonic()
            yield server.address
            if self._stopped:
                await self._last_words(server)

    async def _last_words(self, server: Testee) -> None:
        """If the server has died, say so, and what it wrote."""
        with suppress(TimeoutError):
            status = await asyncio.wait_for(asyncio.shield(server.died), limits.ENDING.default)
            raise server.failure(ended_with(status))

    async def _phase(self, phase: int, makers: Sequence[Maker], address: Address) -> None:
        context = address.tls.context() if address.tls else None
        queue = iter(range(len(makers)))
        workers: list[asyncio.Task[None]] = []

        async def work() -> None:
            for number in queue:
                endpoint = makers[number](address)
                await connect(endpoint, address, self._connect_timeout, context)
                try:
                    going_on = self._done(phase, number, endpoint, self.elapsed())
                except BaseException as raised:
                    self.raised = self.raised or raised
                    going_on = False
                if not going_on:
                    self._stopped = True
                    for worker in workers:
                        worker.cancel()

        workers += [asyncio.create_task(work()) for _ in range(min(self._jobs, len(makers)))]
        try:
            await asyncio.wait(workers)
        finally:  # interrupted: nothing that breaks from here on is the server's fault
            for worker in workers:
                worker.cancel()
            ends = await asyncio.gather(*workers, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
