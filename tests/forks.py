"""Commands that start fast: one process has all of replay imported, and forks for each.

The start of an interpreter, and of what replay imports, costs more than most commands do. A fork has that
behind it, and is otherwise what `python -m replay` is: a process with its own arguments, folder,
environment, output and signals, which runs the module from its first line and ends as an interpreter ends.
Tests of the start itself, of signals, of limits and of terminals run an interpreter of their own.

Each pytest process has one process that forks, from the first command on. It has a single thread, as a
process that forks has to.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import replay

ROOT = Path(__file__).parent.parent
NOT_IMPORTED = "replay.pytest_plugin"  # it is for processes of pytest
NUMBER = struct.Struct("!i")  # both numbers may be there when the first is read
LIBRARIES = (
    "click.shell_completion",
    "jinja2",
    "junitparser",
    "multiprocessing.connection",
    "rich.progress",
    "ssl",
)
"""What replay imports when it is needed."""


class Fork:
    """A command that runs."""

    def __init__(self, pid: int, ends: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ends = ends

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, as `subprocess` tells it."""
        if self.returncode is None:
            self._ends.settimeout(timeout)
            self.returncode = os.waitstatus_to_exitcode(_number(self._ends))
            self._ends.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it has ended
                os.kill(self.pid, number)


def fork(
    words: Sequence[str], stdout: int, stderr: int, cwd: Path, env: Mapping[str, str] = os.environ
) -> Fork:
    """`python WORDS...`, where these begin with `-m MODULE` or with a file, without input."""
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(_forking(), [b"\0"], [stdout, stderr, theirs.fileno()])
    request = json.dumps([list(words), str(cwd), dict(env)])
    ours.sendall(request.encode() + b"\n")
    return Fork(_number(ours), ours)


def _number(told: socket.socket) -> int:
    octets = told.recv(NUMBER.size, socket.MSG_WAITALL)
    assert octets, "the process that forks is gone"
    (number,) = NUMBER.unpack(octets)
    return int(number)


@cache
def _forking() -> socket.socket:
    """Where the process that forks for this one takes requests."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


class Forking:
    """What forks: it takes requests, and tells of each fork its number, and at the end its status."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._running: dict[int, socket.socket] = {}

    def words(self) -> list[str]:
        """In each fork those that it shall run; in this process none, at the end of all requests."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for those that run
        signal.signal(signal.SIGCHLD, lambda *_: self._reap())
        while True:
            octet, received, _, _ = socket.recv_fds(self._requests, 1, 3)
            if not octet:
                return []
            stdout, stderr, last = received
            told = socket.socket(fileno=last)
            words, cwd, env = json.loads(told.makefile().readline())
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            pid = os.fork()
            if not pid:
                for end in (self._requests, told, *self._running.values()):
                    end.close()
                _begin(stdout, stderr, cwd, env)
                return list(words)
            os.close(stdout)
            os.close(stderr)
            self._running[pid] = told
            told.sendall(NUMBER.pack(pid))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._running.pop(pid) as told, suppress(OSError):  # nobody may wait for it any more
                told.sendall(NUMBER.pack(status))


def _begin(stdout: int, stderr: int, cwd: str, env: Mapping[str, str]) -> None:
    """Make of this fork what an interpreter begins with."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for given, number in ((stdout, 1), (stderr, 2)):
        os.dup2(given, number)
        os.close(given)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    gc.enable()


def _run(words: Sequence[str]) -> None:
    if words[0] == "-m":
        sys.argv = [*words[1:]]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [*words]
        sys.path[0] = str(Path(words[0]).parent)
        runpy.run_path(words[0], run_name="__main__")


def main() -> None:
    for module in pkgutil.walk_packages(replay.__path__, "replay."):
        if module.name != NOT_IMPORTED and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    gc.disable()
    if words := Forking(socket.socket(fileno=int(sys.argv[1]))).words():
        _run(words)


if __name__ == "__main__":
    main()
