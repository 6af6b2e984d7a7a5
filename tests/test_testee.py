"""A server that replay starts is waited for, and ended with all that it has started."""

from __future__ import annotations

import asyncio
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from replay import limits
from replay.live import testee
from replay.live.testee import ended_with, exec_server
from replay.live.tls import Tls
from replay.live.transport import Address
from replay.source import SourceError
from tests.processes import ROOT

PEERS = ROOT / "tests" / "peers"
FAULTY = shlex.join([sys.executable, str(PEERS / "faulty.py"), "--port"]) + " {port}"
UNRULY = shlex.join([sys.executable, "-I", "-S", str(PEERS / "unruly.py")])

T = TypeVar("T")


class Alive:
    """A pipe whose write end is descriptor 3 of a command, and of all that it starts."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.redirection = f"3>{shlex.quote(str(path))}"
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._writer: int | None = os.open(path, os.O_WRONLY)  # without any there is no end either
        self.told = ""

    def wait_for(self, word: str) -> None:
        while word not in self.told:
            assert self._read(), f"ended without {word!r}, after {self.told!r}"

    def wait_for_the_end(self) -> None:
        """Of all processes that hold the write end."""
        self._drop()
        while self._read():
            pass

    def close(self) -> None:
        self._drop()
        os.close(self._reader)

    def _drop(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None

    def _read(self) -> bool:
        assert select.select([self._reader], [], [], 10)[0], f"still running, after {self.told!r}"
        octets = os.read(self._reader, 4096)
        self.told += octets.decode()
        return bool(octets)


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[Alive]:
    pipe = Alive(tmp_path / "alive")
    yield pipe
    pipe.close()


def started(
    command: str,
    use: Callable[[testee.Testee], T],
    address: Address | None = None,
    start_timeout: float = 10.0,
    grace: float = 2.0,
) -> tuple[T, testee.Testee]:
    """What `use` returns while the server runs, and the server after its end."""

    async def main() -> tuple[T, testee.Testee]:
        async with exec_server(command, address, start_timeout=start_timeout, grace=grace) as server:
            return await asyncio.to_thread(use, server), server

    return asyncio.run(main())


def nothing(server: testee.Testee) -> None:
    pass


def failure(
    command: str, address: Address | None = None, start_timeout: float = 10.0
) -> testee.TesteeError:
    with pytest.raises(testee.TesteeError) as caught:
        started(command, nothing, address, start_timeout)
    return caught.value


def connected(address: Address) -> socket.socket:
    return socket.create_connection((address.host, address.port), timeout=10)


def test_a_server_is_started_and_accepts() -> None:
    def use(server: testee.Testee) -> bytes:
        with connected(server.address) as client:
            client.sendall(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
            return client.recv(12)

    answer, server = started(FAULTY, use)
    assert answer == b"HTTP/1.1 101"
    assert server.last_lines() == (f"listening on {server.address.port}",)
    assert server.exit_status == 128 + signal.SIGTERM


def test_one_that_dies_at_once_is_quoted() -> None:
    error = failure("seq 30; echo no such module >&2; exit 3 # {port}", start_timeout=60)
    assert error.reason == "ended with status 3 before it accepted a connection"
    assert error.last_lines == (*map(str, range(12, 31)), "no such module")


def test_a_signal_has_a_name() -> None:
    assert failure("kill -9 $$ # {port}").reason.startswith("ended by SIGKILL before")
    assert ended_with(255) == "ended with status 255"


def test_a_missing_program_is_named() -> None:
    error = failure("no-such-program {port}")
    assert error.reason.startswith("ended with status 127 ")
    assert "no-such-program" in error.last_lines[-1]


def test_one_that_never_listens_is_ended(alive: Alive) -> None:
    error = failure(f"exec sleep 60 {alive.redirection} # {{port}}", start_timeout=0.1)
    assert error.reason.startswith("accepted no connection at ws://127.0.0.1:")
    assert error.reason.endswith(" within 0.1 s")
    alive.wait_for_the_end()


def test_one_that_dies_later_says_so() -> None:
    async def main() -> tuple[int, tuple[str, ...]]:
        async with exec_server(f"{UNRULY} {{port}}", None) as server:
            with connected(server.address) as client:
                client.sendall(b"5")
                return await server.died, server.last_lines()

    assert asyncio.run(main()) == (5, ("told to exit",))


def test_a_daemon_is_ended_too(alive: Alive) -> None:
    started(f"{UNRULY} {{port}} daemon {alive.redirection}", nothing)
    alive.wait_for_the_end()
    assert sorted(alive.told.split()) == ["SIGTERM", "SIGTERM", "daemon"]  # each once


def test_a_command_that_leaves_its_server_behind_is_running(alive: Alive) -> None:
    def use(server: testee.Testee) -> int | None:
        connected(server.address).close()
        return server.exit_status

    before, server = started(f"{UNRULY} {{port}} {alive.redirection} & exit 7", use)
    assert before is None
    assert server.exit_status == 7
    alive.wait_for_the_end()


def test_one_that_is_deaf_to_sigterm_is_killed(alive: Alive) -> None:
    _, server = started(f"exec {UNRULY} {{port}} deaf {alive.redirection}", nothing, grace=0.1)
    alive.wait_for_the_end()
    assert alive.told == "SIGTERM\n"
    assert server.exit_status == 128 + signal.SIGKILL


RUN = """
import asyncio, sys
from replay.live.testee import exec_server

async def main():
    async with exec_server(sys.argv[1], None, grace=float(sys.argv[2])):
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def run_apart(command: str, grace: float) -> subprocess.Popen[str]:
    """A process in a group of its own, whose server is up."""
    words = [sys.executable, "-c", RUN, command, str(grace)]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_replay(alive: Alive, number: signal.Signals) -> None:
    with run_apart(f"{UNRULY} {{port}} daemon {alive.redirection}", 2) as process:
        os.killpg(process.pid, number)
        alive.wait_for_the_end()
    assert sorted(alive.told.split()) == ["SIGTERM", "SIGTERM", "daemon"]  # each once


def test_impatience_leaves_nothing_behind(alive: Alive) -> None:
    with run_apart(f"{UNRULY} {{port}} daemon deaf {alive.redirection}", 0.5) as process:
        os.killpg(process.pid, signal.SIGINT)
        alive.wait_for("SIGTERM")
        os.killpg(process.pid, signal.SIGINT)
        alive.wait_for_the_end()


def test_output_is_read_for_ever_and_its_end_is_kept() -> None:
    chatter = "head -c 10000000 /dev/zero | tr '\\0' x; printf '\\nb\\377d\\nlast\\n\\n'"
    lines, _ = started(f"{chatter}; exec {UNRULY} {{port}} 3>/dev/null", lambda server: server.last_lines())
    assert lines == ("x" * limits.KEPT_LINE.default + "…", "b\N{REPLACEMENT CHARACTER}d", "last")


def test_there_is_no_input() -> None:
    assert failure("cat; exit 4 # {port}").reason.startswith("ended with status 4 ")


def test_only_port_and_url_are_filled_in() -> None:
    command = "unset port; echo {port} {url} $PORT $REPLAY_URL '{' {} {a,b} ${port}${none:-{x}}"
    (line,) = failure(command).last_lines
    port, url, *others = line.split()
    assert url == f"ws://127.0.0.1:{port}"
    assert others == [port, url, "{", "{}", "{a,b}", "{x}"]


def test_an_address_is_kept_and_quoted() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = Address("127.0.0.1", free.getsockname()[1], "/a?b&c")
    _, server = started(f"echo {{url}}; exec {UNRULY} $PORT 3>/dev/null", nothing, address)
    assert server.address is address
    assert server.last_lines() == (str(address),)


def test_a_stranger_at_the_address_is_not_taken_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        address = Address("127.0.0.1", stranger.getsockname()[1])
        assert (
            failure("true", address).reason
            == f"can't be started: another program already listens at {address}; stop it, or test "
            "it as it is, with --url and without --exec"
        )


def test_a_server_must_be_told_where_to_listen() -> None:
    with pytest.raises(SourceError, match="where to listen") as caught:
        started("npm start -- ${port}", nothing)
    assert "{port}" in str(caught.value.hint)


def test_a_server_that_listens_by_ipv6_only_is_found() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    _, server = started(f"{UNRULY} {{port}} ::1 3>/dev/null", nothing)
    assert server.address.host == "::1"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("node echo.js {port}", "node echo.js"),
        ("./my-server --port {port} --threads 3", "my-server"),
        ("PORT={port} npm start", "npm start"),
        ("PORT={port} /usr/bin/node /tmp/a1b2/echo.js", "node echo.js"),
        ("python3 -m http.server {port}", "python3 http.server"),
        ("java -jar build/libs/echo.jar --port={port}", "java echo.jar"),
        ("cd /tmp/a1b2 && exec ./serve.sh -p {port} 2>&1 | tee log; true", "serve.sh"),
        ("./serve.sh {port} & wait", "serve.sh"),
        ("A='b c' env D=1 /opt/server {url}", "server"),
        ("'no end {port}", "'no end {port}"),
        ("{port}", "{port}"),
    ],
)
def test_a_command_has_a_name_without_what_changes(command: str, name: str) -> None:
    assert testee.command_name(command) == name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (Address("127.0.0.1", 9001), "ws://127.0.0.1:9001"),
        (Address("127.0.0.1", 41234, "/echo?a"), "ws://127.0.0.1/echo?a"),
        (Address("::1", 60000), "ws://[::1]"),
        (Address("localhost", 50000, tls=Tls()), "wss://localhost"),
    ],
)
def test_a_port_that_is_given_to_anybody_is_no_name(address: Address, name: str) -> None:
    assert address.lasting == name


def test_where_there_is_no_fork_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert "on a system without fork" in failure("./server {port}").reason
