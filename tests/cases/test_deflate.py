"""The compressed cases are those of Autobahn: what is offered and asked for, and what each round sends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, AnyStr

import pytest

from replay import limits
from replay.cases.model import Closing, Patience
from replay.cases.step import Repeat, SendMessage
from replay.play.player import Player
from replay.protocol.events import Message, Requested
from replay.protocol.interpreter import observe
from replay.protocol.negotiation import Ask
from replay.suite.files import known
from replay.trace.framing import stream
from replay.trace.model import SECOND, Trace
from replay.wire.side import Side
from tests.memory import flawless, join, player
from tests.processes import replay

TABLE = Path(__file__).parents[1] / "data" / "deflate.json"
"""What the original has of each case: kind and size of its messages, octets of a frame (0: no fragments),
how many messages, the octets of the file that they are slices of, offers and asks."""

FACTS: Mapping[str, dict[str, Any]] = {row["id"]: row for row in json.loads(TABLE.read_text())}
PLAYED = [id for id in FACTS if id.endswith((".2", ".11", ".12"))]

ENOUGH = 2**17
"""Octets that a case sends without --thorough."""


def test_the_cases_are_those_of_autobahn() -> None:
    assert {id for id, case in known().items() if case.deflate} == FACTS.keys()
    assert {id for id in known() if id.partition(".")[0] in ("12", "13")} == FACTS.keys()


def test_all_cases_of_autobahn_are_listed() -> None:
    done = replay("list")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 517
    assert {line.split()[0] for line in done.stdout.splitlines()} == known().keys()


@pytest.mark.parametrize("id", FACTS)
def test_what_a_case_is(id: str) -> None:
    case, facts = known(True)[id], FACTS[id]
    assert case.deflate is not None
    assert case.deflate.offer == ", ".join(facts["offers"])
    assert case.deflate.asks == tuple(Ask(**ask) for ask in facts["asks"])
    assert case.closing == Closing()
    assert case.one_mask
    # The original allows so much for all of it, replay for a pause of the testee.
    assert case.patience == Patience(120 * SECOND, "close", stalled=True)
    (repeat,) = case.steps
    assert isinstance(repeat, Repeat)
    assert repeat.times == facts["count"] == 1000
    (step,) = repeat.steps
    assert isinstance(step, SendMessage)
    assert (step.text, step.compress) == (facts["kind"] == "text", True)
    assert (step.payload.next, step.fragment or 0) == (facts["size"], facts["fragment"])
    assert len(step.payload.unit) == facts["octets"]


@pytest.mark.parametrize("id", FACTS)
def test_as_few_rounds_as_do(id: str) -> None:
    (repeat,) = known()[id].steps
    assert isinstance(repeat, Repeat)
    rounds = -(-ENOUGH // FACTS[id]["size"])
    assert repeat.times == min(1000, max(limits.LEAST_ROUNDS.default, rounds))
    (outcome,) = known()[id].outcomes
    assert len(outcome.patterns) == repeat.times


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", PLAYED)
def test_what_is_sent(id: str, tester: Side) -> None:
    own, facts = played(id, tester), FACTS[id]
    trace = Trace(tester, tuple(own.entries))  # with all octets
    events = observe(trace)
    sent = [event for event in events if isinstance(event, Message) and event.side is tester]
    assert all(event.compressed and event.text is (facts["kind"] == "text") for event in sent)
    (repeat,) = known()[id].steps
    assert isinstance(repeat, Repeat)
    unit, size = repeat.steps[0].payload.unit, facts["size"]
    starts = [number * size for number in range(repeat.times)]
    if facts["kind"] == "text":
        slices = [part.encode() for part in circular(unit.decode(), starts, size)]
    else:
        slices = circular(unit, starts, size)
    assert [event.data for event in sent] == slices
    headers = [found.header for found in stream(trace.entries, tester).frames]
    frames = [header for header in headers if header is not None and header.opcode < 8]
    assert {header.length for header in frames if not header.fin} <= {facts["fragment"]}
    assert all(header.rsv == (4 if header.opcode else 0) for header in frames)
    assert all(header.length < facts["fragment"] for header in frames if header.fin and facts["fragment"])
    assert len({header.key for header in frames}) == 1
    if tester is Side.CLIENT:
        (asked,) = (event.request for event in events if isinstance(event, Requested))
        assert asked.values("Sec-WebSocket-Extensions") == [", ".join(facts["offers"])]


def played(id: str, tester: Side) -> Player:
    own = player(known()[id], tester)
    join(own, flawless(known()[id], tester))
    return own


def circular(whole: AnyStr, starts: Sequence[int], size: int) -> list[AnyStr]:
    """Slices of a whole that goes on at its start behind its end."""
    twice = whole + whole
    return [twice[at % len(whole) :][:size] for at in starts]
