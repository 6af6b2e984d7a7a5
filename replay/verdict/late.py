"""Answers that came after the tester's timeout: the testee may have been busy, or at fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay.protocol.events import Close, Event, Fired, Message, Pong
from replay.trace.model import SECOND, Octets, Trace, Wait
from replay.wire.side import Side

_PATIENCE = (Wait.FAIL, Wait.CLOSE)


class Late(NamedTuple):
    events: tuple[Event, ...]  # as if the tester had waited longer
    said: str  # a sentence that says how late the answer was


def answered_late(trace: Trace, events: Sequence[Event], tester: Side, testee_closes: bool) -> Late | None:
    """What came after the tester's timeout expired; None: nothing did, or it didn't expire.

    `testee_closes`: the testee was expected to close, so the tester's Close doesn't count, nor does the
    testee's if it only answers that one: a testee that had failed the connection would have said why."""
    fired = next((at for at, event in enumerate(events) if _runs_out(event, tester)), None)
    if fired is None:
        return None
    acts = (Close, Fired) if testee_closes else (Fired,)
    behind = [
        event for event in events[fired + 1 :] if event.side is not tester or not isinstance(event, acts)
    ]
    own = next((e for e in events[fired + 1 :] if isinstance(e, Close) and e.side is tester), None)
    came = (event for event in behind if event.side is not tester)
    answer = next(
        (
            event
            for event in came
            if isinstance(event, Message | Pong)
            or (isinstance(event, Close) and not (testee_closes and own and _only_answers(event, own)))
        ),
        None,
    )
    if answer is None:
        return None
    took = _took(trace, events[fired].entry, answer.entry, tester)
    after = "" if took is None else f", after {took / SECOND:.3f} s"
    return Late((*events[:fired], *behind), f"the answer came too late{after}")


def _only_answers(close: Close, own: Close) -> bool:
    """Whether a Close says no more than an answer to the tester's own would."""
    return close.code == own.code or (own.code is None and close.code == 1000)


def reaction(trace: Trace, events: Sequence[Event], tester: Side) -> int | None:
    """Microseconds after which the testee first answered what was last sent to it; None: it didn't, or the
    times aren't known. A Close after the tester's timeout is an answer to the tester's own Close."""
    fired = len(trace.entries)
    for event in events:
        if _runs_out(event, tester):
            fired = min(fired, event.entry)
        elif event.side is not tester and (
            isinstance(event, Message | Pong) or (isinstance(event, Close) and event.entry < fired)
        ):
            return _took(trace, min(fired, event.entry), event.entry, tester)
    return None


def _runs_out(event: Event, tester: Side) -> bool:
    return isinstance(event, Fired) and event.side is tester and event.wait in _PATIENCE


def _took(trace: Trace, before: int, came: int, tester: Side) -> int | None:
    """The time from the tester's last write before entry `before` to entry `came`."""
    at = trace.entries[came].at
    for number in range(before - 1, -1, -1):
        entry = trace.entries[number]
        if isinstance(entry, Octets) and entry.side is tester:
            return None if at is None or entry.at is None else at - entry.at
    return None
