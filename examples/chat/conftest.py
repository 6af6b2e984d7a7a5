"""Starts the server for the specs: that in Python, or with CHAT_SERVER='node server.js' the other one."""

import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def replay_server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = shlex.split(os.environ.get("CHAT_SERVER", f"{shlex.quote(sys.executable)} server.py"))
    server = subprocess.Popen([*command, str(port)], cwd=FOLDER)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"ws://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
