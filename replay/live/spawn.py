"""Starts clients: a driver that runs all cases by itself, or a client for each case."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from replay import limits
from replay.live.client_contract import Door, Host, Served
from replay.live.testee import Testee, TesteeError, check_client, ended_with, exec_client


class Starter:
    """Starts and ends clients, and notes in `served` what went wrong with them."""

    def __init__(self, host: Host, door: Door, served: Served, idle: Callable[[], float]) -> None:
        """`idle`: returns the seconds for which nobody has been connected. Raises SourceError for a command
        that doesn't say where to connect; a driver need not, if the user has chosen the port."""
        for option, command in (("--exec", None if door.port else door.command), ("--each", door.each)):
            if command is not None:
                check_client(command, option)
        self._host, self._door, self._served, self._idle = host, door, served, idle
        self._over: dict[int, asyncio.Future[None]] = {}  # by case, for each client that was started

    async def start(self) -> None:
        """Start clients and wait until they are done; without a command, wait for ever."""
        try:
            if self._door.command is not None:
                await self._driver(self._door.command)
            elif self._door.each is not None:
                await self._one_each(self._door.each)
            else:
                await asyncio.Event().wait()
        except TesteeError as error:
            self._served.fault, self._served.last_lines = error.reason, error.last_lines

    def over(self, number: int) -> None:
        """This case is over: its client is no longer needed."""
        if number in self._over and not self._over[number].done():
            self._over[number].set_result(None)

    async def _driver(self, command: str) -> None:
        async with exec_client(command, self._served.address) as driver:
            while not driver.died.done():
                left = self._door.idle - self._idle()
                if left <= 0:
                    raise driver.failure(f"was idle for {self._door.idle:g} s and was ended")
                await asyncio.wait([driver.died], timeout=left)
            if driver.exit_status:
                raise driver.failure(ended_with(driver.exit_status))

    async def _one_each(self, command: str) -> None:
        for phase in self._host.phases():
            room = asyncio.Semaphore(min(self._door.jobs, phase.busy))
            async with asyncio.TaskGroup() as group:
                for number in phase.numbers:
                    await room.acquire()
                    if self._served.fault is not None:
                        return
                    group.create_task(self._one(command, number, room))

    async def _one(self, command: str, number: int, room: asyncio.Semaphore) -> None:
        """Start the client of one case, end it when the case is over, and make room for another."""
        over = self._over[number] = asyncio.get_running_loop().create_future()
        address = replace(self._served.address, target=self._host.target(number))
        try:
            async with exec_client(command, address) as client:
                either: list[asyncio.Future[Any]] = [client.died, over]
                await asyncio.wait(either, timeout=self._door.coming, return_when=asyncio.FIRST_COMPLETED)
                if not over.done() and self._host.plays(number):
                    await over  # the case has its own time limit
                if not over.done():
                    self._miss(number, client)
        except TesteeError as error:
            self._served.fault = error.reason
        finally:
            room.release()

    def _miss(self, number: int, client: Testee) -> None:
        status = client.exit_status
        why = f"did not connect within {self._door.coming:g} s" if status is None else ended_with(status)
        self._served.missed[number] = why
        self._served.last_lines = client.last_lines()
        if len(self._served.missed) >= limits.MISSES.default:
            self._served.fault = (
                f"did not connect for {len(self._served.missed)} cases; for the last one, it {why}"
            )
