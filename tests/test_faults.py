"""Every fault of the faulty server is caught by the cases that have to catch it, and by its rule."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from replay.protocol.rules import TOLD
from replay.wire.side import Side
from tests.peers import strict_server
from tests.peers.deflating import BREAKS
from tests.peers.faulty import FAULTS, UNREACHED
from tests.processes import ROOT, listening, replay, verdicts

SERVER = Path(__file__).parent / "peers" / "faulty.py"
BROKEN = [name for name, fault in FAULTS.items() if fault.verdict not in (("OK", "OK"), UNREACHED)]
POINTLESS = [name for name, fault in FAULTS.items() if fault.verdict == UNREACHED]


@pytest.mark.parametrize("name", BROKEN)
def test_the_fault_is_caught(name: str) -> None:
    fault = FAULTS[name]
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", *fault.cases)
    assert done.returncode == 1, done.stdout + done.stderr
    assert verdicts(done.stdout) == dict.fromkeys(fault.cases, fault.verdict)
    assert fault.rule is None or fault.rule in done.stdout


BY_THE_RFC = {
    "wrong-close-code": ("OK", "OK"),
    "close-code-2000": ("NON-STRICT", "OK"),
    "http-1.0": ("NON-STRICT", "OK"),
}
"""What no text demands, or but a SHOULD."""


@pytest.mark.parametrize("name", BY_THE_RFC)
def test_what_the_rfcs_leave_open_fails_no_case_by_them(name: str) -> None:
    fault, verdict = FAULTS[name], BY_THE_RFC[name]
    words = ("run", "--profile", "rfc", *fault.cases)
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = replay(*words, "--url", f"ws://127.0.0.1:{port}")
        strict = replay(*words, "--strict", "--url", f"ws://127.0.0.1:{port}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(done.stdout) == dict.fromkeys(fault.cases, verdict)
    assert strict.returncode == (verdict[0] != "OK")


@pytest.mark.parametrize("name", POINTLESS)
def test_a_server_that_takes_no_part_is_told_from_one_that_fails(name: str) -> None:
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}")
    assert done.returncode == 3, done.stdout + done.stderr
    assert verdicts(done.stdout) == {}
    said = {"answers-404": "the server answered 404 Not Found", "no-echo": "is it an echo server?"}[name]
    assert said in done.stderr


@pytest.mark.live
@pytest.mark.parametrize("name", [name for name in BROKEN if FAULTS[name].verdict[0] == "FAILED"])
def test_the_recorded_traces_catch_it_too(name: str) -> None:
    fault = FAULTS[name]
    traces = [next((ROOT / "traces").rglob(f"{case}.wirelog")) for case in fault.cases]
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", *traces)
    assert done.returncode == 1, done.stdout + done.stderr
    behaviours = {case: behaviour for case, (behaviour, _) in verdicts(done.stdout).items()}
    assert behaviours == dict.fromkeys(fault.cases, "FAILED")


@pytest.mark.parametrize(
    "what", [("1.*", "2.*"), ("traces/01-framing", "traces/02-pings")], ids=["specs", "traces"]
)
@pytest.mark.parametrize("name", [name for name in FAULTS if name not in BROKEN + POINTLESS])
def test_without_a_fault_all_is_ok(name: str, what: tuple[str, ...]) -> None:
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", *what)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(verdicts(done.stdout).values()) == {("OK", "OK")}


def test_each_rule_for_servers_has_a_fault() -> None:
    binding = {rule.id for rule in TOLD.values() if rule.binds is not Side.CLIENT}
    here = {fault.rule for fault in FAULTS.values()} - {None} | {*BREAKS.values()}
    strict = {rule for ways in strict_server.FAULTS.values() for rule in ways.rules}
    assert here <= binding <= here | strict  # what a bad request shows is left to the strict peers
