"""Runs a command, and makes sure that it ends with replay, together with all processes that it started.

This is a program of its own, which `testee` runs as

    python -I -S keeper.py GRACE PORT URL CA COMMAND

Its standard input is a socket of replay's. When that ends, because replay wants the command to end, has
crashed or was killed, the command and all its descendants get SIGTERM, and those that are left after GRACE
seconds get SIGKILL. The keeper ends once all of them have ended, with the exit status of the command (128 +
n after signal n). As long as a child of it runs, a command hasn't ended. Before it ends, it writes to the
socket how many octets of memory the largest of these processes had.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import time

GIVE_UP = 3.0
"""Seconds to wait for a process after SIGKILL: if it still runs, it is stuck in the kernel, or not ours."""

_LOOK = 0.02
"""Seconds between two looks at the processes that are left, if no signal tells of their end."""

_PR_SET_CHILD_SUBREAPER = 36


class Keeper:
    """Watches one command, the first process of a session of its own."""

    def __init__(self, environment: list[str], command: str) -> None:
        self.status = 0
        self._adopts = _adopt_orphans()
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # it wakes `_asked`
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        forked, become = os.pipe()
        self._command = os.fork()
        if not self._command:
            _become(["env", *environment, "/bin/sh", "-c", command])
        os.close(become)
        os.read(forked, 1)  # returns once the fork has become the command and can be signalled
        os.close(forked)

    def keep(self) -> None:
        """Wait until the command has ended, or is asked to end."""
        while self._alive() and not self._asked(None if self._adopts else _LOOK, sys.stdin.fileno()):
            pass

    def end(self, grace: float) -> None:
        """End all processes that are left."""
        if self._alive():
            self._tell(signal.SIGTERM)
        killed_at = time.monotonic() + grace
        while self._alive() and (left := killed_at - time.monotonic()) > 0:
            self._asked(left if self._adopts else min(left, _LOOK))
        given_up_at = time.monotonic() + GIVE_UP
        while self._alive() and time.monotonic() < given_up_at:
            self._tell(signal.SIGKILL)  # repeatedly, as they may fork meanwhile
            self._asked(_LOOK)

    def _asked(self, seconds: float | None, *watched: int) -> bool:
        """Wait until a child ends; returns whether `watched` or a signal asks the keeper to end."""
        ready, _, _ = select.select([self._woken, *watched], [], [], seconds)
        signals = os.read(self._woken, 4096) if self._woken in ready else b""
        return any(fd in ready for fd in watched) or not {*signals} <= {signal.SIGCHLD}

    def _alive(self) -> bool:
        """Reap the processes that have ended; returns whether any of the command's are left."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return True
                if pid == self._command:
                    code = os.waitstatus_to_exitcode(status)
                    self.status = code if code >= 0 else 128 - code
        return not self._adopts and _group_exists(self._command)

    def _tell(self, number: int) -> None:
        """Signal each process of the command once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if not self._adopts:
                os.killpg(self._command, number)
        for pid in _descendants() if self._adopts else ():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _memory() -> int:
    """The most memory that one of the processes that have ended had, in octets: see getrusage(2)."""
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _adopt_orphans() -> bool:
    """Become the parent of each descendant that loses its own; returns whether that is possible."""
    if not os.access("/proc/self/stat", os.R_OK):
        return False
    try:
        import ctypes

        done: int = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False
    return done == 0


def _become(words: list[str]) -> None:
    """Turn this fork into the command, with no input and the signals as a shell expects them."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(words[0], words)
    except OSError as error:
        os.write(2, f"{words[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # the process has ended meanwhile
                stat = os.open(f"{entry.path}/stat", os.O_RDONLY)
                try:  # "PID (NAME) STATE PARENT ...", and a name may hold anything
                    parent = int(os.read(stat, 4096).rpartition(b")")[2].split()[1])
                finally:
                    os.close(stat)
                children.setdefault(parent, []).append(int(entry.name))
    found = children.pop(os.getpid(), [])
    for pid in found:  # the list grows meanwhile
        found += children.pop(pid, [])
    return found


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def main(grace: str, port: str, url: str, ca: str, command: str) -> int:
    environment = [f"PORT={port}", f"REPLAY_URL={url}"] + ([f"REPLAY_CA={ca}"] if ca else [])
    keeper = Keeper(environment, command)
    keeper.keep()
    keeper.end(float(grace))
    with contextlib.suppress(OSError):  # replay was killed
        os.write(sys.stdin.fileno(), b"%d" % _memory())
    return keeper.status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
