"""Compares the opening handshake of a replay with the recorded one.

Headers may differ, except for what matters to the connection: the status of a refusal, and the subprotocol
and the extensions if the request asked for the same ones. The testee also has to keep the rules that it
kept in the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay.cases.difference import Difference
from replay.cases.model import Case, EventKind
from replay.cases.received import is_free
from replay.protocol.events import Event, NotOpened, Opened, Requested, Violation
from replay.protocol.negotiation import NAME, agreed
from replay.protocol.rules import RULES
from replay.wire.extensions import ExtensionsError, head_extensions
from replay.wire.handshake import Request, Response
from replay.wire.side import Side


def difference(
    recorded: Sequence[Event], events: Sequence[Event], tester: Side, reencoded: bool
) -> Difference | None:
    """The first difference; None: there is none. `reencoded`: the terms of compression may differ."""
    return next(_differences(recorded, events, tester, reencoded), None)


def turned(case: Case, found: Difference | None, events: Sequence[Event]) -> Difference | None:
    """A difference of a case about the opening handshake, with its result as what was observed if that is
    why nothing more came."""
    if not case.about_opening or found is None or found.observed is not None or found.expected is None:
        return found
    result = next((event for event in events if isinstance(event, Opened | NotOpened)), None)
    refused = found.expected.kind is EventKind.NOT_OPENED
    if result is None or isinstance(result, Opened) is not refused:
        return found
    return Difference(found.at, found.expected, result, "kind")


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
    was, now = _answer(recorded), _answer(events)
    if tester is Side.CLIENT and was is not None and now is not None:
        yield from _answers(was, now, reencoded)


class _Answer(NamedTuple):
    event: Event
    request: Request
    response: Response


def _answer(events: Sequence[Event]) -> _Answer | None:
    """The server's response to the request, whether it is valid or not."""
    asked = next((event.request for event in events if isinstance(event, Requested)), None)
    for event in events:
        if isinstance(event, Opened | NotOpened) and event.response is not None and asked is not None:
            return _Answer(event, asked, event.response)
    return None


def _answers(was: _Answer, now: _Answer, reencoded: bool) -> Iterator[Difference]:
    """How the server's answers to the same request differ. If only one of the connections opens, the
    closing verdict says so."""
    before, here = was.response.status, now.response.status
    if before != here and 101 not in (before, here):
        yield _difference(now.event, f"the server answered {here}; in the log it answered {before}")
    if not before == here == 101:
        return
    if _asks_alike(was, now, "Sec-WebSocket-Protocol"):
        chosen, recorded = _subprotocol(now), _subprotocol(was)
        if chosen != recorded:
            yield _difference(now.event, f"the server chose {chosen}; in the log it chose {recorded}")
    if _asks_alike(was, now, "Sec-WebSocket-Extensions") and not reencoded:
        terms, recorded = _extensions(now), _extensions(was)
        if terms != recorded:
            said = f"the server agreed on {terms}; in the log it agreed on {recorded}"
            yield _difference(now.event, said)


def _difference(observed: Event, said: str) -> Difference:
    return Difference(-1, None, observed, "opening", said=said)


def _asks_alike(was: _Answer, now: _Answer, name: str) -> bool:
    """Whether this header is the same in both requests."""
    return _values(was.request, name) == _values(now.request, name)


def _values(request: Request, name: str) -> list[str]:
    return [part.strip() for value in request.values(name) for part in value.split(",")]


def _subprotocol(answer: _Answer) -> str:
    chosen = answer.response.values("Sec-WebSocket-Protocol")
    return f"the subprotocol {chosen[0]!r}" if chosen else "no subprotocol"


def _extensions(answer: _Answer) -> str:
    """The extensions that were agreed on, sorted, and permessage-deflate without default parameters."""
    try:
        others = [each for each in head_extensions(answer.response) if each.name != NAME]
    except ExtensionsError:
        return "a malformed list of extensions"
    terms = agreed(answer.response)
    own = [] if terms is None else [terms]
    return ", ".join(sorted(map(str, (*own, *others)))) or "no extension"
