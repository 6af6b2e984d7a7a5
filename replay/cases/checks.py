"""Checks that cases and the steps of a case fit together: ids, names, the pieces of a frame, the slices of
a round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from replay.cases.model import Case
from replay.cases.step import (
    Await,
    OpenFrame,
    Repeat,
    SendClose,
    SendData,
    SendEnd,
    SendFrame,
    SendMessage,
    Step,
    is_text,
)
from replay.source import SourceError, Span


def unique(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases of one or several files. Raises SourceError for a duplicate id."""
    seen: dict[str, Case] = {}
    for case in cases:
        if (first := seen.setdefault(case.id, case)) is case:
            continue
        if first.span == case.span:
            hint = "put the label of each axis into the id, as '$axis'"
            raise SourceError(case.span, f"the matrix yields the id {case.id!r} twice", hint)
        raise SourceError(case.span, f"duplicate id {case.id!r}; the first one is in {first.span}")
    return tuple(seen.values())


def check_steps(steps: Sequence[Step]) -> None:
    """Raises SourceError if the steps don't fit together: names, the pieces of a frame, the slices of a
    round."""
    _check_names(steps)
    _check_end(steps)
    lacking: int | None = None  # how many octets the open frame still needs
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
                    hint = "the 'length' of 'open-frame:' has to cover all 'data:' of the frame"
                    raise SourceError(step.span, f"{said} its frame has room for {lacking}", hint)
                lacking -= len(payload)
            case SendFrame() | SendMessage() | Repeat() if lacking:
                raise _inside(step.span, lacking)
            case SendFrame() | SendMessage() if step.payload.next is not None:
                raise SourceError(step.span, "'next' is only allowed in the steps of a repeat")
            case Repeat():
                for inner in step.steps:
                    _check_slices(inner)


def _check_end(steps: Sequence[Step]) -> None:
    """Raises SourceError if a step comes after the end of TCP, or a Close isn't joined to a frame, or no
    step ends a connection that is left to the steps."""
    for before, step in zip((None, *steps), steps, strict=False):
        match step:
            case SendClose(joined=True) if not isinstance(before, SendFrame | SendMessage):
                raise SourceError(step.span, "a joined Close has to come right after a frame or a message")
            case _ if isinstance(before, SendEnd):
                raise SourceError(step.span, "nothing can be sent after 'drop:' has ended TCP")
            case Await() if not any(isinstance(one, SendClose | SendEnd) for one in steps):
                hint = "'drop: fin' ends TCP, and 'close: 1000' answers the Close"
                raise SourceError(step.span, "no step ends the connection after the testee's Close", hint)


def _check_names(steps: Sequence[Step]) -> None:
    named: dict[str, Step] = {}
    for step in steps:
        match step:
            case Repeat():
                _check_nameless(step)
            case SendFrame(name=str(name)) | SendMessage(name=str(name)):
                if (first := named.setdefault(name, step)) is not step:
                    raise SourceError(
                        step.span, f"duplicate name {name!r}; the first step with it is in {first.span}"
                    )


def _check_nameless(repeat: Repeat) -> None:
    for step in repeat.steps:
        if step.name is not None:
            hint = "'echo' means the messages of all rounds and of all other steps"
            raise SourceError(step.span, f"a step of a repeat can't have a name, found {step.name!r}", hint)


def _inside(span: Span | None, lacking: int) -> SourceError:
    return SourceError(span, f"the open frame still needs {lacking} octets", "send them with 'data:'")


def _check_slices(step: SendFrame | SendMessage) -> None:
    if step.payload.next is None:
        return
    try:
        size = len(step.payload.unit.decode()) if is_text(step) else len(step.payload.unit)
    except UnicodeDecodeError:
        raise SourceError(step.span, "a text is sliced by code points, but this isn't UTF-8") from None
    if step.payload.next > size:
        raise SourceError(step.span, "the slice has more code points than the text")
