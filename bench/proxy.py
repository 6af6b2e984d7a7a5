"""What `replay record` costs those who talk through it, compared with socat and with no proxy at all.

    python bench/proxy.py                        needs socat; about a minute

Round trips of small messages on one connection, a transfer of octets that don't repeat, and many
connections that are open at once and say something in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from replay.live.descriptors import allow_all
from replay.wire.frame import encode, frame
from replay.wire.handshake import accept, encode_request, encode_response

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"))
REQUEST = encode_request(
    "/bench",
    (("Host", "localhost"), *UPGRADE, ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")),
)
RESPONSE = encode_response(101, "Switching Protocols", (*UPGRADE, ("Sec-WebSocket-Accept", accept(KEY))))
SMALL = encode(frame(1, b"a message of thirty-two octets..", key=b"\1\2\3\4"))


class Mirror(asyncio.Protocol):
    """Sends back what comes, after the opening handshake."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._head = transport, b""

    def data_received(self, data: bytes) -> None:
        if self._head.endswith(b"\r\n\r\n"):
            self._transport.write(data)
            return
        self._head += data
        if self._head.endswith(b"\r\n\r\n"):
            self._transport.write(RESPONSE)


async def mirror() -> None:
    server = await asyncio.get_running_loop().create_server(Mirror, "127.0.0.1", 0, backlog=2000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def nothing(server: int, folder: Path) -> Iterator[tuple[int, int]]:
    yield server, os.getpid()


@contextmanager
def socat(server: int, folder: Path) -> Iterator[tuple[int, int]]:
    port = free()
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=2000,nodelay"
    with started("socat", "-b65536", listen, f"TCP:127.0.0.1:{server},nodelay") as process:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                time.sleep(0.01)
            else:
                break
        yield port, process.pid


@contextmanager
def recorder(server: int, folder: Path) -> Iterator[tuple[int, int]]:
    words = ("record", "--url", f"ws://127.0.0.1:{server}", "--listen", "0", "--out", str(folder))
    with started(sys.executable, "-m", "replay", *words) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[2].rpartition(":")[2]), process.pid


WAYS = {"no proxy": nothing, "socat": socat, "replay": recorder}


def opened(port: int) -> socket.socket:
    end = socket.create_connection(("127.0.0.1", port))
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    end.sendall(REQUEST)
    read(end, len(RESPONSE))
    return end


def read(end: socket.socket, size: int) -> None:
    while size:
        got = len(end.recv(min(size, 2**20)))
        assert got
        size -= got


def round_trip(end: socket.socket) -> float:
    """In microseconds."""
    began = time.perf_counter()
    end.sendall(SMALL)
    read(end, len(SMALL))
    return (time.perf_counter() - began) * 1e6


def trips(port: int, pid: int) -> float:
    with opened(port) as end:
        return statistics.median(round_trip(end) for _ in range(2000))


def processor(port: int, pid: int) -> float:
    """What a round trip costs all processes of the proxy, in microseconds of processor time."""
    with opened(port) as end:
        round_trip(end)
        began = spent(pid)
        for _ in range(4000):
            round_trip(end)
        return (spent(pid) - began) / 4000 * 1e6


def spent(pid: int) -> float:
    """In seconds."""
    fields = (Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid))
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def transfer(port: int, pid: int) -> float:
    """Milliseconds for 16 MiB there and back, 64 KiB at a time."""
    data = encode(frame(2, os.urandom(2**16), key=b"\1\2\3\4"))
    with opened(port) as end:
        began = time.perf_counter()
        for _ in range(256):
            end.sendall(data)
            read(end, len(data))
        return (time.perf_counter() - began) * 1e3


def many(port: int, pid: int, count: int = 1000) -> float:
    """The median round trip, in microseconds, while so many connections are open."""
    with ExitStack() as stack:
        ends = [stack.enter_context(opened(port)) for _ in range(count)]
        return statistics.median(round_trip(end) for end in ends for _ in range(2))


def memory(port: int, pid: int, count: int = 1000) -> float:
    """The memory of the proxy with so many connections, in MiB; shared pages are counted once."""
    with ExitStack() as stack:
        for _ in range(count):
            round_trip(stack.enter_context(opened(port)))
        return sum(proportional(each) for each in family(pid)) / 1024


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def proportional(pid: int) -> int:
    """In KiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


MEASURES: dict[str, Callable[[int, int], float]] = {
    "round trip, µs": trips,
    "... processor time, µs": processor,
    "16 MiB there and back, ms": transfer,
    "round trip, 1,000 open, µs": many,
    "memory, 1,000 open, MiB": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mirror", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    allow_all()
    if given.mirror:
        asyncio.run(mirror())
        return
    if shutil.which("socat") is None:
        parser.error("socat isn't installed")
    found: dict[tuple[str, str], list[float]] = {}
    with started(sys.executable, __file__, "--mirror") as server, tempfile.TemporaryDirectory() as folder:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for turn in range(given.times):
            for way, proxy in WAYS.items():
                with proxy(port, Path(folder, str(turn))) as (through, pid):
                    for name, measure in MEASURES.items():
                        found.setdefault((name, way), []).append(measure(through, pid))
    print(f"{'':30}{''.join(f'{way:>12}' for way in WAYS)}{'to socat':>12}")
    for name in MEASURES:
        medians = [statistics.median(found[name, way]) for way in WAYS]
        ratio = medians[-1] / medians[1]
        print(f"{name:30}{''.join(f'{median:12.1f}' for median in medians)}{ratio:12.2f}")


if __name__ == "__main__":
    main()
