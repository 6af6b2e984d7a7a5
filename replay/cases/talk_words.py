"""The keys `talk`, `ignore` and `answer`: a conversation, and what may come at any time in it."""

from __future__ import annotations

from msgspec import Struct

from replay import limits
from replay.cases.connect import Connect
from replay.cases.connect_words import CONNECT
from replay.cases.expect import EVENT, RoundExpect, UnresolvedOutcome
from replay.cases.model import Answering, Behaviour, Pattern
from replay.cases.step import Step
from replay.cases.steps import MESSAGE_STEPS, STEP, step_placed
from replay.source import Span
from replay.typed.readers import FoundKeys, Items, Key, OneKey, OrNone, Reader, Record, Table
from replay.typed.scalars import TAG

MOST = limits.TALK.default
"""The most rounds of a conversation."""


class UnresolvedRound(Struct, frozen=True):
    """A round whose echoes aren't resolved yet."""

    steps: tuple[Step, ...]
    outcomes: tuple[UnresolvedOutcome, ...]
    span: Span
    by: str | None = None  # the connection that it is on, if there are several
    again: tuple[Connect | None] | None = None  # how a new connection is made for it; None: it isn't


def _round(found: FoundKeys) -> UnresolvedRound:
    nothing = (UnresolvedOutcome(Behaviour.OK, (), span=found.span),)
    again = (found.get("reconnect"),) if "reconnect" in found.values else None
    expect = found.get("expect", nothing)
    return UnresolvedRound(found.get("send", ()), expect, found.span, found.get("as"), again)


ROUND: Reader[UnresolvedRound] = Record(
    "a round",
    {
        "as": Key(TAG, "The connection of this round, one of `connections`."),
        "reconnect": Key(
            OrNone(CONNECT, None),
            "Make a new connection for this round and those after it: as the first one, with what differs, "
            "or none. `<name>` in a value is what was captured.",
        ),
        "send": Key(Items("a list of steps", STEP, at_least=1), "The steps of the tester, in order."),
        "expect": Key(
            RoundExpect(),
            "The events that come back before the next round begins, in order; or several outcomes, best "
            "first.",
        ),
    },
    _round,
    at_least_one=("send", "expect", "reconnect"),
)

TALK: Reader[tuple[UnresolvedRound, ...]] = Items("a list of rounds", ROUND, at_least=1)

CONNECTIONS: Reader[tuple[tuple[str, Connect | None], ...]] = Table(
    "a mapping of connections, each with how it is made, or none", TAG, OrNone(CONNECT, None)
)

IGNORE: Reader[tuple[Pattern, ...]] = Items("a list of events", EVENT)


_MESSAGE = OneKey("a message", MESSAGE_STEPS, step_placed)

_MESSAGE = OneKey("a message", MESSAGE_STEPS, step_placed)

ANSWER: Reader[tuple[Answering, ...]] = Items(
    "a list of answers",
    Record(
        "an answer",
        {
            "to": Key(EVENT, "The event that is answered whenever it comes.", True),
            "send": Key(_MESSAGE, "The message that answers it.", True),
        },
        lambda found: Answering(found.values["to"], found.values["send"], found.span),
    ),
)
