"""The cases that are judged by the text, on peers that keep every rule, and on others that break one."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from replay.cases.model import Behaviour
from replay.protocol.rules import RULES
from replay.wire.side import Side
from tests.peers import strict_client, strict_server
from tests.peers.strict import Ways
from tests.processes import listening, replay, verdicts
from tests.strictly import chapters, is_for, named, played

UNUSUAL: Mapping[Side, Mapping[str, Ways]] = {
    Side.SERVER: strict_server.UNUSUAL,
    Side.CLIENT: strict_client.UNUSUAL,
}
FAULTS: Mapping[Side, Mapping[str, Ways]] = {
    Side.SERVER: strict_server.FAULTS,
    Side.CLIENT: strict_client.FAULTS,
}
SIDES = [pytest.param(side, id=side.value) for side in Side]
EACH_UNUSUAL = [
    pytest.param(side, name, id=f"{side.value}-{name}")
    for side, ways in UNUSUAL.items()
    for name in ways
    if name != "sound"
]
UNBROKEN = {
    Side.SERVER: {
        "failed-closes-tcp",
        "fragment-many-empty",
        "length-huge-announced",
        "pmd-none-element",
        "server-expect-before-upgrade",
        "server-head-limits",
        "server-refuses-bad-key",
        "server-refuses-bad-subprotocols",
        "server-skips-body",
        "server-space-before-first-header",
        "server-target-too-long",
        "size-limit-protects",  # see test_declared_limits
    },
    Side.CLIENT: {
        "client-accepts-connection-list",
        "failed-closes-tcp",
        "failed-reads-nothing",
        "fragment-many-empty",
        "length-huge-announced",
        "size-limit-protects",
    },
}
"""MUSTs that no fault is seen to break: most of their cases leave room for other answers."""
GOOD = {Behaviour.OK, Behaviour.INFORMATIONAL}


@pytest.mark.parametrize("side", SIDES)
def test_a_peer_that_keeps_every_rule_is_right_in_every_case(side: Side) -> None:
    results = [played(case, UNUSUAL[side]["sound"], side) for case in chapters() if is_for(case, side)]
    wrong = [(one.case.id, one.behaviour, one.closing) for one in results if one.failed]
    wrong += [(one.case.id, one.behaviour, one.closing) for one in results if one.behaviour not in GOOD]
    assert wrong == []


@pytest.mark.parametrize(("side", "name"), EACH_UNUSUAL)
def test_nobody_is_accused_of_what_is_unusual(side: Side, name: str) -> None:
    """Each way plays some of the cases, and all ways together play all of them."""
    ways = list(UNUSUAL[side])
    assert accused(side, name, ways.index(name), len(ways)) == []


@pytest.mark.live
@pytest.mark.parametrize(("side", "name"), EACH_UNUSUAL)
def test_nobody_is_accused_of_what_is_unusual_in_any_case(side: Side, name: str) -> None:
    assert accused(side, name, 0, 1) == []


def accused(side: Side, name: str, first: int, step: int) -> list[str]:
    """The cases that fail among every so many of them."""
    cases = [case for case in chapters() if is_for(case, side)][first::step]
    return [case.id for case in cases if played(case, UNUSUAL[side][name], side).failed]


@pytest.mark.parametrize("side", SIDES)
def test_each_fault_is_caught_by_the_cases_that_have_to_catch_it(side: Side) -> None:
    cases = {case.id: case for case in chapters() if is_for(case, side)}
    missed = []
    for name, ways in FAULTS[side].items():
        results = [played(cases[id], ways, side) for id in ways.cases if id in cases]
        missed += [(name, one.case.id) for one in results if not one.failed]
        told = {rule for one in results if one.failed for rule in named(one)}
        missed += [
            (name, rule) for rule in ways.rules if RULES[rule].binds in (None, side) and rule not in told
        ]
    assert missed == []


@pytest.mark.parametrize("side", SIDES)
def test_each_must_that_a_case_is_about_has_a_fault(side: Side) -> None:
    about = {case.rule for case in chapters() if is_for(case, side) and case.rule}
    musts = {id for id in about if RULES[id].level.upper() == "MUST" and RULES[id].binds in (None, side)}
    broken = {rule for ways in FAULTS[side].values() if ways.cases for rule in ways.rules}
    assert musts - broken == UNBROKEN[side]


def test_they_do_the_same_over_sockets() -> None:
    with listening(sys.executable, "-m", "tests.peers.strict_shell", "server") as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "1.*", "2.*")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(verdicts(done.stdout).values()) == {("OK", "OK")}


def test_a_message_that_all_connections_share_is_noticed_while_they_are_open_together() -> None:
    command = [sys.executable, "-m", "tests.peers.strict_shell", "server", "--way", "shares-message"]
    with listening(*command) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "22.12.fragments.*")
        alone = replay("run", "--url", f"ws://127.0.0.1:{port}", "22.12.fragments.*", "--jobs", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "message-whole" in done.stdout
    assert alone.returncode == 0, alone.stdout + alone.stderr
