"""replay's own commands that listen, `serve` and `record`, as processes beside this one."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

_LISTENING = re.compile(r"listening at (wss?://[^\s/]*[^\s/:])")
_PATIENCE = 30  # seconds, until it has ended

_STOP = (
    "GET /stopServer HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: D+fcK/QqRpDx3yz323ge5w==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class NotListening(Exception):
    """The command ended before it listened; the message is what it said."""


class Listening:
    """A command that listens."""

    def __init__(self, command: str, process: subprocess.Popen[str], origin: str, errors: Path) -> None:
        self._command, self.origin = command, origin
        self._process, self._errors = process, errors

    def ended(self) -> tuple[int, str]:
        """The exit status, and what it has said, once it has ended: because a client asks it to (`serve`),
        or by ^C (`record`)."""
        if self._command == "serve":
            at = urlsplit(self.origin)
            with socket.create_connection((at.hostname, at.port), _PATIENCE) as client:
                client.sendall(_STOP.encode())
                while client.recv(4096):
                    pass
        else:
            self._process.send_signal(signal.SIGINT)
        try:
            said, _ = self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
        return self._process.returncode, said + self._errors.read_text(errors="replace")


@contextmanager
def listening(command: str, *words: str, environment: Mapping[str, str]) -> Iterator[Listening]:
    """`replay COMMAND WORDS...` until the block ends. Raises NotListening."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "replay", command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = _LISTENING.match(line)
            if found is None:
                process.wait(_PATIENCE)
                raise NotListening((line + (Path(folder) / "errors").read_text(errors="replace")).strip())
            yield Listening(command, process, found[1], Path(folder) / "errors")
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
