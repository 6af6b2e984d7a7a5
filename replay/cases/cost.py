"""What a case costs by itself: octets that it sends, time that it takes of an endpoint without fault."""

from __future__ import annotations

from collections.abc import Sequence

from replay.cases.model import (
    Case,
    Outcome,
    Pause,
    Repeat,
    SendClose,
    SendData,
    SendFrame,
    SendMessage,
    Step,
)
from replay.trace.model import Timer, Wait

_HEADER = 14  # octets of the longest one
_TRIP = 16 * 2**10  # octets that pass in the time of a round trip, about
_WRITE = 6 * 2**10  # ... of a small write


def volume(case: Case) -> int:
    """The octets that are sent, about; of a recorded connection those of both sides."""
    if case.trace is not None:
        return case.trace.size
    return sum(_octets(step) for step in case.steps)


def at_once(case: Case) -> int:
    """The octets that it sends at the most before it has to wait for their echo."""
    if case.rounds is None:
        return volume(case)
    return max(
        sum(map(_octets, step.steps)) if isinstance(step, Repeat) else _octets(step) for step in case.steps
    )


def weight(case: Case) -> int:
    """About how long it keeps an endpoint busy, in octets that could be sent meanwhile."""
    rounds = sum(step.times for step in case.steps if isinstance(step, Repeat))
    frames = (step for step in case.steps if isinstance(step, SendFrame))
    writes = sum(len(frame.payload) // frame.chop for frame in frames if frame.chop)
    return volume(case) + _TRIP * (1 + rounds) + _WRITE * writes


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
    """Microseconds that pass without anything to do, if the best outcome comes: the pauses on its way,
    and the patience where nothing else ends the case."""
    if case.trace is not None:
        fired = (entry for entry in case.trace.entries if isinstance(entry, Timer) and entry.fired)
        return sum(timer.after or 0 for timer in fired if timer.wait is Wait.DELAY)
    steps = [step for step in case.steps if isinstance(step, Pause)]
    reached = {None, *(pattern.tag for pattern in case.outcomes[0].patterns)} if steps else set()
    pauses = sum(step.after for step in steps if step.tag in reached)
    return pauses + (case.patience.after if waits_out(case) else 0)


def waits_out(case: Case) -> bool:
    """Whether the patience runs out if the best outcome comes, for nothing else ends the case."""
    closes = any(isinstance(step, SendClose) for step in case.steps)
    by_testee = case.closing is None or case.closing.by == "testee"
    return not (closes or by_testee or _decided(case.outcomes))


def _decided(outcomes: Sequence[Outcome]) -> bool:
    """Whether the tester knows, once the best outcome is there, that none can come instead."""
    if len(outcomes) == 1:
        return any(not each.optional for each in outcomes[0].patterns)
    best, *others = ([each for each in outcome.patterns if not each.optional] for outcome in outcomes)
    goes_on = any(len(other) > len(best) and other[: len(best)] == best for other in others)
    return bool(best) and not goes_on and not any(outcome.anything for outcome in outcomes)
