"""How the opening handshake of a replay differs from the recorded one.

Its headers are free, but for what a connection stands on: the status of a refusal, the subprotocol and the
extensions, each where the request asked for the same, and the rules that the recorded testee kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from replay.protocol.events import Event, NotOpened, Opened, Violation
from replay.protocol.rules import RULES
from replay.spec.fit import Difference
from replay.spec.received import is_free
from replay.wire.extensions import head_extensions
from replay.wire.side import Side


def difference(
    recorded: Sequence[Event], events: Sequence[Event], tester: Side, reencoded: bool
) -> Difference | None:
    """The first difference; None: there is none. `reencoded`: the compression may be another one."""
    return next(_differences(recorded, events, tester, reencoded), None)


def _differences(
    recorded: Sequence[Event], events: Sequence[Event], tester: Side, reencoded: bool
) -> Iterator[Difference]:
    testee = tester.other
    broken = {event.rule for event in recorded if isinstance(event, Violation) and event.side is testee}
    for event in events:
        if not isinstance(event, Violation) or event.side is tester or not is_free(event):
            continue
        if event.rule not in broken and RULES[event.rule].level == "MUST":
            said = f"{event.detail}; in the log the {testee.value} kept the rule {event.rule}"
            yield _difference(event, said)
    if tester is Side.CLIENT:
        yield from _answers(_opening(recorded), _opening(events), reencoded)


def _answers(was: Event | None, now: Event | None, reencoded: bool) -> Iterator[Difference]:
    """What a server says otherwise to the same request."""
    match was, now:
        case NotOpened(), NotOpened():
            if was.status and now.status and was.status != now.status:
                yield _difference(now, f"the server answered {now.status}; in the log {was.status}")
        case Opened(), Opened():
            if _same(was, now, "Sec-WebSocket-Protocol"):
                here, there = _subprotocol(now), _subprotocol(was)
                if here != there:
                    yield _difference(now, f"the server chose {here}; in the log {there}")
            if _same(was, now, "Sec-WebSocket-Extensions") and not reencoded:
                agreed, before = _extensions(now), _extensions(was)
                if agreed != before:
                    said = f"the server agreed on {_listed(agreed)}; in the log on {_listed(before)}"
                    yield _difference(now, said)


def _difference(observed: Event, said: str) -> Difference:
    return Difference(-1, None, observed, "opening", said=said)


def _opening(events: Sequence[Event]) -> Event | None:
    return next((event for event in events if isinstance(event, Opened | NotOpened)), None)


def _same(was: Opened, now: Opened, name: str) -> bool:
    """Whether both requests ask for the same."""
    return _values(was, name) == _values(now, name)


def _values(opened: Opened, name: str) -> list[str]:
    return [part.strip() for value in opened.request.values(name) for part in value.split(",")]


def _subprotocol(opened: Opened) -> str:
    chosen = opened.response.values("Sec-WebSocket-Protocol")
    return f"the subprotocol {chosen[0]!r}" if chosen else "no subprotocol"


def _extensions(opened: Opened) -> frozenset[str]:
    """What was agreed on, in any order, and permessage-deflate without what is so by default."""
    others = (each for each in head_extensions(opened.response) if each.name != "permessage-deflate")
    agreed = (opened.agreed,) if opened.agreed is not None else ()
    return frozenset(map(str, (*agreed, *others)))


def _listed(extensions: frozenset[str]) -> str:
    return ", ".join(sorted(extensions)) or "no extension"
