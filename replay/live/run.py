"""Plays many endpoints against one server, some at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from replay.live.echo import echo_server
from replay.live.transport import Address, connect
from replay.play.endpoint import Endpoint


class Played(NamedTuple):
    seconds: float
    interrupted: bool  # by ^C; what had ended by then was told


def play_all(
    makers: Sequence[Callable[[Address], Endpoint]],
    address: Address | None,
    jobs: int,
    connect_timeout: float,
    done: Callable[[int, Endpoint], bool],
) -> Played:
    """Make and play each endpoint on a connection of its own, `jobs` at once.

    Without an address they play against the built-in echo server. `done` is told each one's
    number as it ends, and says whether to go on. `connect_timeout` is in seconds.
    """
    began, faults, interrupted = time.monotonic(), list[BaseException](), False
    try:
        asyncio.run(_play_all(makers, address, jobs, connect_timeout, done, faults))
    except KeyboardInterrupt:
        interrupted = True
    if faults:
        raise faults[0]
    return Played(time.monotonic() - began, interrupted)


async def _play_all(
    makers: Sequence[Callable[[Address], Endpoint]],
    address: Address | None,
    jobs: int,
    connect_timeout: float,
    done: Callable[[int, Endpoint], bool],
    faults: list[BaseException],
) -> None:
    queue = iter(range(len(makers)))
    workers: list[asyncio.Task[None]] = []

    async def work(at: Address) -> None:
        for number in queue:
            endpoint = makers[number](at)
            await connect(endpoint, at, connect_timeout)
            try:
                going_on = done(number, endpoint)
            except BaseException as fault:  # of the caller's, who gets it when all is closed
                faults.append(fault)
                going_on = False
            if not going_on:
                for worker in workers:
                    worker.cancel()

    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(echo_server()) if address is None else address
        workers += [asyncio.create_task(work(at)) for _ in range(min(jobs, len(makers)))]
        await asyncio.wait(workers)
    for worker in workers:
        if not worker.cancelled() and (bug := worker.exception()):
            raise bug
