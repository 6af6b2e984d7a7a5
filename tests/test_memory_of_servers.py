"""The memory of a server that replay starts: it is told, and limited if somebody asks."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, replay

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the unit may differ")

SERVER = shlex.join([sys.executable, str(ROOT / "tests" / "peers" / "faulty.py"), "--port"]) + " {port}"
HUNGRY = shlex.join([sys.executable, "-I", "-S", "-c", "held = b'x' * 200 * 2**20"]) + f"; exec {SERVER}"


def memory(tmp_path: Path) -> int:
    (line,) = [
        json.loads(line)
        for line in (tmp_path / "lines.json").read_text().splitlines()
        if json.loads(line)["type"] == "run"
    ]
    return int(line["memory"])


@pytest.mark.parametrize(("command", "status"), [(SERVER, 0), (HUNGRY, 1)])
def test_the_largest_process_is_told_and_limited(command: str, status: int, tmp_path: Path) -> None:
    report = f"json={tmp_path / 'lines.json'}"
    done = replay("run", "--exec", command, "--limit", "memory=150 MiB", "--report", report, "1.1.1")
    assert done.returncode == status, done.stdout
    said = " ".join(done.stdout.partition("  memory ")[2].split())
    assert said.startswith("the largest process of the server had ")
    assert " MiB; the limit is 150.0 MiB " in said
    assert (memory(tmp_path) > 150 * 2**20) is bool(status)
    assert memory(tmp_path) > 5 * 2**20


def test_without_a_limit_nothing_fails(tmp_path: Path) -> None:
    report = f"json={tmp_path / 'lines.json'}"
    done = replay("run", "--exec", HUNGRY, "--report", report, "1.1.1")
    assert done.returncode == 0
    assert memory(tmp_path) > 200 * 2**20


def test_only_of_a_server_that_replay_starts_is_it_known() -> None:
    for words in (("run", "--url", "ws://127.0.0.1:1"), ("serve", "--demo")):
        done = replay(*words, "--limit", "memory=150 MiB", "1.1.1")
        assert done.returncode == 2
        assert "--limit memory=SIZE" in done.stderr
