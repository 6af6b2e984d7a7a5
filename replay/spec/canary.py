"""Does the testee echo at all? Asked before the suite and after it, rather than failing every case."""

from __future__ import annotations

from collections.abc import Sequence

from replay.protocol.events import Event, Message, NotOpened, Violation
from replay.spec.model import Behaviour, Case, Kind, Outcome, Patience, Pattern, Payload, SendFrame
from replay.trace.model import SECOND
from replay.wire.frame import Opcode
from replay.wire.side import Side

_WORD = Payload(b"Does it echo?")

_BY_SILENCE = ("close-answered", "server-drops")

CANARY = Case(
    id="canary",
    title="A short text message comes back",
    section="",
    steps=(SendFrame(Opcode.TEXT, _WORD),),
    outcomes=(Outcome(Behaviour.OK, (Pattern(Kind.TEXT, _WORD),)),),
    patience=Patience(after=5 * SECOND),
)


def refusal(events: Sequence[Event], tester: Side) -> str | None:
    """Why there is no point in a suite; None: the testee takes part, be it badly.

    A testee that breaks rules takes part, unless by silence: what it breaks is for the cases to say.
    """
    testee = tester.other
    for event in events:
        broke = isinstance(event, Violation) and event.rule not in _BY_SILENCE
        if event.side is testee and (broke or isinstance(event, Message)):
            return None
    refused = next((event for event in events if isinstance(event, NotOpened)), None)
    if refused is None:
        return f"the {testee.value} opened the connection, but sent no message back: is it an echo server?"
    hint = "" if refused.status is None else "; is the path right?"
    return f"no WebSocket connection was opened: {refused.reason}{hint}"
