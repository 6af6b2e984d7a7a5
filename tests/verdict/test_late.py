"""A client that answers too late is not judged by that; it is given as much time as it was seen to need."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from replay import limits
from replay.campaign.clients import Guests, Hosting
from replay.campaign.schedule import AGAIN, CASES
from replay.cases.cost import waits_out
from replay.cases.load import load
from replay.cases.model import Case
from replay.live.client_contract import Door
from replay.play.player import Player
from replay.source import Source
from replay.suite.files import Item, known
from replay.trace.model import SECOND, Drop, Octets, Trace
from replay.verdict.judge import judge
from replay.verdict.result import Judged
from replay.wire.frame import Opcode, encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import REQUEST, against

ECHO, PONG, BYE = "818001020304", "8a8001020304", "88820102030402eb"
UNASKED = "818101020304 60"
FAILS = "88820102030402e8"


@pytest.mark.parametrize(
    ("case", "acts", "after"),
    [
        ("1.1.1", ((1.3, ECHO + BYE),), 1.3),
        ("1.1.1", ((1.3, ECHO), (1.9, BYE)), 1.3),
        ("1.1.1", ((1.3, ECHO),), 1.3),  # and it never answers the Close
        ("1.1.1", ((0.4, ECHO[:2]), (1.3, ECHO[2:] + BYE)), 1.3),  # since the tester wrote
        ("2.1", ((1.2, PONG + BYE),), 1.2),
        ("6.23.7", ((0.6, "8183 01020304 eebdbc" + BYE),), 0.6),
        ("3.1", ((1.5, FAILS),), 1.5),
        ("6.3.1", ((1.5, "88820102030402ed"),), 1.5),
    ],
)
def test_what_came_too_late_is_not_judged(
    case: str, acts: tuple[tuple[float, str], ...], after: float
) -> None:
    result = played(case, *acts)
    assert result.unjudged is not None
    said = re.fullmatch(r"the answer came too late, after ([0-9.]+) s", result.unjudged)
    assert said is not None
    assert float(said[1]) == pytest.approx(after, abs=0.051)
    assert not result.failed


@pytest.mark.parametrize("untimed", [frozenset(Side), frozenset({Side.CLIENT}), frozenset({Side.SERVER})])
def test_without_its_times_an_answer_is_late_by_nobody_knows_how_much(untimed: frozenset[Side]) -> None:
    trace = played("1.1.1", (1.3, ECHO + BYE)).trace
    entries = tuple(
        replace(entry, at=None) if isinstance(entry, Octets) and entry.side in untimed else entry
        for entry in trace.entries
    )
    result = judge(known()["1.1.1"], replace(trace, entries=entries), Side.SERVER)
    assert result.unjudged == "the answer came too late"


def test_a_case_takes_from_the_first_time_to_the_last_that_is_known() -> None:
    entries = (Octets(Side.CLIENT, b"GET", 500), Octets(Side.CLIENT, b" "), Drop(Side.CLIENT, at=1_700))
    assert judge(known()["1.1.1"], Trace(Side.SERVER, entries), Side.SERVER).duration == 1_200
    assert judge(known()["1.1.1"], Trace(Side.SERVER, entries[1:2]), Side.SERVER).duration is None


@pytest.mark.parametrize(
    ("case", "acts"),
    [
        ("1.1.1", ()),
        ("1.1.1", ((1.3, BYE),)),
        ("1.1.1", ((1.3, UNASKED + BYE),)),
        ("1.1.1", ((1.3, ECHO + ECHO + BYE),)),
        ("1.1.1", ((0.2, UNASKED), (1.3, ECHO + BYE))),
        ("3.1", ()),
        ("3.1", ((1.5, BYE),)),  # it has the tester's own code
        ("3.1", ((1.5, "88820102030402ed"),)),
    ],
)
def test_what_never_came_or_is_wrong_fails(case: str, acts: tuple[tuple[float, str], ...]) -> None:
    result = played(case, *acts)
    assert result.unjudged is None
    assert result.failed


FAILING = """\
section: "x"
cases:
  - id: x.1
    title: A frame that fails the connection
    judge: rfc
    patience: {after: 1 s, then: close}
    send: [frame: {opcode: 7, utf8: ""}]
    expect: [ok: []]
    close: {by: testee, codes: any, clean: optional, decisive: true}
"""


@pytest.mark.parametrize(
    ("close", "late"),
    [
        ("8880 01020304", False),  # as the tester's own
        ("8882 01020304 02ea", False),  # 1000
        ("8882 01020304 02e8", True),  # 1002
        ("8882 01020304 02f1", True),  # 1011
    ],
)
def test_a_close_that_only_answers_the_testers_is_not_a_late_failure(close: str, late: bool) -> None:
    (case,) = load(Source("x.yaml", FAILING))
    acts: list[dict[str, object]] = [{"at": 1.2, "octets": close.replace(" ", "")}]
    result = judge(case, against(case, Side.SERVER, acts), Side.SERVER)
    assert (result.unjudged is not None) is late
    assert result.failed is not late


def test_a_server_that_is_too_late_fails_for_it_is_played_twice() -> None:
    acts: list[dict[str, object]] = [{"at": 1.3, "octets": "8100880203e9"}, {"at": 1.4, "tcp": "drop"}]
    result = judge(known()["1.1.1"], against(known()["1.1.1"], Side.CLIENT, acts), Side.CLIENT)
    assert (result.failed, result.unjudged) == (True, None)


def played(case: str, *acts: tuple[float, str]) -> Judged:
    peer: list[dict[str, object]] = [{"at": at, "octets": octets.replace(" ", "")} for at, octets in acts]
    return judge(known()[case], against(known()[case], Side.SERVER, peer), Side.SERVER)


# How much time it is given.


class Visitors:
    """Clients that come to a host one after the other, on one clock."""

    def __init__(self, folder: Path, *cases: str | Case, each: str | None = None) -> None:
        self.seen: list[Judged] = []
        self.now = 0
        self.host = Guests(
            [Item(known()[case] if isinstance(case, str) else case) for case in cases],
            Hosting(Door(each=each), directory=folder),
            lambda agent, number, result: self.seen.append(result),
            lambda _: None,
        )

    def come(self, number: int, after: float | None, agent: str = "client", key: bytes = b"abcd") -> float:
        """One that echoes an empty message so many seconds after it came, or never; how long that took."""
        began, visitor = self.now, self.host.visitor()
        visitor.connected(began)
        visitor.received(encode_request(f"/runCase?case={number}&agent={agent}", REQUEST), began)
        own = visitor.successor
        assert isinstance(own, Player)
        if after is not None:
            self.until(own, began + int(after * SECOND))
            if not own.done:
                own.received(encode(frame(Opcode.TEXT, b"", key=key)), self.now)
                own.received(encode(frame(Opcode.CLOSE, b"\x03\xe8", key=b"abcd")), self.now)
        self.until(own, began + 3600 * SECOND)
        self.host.left(own)
        self.host.judge(own, self.now / SECOND)
        self.host.judged(own)
        return (self.now - began) / SECOND

    def until(self, own: Player, then: int) -> None:
        while not own.done and own.deadline is not None and own.deadline <= then:
            self.now = own.deadline
            own.wake(self.now)
        self.now = max(self.now, then) if not own.done else self.now


def test_a_slow_client_is_given_time_and_a_silent_one_not_for_ever(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path, "1.1.1")
    assert visitors.come(1, 3.0) == pytest.approx(3.0)
    assert visitors.come(1, 8.0) == pytest.approx(8.0)  # for it has been seen to be slow
    assert [result.behaviour.value for result in visitors.seen] == ["OK", "OK"]
    least, closing = limits.LEAST.default, limits.CLOSING.default
    silent = [visitors.come(1, None, "silent") for _ in range(limits.IN_VAIN.default + 1)]
    assert silent == pytest.approx([2 * least] * limits.IN_VAIN.default + [1 + closing])
    assert visitors.come(1, 1.5, "silent") == pytest.approx(1.5)
    assert visitors.seen[-1].unjudged is not None
    assert visitors.come(1, 1.5, "silent") == pytest.approx(1.5)
    assert visitors.seen[-1].behaviour.value == "OK"


def test_what_has_to_pass_in_silence_takes_no_longer(tmp_path: Path) -> None:
    text = "section: x\ncases: [{id: x, title: x, send: [pong: a], expect: [ok: []]}]\n"
    (case,) = load(Source("x.yaml", text))
    assert waits_out(case)
    took = Visitors(tmp_path, case).come(1, None)
    assert took == pytest.approx(case.patience.after / SECOND + limits.LEAST.default)


def test_a_client_that_is_started_once_a_case_is_started_again_where_it_failed(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path, "1.1.1", "1.1.2", each="echo {url}")
    phases = visitors.host.phases()
    (numbers,) = [phase.numbers for phase in itertools.islice(phases, 1)]
    assert sorted(numbers) == [0, 1]
    visitors.come(1, None)
    visitors.come(2, None)
    assert visitors.seen == []
    assert next(phases).name == AGAIN
    visitors.come(1, 0.1)
    (passed,) = visitors.seen
    assert (passed.behaviour.value, passed.flaky) == ("OK", True)
    assert next(phases).name == AGAIN
    visitors.come(2, None)
    assert visitors.seen[1].failed
    assert not visitors.seen[1].flaky
    assert list(phases) == []


def test_a_rule_that_was_broken_twice_leaves_no_doubt_about_the_other_cases(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path, "1.1.1", "1.1.2", "1.1.3", each="echo {url}")
    phases = visitors.host.phases()
    next(phases)
    visitors.come(1, 0.1, key=b"")
    visitors.come(2, 0.1, key=b"")
    visitors.come(3, None)
    assert visitors.seen == []
    assert next(phases).numbers == (0,)
    visitors.come(1, 0.1, key=b"")
    assert sorted(result.case.id for result in visitors.seen if result.failed) == ["1.1.1", "1.1.2"]
    assert [phase.numbers for phase in phases] == [(2,)]


def test_a_failure_that_nobody_came_back_for_counts(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path, "1.1.1", each="echo {url}")
    visitors.come(1, None)
    visitors.host.believe()
    assert [result.failed for result in visitors.seen] == [True]


def test_a_driver_comes_once(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path, "1.1.1")
    visitors.come(1, None)
    assert [result.failed for result in visitors.seen] == [True]
    assert [phase.name for phase in visitors.host.phases()] == [CASES]
