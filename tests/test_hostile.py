"""Whatever a server does, each case ends with a verdict, in bounded time and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.hostile import ACTS
from tests.processes import ROOT, listening, replay, verdicts

pytestmark = pytest.mark.live

SERVER = ROOT / "tests" / "peers" / "hostile.py"

# What the canary says, where there is no point in a suite.
POINTLESS = {
    "silent": "no answer to the opening handshake came in time",
    "drips": "no answer to the opening handshake came in time",
    "drops": "TCP ended before the opening handshake was complete",
    "huge-head": "the head is larger than the 65536 octets that replay reads",
    "many-headers": "the head is larger than the 65536 octets that replay reads",
    "404": "the server answered 404 Not Found; is the path right?",
    "301": "the server answered 301 Moved Permanently",
    "401": "the server answered 401 Unauthorized",
    "escapes-in-the-status": "the server answered 500 ",
    "endless-interim": "the interim responses before it, is larger than the 65536 octets that replay reads",
    "never-reads": "sent no message back",
    "endless-pings": "sent no message back",
    "endless-pongs": "sent no message back",
    "endless-closes": "sent no message back",
}

# Else the verdict on 1.1.1, and what is said of it.
JUDGED = {
    "no-http": (("FAILED", "FAILED"), "opening-http"),
    "bare-lf": (("FAILED", "FAILED"), "response-accept"),
    "endless-data": (("FAILED", "UNCLEAN"), "the server sent more than replay reads from one conn"),
    "endless-breaches": (("FAILED", "UNCLEAN"), "rsv-zero"),
    "endless-message": (("FAILED", "UNCLEAN"), "the server sent more than replay reads from one conn"),
    "announces-2-62": (
        ("FAILED", "UNCLEAN"),
        "TCP ended inside a frame, after 110 of its 4611686018427387914",
    ),
    "announces-2-64": (("FAILED", "UNCLEAN"), "length-below-2-63"),
    "resets": (("FAILED", "FAILED"), "close-before-drop"),
    "half-closes": (("FAILED", "FAILED"), "close-before-drop"),
    "escapes": (("FAILED", "FAILED"), "the server sent the first Close frame"),
}


def test_each_act_has_a_row() -> None:
    assert set(ACTS) == set(POINTLESS) | set(JUDGED)


@pytest.mark.parametrize("name", POINTLESS)
def test_a_server_that_takes_no_part(name: str) -> None:
    with listening(sys.executable, SERVER, name) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}")
    assert done.returncode == 3, done.stdout + done.stderr
    assert POINTLESS[name] in done.stderr
    assert verdicts(done.stdout) == {}
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*done.stdout, *done.stderr}


@pytest.mark.parametrize("name", JUDGED)
def test_a_server_that_does_its_worst(name: str) -> None:
    verdict, said = JUDGED[name]
    with listening(sys.executable, SERVER, name) as port:
        done = replay("run", "-v", "--url", f"ws://127.0.0.1:{port}", "1.1.1", "2.1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert verdicts(done.stdout).keys() == {"1.1.1", "2.1"}
    assert verdicts(done.stdout)["1.1.1"] == verdict, done.stdout
    assert said in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)


@pytest.mark.parametrize(("name", "status"), [("endless-data", 1), ("endless-closes", 3), ("huge-head", 3)])
def test_memory_is_bounded(name: str, status: int, tmp_path: Path) -> None:
    """Eight connections at once, each with 4 MiB at the most, in under 400 MiB of memory in all."""
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2);"
        "sys.argv = ['replay', *sys.argv[2:]]; from replay.commands.main import main; main()"
    )
    with listening(sys.executable, SERVER, name) as port:
        words = ["run", "--out", str(tmp_path), "-j", "8", "--url", f"ws://127.0.0.1:{port}", "1.1.*"]
        command = [sys.executable, "-c", limited, str(400 * 2**20), *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert len(verdicts(done.stdout)) == (8 if status == 1 else 0)
