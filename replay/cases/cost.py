"""What a case costs: the octets that it sends, and the time that it takes with an endpoint that makes no
mistake."""

from __future__ import annotations

from collections.abc import Sequence

from replay.cases.model import Case, Outcome
from replay.cases.step import Pause, Repeat, SendClose, SendData, SendEnd, SendFrame, SendMessage, Step
from replay.trace.model import Timer, Wait

_HEADER = 14  # the longest header of a frame
_TRIP = 16 * 2**10  # about how many octets pass during a round trip
_WRITE = 6 * 2**10  # how many octets the overhead of a small write is worth


def volume(case: Case) -> int:
    """About how many octets are sent; for a recorded connection, by both sides."""
    if case.trace is not None:
        return case.trace.size
    return sum(map(_octets, case.all_steps))


def at_once(case: Case) -> int:
    """The most octets that the case sends before it has to wait for their echo."""
    if case.rounds is None:
        return volume(case)
    return max(
        sum(map(_octets, step.steps)) if isinstance(step, Repeat) else _octets(step) for step in case.steps
    )


def weight(case: Case) -> int:
    """About how long the case keeps an endpoint busy, in octets that could be sent in that time."""
    rounds = sum(step.times for step in case.steps if isinstance(step, Repeat))
    frames = (step for step in case.all_steps if isinstance(step, SendFrame))
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
    """The microseconds that pass idle if the best outcome comes: the pauses on the way to it, and the
    patience if nothing else ends the case."""
    if case.trace is not None:
        fired = (entry for entry in case.trace.entries if isinstance(entry, Timer) and entry.fired)
        return sum(timer.after or 0 for timer in fired if timer.wait is Wait.DELAY)
    steps = [step for step in case.all_steps if isinstance(step, Pause)]
    reached = {None, *(pattern.tag for pattern in case.outcomes[0].patterns)} if steps else set()
    pauses = sum(step.after for step in steps if step.tag in reached) + gaps(case)
    return pauses + (case.patience.after if waits_out(case) else 0)


def gaps(case: Case) -> int:
    """The microseconds that pass between the writes of frames."""
    return sum(
        step.gap * (1 if step.chop is None else (len(step.payload) + _HEADER) // step.chop)
        for step in case.all_steps
        if isinstance(step, SendFrame)
    )


def waits_out(case: Case) -> bool:
    """Whether the patience runs out even if the best outcome comes, because nothing else ends the case."""
    closes = any(isinstance(step, SendClose | SendEnd) for step in case.all_steps)
    by_testee = case.closing is None or case.closing.by == "testee"
    return not (closes or by_testee or _decided(case.outcomes))


def _decided(outcomes: Sequence[Outcome]) -> bool:
    """Whether the tester knows that no other outcome is possible as soon as it has seen the best one."""
    if len(outcomes) == 1:
        return any(not each.optional for each in outcomes[0].patterns)
    best, *others = ([each for each in outcome.patterns if not each.optional] for outcome in outcomes)
    goes_on = any(len(other) > len(best) and other[: len(best)] == best for other in others)
    return bool(best) and not goes_on and not any(outcome.anything for outcome in outcomes)
