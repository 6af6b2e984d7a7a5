"""Worker processes for connections that take much processor time.

A worker is forked before the first connection, with everything that players need. It is sent an
`Assignment`, and sends back the state of that connection and finally its result. If a worker dies, nothing
is lost: its assignments are played by the others, or in this process.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import Struct

from replay.live.assignment import QUIET, Assigner, Assignment, busy
from replay.live.transport import Address, connect
from replay.play.endpoint import Endpoint
from replay.trace.model import SECOND

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as End


class Lost(Exception):
    """A worker has ended before it has played its assignment."""


class Away(Struct):
    """A `Speaker` in a worker, in the state that the worker last reported."""

    accepted: bool = False
    done: bool = False
    moved: int = 0
    pending: bool = True
    seen: Any = None


class AssignmentState(Struct, frozen=True):
    """The state of an assignment."""

    number: int | None
    accepted: bool
    busy: bool
    over: bool = False
    seen: Any = None
    fault: str | None = None  # a traceback, if replay itself failed


class Worker:
    """A worker process, as seen from this process."""

    def __init__(self, pid: int, pipe: End) -> None:
        self._pid, self._pipe = pid, pipe
        self._playing: dict[int | None, tuple[Away, asyncio.Future[None]]] = {}
        self._listening = False
        self.lost = False

    @property
    def load(self) -> int:
        """How many assignments it is playing."""
        return len(self._playing)

    def play(self, part: Assignment) -> tuple[Away, asyncio.Future[None]]:
        """Have it play an assignment. The future is done when that has ended, and raises Lost if the worker
        dies."""
        loop = asyncio.get_running_loop()
        if not self._listening:
            loop.add_reader(self._pipe.fileno(), self._hear)
            self._listening = True
        away, over = self._playing[part.number] = Away(), loop.create_future()
        try:
            self._pipe.send(part)
        except OSError:
            self._lose()
        return away, over

    def _hear(self) -> None:
        try:
            told: AssignmentState = self._pipe.recv()
        except (EOFError, OSError):
            self._lose()
            return
        away, over = self._playing[told.number]
        away.accepted, away.pending, away.seen = told.accepted, told.busy, told.seen
        if not told.over:
            return
        away.done = True
        del self._playing[told.number]
        if over.cancelled():
            return
        if told.fault is not None:
            over.set_exception(RuntimeError(told.fault))
        else:
            over.set_result(None)

    def _lose(self) -> None:
        self.lost = True
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        for _, over in self._playing.values():
            if not over.done():
                over.set_exception(Lost())
        self._playing.clear()

    def end(self) -> None:
        """Kill it, whatever it is playing."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pipe.close()

    def forget(self) -> None:
        """Close this copy of its pipe, in a process that was forked later."""
        self._pipe.close()


@contextmanager
def workers(most: int, play: Assigner, connect_timeout: float) -> Iterator[Sequence[Worker]]:
    """Workers: one for each processor, and at most `most`. There are none if there is only one processor,
    or if a process can't safely be forked: if there are threads, and on systems other than Linux."""
    found: list[Worker] = []
    try:
        if sys.platform == "linux" and threading.active_count() == 1:
            number = min(most, len(os.sched_getaffinity(0)))
            with suppress(OSError):  # no further process can be started: the others will do
                while len(found) < number > 1:
                    found.append(_forked(play, connect_timeout, found))
        yield found
    finally:
        for worker in found:
            worker.end()


def _forked(play: Assigner, connect_timeout: float, others: Sequence[Worker]) -> Worker:
    from multiprocessing import Pipe

    gc.freeze()  # so that garbage collection doesn't write to, and thereby copy, shared memory
    ours, theirs = Pipe()
    if (pid := os.fork()) == 0:
        for worker in others:
            worker.forget()
        ours.close()
        _work(theirs, play, connect_timeout)
    theirs.close()
    return Worker(pid, ours)


def _work(pipe: End, play: Assigner, connect_timeout: float) -> NoReturn:
    """Run a worker until its pipe is closed."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if hangup := getattr(signal, "SIGHUP", None):
            signal.signal(hangup, signal.SIG_IGN)  # the process that started it ends it
        asyncio.run(_Work(pipe, play, connect_timeout).done())
    finally:
        os._exit(0)


class _Work:
    """The inside of a worker."""

    def __init__(self, pipe: End, play: Assigner, connect_timeout: float) -> None:
        self._pipe, self._play, self._timeout = pipe, play, connect_timeout
        self._playing: dict[int | None, Endpoint] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: dict[int | None, AssignmentState] = {}
        self._contexts: dict[Address, SSLContext] = {}
        self._over = asyncio.Event()

    async def done(self) -> None:
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._begin)
        watch = asyncio.create_task(self._watch())
        await self._over.wait()
        watch.cancel()

    def _begin(self) -> None:
        try:
            part: Assignment = self._pipe.recv()
        except (EOFError, OSError):
            self._over.set()
            return
        self._tasks.add(task := asyncio.create_task(self._speak(part)))
        task.add_done_callback(self._tasks.discard)

    async def _speak(self, part: Assignment) -> None:
        try:
            endpoint = self._playing[part.number] = self._play.make(part)
            await connect(endpoint, part.address, self._timeout, self._context(part.address))
            del self._playing[part.number]
            self._told.pop(part.number, None)
            seen = self._play.seen(part, endpoint)
            self._tell(AssignmentState(part.number, endpoint.accepted, False, True, seen))
        except Exception:
            self._playing.pop(part.number, None)
            self._tell(AssignmentState(part.number, False, False, True, fault=traceback.format_exc()))

    def _context(self, address: Address) -> SSLContext | None:
        if address.tls is None:
            return None
        if address not in self._contexts:
            self._contexts[address] = address.tls.context()
        return self._contexts[address]

    async def _watch(self) -> None:
        """Report the connections that have begun to wait, or continued."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(QUIET / SECOND / 4)
            now = int(loop.time() * SECOND)
            for number, endpoint in self._playing.items():
                told = AssignmentState(number, endpoint.accepted, busy(endpoint, now))
                if self._told.get(number) != told:
                    self._told[number] = told
                    self._tell(told)

    def _tell(self, told: AssignmentState) -> None:
        try:
            self._pipe.send(told)
        except OSError:
            self._over.set()
