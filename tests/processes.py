"""Programs that tests start: replay's own commands, and peers that say when they listen."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Timer
from typing import IO

from tests.forks import ROOT as ROOT
from tests.forks import Fork, fork

REPLAY = ("-m", "replay")
STDERR = 2


class Running:
    """A command of replay's that goes on, such as `replay serve`."""

    def __init__(self, process: Fork, stdout: IO[str], stderr: IO[str]) -> None:
        self.stdout = stdout
        self.send_signal = process.send_signal
        self._process, self._stderr = process, stderr

    def ended(self, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """With what it has yet to say; if that takes longer, it is killed."""
        late = Timer(seconds, self.send_signal, [signal.SIGKILL])
        late.start()
        try:
            said = self.stdout.read()
            return subprocess.CompletedProcess((), self._process.wait(), said, _all_of(self._stderr))
        finally:
            late.cancel()


@contextmanager
def running(*words: str | Path, cwd: Path = ROOT) -> Iterator[Running]:
    """`python -m replay WORDS...`, until the block ends."""
    ours, theirs = os.pipe()
    with os.fdopen(ours) as stdout, TemporaryFile("w+") as stderr:
        process = fork([*REPLAY, *map(str, words)], theirs, stderr.fileno(), cwd)
        os.close(theirs)
        try:
            yield Running(process, stdout, stderr)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def replay(
    *arguments: str | Path, cwd: Path = ROOT, seconds: float = 180
) -> subprocess.CompletedProcess[str]:
    """`python -m replay …`, as a person without a terminal would run it; what a run stores is removed."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        stdout, stderr = (stack.enter_context(TemporaryFile("w+")) for _ in range(2))
        words = list(map(str, arguments))
        if words[0] == "run" and "--out" not in words:
            words[1:1] = ["--out", folder]
        process = fork([*REPLAY, *words], stdout.fileno(), stderr.fileno(), cwd)
        try:
            status = process.wait(seconds)
        finally:  # if it goes on
            process.send_signal(signal.SIGKILL)
            process.wait()
        return subprocess.CompletedProcess(words, status, _all_of(stdout), _all_of(stderr))


def _all_of(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@contextmanager
def listening(*command: str | Path, env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a server that prints 'listening on PORT' until the block ends; yields the port."""
    ours, theirs = os.pipe()
    with os.fdopen(ours) as told:
        process = _started(list(map(str, command)), theirs, {**os.environ, **(env or {})})
        os.close(theirs)
        try:
            words = told.readline().split()
            assert words[:2] == ["listening", "on"], f"{command} doesn't listen"
            yield int(words[2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _started(command: Sequence[str], stdout: int, env: Mapping[str, str]) -> Fork | subprocess.Popen[bytes]:
    if command[0] == sys.executable:
        return fork(command[1:], stdout, STDERR, Path.cwd(), env)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, env=env)


_WORDS = "OK|NON-STRICT|INFORMATIONAL|UNIMPLEMENTED|FAILED BY CLIENT|FAILED|WRONG CODE|UNCLEAN"
_HEADING = rf"({_WORDS})"
_BESIDE = rf"(?: +closing ({_WORDS})| +behaviour ({_WORDS}))?"
_LINE = re.compile(rf"^(?:closing )?{_HEADING} +(\d+(?:\.\d+)+) .*?{_BESIDE}(?: +\d+ of \d+)? +[\d.]+ m?s$")


def verdicts(output: str) -> dict[str, tuple[str, str]]:
    """Behaviour and closing by case, from the lines of a run."""
    lines = [match for line in output.splitlines() if (match := _LINE.match(line))]
    return {line[2]: (line[4], line[1]) if line[4] else (line[1], line[3] or "OK") for line in lines}
