"""Runs an echo client in Python for each case: python visit.py AGENT URL CLIENT.

Each is a fork of a process that has read the standard library and nothing else, which saves most of the
time of a start. The client's library is imported after the fork: if it were imported before, a generator of
random numbers that it has made would give each client the same masking keys. A client that goes on for too
long is ended.
"""

import multiprocessing
import os
import runpy
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

AT_ONCE, SECONDS = 4, 40
READ = ["asyncio", "email.parser", "http.client", "json", "logging", "ssl", "urllib.request"]

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


def run(client: Path, url: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.argv = [str(client), url]
    runpy.run_path(str(client), run_name="__main__")


def main(agent: str, url: str, client: Path) -> None:
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(READ)

    def visit(case: int) -> None:
        address = f"{url.rstrip('/')}/runCase?case={case}&agent={agent}"
        process = forks.Process(target=run, args=(client, address))
        process.start()
        process.join(SECONDS)
        process.kill()
        process.join()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for case in range(1, count(url) + 1):
            pool.submit(visit, case)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
