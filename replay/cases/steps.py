"""The words of `send`, in a table with their readers."""

from __future__ import annotations

import re
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from replay import limits
from replay.cases.payload import Payload
from replay.cases.payloads import (
    PAYLOAD,
    PAYLOAD_ONE_OF,
    PAYLOAD_ROWS,
    SIZES,
    payload_of,
    with_payload,
)
from replay.cases.relative import OrRelative
from replay.cases.said_words import said_words, sendable
from replay.cases.step import (
    Await,
    OpenFrame,
    Pause,
    Repeat,
    SendClose,
    SendData,
    SendEnd,
    SendFrame,
    SendMessage,
    Step,
)
from replay.source import Located, SourceError, Span
from replay.trace.model import SECOND, How, Trace
from replay.typed import nodes
from replay.typed.readers import (
    Either,
    FoundKeys,
    Items,
    Key,
    Mapped,
    Named,
    OneKey,
    OrNone,
    Reader,
    Record,
    Shaped,
    Typed,
    Word,
)
from replay.typed.scalars import (
    CODE,
    DURATION,
    DURATION_PATTERN,
    FLAG,
    KEY,
    MAX_SIZE,
    SIZE,
    TAG,
    TAG_PATTERN,
    duration,
    integer,
    unit_missing,
)
from replay.values.reader import SENT
from replay.wire.frame import Opcode, frame

PAUSE = limits.PAUSE.default * SECOND
"""The length of a pause that has only a tag, in microseconds."""

MAX_ROUNDS = limits.ROUNDS.default
"""The most rounds of one repeat."""

MAX_REASON = limits.REASON.default
"""The most octets of the reason of a Close: far more than a frame may carry, so that a spec can try it."""


SENT_ROWS = PAYLOAD_ROWS | {
    "next": Key(
        SIZE,
        "The size of the slice that each round of a repeat sends, in octets or in code points of a text.",
    ),
    "name": Key(TAG, "The name by which 'echo: NAME' refers to the message that begins here."),
}

HEADER_ROWS = {
    "fin": Key(FLAG, "Whether this frame ends its message (FIN)."),
    "rsv": Key(integer(0, 7), "The reserved bits as a number: 4 is RSV1, 2 is RSV2, 1 is RSV3."),
    "mask": Key(
        OrNone(KEY, False),
        "The masking key, or none for no mask; by default the frame is masked as RFC 6455 requires.",
    ),
}

FRAME_ROWS = (SENT_ROWS | HEADER_ROWS) | {
    "chop": Key(
        OrNone(OrRelative(integer(1, MAX_SIZE)), None),
        "The octets of each write; none means one write, which adjacent frames may share.",
    ),
    "cut": Key(integer(1, MAX_SIZE), "Cuts the frame into two writes; the first has this many octets."),
    "pause": Key(DURATION, "The time between two writes of the frame."),
    "length": Key(
        OrRelative(integer(0, 2**64 - 1)), "The length that the frame announces, if it isn't the true one."
    ),
    "form": Key(
        Word("a length form", {"0": 0, "2": 2, "8": 8}),
        "The number of octets of extended length: 0, 2 or 8.",
    ),
}


def _frame(opcode: int | None, found: FoundKeys) -> SendFrame:
    payload = payload_of(found)
    length, form = found.get("length"), found.get("form")
    try:
        frame(0, length=len(payload) if length is None else length, form=form)
    except ValueError as error:
        raise SourceError(found.at("form"), str(error)) from None
    if {"chop", "cut"} <= found.values.keys():
        raise SourceError(found.at("cut"), "a frame is cut either by 'chop' or by 'cut'")
    if "pause" in found.values and not {"chop", "cut"} & found.values.keys():
        raise SourceError(found.at("pause"), "a pause is between the writes of 'chop' or 'cut'")
    return SendFrame(
        found.values["opcode"] if opcode is None else opcode,
        payload,
        fin=found.get("fin", True),
        rsv=found.get("rsv", 0),
        mask=found.get("mask"),
        length=length,
        form=form,
        chop=found.get("chop"),
        cut=found.get("cut"),
        gap=found.get("pause", 0),
        name=found.get("name"),
    )


def _message(found: FoundKeys) -> SendMessage:
    return SendMessage(
        found.get("kind", True),
        payload_of(found),
        found.get("fragment"),
        found.get("name"),
        found.get("compress", True),
    )


def _open_frame(found: FoundKeys) -> OpenFrame:
    return OpenFrame(**found.values)


def _frame_of(opcode: Opcode) -> Reader[SendFrame]:
    return with_payload(FRAME_ROWS, partial(_frame, opcode), partial(SendFrame, opcode))


def _pause(match: re.Match[str]) -> Pause:
    return Pause(PAUSE, match["tag"]) if match["tag"] else Pause(duration(match))


def _close(found: FoundKeys) -> SendClose:
    reason: Payload = found.get("reason", Payload())
    if len(reason) > MAX_REASON:
        raise SourceError(found.at("reason"), f"a reason can't be longer than {MAX_REASON} octets")
    return SendClose(found.get("code"), reason.octets, found.get("joined", False))


_CLOSE: Reader[SendClose] = Shaped(
    "a close code, or a mapping with code and reason",
    {
        nodes.Scalar: Mapped(CODE, SendClose),
        nodes.Mapping: Record(
            "a close",
            {
                "code": Key(
                    OrNone(CODE, None), "The close code; none means that there is only a reason.", True
                ),
                "reason": Key(PAYLOAD, "The reason, as a payload."),
                "joined": Key(FLAG, "Whether it is sent in the same write as the frame before it."),
            },
            _close,
        ),
    },
)

_PAUSE: Reader[Pause] = Shaped(
    "a duration such as '1 s' or a tag such as 'A'",
    {
        nodes.Scalar: Typed(
            "a duration such as '1 s' or a tag such as 'A'",
            f"{DURATION_PATTERN}|(?P<tag>{TAG_PATTERN})",
            _pause,
            looks=f"{DURATION_PATTERN}|{TAG_PATTERN}",
            meant=unit_missing,
        ),
        nodes.Mapping: Record(
            "a pause",
            {
                "after": Key(DURATION, "The time for which nothing is sent; the default is 1 s."),
                "tag": Key(TAG, "The name by which still-open refers to this pause."),
                "exact": Key(FLAG, "Whether the pause is never shortened."),
            },
            lambda found: Pause(found.get("after", PAUSE), found.get("tag"), found.get("exact", False)),
        ),
    },
)

_OPCODE = {"opcode": Key(integer(0, 15, "an opcode"), "The opcode, which may be a reserved one.", True)}

_MESSAGE: Reader[SendMessage] = Record(
    "a message",
    SENT_ROWS
    | {
        "kind": Key(
            Word("a kind of message", {"text": True, "binary": False}),
            "The kind of message: text or binary.",
        ),
        "fragment": Key(
            OrNone(OrRelative(integer(1, MAX_SIZE)), None),
            "The number of octets of each frame as sent on the wire; none means one frame.",
        ),
        "compress": Key(
            FLAG,
            "Whether the message is compressed if permessage-deflate has been negotiated; the default is "
            "true.",
        ),
    },
    _message,
    one_of=PAYLOAD_ONE_OF,
    exclusive=SIZES,
)

DATA_STEPS: dict[str, Reader[SendFrame | SendMessage]] = {
    "text": _frame_of(Opcode.TEXT),
    "binary": _frame_of(Opcode.BINARY),
    "continuation": _frame_of(Opcode.CONTINUATION),
    "message": _MESSAGE,
}

MESSAGE_STEPS = DATA_STEPS | said_words(SENT, lambda said: SendMessage(True, said=said))
"""Those that send a message, or begin one."""


Sent = TypeVar("Sent", bound=Located)


def step_placed(step: Sent, span: Span) -> Sent:
    if isinstance(step, SendMessage) and step.said is not None:
        sendable(step.said, span)
    return replace(step, span=span)


_REPEAT: Reader[Repeat] = Record(
    "a repeat",
    {
        "times": Key(integer(1, MAX_ROUNDS), "The number of rounds.", True),
        "enough": Key(
            SIZE,
            "The number of octets that is enough: without --thorough, rounds are played until they have "
            "sent so many, but at least 25.",
        ),
        "send": Key(
            Items(
                "a list of data frames and messages",
                OneKey("a step of a round", DATA_STEPS, step_placed),
                at_least=1,
            ),
            "The steps of each round, which begins once the messages of the previous rounds have come "
            "back.",
            True,
        ),
    },
    lambda found: Repeat(found.values["times"], found.values["send"], found.get("enough")),
)

STEPS: dict[str, Reader[Step]] = {
    **MESSAGE_STEPS,
    "ping": _frame_of(Opcode.PING),
    "pong": _frame_of(Opcode.PONG),
    "frame": Record(
        "a frame",
        _OPCODE | FRAME_ROWS,
        partial(_frame, None),
        one_of=PAYLOAD_ONE_OF,
        exclusive=SIZES,
    ),
    "open-frame": Record(
        "the header of a frame",
        _OPCODE
        | HEADER_ROWS
        | {
            "length": Key(
                OrRelative(integer(0, 2**64 - 1)),
                "The number of octets of payload that the header announces.",
                True,
            )
        },
        _open_frame,
    ),
    "data": Mapped(PAYLOAD, SendData),
    "repeat": _REPEAT,
    "close": OrNone(_CLOSE, SendClose(None)),
    "await": Word("a thing to wait for", {"close": Await()}),
    "drop": Word("a way to end TCP", {"fin": SendEnd(How.FIN), "rst": SendEnd(How.RST)}),
    "pause": _PAUSE,
    "stall": Mapped(DURATION, lambda after: Pause(after, exact=True, deaf=True)),
}


_PAUSE_HINT = "a pause is 'pause: 500 ms'"
_EXPECT_HINT = "'send' lists what replay sends; what may come back belongs in 'expect'"
_MEANT = {
    **dict.fromkeys(("sleep", "wait", "delay", "timeout"), _PAUSE_HINT),
    **dict.fromkeys(("receive", "recv", "expect", "echo"), _EXPECT_HINT),
    **dict.fromkeys(("send", "string", "str"), "a text message is 'text: hello'"),
    **dict.fromkeys(("bytes", "hex", "base64"), "a binary message is 'binary: {hex: 00 ff}'"),
    **dict.fromkeys(("open", "connect"), "replay opens the connection by itself"),
    **dict.fromkeys(
        ("disconnect", "end", "fin", "rst"), "a Close frame is 'close: 1000'; 'drop: fin' ends TCP"
    ),
}
"""What other tools call the steps."""

STEP: Reader[Step] = OneKey("a step", STEPS, step_placed, meant=_MEANT)

_SENT = Items("a list of steps, or 'trace: FILE'", STEP)

SEND: Reader[tuple[Step, ...] | Trace] = Shaped(
    "a list of steps, or 'trace: FILE'",
    {
        nodes.Sequence: _SENT,
        nodes.Mapping: Either(
            ("trace",),
            Record(
                "a recorded connection",
                {
                    "trace": Key(
                        Named("the name of a wire log", lambda files: files.trace),
                        "The name of a wire log whose tester's octets are sent.",
                        True,
                    )
                },
                lambda found: found.values["trace"],
            ),
            _SENT,
        ),
    },
)
"""What a case sends: steps, or the recording in a wire log."""
