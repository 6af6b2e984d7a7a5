"""Starts the user's server and waits until it listens, or starts a client, and ends what it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from replay import limits
from replay.live.keeper import GIVE_UP
from replay.live.transport import Address
from replay.source import SourceError, strerror

_KEEPER = Path(__file__).with_name("keeper.py")
_PLACE = re.compile(r"(?<!\$)\{(port|url|origin|ca)\}")  # `${port}` is the shell's
_ENDS = re.compile(r"[;&|]+")
_ASSIGNMENT = re.compile(r"\w+=")
_ASIDE = re.compile(r"\w+=|-|(?:exec|env)$")  # words that name no program
_PAUSES = 0.005, 0.1  # seconds between two attempts to connect: the first pause, the longest


class TesteeError(Exception):
    """The server or client can't be started, has ended, or doesn't listen or connect in time."""

    def __init__(self, reason: str, last_lines: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.last_lines = tuple(last_lines)


class Testee:
    """A server or a client that replay has started."""

    address: Address

    def __init__(self, died: asyncio.Future[int], output: _Output) -> None:
        self.died = died
        """Has the exit status once all processes have ended and all output has been read."""
        self._output = output

    @property
    def memory(self) -> int | None:
        """The octets of memory that its largest process had; None while it runs, or if it wasn't told."""
        return self._output.memory

    @property
    def exit_status(self) -> int | None:
        """The exit status, 128 + n after signal n, as in shells; None while it runs."""
        return self.died.result() if self.died.done() and not self.died.cancelled() else None

    def last_lines(self, count: int = limits.KEPT_LINES.default) -> tuple[str, ...]:
        """The end of its output: not escaped, and with long lines cut."""
        lines = [line.decode(errors="replace").rstrip() for line in self._output.kept.splitlines()]
        while lines and not lines[-1]:
            lines.pop()
        lines = lines[-min(count, limits.KEPT_LINES.default) :] if count > 0 else []
        return tuple(
            line if len(line) <= limits.KEPT_LINE.default else line[: limits.KEPT_LINE.default] + "…"
            for line in lines
        )

    def failure(self, reason: str) -> TesteeError:
        return TesteeError(reason, self.last_lines())


def ended_with(status: int) -> str:
    """An exit status in words: 'ended with status 1' or 'ended by SIGKILL'."""
    try:
        return f"ended by {signal.Signals(status - 128).name}"
    except ValueError:
        return f"ended with status {status}"


def command_line(command: str, address: Address | None) -> str:
    """The command with `{port}`, `{url}`, `{origin}` (the URL without its path) and, if there is
    a file to trust, `{ca}` filled in. All other
    braces are left to the shell.

    Raises SourceError if it has neither `{port}` nor `{url}` and there is no address either.
    """
    if address is None and not _says_where(command):
        hint = "write {port} or {url} into the command, as in 'PORT={port} npm start', or also give --url"
        raise SourceError(None, "--exec doesn't tell the server where to listen", hint, about="exec")
    at = address or Address("127.0.0.1", 0)
    origin = shlex.quote(str(replace(at, target="/")))
    values = {"port": str(at.port), "url": shlex.quote(str(at)), "origin": origin}
    if ca := _ca(at):
        values["ca"] = shlex.quote(ca)
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), command)


def command_name(command: str) -> str:
    """A name for what a command starts that doesn't change from run to run: 'node echo.js' for
    'PORT=1 /usr/bin/node test/echo.js {port}'.

    It consists of the words of the last command up to the place that says where to listen, without
    assignments, options and folders.
    """
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        pieces = [[*words] for ends, words in groupby(lexer, _ENDS.fullmatch) if not ends]
    except ValueError:  # only the shell can parse it
        pieces = []
    words = next((each for each in reversed(pieces) if _says_where(" ".join(each))), [*pieces, []][-1])
    said = takewhile(lambda word: _ASSIGNMENT.match(word) or not _PLACE.search(word), words)
    kept = (word.strip() for word in said if not _ASIDE.match(word))
    names = (word.rstrip("/").rpartition("/")[2] for word in kept)
    return " ".join(filter(None, names)) or command.strip()


def _ca(address: Address) -> str:
    """The file with the certificate to trust there; empty if none is known."""
    return str(address.tls.ca.absolute()) if address.tls and address.tls.ca else ""


def _says_where(command: str) -> bool:
    return any(found != "ca" for found in _PLACE.findall(command))


def check_client(command: str, option: str) -> None:
    """Raise SourceError if the command of this option doesn't say where to connect."""
    if not _says_where(command):
        hint = f"write {{url}} or {{port}} into the command, as in {option} 'node client.js {{url}}'"
        said = f"{option} doesn't tell the client where to connect"
        raise SourceError(None, said, hint, about=option.removeprefix("--"))


@asynccontextmanager
async def exec_server(
    command: str,
    address: Address | None = None,
    *,
    start_timeout: float = limits.START.default,
    grace: float = limits.STOP.default,
) -> AsyncIterator[Testee]:
    """Run a server with a shell command until the context ends, on a free port unless there is an address.

    However replay ends, the server and its descendants are ended too: with SIGTERM, and with SIGKILL after
    `grace` seconds. Raises TesteeError if it doesn't start to listen; if it ends later, only `Testee.died`
    says so.
    """
    command_line(command, address)
    addresses = [address] if address else await _free()
    if address and await _accepts(address):
        raise TesteeError(
            f"can't be started: another program already listens at {address}; stop it, or test "
            "it as it is, with --url and without --exec"
        )
    async with _kept(command_line(command, addresses[0]), addresses[0], grace) as server:
        server.address = await _accepted(server, addresses, start_timeout)
        yield server


@asynccontextmanager
async def exec_client(
    command: str, address: Address, *, grace: float = limits.STOP.default
) -> AsyncIterator[Testee]:
    """Run a client, or a program that starts clients, with a shell command until the context ends. It has
    to connect to `address`, and is ended in the same way as a server. Raises TesteeError if it can't be
    started."""
    async with _kept(command_line(command, address), address, grace) as client:
        yield client


@asynccontextmanager
async def _kept(command: str, address: Address, grace: float) -> AsyncIterator[Testee]:
    ours, theirs = socket.socketpair()
    link, writer = await asyncio.open_connection(sock=ours)
    try:
        with theirs:
            process = _start([str(grace), str(address.port), str(address), _ca(address), command], theirs)
        assert process.stdout is not None
        output = _Output()
        reading, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: output, process.stdout)
        testee = Testee(asyncio.create_task(_end_of(process, link, output)), output)
        testee.address = address
        with contextlib.closing(reading):
            try:
                yield testee
            finally:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                await asyncio.wait([testee.died], timeout=grace + GIVE_UP + 1)
                testee.died.cancel()
    finally:
        writer.close()


def _start(words: Sequence[str], link: socket.socket) -> subprocess.Popen[bytes]:
    """Start the keeper in a session of its own, so that ^C in the terminal doesn't reach it."""
    if not hasattr(os, "fork"):
        raise TesteeError("can't be started on a system without fork; start it yourself and use --url")
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), *words],
            stdin=link.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise TesteeError(f"can't be started: {strerror(error)}") from None


class _Output(asyncio.Protocol):
    """Reads all output, and keeps the end of it and what the keeper told."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.ended = asyncio.Event()
        self.memory: int | None = None

    def data_received(self, data: bytes) -> None:
        self.kept += data
        del self.kept[: -limits.KEPT.default]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


async def _end_of(process: subprocess.Popen[bytes], link: asyncio.StreamReader, output: _Output) -> int:
    """Wait for the end of the keeper, which closes the link, and return its exit status."""
    told = await link.read()
    output.memory = int(told) if told.isdigit() else None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limits.OUTPUT.default / 1000):
            await output.ended.wait()
    return process.wait()


async def _accepted(server: Testee, addresses: Sequence[Address], timeout: float) -> Address:
    """The first address that accepts a connection, within `timeout` seconds."""
    accepting = asyncio.create_task(_first_that_accepts(addresses))
    either: list[asyncio.Future[Any]] = [server.died, accepting]
    try:
        await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if server.died.done():
            raise server.failure(f"{ended_with(server.died.result())} before it accepted a connection")
        if accepting.done():
            return accepting.result()
        raise server.failure(f"accepted no connection at {addresses[0]} within {timeout:g} s")
    finally:
        accepting.cancel()


async def _first_that_accepts(addresses: Sequence[Address]) -> Address:
    pause, longest = _PAUSES
    while True:
        for address in addresses:
            if await _accepts(address):
                return address
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


async def _accepts(address: Address) -> bool:
    try:
        async with asyncio.timeout(limits.ATTEMPT.default):
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, address.host, address.port
            )
    except (OSError, UnicodeError):
        return False
    # A socket that connects to a free port may get that port itself, and be connected to itself.
    own, other = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    transport.close()
    return bool(own != other)


async def _free() -> list[Address]:
    """A free port of the loopback interface, as an IPv4 and as an IPv6 address."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        if not await _accepts(Address("::1", port)):
            return [Address("127.0.0.1", port), Address("::1", port)]
