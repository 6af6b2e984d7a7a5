"""The names that a tester's own messages gave to what it made up, such as ids, read from what it sent."""

from __future__ import annotations

from collections.abc import Iterable

from replay.cases.model import Case
from replay.cases.said import NO_NAMES, Said, Unread, as_sent, read
from replay.cases.step import SendMessage
from replay.protocol.events import Event, Message
from replay.values.matching import match
from replay.values.mismatch import Mismatch
from replay.values.shape import Names, binds
from replay.wire.side import Side


def makes_names(case: Case) -> bool:
    """Whether the tester's own messages give names."""
    return any(binds(said.shape) for said in _said(case))


def _said(case: Case) -> list[Said]:
    steps = (step for step in case.all_steps if isinstance(step, SendMessage))
    return [step.said for step in steps if step.said is not None]


def sent_names(case: Case, events: Iterable[Event], tester: Side) -> Names:
    """The names with their values, so that a stored connection is judged as it was when it was played."""
    if not makes_names(case):
        return NO_NAMES
    said = _said(case)
    names: Names = NO_NAMES
    for event in events:
        if not said:
            break
        if not isinstance(event, Message) or event.side is not tester:
            continue
        value = read(said[0].view, event)
        found = None if isinstance(value, Unread) else match(as_sent(said[0].shape), value, {})
        if found is not None and not isinstance(found, Mismatch):
            names = {**names, **found}
            del said[0]
    return names
