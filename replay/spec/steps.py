"""The words of `send`: a table from each to its reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from replay import limits
from replay.source import SourceError, Span
from replay.spec import nodes
from replay.spec.fields import (
    Files,
    Found,
    Items,
    Mapped,
    OneKey,
    OrNone,
    Reader,
    Record,
    Row,
    Shaped,
    Typed,
    Word,
    expected,
    quoted,
)
from replay.spec.model import (
    OpenFrame,
    Pause,
    Payload,
    Repeat,
    SendClose,
    SendData,
    SendFrame,
    SendMessage,
    Step,
    is_text,
)
from replay.spec.scalars import (
    CODE,
    DURATION,
    DURATION_PATTERN,
    FLAG,
    HEX,
    KEY,
    MAX_SIZE,
    SIZE,
    TAG,
    TAG_PATTERN,
    UTF8,
    duration,
    integer,
)
from replay.trace.model import SECOND, Trace
from replay.wire.frame import Opcode, frame

T = TypeVar("T")

PAUSE = limits.PAUSE.default * SECOND
"""Microseconds that a pause of a tag alone takes."""

MAX_ROUNDS = limits.ROUNDS.default
"""Rounds of one repeat."""

MAX_REASON = limits.REASON.default
"""Octets of the reason of a Close: far more than a frame may carry, so that one can try."""


@dataclass(frozen=True)
class Named(Generic[T]):
    """What stands in the file of that name, which the caller of the loader follows."""

    wants: str
    follow: Callable[[Files], Callable[[str, Span], T] | None]

    def read(self, node: nodes.Node, files: Files) -> T:
        if not isinstance(node, nodes.Scalar) or not node.text:
            raise expected(self.wants, node)
        if (follow := self.follow(files)) is None:
            raise SourceError(node.span, "this spec is read without the files that it names")
        try:
            return follow(node.text, node.span)
        except OSError as error:
            fault = (error.strerror or str(error)).lower()
            raise SourceError(
                node.span, f"{quoted(node.text)}: {fault}", "paths start at the spec"
            ) from None
        except SourceError as error:
            if error.span is not None:
                raise
            raise SourceError(node.span, error.message, error.hint) from None


PAYLOAD_ROWS = {
    "utf8": Row(UTF8, "The payload as text."),
    "hex": Row(HEX, "The payload's octets, two digits each; spaces are free."),
    "file": Row(
        Named("the name of a file", lambda files: files.octets),
        "A file with the payload, from the spec on.",
    ),
    "size": Row(SIZE, "The payload is repeated, or cut, to this many octets."),
}
PAYLOAD_ONE_OF = ("utf8", "hex", "file")
SIZES = ("size", "next")

SENT_ROWS = PAYLOAD_ROWS | {
    "next": Row(SIZE, "In a repeat: each round sends the next so many octets (of a text: code points)."),
    "name": Row(TAG, "The name by which 'echo: NAME' knows the message that begins here."),
}

HEADER_ROWS = {
    "fin": Row(FLAG, "Whether this frame ends its message."),
    "rsv": Row(integer(0, 7), "The reserved bits as a number: 4 is RSV1, 2 is RSV2, 1 is RSV3."),
    "mask": Row(OrNone(KEY, False), "The masking key, or none for no mask; else as the rule wants it."),
}

FRAME_ROWS = (SENT_ROWS | HEADER_ROWS) | {
    "chop": Row(OrNone(integer(1, MAX_SIZE), None), "Octets a write; none: the frame in one write."),
    "length": Row(integer(0, 2**64 - 1), "The length that the frame announces, if not the true one."),
    "form": Row(Word("a length form", {"0": 0, "2": 2, "8": 8}), "Octets of extended length: 0, 2 or 8."),
}


def payload_of(found: Found) -> Payload:
    """The payload that PAYLOAD_ROWS describe."""
    unit = next(found.values[name] for name in PAYLOAD_ONE_OF if name in found.values)
    size, step = found.get("size"), found.get("next")
    if size and not unit:
        raise SourceError(found.at("size"), f"no octets can't be repeated to {size}")
    if step is not None and not 0 < step <= len(unit):
        raise SourceError(found.at("next"), f"a slice has from 1 to {len(unit)} octets, as the payload has")
    return Payload(unit, size, step)


def _frame(opcode: int | None, found: Found) -> SendFrame:
    payload = payload_of(found)
    length, form = found.get("length"), found.get("form")
    try:
        frame(0, length=len(payload) if length is None else length, form=form)
    except ValueError as error:
        raise SourceError(found.at("form"), str(error)) from None
    return SendFrame(
        found.values["opcode"] if opcode is None else opcode,
        payload,
        fin=found.get("fin", True),
        rsv=found.get("rsv", 0),
        mask=found.get("mask"),
        length=length,
        form=form,
        chop=found.get("chop"),
        name=found.get("name"),
    )


def _message(found: Found) -> SendMessage:
    return SendMessage(found.get("kind", True), payload_of(found), found.get("fragment"), found.get("name"))


def _open_frame(found: Found) -> OpenFrame:
    return OpenFrame(**found.values)


def with_payload(
    rows: Mapping[str, Row], build: Callable[[Found], T], short: Callable[[Payload], T]
) -> Reader[T]:
    """What is a mapping of `rows`, those of a payload among them, or just the payload as a text."""
    sizes = tuple(name for name in SIZES if name in rows)
    details = Record("a payload", rows, build, one_of=PAYLOAD_ONE_OF, exclusive=sizes)
    return Shaped(
        'a text ("" for none) or a mapping of utf8, hex or file',
        {nodes.Scalar: Mapped(UTF8, lambda unit: short(Payload(unit))), nodes.Mapping: details},
    )


def _frame_of(opcode: Opcode) -> Reader[SendFrame]:
    return with_payload(FRAME_ROWS, partial(_frame, opcode), partial(SendFrame, opcode))


def _pause(match: re.Match[str]) -> Pause:
    return Pause(PAUSE, match["tag"]) if match["tag"] else Pause(duration(match))


def _close(found: Found) -> SendClose:
    reason: Payload = found.get("reason", Payload())
    if len(reason) > MAX_REASON:
        raise SourceError(found.at("reason"), f"a reason has at most {MAX_REASON} octets here")
    return SendClose(found.get("code"), reason.octets)


PAYLOAD: Reader[Payload] = with_payload(PAYLOAD_ROWS, payload_of, lambda payload: payload)

_CLOSE: Reader[SendClose] = Shaped(
    "a close code, or a mapping of code and reason",
    {
        nodes.Scalar: Mapped(CODE, SendClose),
        nodes.Mapping: Record(
            "a close",
            {
                "code": Row(OrNone(CODE, None), "The close code; none: the reason stands alone.", True),
                "reason": Row(PAYLOAD, "The reason, a payload."),
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
        ),
        nodes.Mapping: Record(
            "a pause",
            {
                "after": Row(DURATION, "How long nothing is sent; 1 s if it isn't said."),
                "tag": Row(TAG, "The name by which still-open knows it."),
                "exact": Row(FLAG, "Whether it is never shortened."),
            },
            lambda found: Pause(found.get("after", PAUSE), found.get("tag"), found.get("exact", False)),
        ),
    },
)

_OPCODE = {"opcode": Row(integer(0, 15, "an opcode"), "The opcode, also a reserved one.", True)}

_MESSAGE: Reader[SendMessage] = Record(
    "a message",
    SENT_ROWS
    | {
        "kind": Row(Word("a kind of message", {"text": True, "binary": False}), "text, or binary."),
        "fragment": Row(integer(1, MAX_SIZE), "The octets of a frame; if not said, it is one frame."),
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


def _data_placed(step: SendFrame | SendMessage, span: Span) -> SendFrame | SendMessage:
    return replace(step, span=span)


_REPEAT: Reader[Repeat] = Record(
    "a repeat",
    {
        "times": Row(integer(1, MAX_ROUNDS), "The number of rounds.", True),
        "send": Row(
            Items(
                "a list of data frames and messages",
                OneKey("a step of a round", DATA_STEPS, _data_placed),
                at_least=1,
            ),
            "What each round sends, once the messages of those before it have come back.",
            True,
        ),
    },
    lambda found: Repeat(found.values["times"], found.values["send"]),
)

STEPS: dict[str, Reader[Step]] = {
    **DATA_STEPS,
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
        | {"length": Row(integer(0, 2**64 - 1), "The octets of payload that it announces.", True)},
        _open_frame,
    ),
    "data": Mapped(PAYLOAD, SendData),
    "repeat": _REPEAT,
    "close": OrNone(_CLOSE, SendClose(None)),
    "pause": _PAUSE,
}


def _placed(step: Step, span: Span) -> Step:
    return replace(step, span=span)


STEP: Reader[Step] = OneKey("a step", STEPS, _placed)

SEND: Reader[tuple[Step, ...] | Trace] = Shaped(
    "a list of steps, or 'trace: FILE'",
    {
        nodes.Sequence: Items("a list of steps", STEP),
        nodes.Mapping: Record(
            "a recorded connection",
            {
                "trace": Row(
                    Named("the name of a wire log", lambda files: files.trace), "A wire log to send.", True
                )
            },
            lambda found: found.values["trace"],
        ),
    },
)
"""What a case sends: steps, or what a wire log recorded."""


def check_steps(steps: Sequence[Step]) -> None:
    """Raises SourceError where steps don't fit together: pieces of a frame, slices of a round."""
    lacking: int | None = None  # octets of the frame that is open
    for step in steps:
        match step:
            case OpenFrame(length=length):
                if lacking:
                    raise _inside(step.span, lacking)
                lacking = length
            case SendData(payload=payload):
                if lacking is None or len(payload) > lacking:
                    left = "no frame is open" if lacking is None else f"its frame has room for {lacking}"
                    raise SourceError(
                        step.span, f"{len(payload)} octets of data, but {left}", "'open-frame:' opens one"
                    )
                lacking -= len(payload)
            case SendFrame() | SendMessage() | Repeat() if lacking:
                raise _inside(step.span, lacking)
            case SendFrame() | SendMessage() if step.payload.next is not None:
                raise SourceError(step.span, "'next' is for the steps of a repeat")
            case Repeat():
                for inner in step.steps:
                    _check_slices(inner)


def _inside(span: Span | None, lacking: int) -> SourceError:
    return SourceError(span, f"the frame that is open lacks {lacking} octets", "send them as 'data:'")


def _check_slices(step: SendFrame | SendMessage) -> None:
    if step.payload.next is None:
        return
    try:
        step.payload.of_round(0, is_text(step))
    except UnicodeDecodeError:
        raise SourceError(step.span, "slices of a text are of code points, and this is no UTF-8") from None
    except ZeroDivisionError:
        raise SourceError(step.span, "a slice is longer than the text, in code points") from None
