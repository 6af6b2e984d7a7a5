"""A server that has few connections at once is found out, and run within its limit."""

from __future__ import annotations

import re
import sys

import pytest

from tests.processes import ROOT, listening, replay, verdicts

SERVER = ROOT / "tests" / "peers" / "few.py"
SOME = ("1.1.*", "5.*", "6.4.*", "7.1.*", "!1.1.6", "!1.1.7", "!1.1.8")


@pytest.mark.parametrize(("most", "more"), [("3", "drops"), ("1", "drops"), ("1", "waits")])
def test_no_case_fails_for_want_of_room(most: str, more: str) -> None:
    with listening(sys.executable, SERVER, most, more, env={"PYTHONPATH": str(ROOT)}) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", *SOME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(verdicts(done.stdout).values()) <= {("OK", "OK"), ("INFORMATIONAL", "OK")}
    if more == "drops":
        told = re.search(r"the server had (\d+) connections? open at once", " ".join(done.stdout.split()))
        assert told is not None, done.stdout
        assert 1 <= int(told[1]) <= int(most)  # fewer, where one was just ending


def test_one_after_the_other_if_asked_for() -> None:
    with listening(sys.executable, SERVER, "1", "drops", env={"PYTHONPATH": str(ROOT)}) as port:
        done = replay("run", "-j", "1", "--url", f"ws://127.0.0.1:{port}", *SOME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "open at once" not in done.stdout
