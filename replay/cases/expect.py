"""The keys `expect`, `patience`, `close` and `disputed`: what may come back, and how the connection
ends."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.cases.model import AnyOrder, Behaviour, Closing, EventKind, Expected, Patience, Pattern, Series
from replay.cases.open_words import ANY_OPENED, ANY_REFUSAL, OPENED, REFUSED
from replay.cases.payloads import PAYLOAD_ROWS, payload_of, with_payload
from replay.cases.said_words import said_words
from replay.source import Span
from replay.typed import nodes, schema
from replay.typed.readers import (
    Either,
    Files,
    FoundKeys,
    Items,
    Key,
    Mapped,
    OneKey,
    OrNone,
    Reader,
    Record,
    Shaped,
    Word,
)
from replay.typed.scalars import CODE, DURATION, FLAG, LINE, TAG, integer
from replay.values.reader import EXPECTED

MAX_TIMES = limits.ROUNDS.default
"""The most often that an event may be expected in a row."""

Placed = TypeVar("Placed", bound=Struct)


class EchoWord(Struct, frozen=True):
    """The word `echo`, until the steps of the case say what it means."""

    name: str | None = None  # of the only message that comes back
    span: Span | None = None


Unresolved = Expected | EchoWord
"""What an outcome may list."""


class UnresolvedOutcome(Struct, frozen=True):
    """An outcome whose echoes aren't resolved yet."""

    verdict: Behaviour
    events: tuple[Unresolved, ...] | None  # None: anything
    closing: Closing | None = None  # None: as the case says
    span: Span | None = None


class Argued(Struct, frozen=True):
    """The contents of `disputed`."""

    why: str
    expect: tuple[UnresolvedOutcome, ...] | None
    close: Closing | None


def _placed(event: Placed, span: Span) -> Placed:
    return replace(event, span=span)


def _payload_event(kind: EventKind) -> Reader[Pattern]:
    return with_payload(
        PAYLOAD_ROWS | {"optional": Key(FLAG, "Whether the event may be missing.")},
        lambda found: Pattern(kind, payload_of(found), optional=found.get("optional", False)),
        lambda payload: Pattern(kind, payload),
    )


EVENTS: dict[str, Reader[Pattern]] = {
    "text": _payload_event(EventKind.TEXT),
    "binary": _payload_event(EventKind.BINARY),
    **said_words(EXPECTED, lambda said: Pattern(EventKind.TEXT, said=said)),
    "pong": _payload_event(EventKind.PONG),
    "still-open": Mapped(TAG, lambda tag: Pattern(EventKind.STILL_OPEN, tag=tag)),
    "quiet": Mapped(DURATION, lambda after: Pattern(EventKind.STILL_OPEN, tag="quiet", after=after)),
    "opened": Mapped(OPENED, lambda answer: Pattern(EventKind.OPENED, answer=answer)),
    "refused": Mapped(REFUSED, lambda answer: Pattern(EventKind.NOT_OPENED, answer=answer)),
}

_ALONE = {
    "opened": Pattern(EventKind.OPENED, answer=ANY_OPENED),
    "refused": Pattern(EventKind.NOT_OPENED, answer=ANY_REFUSAL),
    "gave-up": Pattern(EventKind.END),
}

_MEANT = {
    "close": "how the connection ends is said by the case's own 'close:', not among the events",
    "message": "a message is 'text: …' or 'binary: …'",
    **dict.fromkeys(("string", "receive"), "a text message is 'text: …'"),
    **dict.fromkeys(("bytes", "hex"), "a binary message is 'binary: {hex: 00 ff}'"),
    "ping": "a Ping can't be expected: one from the testee is always allowed, and is answered",
}
"""What other tools call the events."""

_ONE: Reader[Pattern] = OneKey("an event", EVENTS, _placed, alone=_ALONE, meant=_MEANT)

EVENT: Reader[Pattern] = OneKey(
    "an event",
    EVENTS | {"maybe": Mapped(_ONE, lambda event: replace(event, optional=True))},
    _placed,
    alone=_ALONE,
    meant=_MEANT,
)
"""A single event."""

_STRAND: Reader[tuple[Pattern, ...]] = Shaped(
    "an event, or a list of events that come in this order",
    {
        nodes.Scalar: Mapped(EVENT, lambda event: (event,)),
        nodes.Mapping: Mapped(EVENT, lambda event: (event,)),
        nodes.Sequence: Items("a list of events", EVENT, at_least=1),
    },
)

_SERIES: Reader[Series] = Record(
    "a series of events",
    {
        "event": Key(_ONE, "The event that comes several times in a row.", True),
        "times": Key(integer(1, MAX_TIMES), "How often it comes; by default once or more often."),
    },
    lambda found: Series(found.values["event"], found.get("times")),
)

_LISTED: Reader[Unresolved] = OneKey(
    "an event",
    {
        **EVENTS,
        "echo": Mapped(TAG, lambda name: EchoWord(name)),
        "maybe": Mapped(_ONE, lambda event: replace(event, optional=True)),
        "any-order": Mapped(
            Items("a list of events, or of lists of events", _STRAND, at_least=1), AnyOrder
        ),
        "some": _SERIES,
    },
    _placed,
    alone={"echo": EchoWord(), **_ALONE},
    meant=_MEANT,
)
"""What an outcome may list."""


def _closing(found: FoundKeys) -> Closing:
    usual = not {"code", "codes"} & found.values.keys()
    codes: tuple[int | None, ...] | None = found.get("usual", (1000,))
    if not usual:
        codes = found.get("codes", (found.get("code"),))
    if codes is not None:  # a Close without a code is always right if it is right with one
        codes = tuple(dict.fromkeys((*codes, None)))
    return Closing(
        by=found.get("by", "tester"),
        codes=codes,
        usual=usual,
        clean=found.get("clean", True),
        wrong_code_fails=found.get("wrong-code", False),
        decisive=found.get("decisive", False),
        tcp=found.get("tcp"),
        span=found.span,
    )


CODES: Reader[tuple[int, ...] | None] = Shaped(
    "a list of close codes, or any",
    {
        nodes.Sequence: Items("a list of close codes", CODE, at_least=1),
        nodes.Scalar: Word("a set of codes", {"any": None}, rival="a list of close codes"),
    },
)

_ROLES = "the endpoint under test, whether server or client, is the 'testee'; replay is the 'tester'"
_REQUIRED = "'clean: required' asks for a clean closing handshake"
_OPTIONAL = "'clean: optional' doesn't ask for one"

USUAL: Reader[tuple[int, ...]] = Shaped(
    "a close code, or a list of them",
    {
        nodes.Sequence: Items("a list of close codes", CODE, at_least=1),
        nodes.Scalar: Mapped(CODE, lambda code: (code,)),
    },
)

CLOSE: Reader[Closing] = Record(
    "a closing",
    {
        "by": Key(
            Word(
                "a role",
                {"tester": "tester", "testee": "testee", "either": "either"},
                meant=dict.fromkeys(("server", "client", "peer", "me", "us", "them", "both"), _ROLES),
            ),
            "The endpoint that has to send the first Close frame.",
        ),
        "code": Key(
            OrNone(CODE, None),
            "The close code that the testee's Close frame may carry; none means that it carries none.",
        ),
        "codes": Key(
            CODES,
            "The close codes that the testee's Close frame may carry; any means every code that is allowed "
            "in one.",
        ),
        "usual": Key(
            USUAL,
            "Like codes, if no RFC prescribes them: --profile rfc accepts every code that is allowed in a "
            "Close frame.",
        ),
        "clean": Key(
            Word(
                "a demand",
                {"required": True, "optional": False},
                meant={
                    **dict.fromkeys(("yes", "true", "on"), _REQUIRED),
                    **dict.fromkeys(("no", "false", "off"), _OPTIONAL),
                },
            ),
            "Whether both Close frames must be sent and the server must end TCP.",
        ),
        "wrong-code": Key(
            Word("a consequence", {"fails": True}),
            "failed-behaviour means that any other code fails the behaviour too.",
        ),
        "decisive": Key(FLAG, "Whether the behaviour fails too if the wrong side closes."),
        "tcp": Key(
            Word("an end of TCP", {"fin": "fin", "rst": "rst", "ended": "ended", "kept": "kept"}),
            "How the testee has to end TCP: with FIN, with RST, in either way (ended), or not before "
            "the tester (kept).",
        ),
    },
    _closing,
    exclusive=("code", "codes", "usual"),
    hint=lambda node: "as in 'close: {by: testee, code: 1000}'",
)

_EVENTS = Items("a list of events", _LISTED)


_IN_BRACKETS = {word: f"events are given as a list: [{word}]" for word in ("echo", *EVENTS)}
_NOTHING = "write an empty list to expect nothing: 'ok: []'"
_IN_BRACKETS |= dict.fromkeys(("none", "nothing", "null", "empty"), _NOTHING)


def _outcome(verdict: Behaviour) -> Reader[UnresolvedOutcome]:
    return Shaped(
        "a list of events, or any",
        {
            nodes.Sequence: Mapped(_EVENTS, lambda events: UnresolvedOutcome(verdict, events)),
            nodes.Scalar: Mapped(
                Word("an expectation", {"any": None}, rival="a list of events", meant=_IN_BRACKETS),
                lambda anything: UnresolvedOutcome(verdict, anything),
            ),
            nodes.Mapping: Either(
                ("events", "close"),
                Record(
                    "an outcome with a closing of its own",
                    {
                        "events": Key(_EVENTS, "The events that come back, in order.", True),
                        "close": Key(
                            CLOSE,
                            "How the connection must end for this outcome to match; it replaces the case's "
                            "own close.",
                            True,
                        ),
                    },
                    lambda found: UnresolvedOutcome(verdict, found.values["events"], found.values["close"]),
                ),
                Mapped(_EVENTS, lambda events: UnresolvedOutcome(verdict, events)),
            ),
        },
    )


OUTCOMES: dict[str, Reader[UnresolvedOutcome]] = {
    verdict.value.lower(): _outcome(verdict)
    for verdict in (
        Behaviour.OK,
        Behaviour.NON_STRICT,
        Behaviour.INFORMATIONAL,
        Behaviour.UNIMPLEMENTED,
        Behaviour.FAILED,
    )
}

EXPECT: Reader[tuple[UnresolvedOutcome, ...]] = Items(
    "a list of outcomes, best first, such as '- ok: [echo]'",
    OneKey(
        "an outcome",
        OUTCOMES,
        _placed,
        meant={word: f"an outcome begins with its verdict: write '- ok: [{word}: …]'" for word in EVENTS}
        | {"echo": "an outcome begins with its verdict: write '- ok: [echo]'"}
        | dict.fromkeys(("pass", "passed", "success"), "the verdict of what is right is 'ok'")
        | dict.fromkeys(("fail", "error"), "the verdict of what is wrong is 'failed'"),
    ),
    at_least=1,
)


class RoundExpect(Struct, frozen=True):
    """The reader of what a round expects: outcomes, or the events of the only one, which is OK."""

    wants: str = "a list of events, or of outcomes such as '- ok: [echo]'"

    def read(self, node: nodes.Node, files: Files) -> tuple[UnresolvedOutcome, ...]:
        first = node.items[0] if isinstance(node, nodes.Sequence) and node.items else None
        if isinstance(first, nodes.Mapping) and first.pairs and first.pairs[0][0].text in OUTCOMES:
            return EXPECT.read(node, files)
        return (UnresolvedOutcome(Behaviour.OK, _EVENTS.read(node, files), span=node.span),)

    def schema(self) -> schema.Schema:
        return {"anyOf": [schema.of(_EVENTS), schema.of(EXPECT)]}


def _patience(found: FoundKeys) -> Patience:
    stalled = "stalled" in found.values
    after = found.get("stalled", found.get("after", Patience().after))
    return Patience(after, found.get("then", "fail"), stalled)


PATIENCE: Reader[Patience] = Shaped(
    "a duration such as '10 s', or a mapping with the keys after and then",
    {
        nodes.Scalar: Mapped(DURATION, Patience),
        nodes.Mapping: Record(
            "patience",
            {
                "after": Key(
                    DURATION, "The time the testee has once everything has been sent; the default is 1 s."
                ),
                "stalled": Key(
                    DURATION,
                    "How long the connection may be idle in both directions, counted from the first step.",
                ),
                "then": Key(
                    Word("an action", {"fail": "fail", "close": "close"}),
                    "What the tester does when that time is over: fail the connection, or close it.",
                ),
            },
            _patience,
            exclusive=("after", "stalled"),
        ),
    },
)


DISPUTED: Reader[Argued] = Record(
    "a dispute",
    {
        "why": Key(LINE, "The argument in one sentence, with the section of the RFC.", True),
        "expect": Key(EXPECT, "What may come back according to the RFC."),
        "close": Key(CLOSE, "How the connection must end according to the RFC."),
    },
    lambda found: Argued(found.values["why"], found.get("expect"), found.get("close")),
    at_least_one=("expect", "close"),
)
