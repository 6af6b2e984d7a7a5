"""A server that is hard to end: python tests/peers/unruly.py PORT [HOST] [daemon] [deaf].

It accepts connections, and exits with the status that it is sent. 'daemon' leaves a process in a
session of its own behind, 'deaf' goes on after SIGTERM. What happens is told on descriptor 3.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading


def tell(word: str) -> None:
    os.write(3, f"{word}\n".encode())


def heed() -> None:
    """Wait for SIGTERM, in a thread: a handler could come just before a call that blocks."""
    while signal.sigwait({signal.SIGTERM}):
        tell("SIGTERM")
        if "deaf" not in sys.argv:
            os._exit(128 + signal.SIGTERM)


def leave_a_daemon() -> None:
    if not os.fork():
        os.setsid()
        if not os.fork():
            tell("daemon")
            heed()
        os._exit(0)
    os.wait()


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
if "daemon" in sys.argv:
    leave_a_daemon()
threading.Thread(target=heed, daemon=True).start()
host = "::1" if "::1" in sys.argv else "127.0.0.1"
family = socket.AF_INET6 if host == "::1" else socket.AF_INET
with socket.create_server((host, int(sys.argv[1])), family=family) as server:
    while True:
        with server.accept()[0] as connection:
            if status := connection.recv(100):
                print("told to exit", flush=True)
                sys.exit(int(status))
