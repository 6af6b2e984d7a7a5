"""What a chop is for: a real reader gets the first octets of each frame apart."""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Thread

import pytest

from replay.wire.handshake import accept, encode_response
from tests.memory import KEY
from tests.processes import replay

ATTEMPTS = 5
"""Of a reader on a busy machine, which may be late once."""

ANSWER = encode_response(
    101,
    "Switching Protocols",
    [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(KEY))],
)
LONG = b"\x82\xfe\x00\x7e\0\0\0\0" + b"\xfe" * 126
SHORT = b"\x81\x85\0\0\0\0Hello"
BYE = b"\x88\x82\0\0\0\0\x03\xe8"
LOG = rf"""
TX OCTETS: "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: {accept(KEY)}\r\n\r\n"
"""
END = "RX OCTETS: 8802 03e8\nTCP DROPPED BY PEER\n"


class Reader(Thread):
    """A server that answers the Close alone, and notes what each read brought."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.reads: list[list[int]] = []  # of each connection: how many octets each read brought

    def run(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with connection:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += connection.recv(1)
                connection.sendall(ANSWER)
                octets, sizes = b"", list[int]()
                self.reads.append(sizes)
                while not octets.endswith(BYE) and (data := connection.recv(2**16)):
                    octets += data
                    sizes.append(len(data))
                connection.sendall(b"\x88\x02\x03\xe8")


@pytest.mark.parametrize(
    ("chop", "writes", "wanted"),
    [
        # What stands behind the first 14 octets of a frame may come together.
        ("1", [LONG + SHORT, BYE], [*[1] * 14, len(LONG) - 14, *[1] * len(SHORT), *[1] * len(BYE)]),
        ("frame", [LONG + SHORT + BYE], [len(LONG), len(SHORT), len(BYE)]),
        ("5", [LONG, BYE], [5, 5, 5, len(LONG) - 15, 5, 3]),
        ("recorded", [LONG[:1], LONG[1:3], LONG[3:6], LONG[6:], BYE], [1, 2, 3, 128, 8]),
        ("recorded", [LONG + SHORT[:1], SHORT[1:4], SHORT[4:] + BYE], [len(LONG) + 1, 3, 15]),
    ],
)
def test_splits_among_the_first_octets_arrive(
    chop: str, writes: list[bytes], wanted: list[int], tmp_path: Path
) -> None:
    log = tmp_path / "split.wirelog"
    log.write_text(LOG + "".join(f"TX OCTETS: {data.hex()}\n" for data in writes) + END)
    reader = Reader()
    reader.start()
    for _ in range(ATTEMPTS):
        done = replay("run", "--url", f"ws://127.0.0.1:{reader.port}", "--chop", chop, log)
        assert done.returncode == 0, done.stdout + done.stderr
        if _together(reader.reads[-1], wanted) == wanted:
            return
    assert wanted in reader.reads


def _together(sizes: list[int], wanted: list[int]) -> list[int]:
    """The reads, with those taken as one that are one of those wanted beyond the first octets."""
    taken: list[int] = []
    rest = list(sizes)
    for size in wanted:
        got = 0
        while rest and got < size and (size > 14 or not got):
            got += rest.pop(0)
        taken.append(got)
    return taken + rest
