"""A case as `replay show` describes it: what it does and expects, what is sent, and what may come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from replay.cases.model import Case, Closing, Outcome
from replay.cases.payload import Payload
from replay.cases.said import Said
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
from replay.report import safe, words
from replay.report.layout import LABEL, STYLES, Lines, labelled, text, wrapped
from replay.report.purpose import codes, purpose
from replay.report.rounds import rounds
from replay.trace.model import SECOND

MOST, MOST_EVENTS = 40, 6
"""The most steps, and events of a list, that are shown."""


def described(case: Case) -> Lines:
    """The lines that describe a case."""
    return Lines(lambda width: _described(case, width))


def _described(case: Case, width: int) -> Iterator[Text]:
    first, *rest = wrapped(f"{safe.escape(case.id)}  {safe.escape(case.title)}", width, "", "  ")
    yield text((first, LABEL))
    yield from (text((row, LABEL)) for row in rest)
    does, wants = purpose(case)
    yield from labelled("does", does, width)
    yield from labelled("wants", wants, width)
    if case.rule is not None:
        said = f"{words.reference(case.rule)}, {words.level(case.rule)}: {words.sentence(case.rule)}"
        yield from labelled("rule", f"{said} [{case.rule}]", width)
    if case.deflate is not None:
        yield from labelled("offers", safe.escape(case.deflate.offer), width)
    for number, part in enumerate(case.earlier, 1):
        yield from labelled("round", f"{number} of {case.length}", width)
        yield from _rows("sends", [_step(step) for step in part.steps[:MOST]], len(part.steps), width)
        yield from _outcomes(part.outcomes, MOST_EVENTS, width)
    if case.earlier and case.turns is None:
        yield from labelled("round", f"{case.length} of {case.length}", width)
    yield from _rows("sends", [_step(step) for step in case.steps[:MOST]], len(case.steps), width)
    if case.trace is not None:
        yield from labelled("sends", "what the log has, octet for octet", width)
    if few := rounds(case):
        yield from labelled("rounds", few, width)
    yield from _outcomes(case.outcomes, MOST_EVENTS if case.rounds is None else 2, width)
    if case.ignored:
        said = "; ".join(map(words.pattern, case.ignored[:MOST]))
        yield from labelled("ignores", said, width)
    for answer in case.answers[:MOST]:
        yield from labelled("answers", f"{words.pattern(answer.to)} with {_step(answer.step)}", width)
    if case.closing is not None:
        yield from labelled("closing", _closing(case.closing), width)
    then = {"fail": "the tester fails the connection", "close": "the tester closes"}[case.patience.then]
    since = "without any progress" if case.patience.stalled else "without what is expected"
    yield from labelled("patience", f"after {case.patience.after / SECOND:g} s {since} {then}", width)
    if case.disputed is not None:
        yield from labelled("disputed", f"{safe.escape(case.disputed.why)} (--profile rfc)", width)


def _outcomes(outcomes: Sequence[Outcome], most: int, width: int) -> Iterator[Text]:
    for number, outcome in enumerate(outcomes):
        said = f"{outcome.verdict.value}: {_events(outcome, most)}"
        yield from labelled("" if number else "expects", said, width, STYLES[outcome.verdict.value])


def _rows(label: str, rows: list[str], total: int, width: int) -> Iterator[Text]:
    for number, said in enumerate(rows):
        yield from labelled("" if number else label, said, width)
    if total > len(rows):
        yield from labelled("", f"… and {total - len(rows)} more", width)


def _step(step: Step) -> str:
    match step:
        case SendFrame():
            said = words.opcode(step.opcode) + ("" if step.fin else ", FIN 0")
            said += f", reserved bits {step.rsv:03b}" if step.rsv else ""
            said += ", not masked" if step.mask is False else ""
            said += f", announces {step.length}" if step.length is not None else ""
            said += f", length in {step.form} more octets" if step.form is not None else ""
            return f"{said}, {_payload(step.payload)}" + _writes(step)
        case SendMessage(said=Said() as said):
            return words.value(said, 2 * words.SAMPLE)
        case SendMessage():
            kind = "text" if step.text else "binary"
            cut = f", in frames of {words.count(step.fragment, 'octet')}" if step.fragment else ""
            return f"{kind}{cut}, {_payload(step.payload)}"
        case SendClose():
            reason = f", {_payload(Payload(step.reason))}" if step.reason else ""
            joined = ", in the same write" if step.joined else ""
            return f"close, {words.code(step.code)}{reason}{joined}"
        case Await():
            return "nothing until the testee's Close has come"
        case SendEnd():
            return f"the end of TCP, with {step.how.value}"
        case Pause():
            deaf = ", and nothing is read" if step.deaf else ""
            return f"nothing for {step.after / SECOND:g} s{deaf}" + (
                f", pause {step.tag}" if step.tag else ""
            )
        case OpenFrame():
            fin = "" if step.fin else ", FIN 0"
            return f"the header of a frame: {words.opcode(step.opcode)}{fin}, {step.length} octets"
        case SendData():
            return f"... of its payload, {_payload(step.payload)}"
        case Repeat():
            each = "; ".join(_step(one) for one in step.steps[:4])
            return f"{step.times} times, each once the messages before have come back: {each}"
    raise AssertionError(step)


def _writes(step: SendFrame) -> str:
    said = "" if step.chop is None else f", in writes of {words.count(step.chop, 'octet')}"
    said += "" if step.cut is None else f", in two writes, the first of {words.count(step.cut, 'octet')}"
    return said + (f", {step.gap / SECOND:g} s apart" if step.gap else "")


def _payload(payload: Payload) -> str:
    if payload.next is not None:
        return f"the next {payload.next} of {words.count(len(payload.unit), 'octet')}"
    if not len(payload):
        return "empty"
    head = words.part(payload, 0, words.SAMPLE)
    return f"{words.count(len(payload), 'octet')}: {safe.sample(head, len(payload))}"


def _events(outcome: Outcome, most: int) -> str:
    if outcome.anything:
        return "whatever comes"
    shown = [words.pattern(pattern) for pattern in outcome.patterns[:most]]
    more = len(outcome.patterns) - len(shown)
    said = ", then ".join(shown) or "nothing"
    said += f", and {more} more" if more else ""
    return said + (f"; closing {_closing(outcome.closing)}" if outcome.closing is not None else "")


def _closing(closing: Closing) -> str:
    by = "either side" if closing.by == "either" else f"the {closing.by}"
    said = f"{by} sends the first Close, the testee's is {codes(closing)}"
    said += "; both Closes have to pass, and the server has to end TCP" if closing.clean else ""
    said += "; another code fails the case" if closing.wrong_code_fails else ""
    return said + ("; the wrong side closing fails the case" if closing.decisive else "")
