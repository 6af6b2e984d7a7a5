"""Does the testee echo at all? Asked before the suite and after it, rather than failing every case."""

from __future__ import annotations

from replay import limits
from replay.protocol.events import Message, NotOpened, Unparsed, Violation
from replay.protocol.interpreter import observe
from replay.spec.model import Behaviour, Case, Kind, Outcome, Patience, Pattern, Payload, SendFrame
from replay.trace.model import SECOND, Trace
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
    patience=Patience(after=limits.CANARY.default * SECOND),
)


def refusal(trace: Trace, tester: Side) -> str | None:
    """Why there is no point in a suite; None: the testee takes part, be it badly.

    A testee that breaks rules takes part, unless by silence: what it breaks is for the cases to say.
    """
    events, testee = observe(trace), tester.other
    for event in events:
        broke = isinstance(event, Violation) and event.rule not in _BY_SILENCE
        if event.side is testee and (
            broke or (isinstance(event, Message | Unparsed) and event.end > event.start)
        ):
            return None
    refused = next((event for event in events if isinstance(event, NotOpened)), None)
    if refused is None:
        return f"the {testee.value} opened the connection, but sent no message back: is it an echo server?"
    hint = "" if refused.status is None else "; is the path right?"
    return f"no WebSocket connection was opened: {refused.reason}{hint}"
