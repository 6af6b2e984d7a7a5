"""Finds out before and after the suite whether the testee echoes at all, rather than failing every case."""

from __future__ import annotations

from collections.abc import Sequence

from replay import limits
from replay.cases.model import Behaviour, Case, EventKind, Outcome, Patience, Pattern
from replay.cases.payload import Payload
from replay.cases.step import SendFrame
from replay.protocol.events import Close, End, Event, Message, NotOpened, Pong, Unparsed, Violation
from replay.protocol.interpreter import observe
from replay.trace.model import SECOND, Drop, Octets, Trace
from replay.wire.frame import Opcode
from replay.wire.side import Side

_WORD = Payload(b"Does it echo?")

CONTROL = 0x08
"""The bit of an opcode that distinguishes control frames from data frames (RFC 6455 §5.5)."""

_ALERT = b"\x15\x03"
"""How an alert of TLS begins."""

_BY_SILENCE = ("close-answered", "server-drops")

CANARY = Case(
    id="canary",
    title="A short text message comes back",
    section="",
    steps=(SendFrame(Opcode.TEXT, _WORD),),
    outcomes=(
        Outcome(Behaviour.OK, (Pattern(EventKind.TEXT, _WORD),)),
        Outcome(
            Behaviour.INFORMATIONAL, (Pattern(EventKind.TEXT),)
        ),  # any message shows that it takes part
        Outcome(Behaviour.INFORMATIONAL, (Pattern(EventKind.BINARY),)),
    ),
    patience=Patience(after=limits.CANARY.default * SECOND),
)


def round_trip(trace: Trace, tester: Side) -> int | None:
    """The microseconds from the message to its echo; None if there was no echo or the times aren't
    known."""
    messages = [event for event in observe(trace) if isinstance(event, Message)]
    at = {message.side: trace.entries[message.entry].at for message in reversed(messages)}
    sent, came = at.get(tester), at.get(tester.other)
    return came - sent if came is not None and sent is not None else None


def _instead(events: Sequence[Event], testee: Side) -> str:
    """What the testee did first instead, once the connection was open."""
    for event in events:
        match event:
            case Close(side=side) if side is testee:
                code = "without a code" if event.code is None else f"with code {event.code}"
                reason = f" ({event.reason.decode(errors='replace')})" if event.reason else ""
                return f" and closed the connection {code}{reason}"
            case Pong(side=side) if side is testee:
                return ", but a Pong"
            case End(side=side) if side is testee:
                return " and ended TCP"
            case Close() | End():
                break
    return ""


def refusal(trace: Trace, tester: Side, plain: bool = False) -> str | None:
    """Why playing the suite is pointless, or None if the testee takes part, however badly. `plain`: it was
    asked without TLS.

    A testee that breaks rules takes part unless it stays silent: what it breaks is for the cases to judge.
    """
    events, testee = observe(trace), tester.other
    refused = next((event for event in events if isinstance(event, NotOpened)), None)
    sent = b"".join(e.data for e in trace.entries if isinstance(e, Octets) and e.side is testee)
    for event in events:
        if event.side is not testee:
            continue
        if isinstance(event, Message) or (isinstance(event, Violation) and event.rule not in _BY_SILENCE):
            return None
        begun = sent[event.start : event.end] if isinstance(event, Unparsed) else b""
        if begun and refused is None and not begun[0] & CONTROL:
            return None
    if refused is None:
        return (
            f"the {testee.value} opened the connection, but sent no message back"
            f"{_instead(events, testee)}: is it an echo server? "
            "Cases that expect `echo` need one; --canary never plays them anyway"
        )
    hint = "" if refused.status is None else "; is the path right?"
    ended = any(isinstance(entry, Drop) and entry.side is testee for entry in trace.entries)
    if plain and (sent.startswith(_ALERT) or (ended and not sent)):  # as TLS answers what isn't TLS
        hint = "; is it a wss:// server?"
    return f"no WebSocket connection was opened: {refused.reason}{hint}"
