"""A server that has few connections at once is found out, and run within its limit."""

from __future__ import annotations

import re
import sys

import pytest

from replay.campaign.schedule import CASES
from replay.campaign.server import Collected, Seen, Settings
from replay.live.transport import GONE, Address
from replay.suite.files import Item, known
from replay.trace.model import Trace, Unreached
from replay.wire.side import Side
from tests.memory import echo, join, player
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
        said = " ".join(done.stdout.split())
        told = re.search(r"the server accepted no more than (\d+) connections? at once", said)
        assert told is not None, done.stdout
        assert 1 <= int(told[1]) <= int(most)  # fewer, where one was just ending


def test_a_refusal_does_not_say_that_there_is_no_room() -> None:
    done = replay("run", "20.*", "--jobs", "8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "at once" not in done.stdout


def test_requests_that_are_to_be_refused_find_room_too() -> None:
    with listening(sys.executable, SERVER, "3", "drops", env={"PYTHONPATH": str(ROOT)}) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "20.1.*", "20.2.*", "20.3.*")
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_after_the_other_if_asked_for() -> None:
    with listening(sys.executable, SERVER, "1", "drops", env={"PYTHONPATH": str(ROOT)}) as port:
        done = replay("run", "-j", "1", "--url", f"ws://127.0.0.1:{port}", *SOME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "at once" not in done.stdout


@pytest.mark.parametrize(
    ("reason", "said", "died_on"),
    [
        (GONE, GONE, {4}),
        ("no connection within 5 s", "no connection within 5 s, although it was there", set()),
    ],
)
def test_a_server_that_is_slow_to_accept_has_not_died(reason: str, said: str, died_on: set[int]) -> None:
    cases = [known()[f"1.1.{number}"] for number in range(1, 6)]
    collected = Collected([Item(case) for case in cases], Settings(), lambda *_: True)
    for number in range(5):
        collected.part(CASES, number, Address("127.0.0.1", 9))
    reached = player(cases[0])
    join(reached, echo())
    assert collected.done(CASES, 0, Seen(reached.trace()), 0.0)
    nowhere = Seen(Trace(Side.CLIENT, (Unreached(reason, 0),)))
    assert [collected.done(CASES, number, nowhere, 1.0) for number in (1, 2, 3)] == [True, True, False]
    assert collected.unreached is not None
    assert collected.unreached.startswith(said)
    assert collected.died_on == died_on
