"""A message that inflates to far more than is read of one: it is told at once, and memory stays bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from replay.protocol.events import Message
from replay.protocol.interpreter import observe
from replay.suite.logs import read_log
from tests.processes import ROOT, listening, verdicts

SERVER = Path(__file__).parent / "peers" / "deflating.py"
LOG = Path(__file__).parent / "data" / "bomb.wirelog"

SAID = "a message inflates to more than 16777216 octets, the most that replay reads"

MOST = 400 * 2**10
"""KiB of memory that replay may take, of which Python and what it imports are a tenth."""

MEASURED = """
import json, resource, subprocess, sys
command = [sys.executable, "-m", "replay", *sys.argv[1:]]
done = subprocess.run(command, capture_output=True, text=True, timeout=60)
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
print(json.dumps({"status": done.returncode, "output": done.stdout, "errors": done.stderr, "most": most}))
"""
"""Starts replay from a small process, since what starts it counts as well."""


def measured(*words: str | Path) -> Mapping[str, object]:
    command = [sys.executable, "-c", MEASURED, *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=90)
    found: Mapping[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="there is no module resource")
def test_a_server_that_sends_ten_gigabytes_of_zeros(tmp_path: Path) -> None:
    with listening(sys.executable, SERVER, "--fault", "bomb") as port:
        url = f"ws://127.0.0.1:{port}"
        found = measured("run", "--url", url, "--out", tmp_path / "run", "12.1.3")
    output = str(found["output"])
    assert found["status"] == 1, found["errors"]
    assert verdicts(output) == {"12.1.3": ("FAILED", "UNCLEAN")}
    assert SAID in " ".join(output.split())
    assert " breaks " not in output
    assert "  rule  " not in output  # none asks for it
    assert int(str(found["most"])) < MOST


@pytest.mark.skipif(sys.platform == "win32", reason="there is no module resource")
def test_a_log_of_a_few_lines() -> None:
    found = measured("check", LOG)
    assert found["status"] == 0, found["errors"]
    assert f"not judged: {SAID}" in " ".join(str(found["output"]).split())
    assert int(str(found["most"])) < MOST


def test_no_message_comes_of_it() -> None:
    assert not [event for event in observe(read_log(str(LOG)).trace) if isinstance(event, Message)]
