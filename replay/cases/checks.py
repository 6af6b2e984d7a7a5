"""Whether the steps of a case fit together: names, pieces of a frame, slices of a round."""

from __future__ import annotations

from collections.abc import Sequence

from replay.cases.model import (
    OpenFrame,
    Repeat,
    SendData,
    SendFrame,
    SendMessage,
    Step,
    is_text,
)
from replay.source import SourceError, Span


def check_steps(steps: Sequence[Step]) -> None:
    """Raises SourceError where steps don't fit together: names, pieces of a frame, slices of a round."""
    _check_names(steps)
    lacking: int | None = None  # octets of the frame that is open
    for step in steps:
        match step:
            case OpenFrame(length=length):
                if lacking:
                    raise _inside(step.span, lacking)
                lacking = length
            case SendData(payload=payload):
                said = f"{len(payload)} octets of data, but"
                if lacking is None:
                    raise SourceError(step.span, f"{said} no frame is open", "'open-frame:' opens one")
                if len(payload) > lacking:
                    hint = "the 'length' of its 'open-frame:' is that of all its data"
                    raise SourceError(step.span, f"{said} its frame has room for {lacking}", hint)
                lacking -= len(payload)
            case SendFrame() | SendMessage() | Repeat() if lacking:
                raise _inside(step.span, lacking)
            case SendFrame() | SendMessage() if step.payload.next is not None:
                raise SourceError(step.span, "'next' is for the steps of a repeat")
            case Repeat():
                for inner in step.steps:
                    _check_slices(inner)


def _check_names(steps: Sequence[Step]) -> None:
    named: dict[str, Step] = {}
    for step in steps:
        match step:
            case Repeat():
                _check_nameless(step)
            case SendFrame(name=str(name)) | SendMessage(name=str(name)):
                if (first := named.setdefault(name, step)) is not step:
                    raise SourceError(
                        step.span, f"a second step has the name {name!r}; first in {first.span}"
                    )


def _check_nameless(repeat: Repeat) -> None:
    for step in repeat.steps:
        if step.name is not None:
            hint = "'echo' stands for the messages of all rounds, and of all other steps"
            raise SourceError(
                step.span, f"a step of a repeat has no name, and this has {step.name!r}", hint
            )


def _inside(span: Span | None, lacking: int) -> SourceError:
    return SourceError(span, f"the frame that is open lacks {lacking} octets", "send them as 'data:'")


def _check_slices(step: SendFrame | SendMessage) -> None:
    if step.payload.next is None:
        return
    try:
        size = len(step.payload.unit.decode()) if is_text(step) else len(step.payload.unit)
    except UnicodeDecodeError:
        raise SourceError(step.span, "slices of a text are of code points, and this is no UTF-8") from None
    if step.payload.next > size:
        raise SourceError(step.span, "a slice is longer than the text, in code points")
