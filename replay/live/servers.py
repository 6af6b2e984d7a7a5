"""Plays endpoints against one server, several at a time, phase by phase.

A connection that only waits doesn't count as one that keeps the server busy. If the server accepts only a
certain number of connections at once, that is noticed, and no more are opened.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from operator import attrgetter
from ssl import SSLContext
from typing import Any

from msgspec import Struct

from replay import limits
from replay.live.assignment import Assigner, Phase, Speaker, busy
from replay.live.descriptors import pass_over_exhaustion, spare_connections
from replay.live.echo import echo_server
from replay.live.signals import cancel_on_signals
from replay.live.testee import Testee, TesteeError, command_name, ended_with, exec_server
from replay.live.transport import Address, connect
from replay.live.workers import Lost, Worker, workers
from replay.trace.model import SECOND

TICK = limits.QUIET.default / 2000  # seconds


class Target(Struct, frozen=True):
    """The server: at an address, started by a command, or (neither) the built-in one."""

    address: Address | None = None
    command: str | None = None
    start_timeout: float = limits.START.default  # seconds

    @property
    def name(self) -> str:
        """The name of a server that doesn't tell its own, the same for every run."""
        if self.address is not None and self.command is None:
            return self.address.lasting
        return "the built-in echo server" if self.command is None else command_name(self.command)


class Played(Struct):
    """How it went. All connections that ended before it stopped were reported."""

    address: Address | None = None  # of the server
    seconds: float = 0.0
    interrupted: bool = False  # by ^C or SIGTERM
    fault: str | None = None  # why a server that replay started isn't available, or no longer
    last_lines: tuple[str, ...] = ()  # of its output
    room: int | None = None  # the number of connections that it accepts at once, if more were tried
    memory: int | None = None  # octets that its largest process had, if replay started it


def play_all(
    phases: Iterable[Phase], play: Assigner, target: Target, connect_timeout: float, most_workers: int = 0
) -> Played:
    """Play the connections of each phase, those of some phases in workers.

    The next phase is asked for when the previous one has ended. What `play.done` raises is raised here once
    everything is closed. `connect_timeout` is in seconds. Raises SourceError for a file or a command that
    can't be used.
    """
    with workers(most_workers, play, connect_timeout) as crew:
        session = _Session(phases, play, target, connect_timeout, crew)
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
        phases: Iterable[Phase],
        play: Assigner,
        target: Target,
        connect_timeout: float,
        crew: Sequence[Worker],
    ) -> None:
        self.played = Played()
        self.raised: BaseException | None = None
        self._phases, self._play, self._target = phases, play, target
        self._connect_timeout, self._crew = connect_timeout, crew
        self._running: set[_Turn] = set()
        self._began = time.monotonic()
        self._epoch = time.time() - self._began
        self._stopped = False
        self._spare = spare_connections(2 if target == Target() else 1)

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    async def play(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        cancel_on_signals(task)
        asyncio.get_running_loop().set_exception_handler(pass_over_exhaustion)
        try:
            async with AsyncExitStack() as stack:
                address, used = await stack.enter_async_context(self._server()), False
                for phase in self._phases:
                    if phase.fresh and used and self._target.command is not None:
                        await stack.aclose()
                        address = await stack.enter_async_context(self._server())
                    self.played.address, used = address, True
                    await self._phase(phase, address)
                    if self._stopped:
                        break
        except TesteeError as error:
            self.played.fault, self.played.last_lines = error.reason, error.last_lines

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[Address]:
        began = time.monotonic()
        if self._target.command is None:
            if self._target.address is not None:
                yield self._target.address
                return
            async with echo_server() as address:
                yield address
            return
        started = exec_server(
            self._target.command, self._target.address, start_timeout=self._target.start_timeout
        )
        async with started as server:
            self._began += time.monotonic() - began  # the time of a run is without that of the start
            yield server.address
            if self._stopped:
                await self._last_words(server)
        if server.memory is not None:
            self.played.memory = max(server.memory, self.played.memory or 0)

    async def _last_words(self, server: Testee) -> None:
        """Raise TesteeError, with the server's last output, if it has died."""
        with suppress(TimeoutError):
            status = await asyncio.wait_for(asyncio.shield(server.died), limits.ENDING.default)
            raise server.failure(ended_with(status))

    async def _phase(self, phase: Phase, address: Address) -> None:
        context = address.tls.context() if address.tls else None
        waiting = deque(phase.numbers)
        put_off: set[int] = set()
        ended: deque[_Turn] = deque()
        try:
            while self._running or (waiting and not self._stopped):
                self._fill(phase, waiting, address, context)
                await asyncio.wait(
                    [turn.task for turn in self._running],
                    timeout=TICK if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                ended.extend(self._taken(waiting, put_off))
                if self._crew and all(turn.speaker.accepted for turn in ended):
                    self._fill(phase, waiting, address, context)  # to keep the workers busy meanwhile
                while ended:
                    self._tell(phase, ended.popleft())
                    await asyncio.sleep(0)  # judging many takes long, and timers have to run on time
        finally:  # if interrupted: whatever ends from here on isn't the server's fault
            tasks = [turn.task for turn in self._running]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for turn in ended:
                self._tell(phase, turn)

    def _fill(
        self, phase: Phase, waiting: deque[int], address: Address, context: SSLContext | None
    ) -> None:
        while waiting and not self._stopped and self._may_begin(phase):
            self._running.add(self._begin(phase, waiting.popleft(), address, context))

    def _begin(self, phase: Phase, number: int, address: Address, context: SSLContext | None) -> _Turn:
        part = self._play.part(phase.name, number, address)
        crew = [worker for worker in self._crew if not worker.lost] if phase.apart else ()
        if crew:
            away, over = min(crew, key=attrgetter("load")).play(part)
            return _Turn(number, away, over, self._open(), lambda: away.seen)
        endpoint = self._play.make(part)
        spoken = connect(endpoint, address, self._connect_timeout, context)
        seen = partial(self._play.seen, part, endpoint)
        return _Turn(number, endpoint, asyncio.create_task(spoken), self._open(), seen)

    def _taken(self, waiting: deque[int], put_off: set[int]) -> Iterator[_Turn]:
        """Remove the connections that have ended, and yield those that are finished."""
        for turn in [turn for turn in self._running if turn.task.done()]:
            self._running.remove(turn)
            if turn.task.cancelled():
                continue
            if isinstance(turn.task.exception(), Lost):
                waiting.append(turn.number)
                continue
            turn.task.result()
            if self._was_crowded(turn, put_off):
                put_off.add(turn.number)
                waiting.append(turn.number)
            else:
                yield turn

    def _may_begin(self, phase: Phase) -> bool:
        now = int(asyncio.get_running_loop().time() * SECOND)
        room = min(phase.room, self.played.room or phase.room, self._spare)
        return (
            len(self._running) < room
            and sum(busy(turn.speaker, now) for turn in self._running) < phase.busy
        )

    def _open(self) -> int:
        """The number of open connections."""
        return sum(turn.speaker.accepted and not turn.speaker.done for turn in self._running)

    def _was_crowded(self, turn: _Turn, put_off: set[int]) -> bool:
        """Whether a connection wasn't accepted while others were open, so that it should be tried again
        with fewer of them."""
        if turn.speaker.accepted:
            return False
        if turn.number in put_off:
            self.played.room = None  # the number of connections wasn't the reason
            return False
        others = max(turn.others, self._open())
        if others:
            self.played.room = min(others, self.played.room or others)
        return bool(others)

    def _tell(self, phase: Phase, turn: _Turn) -> None:
        if self._stopped:
            return
        try:
            at = self._epoch + time.monotonic()
            going_on = self._play.done(phase.name, turn.number, turn.seen(), at)
        except BaseException as raised:
            self.raised = self.raised or raised
            going_on = False
        if not going_on:
            self._stopped = True
            for other in self._running:
                other.task.cancel()


class _Turn(Struct, frozen=True, eq=False):
    """A connection that is being played."""

    number: int
    speaker: Speaker
    task: asyncio.Future[None]
    others: int  # connections that were open when it began
    seen: Callable[[], Any]  # its result
