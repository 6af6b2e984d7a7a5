"""A failure, from the user's own file down to the octet: which octet, which rule, whose fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.text import Text

from replay.cases.difference import Difference
from replay.cases.model import Behaviour, Pattern
from replay.cases.said import Unread, read
from replay.protocol.events import Close, Message, Pong, Violation
from replay.protocol.rules import RULES
from replay.report import differences, inflated, log, safe, text_difference, values_diff, words
from replay.report.causes import BY_SILENCE, why
from replay.report.layout import (
    DIM,
    FAULT,
    INDENT,
    LABEL,
    PATH,
    STYLES,
    WANTED,
    WRONG,
    command,
    labelled,
    pad,
    pointed,
    sides,
    text,
    wrapped,
)
from replay.report.octets import Octet, header_bits, pointed_octets
from replay.report.purpose import purpose
from replay.report.rounds import rounds
from replay.report.stream import SentOctets, Streams, both, parts, to_payload, to_stream
from replay.report.tally import headline
from replay.source import Span
from replay.trace.literal import locate
from replay.verdict.cause import illegal
from replay.verdict.result import GOOD, ByCase, ClosingVerdict, Judged, Misdeed

SUITE = "suite:"
"""The prefix of the names of the bundled specs; the user has no such file."""

AROUND = 3
"""How many events before and after the difference are shown of a long list."""

MOST_RULES = 5
"""The most broken rules that are shown with their octets; the others are counted."""


def failure(result: Judged, command_line: str | None, width: int) -> Iterator[Text]:
    """Everything that a person needs to see why a case isn't OK."""
    streams = both(result.trace, result.events)
    stream = streams[result.facts.tester.other]
    yield heading(result, width)
    said = why(result)
    yield from labelled("why", said[:1].upper() + said[1:] + ".", width, WRONG)
    yield from told(result, width)
    yield from inflated.agreed(result.events, width)
    if few := rounds(result.case):
        yield from labelled("rounds", few, width)
    bait = _put_up_with(result)
    if result.unjudged is not None:
        yield from labelled("unjudged", safe.escape(result.unjudged), width)
    elif bait is not None:
        yield from arrow(result, width)
        yield from _rules([bait], streams[bait.side], width)
    else:
        yield from _apart(result, stream, width)
    found = result.divergence
    if not result.facts.opened or (found is not None and found.field == "opening"):
        yield from _section(_answer(stream, width))
    others = [one for one in result.broken if bait is None or one.rule != bait.rule]
    yield from _rules(others, stream, width)
    yield from _section(_remarks(result, width))
    yield from _section(_log(result, streams, width))
    if command_line:
        yield text()
        for number, line in enumerate(command(safe.escape(command_line), width - INDENT)):
            yield text(("  again".ljust(INDENT) if not number else " " * INDENT, LABEL), line)


def _put_up_with(result: Judged) -> Violation | None:
    """What the testee had to refuse and didn't, if that is what is wrong."""
    accepts = result.cause is not None and result.cause.fault is Misdeed.ACCEPTS
    return illegal(result) if accepts else None


def _apart(result: Judged, stream: SentOctets, width: int) -> Iterator[Text]:
    """Where expected and observed differ: in the user's file, in the events and in the octets."""
    yield from arrow(result, width)
    if result.divergence is not None and result.divergence.field != "opening":
        yield text()
        yield from _lists(result, result.divergence, width)
        yield from _section(text_difference.lines(result.divergence, width))
    yield from _section(evidence(result, stream, width))


def evidence(result: Judged, stream: SentOctets, width: int) -> Iterator[Text]:
    """Where a value differs, or else the octets."""
    if result.divergence is not None and result.divergence.mismatch is not None:
        yield from _value(result.divergence, width)
    else:
        yield from octets(result, stream, width)


def _value(found: Difference, width: int) -> Iterator[Text]:
    """Where the value of a message differs."""
    want, got = found.expected, found.observed
    if want is None or want.said is None or found.mismatch is None or not isinstance(got, Message):
        return
    value = read(want.said.view, got)
    if not isinstance(value, Unread):
        yield from values_diff.lines(want.said.shape, value, found.names, found.mismatch, width)


def _section(lines: Iterable[Text]) -> Iterator[Text]:
    """A blank line before the lines, if there are any."""
    for number, line in enumerate(lines):
        if not number:
            yield text()
        yield line


def _remarks(result: Judged, width: int) -> Iterator[Text]:
    if result.closing is not ClosingVerdict.OK and not _arrow_says_closing(result):
        yield from labelled("closing", f"{result.closing.value}: {_plain(result.closing_reason)}", width)
    for note in result.notes:
        yield from labelled("note", safe.escape(note), width)


def _log(result: Judged, streams: Streams, width: int) -> Iterator[Text]:
    if total := len(log.told(result.trace)):
        said = f"the last {log.TAIL} of {total} entries" if total > log.TAIL else ""
        yield text(("  wire log".ljust(INDENT), LABEL), (said, DIM))
        yield from log.tail(result.trace, streams, width)


def heading(result: Judged, width: int) -> Text:
    """'FAILED 1.2.3  title … closing: UNCLEAN', 'closing UNCLEAN 1.2.3  title … behaviour: OK'."""
    alone, closing = result.closing_alone, result.closing
    fault = not alone and closing not in GOOD
    beside = f"behaviour: {result.word}" if alone else f"closing: {closing.value}"
    left = text(
        (headline(result), STYLES[result.heading]),
        (f" {safe.escape(result.case.id)}", LABEL),
        f"  {safe.escape(result.case.title)}",
    )
    return sides(left, text((beside, FAULT if fault else DIM)), width)


def told(result: Judged, width: int) -> Iterator[Text]:
    """What the case does and what it expects."""
    does, wants = purpose(result.case, result.facts.tester.other)
    yield from labelled("does", does, width)
    yield from labelled("wants", wants, width)


def _plain(sentence: str) -> str:
    return safe.escape(sentence, 300)


# The place in the user's own file.


def _arrow_says_closing(result: Judged) -> bool:
    """Whether the first thing that is wrong is how the connection ended, or that there was none."""
    found = result.divergence
    return found is None or (found.observed is None and not result.facts.opened)


def arrow(result: Judged, width: int) -> Iterator[Text]:
    """The place in the user's own file, and what is wrong there."""
    found, ending = result.divergence, result.case.ending(result.nearest)
    if found is not None:
        label = differences.difference(found)
        if _arrow_says_closing(result):
            label = _plain(result.closing_reason)
        span = _place(result, found)
    elif result.closing is ClosingVerdict.OK and result.broken:
        label = f"no rule may be broken, and this one is: {RULES[result.broken[0].rule].sentence}"
        span = result.trace.entries[result.broken[0].entry].span
    elif result.behaviour is Behaviour.FAILED:
        label = f"the events fit, the way the connection ended doesn't: {_plain(result.closing_reason)}"
        span = ending.span if ending else None
    else:
        label = f"closing {result.closing.value}: {_plain(result.closing_reason)}"
        span = ending.span if ending else None
    span = span or result.nearest.span or result.case.span
    if span is not None and span.source.name.startswith(SUITE):
        yield text(("  --> ", DIM), (SUITE + safe.escape(result.case.id), PATH))
        if found is None or label in why(result) or _put_up_with(result):
            return
    elif span is not None:
        yield from pointed(span, label, width)
        return
    elif result.path:
        yield text(("  --> ", DIM), (safe.escape(result.path), PATH))
    for line in wrapped(label, width, "  "):
        yield text((line, WRONG))


def _place(result: Judged, found: Difference) -> Span | None:
    """The place of the octet if it is in the user's file, otherwise that of the pattern or of its list."""
    want = found.expected
    if want is None:
        return result.nearest.span
    if found.mismatch is not None and found.mismatch.wanted is not None:
        return found.mismatch.wanted.span or want.span
    if want.recorded is not None and found.offset is not None and result.case.trace is not None:
        stream = SentOctets(result.case.trace, want.recorded.side)
        offset = to_stream(parts(want.recorded, stream), found.offset)
        if offset is not None and (place := stream.place(offset)) is not None:
            span = result.case.trace.entries[place.entry].span
            return span and locate(span, place.offset)
    return want.span


# Expected next to observed.


def _lists(result: Judged, found: Difference, width: int) -> Iterator[Text]:
    verdict, others = result.nearest.verdict.value, len(result.case.outcomes) - 1
    alternatives = f", the nearest of {others + 1}" if others else ""
    heads = f"expected ({verdict}{alternatives})", f"observed ({result.facts.tester.other.value})"
    yield from lists(result, found, heads, width)


def lists(result: Judged, found: Difference, heads: tuple[str, str], width: int) -> Iterator[Text]:
    """Both lists of events side by side, around the first difference."""
    expected, events = result.expected, result.received
    total = max(len(expected), len(events))
    first, last = max(0, found.at - AROUND), min(total, found.at + AROUND + 1)
    number = len(str(last)) + 2
    column = (width - number - 4) // 2
    yield text(" " * (number + 2), (pad(heads[0], column), LABEL), "  ", (heads[1], LABEL))
    if first:
        yield text((f"  {'…'.rjust(number - 1)} {first} before that are as expected", DIM))
    for at in range(first, last):
        apart = at == found.at
        around = found.offset if apart else None
        want = words.pattern(expected[at], around, column) if at < len(expected) else "nothing more"
        seen = events[at] if at < len(events) else found.observed if apart else None
        got = words.event(seen, around, column) if seen else "nothing more"
        yield text(
            (f"{'>' if apart else ' '}", FAULT),
            (f"{at + 1:>{number - 1}}  ", FAULT if apart else DIM),
            (pad(want, column), WANTED if apart else ""),
            "  ",
            (pad(got, column).rstrip(), WRONG if apart else ""),
        )
    if last < total:
        yield text((f"  {'…'.rjust(number - 1)} {_behind(len(expected) - last, len(events) - last)}", DIM))


def _behind(expected: int, events: int) -> str:
    return f"{max(0, expected)} more expected, {max(0, events)} more observed"


# The octets received.


def octets(result: Judged, stream: SentOctets, width: int) -> Iterator[Text]:
    """The octets where expected and observed differ, or those of a wrong close code."""
    if result.divergence is not None:
        yield from _octets(result, result.divergence, stream, width)
    else:
        yield from _close_octets(result, stream, width)


def _octets(result: Judged, found: Difference, stream: SentOctets, width: int) -> Iterator[Text]:
    got = found.observed
    if got is None or got.side is not stream.side or (isinstance(got, Message) and got.digest):
        return
    if isinstance(got, Message) and got.compressed:
        yield from inflated.differing(got, found, stream, width)
        return
    pieces = parts(got, stream)
    offset = to_stream(pieces, found.offset) if found.offset is not None else None
    if offset is not None and isinstance(got, Message | Pong):
        expected = _expected_octet(found.expected, pieces, len(got.data))
        behind = found.offset == len(got.data)
        yield from pointed_octets(stream, offset, width, expected=expected, behind=behind)
        if (placed := stream.frame_around(offset - behind)) is not None:
            yield from header_bits(placed, stream, width)
        return
    placed = stream.frame(got.start) if isinstance(got, Message | Pong | Close) else None
    if placed is None:
        return
    yield from pointed_octets(stream, placed.start, width)
    yield from header_bits(placed, stream, width)


def _close_octets(result: Judged, stream: SentOctets, width: int) -> Iterator[Text]:
    """The close code as it came, if it is what is wrong."""
    close = result.facts.testee_close
    if result.closing is not ClosingVerdict.WRONG_CODE or close is None:
        return
    yield from labelled("close", words.event(close).removeprefix("close, "), width)
    if (placed := stream.frame(close.start)) is not None:
        yield from pointed_octets(stream, placed.body, width, length=2)
        yield from header_bits(placed, stream, width)


def _expected_octet(want: Pattern | None, pieces: tuple[tuple[int, int], ...], observed: int) -> Octet:
    """What should have been at an offset of the stream; after the end of the payload, what is missing from
    it."""
    end = pieces[-1][0] + pieces[-1][1]

    def octet(position: int) -> bytes:
        at = observed + position - end if position >= end else to_payload(pieces, position)
        if at is None or want is None or want.payload is None:
            return b""
        return words.part(want.payload, at, at + 1)

    return octet


def _answer(stream: SentOctets, width: int) -> Iterator[Text]:
    """How the testee's side of a failed opening handshake began."""
    head = stream.slice(0, 2048).split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    for number, line in enumerate(line for line in head[:8] if line):
        label = stream.side.value if not number else ""
        yield text(("  " + label).ljust(INDENT), (safe.escape(line, 200), DIM))


# Rules.


def _rules(broken: Sequence[Violation], stream: SentOctets, width: int) -> Iterator[Text]:
    """The rules that one side broke; those broken by one frame are together."""
    shown = broken[:MOST_RULES]
    for _, group in groupby(shown, key=lambda violation: (violation.side, violation.frame)):
        violations = list(group)
        yield text()
        for violation in violations:
            level = words.level(violation.rule)
            said = f"{words.reference(violation.rule)}, {level}: {words.sentence(violation.rule)}"
            yield from labelled("rule", said, width)
            yield from labelled("", f"{_plain(violation.detail)} [{violation.rule}]", width, DIM)
            if violation.spoilt is not None:
                yield from labelled("", inflated.spoilt(violation.spoilt), width, DIM)
        yield from breach(violations, stream, width)
    if (more := len(broken) - len(shown)) > 0:
        yield text(" " * INDENT, (f"and {words.count(more, 'more breach', 'more breaches')}", DIM))


def breach(violations: Sequence[Violation], stream: SentOctets, width: int) -> Iterator[Text]:
    """The octets that break the rules of one frame, and its header."""
    violations = [one for one in violations if one.rule not in BY_SILENCE and not isinstance(one, ByCase)]
    if not violations or violations[0].side is not stream.side:
        return
    placed = stream.frame(violations[0].frame)
    for start in sorted({violation.start for violation in violations}):
        behind = placed is not None and start >= placed.end
        yield from pointed_octets(stream, start, width, behind=behind)
    if placed is not None:
        yield from header_bits(placed, stream, width, [violation.rule for violation in violations])
