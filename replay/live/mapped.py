"""A pure function mapped over many values: by the processors of this machine, or by a cluster of Dask.

Both are executors of `concurrent.futures`, so what comes back is the same. If a process dies, nothing is
lost: what it was working on is done again.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar

from replay import limits
from replay.source import SourceError, printable, strerror
from replay.version import __version__

V = TypeVar("V")
R = TypeVar("R")


class Lost(Exception):
    """Processes have died of a value."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Pool(Protocol):
    """Where a function is called."""

    died: type[Exception]
    """What a call raises if the process that it was in has died."""

    def submit(self, function: Callable[[V], R], value: V) -> Future[R]: ...

    def alone(self, function: Callable[[V], R], value: V) -> R:
        """Call it again, since a process has died. Raises Lost if it is to blame for that."""
        ...


class Mapped(Generic[V, R]):
    """The results, in the order of the values, each as soon as it and those before it are known.

    Only so many values are submitted ahead of the result that is waited for that memory stays bounded.
    """

    def __init__(self, pool: Pool, function: Callable[[V], R], values: Iterable[V]) -> None:
        self._pool, self._function, self._values = pool, function, values
        self._waiting: deque[tuple[V, Future[R]]] = deque()

    def __iter__(self) -> Iterator[tuple[V, R | Lost]]:
        """Raises SourceError if the pool is gone."""
        most = limits.AHEAD.default
        for value in self._values:
            self._waiting.append((value, self._pool.submit(self._function, value)))
            while self._waiting and (self._waiting[0][1].done() or len(self._waiting) >= most):
                yield self._first()
        while self._waiting:
            yield self._first()

    def finished(self) -> Iterator[tuple[V, R]]:
        """The results that are known although some before them are not, when nobody waits any more."""
        for value, future in self._waiting:
            if future.done() and not future.cancelled() and future.exception() is None:
                yield value, future.result()

    def _first(self) -> tuple[V, R | Lost]:
        value, future = self._waiting[0]
        try:
            result: R | Lost = self._result(value, future)
        except Lost as lost:
            result = lost
        self._waiting.popleft()  # only now, as ^C may end the waiting
        return value, result

    def _result(self, value: V, future: Future[R]) -> R:
        try:
            return future.result()
        except self._pool.died:
            return self._pool.alone(self._function, value)
        except CancelledError:
            raise SourceError(None, "the connection to the Dask scheduler is lost") from None


class _Processes:
    """Processes of this machine."""

    died: type[Exception] = BrokenProcessPool

    def __init__(self, number: int) -> None:
        self._number = number
        self._executor = _started(number)
        self._single: Executor | None = None

    def submit(self, function: Callable[[V], R], value: V) -> Future[R]:
        try:
            return self._executor.submit(function, value)
        except BrokenProcessPool:
            self._executor = _started(self._number)
            return self._executor.submit(function, value)

    def alone(self, function: Callable[[V], R], value: V) -> R:
        self._single = self._single or _started(1)
        try:
            return self._single.submit(function, value).result()
        except BrokenProcessPool:
            self._single = None
            raise Lost from None

    def end(self) -> None:
        for executor in (self._executor, self._single):
            if executor is not None:
                executor.shutdown(cancel_futures=True)


def _started(number: int) -> Executor:
    """Processes that are forked if that is safe, as they then have everything that is imported."""
    forked = sys.platform == "linux" and threading.active_count() == 1
    if forked:
        gc.freeze()  # so that garbage collection doesn't write to, and thereby copy, shared memory
    context = multiprocessing.get_context("fork" if forked else "spawn")
    return ProcessPoolExecutor(number, context, _begin)


def _begin() -> None:
    """Leave ^C to the process that started this one, and end when that one has ended in whatever way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hangup := getattr(signal, "SIGHUP", None):
        signal.signal(hangup, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(0)


@contextmanager
def processes(number: int) -> Iterator[Pool]:
    """So many processes of this machine. After ^C they are killed, whatever they are working on."""
    pool = _Processes(number)
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.end()


class _Cluster:
    """The workers of a Dask scheduler, which gives what a worker that died was working on to another."""

    def __init__(self, executor: Executor, died: type[Exception]) -> None:
        self._executor, self.died = executor, died

    def submit(self, function: Callable[[V], R], value: V) -> Future[R]:
        return self._executor.submit(function, value)

    def alone(self, function: Callable[[V], R], value: V) -> R:
        raise Lost  # several workers have died of it, one after the other


@contextmanager
def dask(address: str) -> Iterator[Pool]:
    """The workers of the Dask scheduler at this address. Raises SourceError if there are none, or if replay
    isn't there in the same version."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        hint = "pip install 'wire-replay[dask]'"
        raise SourceError(None, "--dask needs the library distributed", hint, "dask") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised here
    at = printable(address)
    try:
        client = distributed.Client(address, timeout=limits.CONNECT.default, set_as_default=False)
    except (OSError, ValueError) as error:
        said = f"no Dask scheduler answers at {at}: {printable(strerror(error))}"
        hint = "`dask scheduler` starts one, and shows its address"
        raise SourceError(None, said, hint, "dask") from None
    try:
        _same_version(client, at)
        yield _Cluster(client.get_executor(pure=False), distributed.KilledWorker)
    finally:
        client.close(timeout=1)


def _same_version(client: Any, at: str) -> None:
    """Raises SourceError."""
    hint = f"pip install 'wire-replay=={__version__}' where the workers run"
    try:
        client.wait_for_workers(1, timeout=limits.START.default)
        versions = client.run(version)
    except TimeoutError:
        hint = f"`dask worker {at}` starts one"
        raise SourceError(None, f"the Dask scheduler at {at} has no worker", hint, "dask") from None
    except ImportError:
        raise SourceError(None, f"a Dask worker of {at} can't import replay", hint, "dask") from None
    for worker, found in versions.items():
        if found != __version__:
            said = f"the Dask worker {worker} has replay {found}, but this is {__version__}"
            raise SourceError(None, said, hint, "dask")


def version() -> str:
    """The version of replay where this is called."""
    return __version__
