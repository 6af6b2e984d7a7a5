"""What a case costs by itself: octets that it sends, time that it takes of an endpoint without fault."""

from __future__ import annotations

from replay.spec.model import Case, Pause, Repeat, SendData, SendFrame, SendMessage, Step
from replay.trace.model import Timer, Wait

_HEADER = 14  # octets of the longest one


def volume(case: Case) -> int:
    """The octets that are sent, about; of a recorded connection those of both sides."""
    if case.trace is not None:
        return case.trace.size
    return sum(_octets(step) for step in case.steps)


def _octets(step: Step) -> int:
    match step:
        case SendFrame() | SendMessage() | SendData():
            size = (step.payload.next or len(step.payload)) + _HEADER
            fragment = step.fragment if isinstance(step, SendMessage) else None
            return size + (size // fragment * _HEADER if fragment else 0)
        case Repeat():
            return step.times * sum(_octets(inner) for inner in step.steps)
    return _HEADER


def silence(case: Case) -> int:
    """Microseconds that pass without anything to do: its pauses, and the patience where only that
    decides."""
    if case.trace is not None:
        fired = (entry for entry in case.trace.entries if isinstance(entry, Timer) and entry.fired)
        return sum(timer.after or 0 for timer in fired if timer.wait is Wait.DELAY)
    pauses = sum(step.after for step in case.steps if isinstance(step, Pause))
    by_tester = case.closing is not None and case.closing.by != "testee"
    undecided = by_tester and len({outcome.patterns for outcome in case.outcomes}) > 1
    return pauses + (case.patience.after if undecided else 0)
