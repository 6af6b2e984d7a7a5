"""`replay record` as a process, between sockets that a test holds."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from replay.suite.logs import read_log
from replay.trace.model import Entry, Octets, Trace
from replay.wire.handshake import accept, encode_request, encode_response
from replay.wire.side import Side
from tests.processes import ROOT, Running, running

SECONDS = 30
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"))


def request(target: str = "/chat", *headers: tuple[str, str], host: str = "localhost") -> bytes:
    own = (("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13"))
    return encode_request(target, (("Host", host), *UPGRADE, *own, *headers))


def switched(*headers: tuple[str, str]) -> bytes:
    own = (("Sec-WebSocket-Accept", accept(KEY)),)
    return encode_response(101, "Switching Protocols", (*UPGRADE, *own, *headers))


def read(end: socket.socket, size: int) -> bytes:
    """The next octets, exactly so many."""
    data = b""
    while len(data) < size:
        more = end.recv(size - len(data))
        assert more, f"the connection ended after {data!r}"
        data += more
    return data


class Recording(NamedTuple):
    """A recorder that runs."""

    process: Running
    port: int
    ca: Path | None = None  # what clients have to trust; None: ws://


class Between:
    """A recorder, and the server behind it, whose part the test plays."""

    def __init__(self, process: Recording, server: socket.socket, out: Path) -> None:
        self.process, self.port, self.ca = process
        self.out = out
        self._server = server
        self._open = ExitStack()

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """A client's connection, and the one to the server that it causes."""
        return self.client(), self.server()

    def client(self) -> socket.socket:
        """A client's connection."""
        return self._open.enter_context(socket.create_connection(("127.0.0.1", self.port), SECONDS))

    def server(self) -> socket.socket:
        """The next connection to the server."""
        server, _ = self._server.accept()
        server.settimeout(SECONDS)
        return self._open.enter_context(server)

    def opened(self, target: str = "/chat") -> tuple[socket.socket, socket.socket]:
        """The same after an opening handshake."""
        client, server = self.pair()
        passes(client, server, request(target))
        passes(server, client, switched())
        return client, server

    def line(self) -> str:
        """What it says next."""
        return self.process.stdout.readline().rstrip("\n")

    def ended(self, number: signal.Signals = signal.SIGINT) -> subprocess.CompletedProcess[str]:
        self.process.send_signal(number)
        ended = self.process.ended()
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    def close(self) -> None:
        self._open.close()


def passes(one: socket.socket, other: socket.socket, octets: bytes) -> None:
    """Send octets from one end, all of which arrive at the other one before anything else is sent."""
    one.sendall(octets)
    assert read(other, len(octets)) == octets


@contextmanager
def recording(out: Path, *words: str | Path, url: str = "ws://127.0.0.1:{port}") -> Iterator[Between]:
    """Record what passes to a server whose part the test plays."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        with recorder(out, "--url", url.format(port=server.getsockname()[1]), *words) as process:
            between = Between(process, server, out)
            try:
                yield between
            finally:
                between.close()


@contextmanager
def recorder(out: Path, *words: str | Path) -> Iterator[Recording]:
    """`replay record` on a free port."""
    with running("record", "--listen", "0", "--out", out, *words) as process:
        first = process.stdout.readline()
        found = re.match(r"listening at wss?://[^ ]*:(\d+)\S* for \S+?(?:, .* in (\S+))?$", first)
        assert found, (first, process.ended())
        yield Recording(process, int(found[1]), ROOT / found[2] if found[2] else None)


def logged(path: Path) -> Trace:
    """A log that is read without a warning."""
    log = read_log(str(path))
    assert log.warnings == ()
    return log.trace


def octets(trace: Trace, side: Side) -> list[bytes]:
    """What was read from a side, read by read."""
    return [entry.data for entry in trace.entries if isinstance(entry, Octets) and entry.side is side]


def untimed(entry: Entry) -> tuple[object, ...]:
    """What an entry is, without when."""
    match entry:
        case Octets(side=side, data=data):
            return (side, data)
    return (type(entry).__name__, getattr(entry, "side", None), getattr(entry, "how", None))
