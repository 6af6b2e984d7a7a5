"""What costs much is played in processes beside the run's: a run neither loses anything by them nor
leaves them behind."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import ROOT, listening, replay, verdicts

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only"),
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor has no workers"),
]

ECHO = (sys.executable, ROOT / "tests" / "live" / "servers" / "websockets_echo.py")


@contextmanager
def playing(*arguments: str | int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.apart", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def words(of: str) -> dict[int, list[str]]:
    """Where each part was made, and how it ended."""
    said: dict[int, list[str]] = {}
    for number, word in re.findall(r"^(\d) (?:ended )?(\w+)", of, re.M):
        said.setdefault(int(number), []).append(word)
    return said


def test_those_apart_have_processes_of_their_own() -> None:
    with listening(*ECHO) as port, playing(port) as run:
        out, fault = run.communicate(timeout=30)
    assert (run.returncode, fault) == (0, "")
    assert words(out) == {n: ["worker" if n > 2 else "here", "True"] for n in range(6)}
    assert len(set(re.findall(r"worker (\d+)", out))) == 2


def test_the_parts_of_a_worker_that_ends_are_played_here() -> None:
    with listening(*ECHO) as port, playing(port, "lost") as run:
        out, fault = run.communicate(timeout=30)
    assert (run.returncode, fault) == (0, "")
    assert {said[-1] for said in words(out).values()} == {"True"}
    assert words(out)[4] == ["here", "True"]


@pytest.mark.parametrize(("what", "said"), [("fault", "what is this?"), ("secret", "pickle")])
def test_a_fault_in_a_worker_is_a_fault_of_the_run(what: str, said: str) -> None:
    with listening(*ECHO) as port, playing(port, what) as run:
        _, fault = run.communicate(timeout=30)
    assert run.returncode == 1
    assert said in fault


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_run(how: signal.Signals) -> None:
    silent = (sys.executable, ROOT / "tests" / "peers" / "hostile.py", "silent")
    with listening(*silent) as port, playing(port) as run:
        assert run.stdout is not None
        made = [run.stdout.readline() for _ in range(3)]
        ends = [os.pidfd_open(int(pid)) for pid in set(re.findall(r"worker (\d+)", "".join(made)))]
        assert len(ends) == 2
        run.send_signal(how)
        for end in ends:
            assert select.select([end], [], [], 10)[0]
            os.close(end)
        out, _ = run.communicate(timeout=10)
    assert how is signal.SIGKILL or "interrupted True" in out


def test_the_verdicts_are_those_of_one_process(tmp_path: Path) -> None:
    """On a server that loses its context after some messages, so that cases of all kinds fail."""
    faulty = (sys.executable, ROOT / "tests" / "peers" / "deflating.py", "--fault", "loses-context-late")
    cases = ("12.1.1", "12.1.2", "12.1.3", "13.3.1", "9.7.1", "9.5.4", "9.1.3")
    with listening(*faulty) as port:
        url = f"ws://127.0.0.1:{port}"
        beside, alone = (replay("run", "--url", url, *jobs, *cases) for jobs in ((), ("-j", "1")))
    assert verdicts(beside.stdout) == verdicts(alone.stdout)
    assert {behaviour for behaviour, _ in verdicts(alone.stdout).values()} == {"OK", "FAILED"}
