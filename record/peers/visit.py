"""Runs an echo client in Python for each case: python visit.py AGENT URL CLIENT.

The client's imports are made once, and a fork of this process runs it for each case, which costs much less
than a process for each. A client that goes on for too long is ended.
"""

import ast
import importlib
import os
import runpy
import signal
import socket
import sys
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


def load(client: Path) -> None:
    """Import what the client does."""
    for node in ast.walk(ast.parse(client.read_text())):
        with suppress(ImportError):
            if isinstance(node, ast.Import):
                for name in node.names:
                    importlib.import_module(name.name)
            elif isinstance(node, ast.ImportFrom) and node.module:
                importlib.import_module(node.module)


def main(agent: str, url: str, client: Path) -> None:
    load(client)
    for case in range(1, count(url) + 1):
        if case > AT_ONCE:
            os.wait()
        if not os.fork():
            signal.alarm(SECONDS)
            sys.argv = [str(client), f"{url.rstrip('/')}/runCase?case={case}&agent={agent}"]
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                runpy.run_path(str(client), run_name="__main__")
            finally:  # however it ended, it must not go on in the loop of its parent
                os._exit(0)
    with suppress(ChildProcessError):
        while True:
            os.wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
