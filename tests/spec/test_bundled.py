"""The bundled cases of sections 1 and 2 send what Autobahn sends, octet for octet."""

from pathlib import Path

import pytest

from replay.protocol.rules import RULES
from replay.source import Source
from replay.spec.load import load, unique
from replay.spec.model import Behaviour, Case, Closing, Kind, Patience, SendFrame
from replay.trace.model import SECOND

SPECS = Path(__file__).parents[2] / "specs"


# What Autobahn writes to a silent peer, without masks: octets, their SHA-256, writes.
def files() -> list[Path]:
    return sorted(path for name in ("01-framing", "02-pings") for path in (SPECS / name).glob("*.yaml"))


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    found = unique(case for path in files() for case in load(Source.read(path)))
    return {case.id: case for case in found}


@pytest.mark.parametrize("section", ["1.1", "1.2"])
def test_messages_are_echoed_whole(cases: dict[str, Case], section: str) -> None:
    for number in range(1, 9):
        case = cases[f"{section}.{number}"]
        (step,), (outcome,) = case.steps, case.outcomes
        assert isinstance(step, SendFrame)
        (pattern,) = outcome.patterns
        assert outcome.verdict is Behaviour.OK
        assert pattern.kind is (Kind.TEXT if section == "1.1" else Kind.BINARY)
        assert pattern.payload == step.payload
        assert case.patience == Patience((10 if number > 5 else 1) * SECOND, "fail")
        assert case.closing == Closing()


def test_pings_are_answered_in_order(cases: dict[str, Case]) -> None:
    for id, case in cases.items():
        if not id.startswith("2.") or id == "2.5":
            continue
        pings = [step.payload for step in case.steps if isinstance(step, SendFrame) and step.opcode == 9]
        (outcome,) = case.outcomes
        assert [(p.kind, p.payload) for p in outcome.patterns] == [(Kind.PONG, ping) for ping in pings]
        seconds = {"2.6": 2, "2.10": 3, "2.11": 3}.get(id, 1)
        assert (case.patience, case.closing) == (Patience(seconds * SECOND, "close"), Closing())


def test_too_long_a_ping_is_a_breach(cases: dict[str, Case]) -> None:
    case = cases["2.5"]
    assert [outcome.patterns for outcome in case.outcomes] == [()]
    assert case.closing == Closing("testee", (1002, None), clean=False)
    assert case.patience == Patience(SECOND, "fail")
    assert case.rule == "control-length"


def test_titles_tell_the_cases_apart_and_rules_are_rows(cases: dict[str, Case]) -> None:
    assert len({case.title for case in cases.values()}) == len(cases)
    assert {case.rule for case in cases.values()} <= {*RULES, None}
