"""Of a peer whose frames break rules again and again no more is read than what teaches something."""

from __future__ import annotations

import pytest

from replay import limits
from replay.cases.model import Behaviour
from replay.flows import check
from replay.protocol.events import Event, Message, Unread, Violation
from replay.protocol.interpreter import observe
from replay.suite.logs import LogFile
from replay.trace.model import Octets, Trace
from replay.wire.side import Side

MOST = limits.BREACHES.default
BROKEN, SOUND = b"\xc2\x01x", b"\x82\x01x"
"""Binary messages of a server: with RSV1, which nothing defines, and without."""


def trace(sender: Side, octets: bytes, reads: int) -> Trace:
    size = -(-len(octets) // reads)
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    return Trace(Side.CLIENT, tuple(Octets(sender, part, number) for number, part in enumerate(parts)))


def breaches(events: tuple[Event, ...]) -> int:
    return sum(isinstance(event, Violation) for event in events)


@pytest.mark.parametrize("reads", [1, 7, 1000])
def test_a_peer_is_read_up_to_so_many(reads: int) -> None:
    events = observe(trace(Side.SERVER, BROKEN * 10_000 + SOUND, reads))
    assert breaches(events) == MOST
    (unread,) = (event for event in events if isinstance(event, Unread))
    assert unread.start == MOST * len(BROKEN)
    assert unread.bound == f"{MOST} breaches"


def test_one_that_breaks_fewer_is_read_to_its_end() -> None:
    events = observe(trace(Side.SERVER, BROKEN * (MOST - 1) + SOUND, 1))
    assert breaches(events) == MOST - 1
    assert isinstance(events[-1], Message)
    assert not any(isinstance(event, Unread) for event in events)


def test_what_the_recorder_breaks_is_meant() -> None:
    events = observe(trace(Side.CLIENT, b"\xc2\x81\0\0\0\0x" * 1000 + b"\x82\x81\0\0\0\0x", 1))
    assert breaches(events) == 1000
    assert isinstance(events[-1], Message)


def test_a_log_of_it_is_judged_all_the_same() -> None:
    result = check(LogFile("a.wirelog", trace(Side.SERVER, BROKEN * 10_000, 1), ()))
    assert result.behaviour is Behaviour.FAILED
    assert result.unjudged is None
    assert result.broken[0].rule == "rsv-zero"
