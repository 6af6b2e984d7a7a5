"""Two routes to a verdict: a case played from its spec, and from the log that was recorded of it."""

from __future__ import annotations

from functools import cache

import pytest

from replay.cases.model import Case, Profile
from replay.cases.recorded import under
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Endpoint
from replay.protocol.events import Close, Event
from replay.source import Source
from replay.suite.files import bundled, items, known
from replay.trace.wirelog import parse, write
from replay.verdict.judge import judge
from replay.verdict.result import Judged
from replay.wire.side import Side
from tests.memory import echo, join, player
from tests.record import HEAVY, recorded, section

LOGS = {path.stem: path for path in bundled("traces").rglob("*.wirelog")}


class Deaf(EchoEndpoint):
    """Opens the connection, and does nothing more."""

    def event(self, event: Event) -> None:
        pass

    def answers(self) -> bool:
        return False


class Curt(EchoEndpoint):
    """Answers each Close, and the first frame that breaks a rule, but sends no message back."""

    def event(self, event: Event) -> None:
        if isinstance(event, Close):
            super().event(event)


def played(case: Case, peer: Endpoint) -> Judged:
    tester = peer.side.other
    own = player(case, tester)
    join(own, peer)
    return judge(case, own.trace(), tester)


@cache
def of_log(id: str, tester: Side) -> Case:
    """The case that a log is for who plays it."""
    (item,) = items([str(LOGS[id])], tester)
    return under(item.case, Profile.AUTOBAHN, tester)


def test_each_case_but_the_heavy_ones_has_a_log() -> None:
    light = [id for id, case in known().items() if section(case) not in HEAVY]
    assert len(light) == 247
    assert sorted(LOGS) == sorted(light)


@pytest.mark.parametrize("id", LOGS)
def test_a_log_is_canonical_and_what_its_case_yields(id: str) -> None:
    text = LOGS[id].read_text()
    assert write(parse(Source(id, text)).trace) == text or id == "1.2.3"  # as it was pasted
    assert write(recorded(id)) == text


@pytest.mark.parametrize("kind", [EchoEndpoint, Deaf, Curt])
@pytest.mark.parametrize("testee", Side)
@pytest.mark.parametrize("id", LOGS)
def test_both_routes_lead_to_the_same_verdict(id: str, testee: Side, kind: type[EchoEndpoint]) -> None:
    by_spec = played(known()[id], echo(testee, kind=kind))
    by_log = played(of_log(id, testee.other), echo(testee, kind=kind))
    assert by_log.failed is by_spec.failed
    if kind is EchoEndpoint:
        assert (by_log.behaviour, by_log.closing) == (by_spec.behaviour, by_spec.closing)
        assert not by_log.failed
