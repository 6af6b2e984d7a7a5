"""The page of a case that passed and whose log is long: it says what it would say if all was read."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour
from replay.report.html import model
from replay.report.html.abridged import abridged
from replay.report.verdict_words import in_words
from replay.suite.files import Item, known
from replay.trace.excerpt import closing, excerpt
from replay.trace.model import Cut, Drop, Octets, Timer, Trace, Wait
from replay.verdict.result import ClosingVerdict, Judged
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.storing import judged, played

C, S = Side.CLIENT, Side.SERVER
ROOM = 3000
LONG = ("9.7.1", "12.1.1", "12.2.3", "12.4.10", "13.1.4", "13.3.8", "13.7.18")


@pytest.fixture(scope="module")
def long() -> Judged:
    return played(Item(known()["12.1.1"]))


@cache
def read(id: str, tester: Side) -> tuple[Judged, model.Detail]:
    """A case that was played, and all that its log says."""
    result = played(Item(known()[id]), tester)
    return result, model.in_full(result, 2**40)


def said(result: Judged, room: int = ROOM) -> dict[str, Any] | None:
    return abridged(in_words(result), result.case, result.trace, result.facts.tester, room)


def entries(log: dict[str, Any]) -> dict[int, Any]:
    """The entries of a log by their numbers, with their frames in place."""

    def piece(it: list[Any]) -> list[Any]:
        return [it[0], log["frames"][it[1]], *it[2:]] if it[0] in ("frame", "data") else it

    return {
        number: [at, side, what if isinstance(what, str) else [*map(piece, what)], broken]
        for number, at, side, what, broken in filter(None, log["entries"])
    }


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", LONG)
@pytest.mark.parametrize("room", [2000, 3000, 5000])
def test_it_says_what_it_would_say_if_all_was_read(room: int, id: str, tester: Side) -> None:
    result, whole = read(id, tester)
    short = said(result, room)
    assert short is not None
    assert {**short, "log": None} == {**whole, "log": None}
    shown, all_entries = entries(short["log"]), entries(whole["log"])
    assert {number: all_entries[number] for number in shown} == shown
    assert len(shown) + short["log"]["left"] == len(all_entries)
    assert short["log"]["left"] > 0
    assert [*shown][-3:] == [*all_entries][-3:]
    assert short["log"]["entries"].index(None) == len(shown) - 3


def test_what_fits_is_read(long: Judged) -> None:
    assert said(long, 2**30) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"behaviour": Behaviour.NON_STRICT},
        {"behaviour": Behaviour.FAILED},
        {"closing": ClosingVerdict.UNCLEAN},
        {"unjudged": "why", "behaviour": Behaviour.INFORMATIONAL},
    ],
)
def test_what_is_not_plainly_fine_is_read(long: Judged, changes: dict[str, Any]) -> None:
    assert said(replace(long, **changes)) is None


def test_a_case_of_few_messages_is_read() -> None:
    assert said(played(Item(known()["9.5.1"])), 1000) is None


def changed(result: Judged, *added: Octets | Timer, at: int) -> Judged:
    entries = list(result.trace.entries)
    entries[at:at] = added
    return judged(Item(result.case), replace(result.trace, entries=tuple(entries)))


def test_what_would_leave_out_something_else_is_read(long: Judged) -> None:
    middle = len(long.trace.entries) // 2
    assert said(changed(long, at=middle)) is not None
    assert said(changed(long, Timer(Wait.DELAY, False, 5, "A"), at=middle)) is None
    assert said(replace(long, trace=replace(long.trace, entries=long.trace.entries[:-4]))) is None


def test_a_breach_of_the_tester_is_read(long: Judged) -> None:
    odd = changed(long, Octets(C, encode(frame(9, b"", rsv=1, key=b"mask"))), at=6)
    assert said(replace(odd, behaviour=Behaviour.OK, closing=ClosingVerdict.OK)) is None


# The parts of a trace.

PING, CLOSE = encode(frame(9, b"")), encode(frame(8, b"\x03\xe8"))
ENDS = Octets(C, CLOSE), Octets(S, CLOSE), Drop(S)


@pytest.mark.parametrize(
    ("entries", "at"),
    [
        ((), None),
        ((Octets(C, PING), *ENDS), 1),
        ((Octets(C, PING), Octets(C, CLOSE), Timer(Wait.CLOSING, False, 1), *ENDS[1:]), 1),
        ((Octets(C, PING), ENDS[0], Drop(S)), None),
        ((Octets(C, PING + CLOSE), *ENDS[1:]), None),
        ((ENDS[0], Octets(S, PING), *ENDS[1:]), None),
        ((ENDS[0], Octets(S, CLOSE[:2]), Octets(S, CLOSE[2:]), Drop(S)), None),
        ((ENDS[0], Octets(S, CLOSE, cut=Cut(1)), Drop(S)), None),
        ((ENDS[0], Octets(S, b"\x88"), Drop(S)), None),
    ],
)
def test_where_the_closing_handshake_begins(entries: tuple[Any, ...], at: int | None) -> None:
    assert closing(Trace(C, entries)) == at


def test_what_is_left_out_is_counted() -> None:
    middle = Octets(S, PING), Octets(C, b"", cut=Cut(7)), Octets(S, PING, cut=Cut(3))
    trace = Trace(C, (Octets(C, PING), *middle, *ENDS))
    found = excerpt(trace, 1, 4)
    assert found is not None
    assert found.trace.entries == (
        trace.entries[0],
        Octets(C, b"", cut=Cut(7)),
        Octets(S, b"", cut=Cut(2 * len(PING) + 3)),
        *ENDS,
    )
    assert (found.left, found.shown) == (2, [0, None, 3, 4, 5])
    assert (
        excerpt(replace(trace, entries=(*trace.entries[:1], Octets(S, b"", cut=Cut()), *ENDS)), 1, 2)
        is None
    )
