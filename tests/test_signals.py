"""A command that is asked to end, or has no descriptors left, ends in order and blames nobody."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

REPLAY = (sys.executable, "-m", "replay")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_the_cursor_is_there_again(tmp_path: Path, number: signal.Signals) -> None:
    ours, theirs = pty.openpty()
    command = [*REPLAY, "run", "--patience", "full", "--out", str(tmp_path), "1.1.1", "5.19", "5.20"]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        seen = b""
        while b"\x1b[?25l" not in seen:
            seen += os.read(ours, 4096)
        process.send_signal(number)
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # the other side is closed
            pass
    os.close(ours)
    assert process.returncode == 130
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
    assert b"Traceback" not in seen


def test_a_hangup_that_is_to_be_ignored_is(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "os.execv(sys.executable, [sys.executable, '-m', 'replay', *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", program, "run", "--out", str(tmp_path), "1.1.1", "1.1.2"]
    with subprocess.Popen([*command, "-j", "1"], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize("client", [(), ("--each", "cat {url}; exec sleep 100")])
def test_serve_that_is_interrupted_before_a_verdict(tmp_path: Path, client: tuple[str, ...]) -> None:
    command = [*REPLAY, "serve", "--port", "0", "--out", str(tmp_path), *client, "1.1.1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # listening
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == ""


def test_few_descriptors_are_no_fault_of_the_server(tmp_path: Path) -> None:
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2);"
        "sys.argv = ['replay', *sys.argv[2:]]; from replay.__main__ import main; main()"
    )
    command = [
        sys.executable,
        "-c",
        limited,
        "22",
        "run",
        "-j",
        "16",
        "--out",
        str(tmp_path),
        "1.1.*",
        "2.*",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search("accepted no more|died|too many", done.stdout + done.stderr)
