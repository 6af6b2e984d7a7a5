"""Runs an echo client in Python for each case: python visit.py AGENT URL CLIENT.

Each is a process of its own: forks of one process would draw the same random numbers, and with them the
same masking keys. A client that goes on for too long is ended.
"""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

AT_ONCE, SECONDS = 4, 40

REQUEST = (
    b"GET /getCaseCount HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def count(url: str) -> int:
    """How many cases there are."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(REQUEST)
        reader = connection.makefile("rb")
        while reader.readline() != b"\r\n":
            pass
        size = reader.read(2)[1]
        return int(reader.read(size))


def visit(agent: str, url: str, client: Path, case: int) -> None:
    words = [sys.executable, str(client), f"{url.rstrip('/')}/runCase?case={case}&agent={agent}"]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(words, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False)


def main(agent: str, url: str, client: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for case in range(1, count(url) + 1):
            pool.submit(visit, agent, url, client, case)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
