"""The words of `send`: a table from each to its reader."""

from __future__ import annotations

import re
from collections.abc import Callable
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
from replay.spec.model import Pause, Payload, SendClose, SendFrame, Step
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

FRAME_ROWS = PAYLOAD_ROWS | {
    "fin": Row(FLAG, "Whether this frame ends its message."),
    "rsv": Row(integer(0, 7), "The reserved bits as a number: 4 is RSV1, 2 is RSV2, 1 is RSV3."),
    "mask": Row(OrNone(KEY, False), "The masking key, or none for no mask; else as the rule wants it."),
    "chop": Row(OrNone(integer(1, MAX_SIZE), None), "Octets a write; none: the frame in one write."),
    "length": Row(integer(0, 2**64 - 1), "The length that the frame announces, if not the true one."),
    "form": Row(Word("a length form", {"0": 0, "2": 2, "8": 8}), "Octets of extended length: 0, 2 or 8."),
}


def _payload(found: Found) -> Payload:
    unit = next(found.values[name] for name in PAYLOAD_ONE_OF if name in found.values)
    size = found.get("size")
    if size and not unit:
        raise SourceError(found.at("size"), f"no octets can't be repeated to {size}")
    return Payload(unit, size)


def _frame(opcode: int | None, found: Found) -> SendFrame:
    payload = _payload(found)
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
    )


def _frame_of(opcode: Opcode) -> Reader[SendFrame]:
    details = Record("a payload", FRAME_ROWS, partial(_frame, opcode), one_of=PAYLOAD_ONE_OF)
    short = Mapped(UTF8, lambda unit: SendFrame(opcode, Payload(unit)))
    return Shaped(PAYLOAD.wants, {nodes.Scalar: short, nodes.Mapping: details})


def _pause(match: re.Match[str]) -> Pause:
    return Pause(PAUSE, match["tag"]) if match["tag"] else Pause(duration(match))


def _close(found: Found) -> SendClose:
    reason: Payload = found.get("reason", Payload())
    if len(reason) > MAX_REASON:
        raise SourceError(found.at("reason"), f"a reason has at most {MAX_REASON} octets here")
    return SendClose(found.get("code"), reason.octets)


PAYLOAD: Reader[Payload] = Shaped(
    'a text ("" for none) or a mapping of utf8, hex or file',
    {
        nodes.Scalar: Mapped(UTF8, Payload),
        nodes.Mapping: Record("a payload", PAYLOAD_ROWS, _payload, one_of=PAYLOAD_ONE_OF),
    },
)

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
                "tag": Row(TAG, "The name by which still-open knows it.", True),
            },
            lambda found: Pause(found.get("after", PAUSE), found.values["tag"]),
        ),
    },
)

STEPS: dict[str, Reader[Step]] = {
    "text": _frame_of(Opcode.TEXT),
    "binary": _frame_of(Opcode.BINARY),
    "continuation": _frame_of(Opcode.CONTINUATION),
    "ping": _frame_of(Opcode.PING),
    "pong": _frame_of(Opcode.PONG),
    "frame": Record(
        "a frame",
        {"opcode": Row(integer(0, 15, "an opcode"), "The opcode, also a reserved one.", True)} | FRAME_ROWS,
        partial(_frame, None),
        one_of=PAYLOAD_ONE_OF,
    ),
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
