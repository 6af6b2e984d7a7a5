"""Which events of a connection a verdict is about."""

from __future__ import annotations

import pytest

from replay.cases.model import EventKind, Profile
from replay.cases.received import Received, is_free, received, spoils_close
from replay.protocol.events import Close, CloseBegins, End, Event, Fired, Message, Ping, Pong, Violation
from replay.trace.model import How, Wait
from replay.wire.side import Side

C, S = Side.CLIENT, Side.SERVER
ALL = frozenset(EventKind)


def text(side: Side = S, at: int = 0) -> Message:
    return Message(side=side, entry=0, start=at, end=at, text=True, data=b"", parts=())


def ping(data: bytes, side: Side = C) -> Ping:
    return Ping(side=side, entry=0, start=0, end=0, data=data)


def pong(data: bytes, side: Side = S) -> Pong:
    return Pong(side=side, entry=0, start=0, end=0, data=data)


def close(side: Side = S, valid: bool = True) -> Close:
    return Close(side=side, entry=0, start=0, end=0, code=1000, reason=b"", valid=valid)


def breach(frame: int, side: Side = S, rule: str = "rsv", code: int | None = 1002) -> Violation:
    return Violation(
        side=side, entry=0, start=frame, end=frame, rule=rule, detail="", frame=frame, code=code
    )


def fired(wait: Wait, tag: str | None = None) -> Fired:
    return Fired(side=C, entry=0, start=0, end=0, wait=wait, tag=tag, after=1)


def begins(start: int, side: Side = C) -> CloseBegins:
    return CloseBegins(side=side, entry=0, start=start, end=start)


END = End(side=S, entry=0, start=0, end=0, how=How.FIN, unfinished=0)


@pytest.mark.parametrize(
    ("events", "counted"),
    [
        ([text(), text(C), ping(b"", S), pong(b""), close(), END], [0, 3, 4, 5]),
        ([close(C), breach(5, C), text()], [2]),
        ([fired(Wait.DELAY, "A"), fired(Wait.DELAY), fired(Wait.FAIL)], [0]),
        # Once the connection has failed, its data is discarded, and nothing else.
        ([breach(1), text(), pong(b""), close(), END], [0, 2, 3, 4]),
        ([breach(1, code=None), text()], [0, 1]),
        ([breach(1, C), text()], [1]),
        ([fired(Wait.FAIL), text(), close()], [2]),
        ([fired(Wait.LIMIT), text(), close()], [2]),
        ([fired(Wait.CLOSE), text()], [1]),
        # With a second frame that breaks a rule, TCP ends.
        ([breach(1), breach(1), breach(7), pong(b""), END], [0, 1, 2]),
        ([breach(1), breach(7), breach(9)], [0, 1]),
        ([breach(0), breach(0), close()], [0, 1, 2]),
        ([close(C), breach(7), close()], [1]),
        ([close(C, valid=False), breach(7), close()], [1]),
        ([close(S), breach(7), END], [0, 1]),
        ([close(S, valid=False), breach(7), END], [0, 1, 2]),
        ([fired(Wait.FAIL), breach(7), END], [1]),
        ([breach(7, code=None), breach(8), END], [0, 1, 2]),
        ([close(C), breach(7, code=None), END], [1, 2]),
        # Also while a Close of the tester is on its way, unless its own header spoils it.
        ([begins(4), breach(7), END], [1]),
        ([begins(4, S), breach(7), END], [1, 2]),
        ([begins(0), breach(7), END], [1]),
        ([begins(4), breach(4, C), breach(7), END], [2, 3]),
        ([begins(4), breach(4, C, "control-length"), breach(7), END], [2]),
        ([begins(4), breach(5, C), breach(7), END], [2]),
    ],
)
def test_which_events_of_a_server_count(events: list[Event], counted: list[int]) -> None:
    assert received(events, C, ALL) == tuple(events[number] for number in counted)


def test_a_server_reads_nothing_behind_the_close_of_the_client() -> None:
    events = [text(C), close(C), text(C), breach(9, C)]
    assert received(events, S, ALL) == (events[0], events[1])
    assert received([close(C, valid=False), text(C)], S, ALL) == (close(C, valid=False), text(C))
    assert received([close(S), text(C)], S, ALL) == (text(C),)
    assert received([close(S), text(S)], C, ALL) == (close(S), text(S))


@pytest.mark.parametrize(
    ("events", "rfc", "autobahn"),
    [
        ([pong(b"a")], [], [0]),
        ([ping(b"a"), pong(b"a"), pong(b"a")], [1], [1, 2]),
        ([ping(b"a", S), pong(b"a")], [], [1]),
        ([ping(b"a"), ping(b"b"), pong(b"b"), pong(b"a")], [2], [2, 3]),
        ([ping(b"a"), ping(b"b"), pong(b"a"), pong(b"b")], [2, 3], [2, 3]),
        ([ping(b"a"), ping(b"a"), pong(b"a"), pong(b"a")], [2, 3], [2, 3]),
        ([ping(b"a"), pong(b"x"), pong(b"a")], [2], [1, 2]),
    ],
)
def test_which_pongs_answer(events: list[Event], rfc: list[int], autobahn: list[int]) -> None:
    assert received(events, C, ALL, Profile.RFC) == tuple(events[number] for number in rfc)
    assert received(events, C, ALL) == tuple(events[number] for number in autobahn)


def test_only_kinds_that_are_asked_for_count_but_all_have_their_effect() -> None:
    events = [text(), breach(1), text(), close()]
    assert received(events, C, frozenset({EventKind.TEXT, EventKind.CLOSE})) == (events[0], events[3])


@pytest.mark.parametrize(
    ("rule", "side", "free"),
    [
        ("opening-http", C, True),
        ("opening-http", S, False),
        ("extensions-grammar", C, True),
        ("extensions-grammar", S, False),
        ("request-host", C, True),
        ("response-deflate-fits", S, True),
        ("response-accept", S, False),
        ("rsv", C, False),
    ],
)
def test_which_breaches_decide_nothing_by_themselves(rule: str, side: Side, free: bool) -> None:
    assert is_free(breach(1, side, rule)) is free
    assert received([breach(1, side, rule)], side.other, ALL) == (() if free else (breach(1, side, rule),))
    assert not is_free(text())


def test_where_the_tester_has_failed_the_connection_and_where_it_has_ended_it() -> None:
    found = Received(C, ALL)
    assert (found.failed, found.over) == (False, None)
    found.add(breach(3))
    assert (found.failed, found.over) == (True, None)
    found.add(breach(8))
    found.add(breach(9))
    assert (found.failed, found.over) == (True, 8)


def test_a_close_that_is_too_long_is_meant_as_one() -> None:
    assert not spoils_close(breach(1, C, "control-length"))
    assert spoils_close(breach(1, C))
