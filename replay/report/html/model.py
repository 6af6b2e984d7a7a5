"""What the page says: runs and their verdicts, and of each case what is known of it. Pure.

A `Column` is one run of one testee. Its verdicts are at hand; what else there is to say of a case (its
log is parsed and judged for that) is made when it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from rich.text import Text

from replay import limits
from replay.cases.model import Outcome
from replay.protocol.events import Message, Opened, Pong
from replay.report import causes, diff, safe, words
from replay.report import verbose as sections
from replay.report.html.connection import Shown, breach, connection, fitting
from replay.report.layout import DIM, FAULT, LABEL, PATH, WANTED, WRONG
from replay.report.purpose import purpose
from replay.report.rounds import rounds
from replay.report.stream import SentOctets, both, parts, to_stream
from replay.report.tally import VERDICTS
from replay.report.verdict_words import in_words
from replay.verdict.result import (
    GOOD,
    UNJUDGED,
    CaseResult,
    ClosingVerdict,
    Judged,
    RunResult,
    Standing,
    rank,
)
from replay.verdict.stored_verdict import FLAKY, StoredVerdict

WIDE, NARROW = 92, 50
"""Cells of the lines that the page shows as they are on a terminal, and of those for a phone."""

MOST_PATTERNS = 6
"""Events that are named of one of the ways that a case allows."""

UNREADABLE = "UNREADABLE"
"""What a case is called if what is stored of it can't be read."""

Detail = dict[str, Any]

_CLASSES = {DIM: "dim", LABEL: "label", PATH: "path", FAULT: "fault", WRONG: "wrong", WANTED: "wanted"}


class PageCase(Struct, frozen=True):
    """One case. Without a verdict, its stored result can't be read."""

    id: str
    title: str
    verdict: StoredVerdict | None
    detail: Callable[[int], Detail]  # with about so many characters of its log
    size: int = 0  # of its log, about, in characters

    @property
    def word(self) -> str:
        """A word of `VERDICTS`, or UNREADABLE."""
        return UNREADABLE if self.verdict is None else self.verdict.word

    @property
    def closing(self) -> ClosingVerdict:
        return ClosingVerdict.FAILED if self.verdict is None else self.verdict.closing

    @property
    def rank(self) -> int:
        return 2 if self.verdict is None else self.verdict.rank

    @property
    def note(self) -> str:
        """How the verdict compares to the expected one, if that is worth saying."""
        return "" if self.verdict is None else self.verdict.note

    @property
    def counts(self) -> bool:
        """Whether it is a failure that nobody expects."""
        return self.rank == 2 and not self.listed and self.note != FLAKY

    @property
    def listed(self) -> bool:
        """Whether it is other than it has to be, and expected so."""
        return self.note == Standing.LISTED.value and (self.rank > 0 or self.word == UNJUDGED)


class Column(Struct, frozen=True):
    """A testee and the verdicts on it, by id."""

    name: str
    told: Mapping[str, PageCase]
    planned: int
    waiting: Mapping[str, str] = field(default_factory=dict)  # titles of cases without a verdict, by id
    address: str = ""
    about: tuple[str, ...] = ()  # what else there is to say of the run, in a few words each
    state: str = ""  # why verdicts are missing; nothing, if none are
    running: bool = False

    @property
    def counts(self) -> str:
        """How many of each verdict, as a run's last line has it."""
        verdicts = Counter(told.word for told in self.told.values())
        closings = Counter(told.closing for told in self.told.values())
        said = [f"{verdicts[each]} {each}" for each in VERDICTS if verdicts[each]]
        said += [f"{verdicts[UNREADABLE]} unreadable"] if verdicts[UNREADABLE] else []
        bad = [
            f"{closings[each]} {each.value}"
            for each in ClosingVerdict
            if closings[each] and each not in GOOD
        ]
        counted = words.count(len(self.told), "case") + (": " if said else "") + ", ".join(said)
        counted += f"; closing: {', '.join(bad)}" if bad else ""
        listed = Standing.LISTED.value
        known = Counter(told.note for told in self.told.values() if told.note == FLAKY or told.listed)
        aside = ", ".join(f"{known[name]} {name}" for name in (listed, FLAKY) if known[name])
        return counted + (f" · {aside}" if aside else "")


def column(run: RunResult) -> Column:
    """A run that is at hand."""
    about = [f"{run.duration:.2f} s", *([] if run.seed is None else [f"seed {run.seed}"])]
    state = ""
    if run.unreached is not None:
        state = f"unreached: {safe.escape(run.unreached, 300)}"
    elif len(run.results) < run.planned:
        state = f"{len(run.results)} of {words.count(run.planned, 'case')} run"
    return Column(
        name=safe.escape(run.agent or run.address, 80),
        told=by_id(map(told, run.results)),
        planned=run.planned,
        address=safe.escape(run.address, 120),
        about=tuple(about),
        state=state,
    )


def by_id(verdicts: Iterable[PageCase]) -> dict[str, PageCase]:
    """Verdicts by their ids, made fit to be shown; a second one of the same id (a case and its log) has
    a number behind it."""
    found: dict[str, PageCase] = {}
    for each in verdicts:
        id = shown = safe.escape(each.id, 200)
        number = 2
        while id in found:
            id, number = f"{shown} ({number})", number + 1
        found[id] = replace(each, id=id)
    return found


def told(result: CaseResult) -> PageCase:
    """A verdict that is at hand with all that it rests on."""
    return of_verdict(
        in_words(result),
        lambda room: in_full(result, room) if isinstance(result, Judged) else brief(result),
        2 * result.trace.size if isinstance(result, Judged) else 0,
    )


def of_verdict(verdict: StoredVerdict, detail: Callable[[int], Detail], size: int) -> PageCase:
    return PageCase(verdict.id, safe.escape(verdict.title, 300), verdict, detail, size)


def brief(result: CaseResult) -> Detail:
    """What there is to say of a case when its log is gone."""
    rows = [("why", result.why or words.BEHAVIOURS[result.behaviour]), ("closing", result.closing_reason)]
    rows += [("breaks", f"{words.reference(each.rule)}: {each.detail}") for each in result.broken]
    rows += [("note", note) for note in result.notes]
    said: Detail = {
        "fault": "The log of this case was not stored, so only its verdict is shown.",
        "stored": [[key, safe.escape(value, 400)] for key, value in rows],
    }
    return said | ({"commands": [safe.escape(result.again)]} if result.again else {})


def in_full(result: Judged, room: int) -> Detail:
    """All that the page says of a case, with about so many characters of its log."""
    return detail(result, fitting(result.trace, room))


def detail(result: Judged, shown: Shown, numbers: Sequence[int] | None = None) -> Detail:
    """All that the page says of a case. `numbers`: those of the entries, if the trace is only a part."""
    streams = both(result.trace, result.events, numbers)
    stream = streams[result.facts.tester.other]
    found = result.divergence
    fails = rank(result.behaviour, result.closing) == 2
    said: Detail = {
        "tester": result.facts.tester.value,
        "why": safe.escape(causes.why(result), 400),
        "purpose": list(purpose(result.case, result.facts.tester.other)),
        "closing": f"{result.closing.value}: {safe.escape(result.closing_reason, 300)}",
        "facts": [[key, value] for key, value in sections.closing(result)],
        "notes": [safe.escape(note, 400) for note in result.notes],
        "events": _events(result),
        "breaches": _breaches(result, stream),
        "log": connection(result.trace, result.events, streams, shown),
    }
    if result.unjudged is None and (fails or found is not None):
        said["where"] = lines(lambda width: diff.arrow(result, width))
        said["octets"] = lines(lambda width: diff.evidence(result, stream, width))
    if found is not None and found.offset is not None and isinstance(found.observed, Message | Pong):
        pieces = parts(found.observed, streams[found.observed.side])
        said["apart"] = [found.observed.side.value, to_stream(pieces, found.offset)]
    if result.case.rule is not None:
        rule = result.case.rule
        said["rule"] = [words.reference(rule), words.level(rule), words.sentence(rule), rule]
    if result.again is not None:
        said["commands"] = [safe.escape(result.again)]
    if few := rounds(result.case):
        said["rounds"] = few
    if result.expectation is not None:
        said["expected"] = (
            f"{words.expectation(result.expectation)} ({words.place(result.expectation.entry)})"
        )
    for event in result.events:
        if isinstance(event, Opened) and event.agreed is not None:
            said["agreed"] = safe.escape(str(event.agreed))
    return said


def _events(result: Judged) -> Detail:
    """What is expected beside what came, around the place where they part, or the first of them."""
    expected, observed, found = result.expected, result.received, result.divergence
    total = max(len(expected), len(observed))
    at = None if found is None else found.at
    first = 0 if at is None else max(0, at - diff.AROUND)
    last = min(total, (2 * diff.AROUND if at is None else at + diff.AROUND) + 1)
    offset = None if found is None else found.offset
    rows = []
    for number in range(first, last):
        around = offset if number == at else None
        want = words.pattern(expected[number], around) if number < len(expected) else None
        got = words.event(observed[number], around) if number < len(observed) else None
        rows.append([number + 1, want, got, number == at])
    return {
        "verdict": result.nearest.verdict.value,
        "side": result.facts.tester.other.value,
        "allowed": [[*_allowed(outcome), outcome is result.outcome] for outcome in result.case.outcomes],
        "before": first,
        "behind": total - last,
        "rows": rows,
    }


def _allowed(outcome: Outcome) -> list[Any]:
    """One of the ways in which the events may come."""
    patterns = [words.pattern(pattern, room=50) for pattern in outcome.patterns[:MOST_PATTERNS]]
    more = len(outcome.patterns) - len(patterns)
    said = "anything" if outcome.anything else ", ".join(patterns) or "no message"
    return [outcome.verdict.value, said + (f" and {more} more" if more else "")]


def _breaches(result: Judged, stream: SentOctets) -> Detail:
    """The rules that the testee broke, with the octets that break them."""
    shown = result.broken[: limits.PAGE_BREACHES.default]
    rows = [breach(each) | {"lines": lines(partial(diff.breach, [each], stream))} for each in shown]
    return {"rows": rows, "more": len(result.broken) - len(shown)}


def lines(drawn: Callable[[int], Iterable[Text]]) -> list[list[list[list[str]]]]:
    """Lines as on a terminal, wide and narrow: pieces of text, each with a class or none."""
    return [[[*_pieces(line, width)] for line in drawn(width)] for width in (WIDE, NARROW)]


def _pieces(line: Text, width: int) -> Iterator[list[str]]:
    line.truncate(width, overflow="ellipsis")
    plain = line.plain.rstrip()
    marks = {0, len(plain), *(edge for span in line.spans for edge in (span.start, span.end))}
    for start, end in pairwise(sorted(mark for mark in marks if mark <= len(plain))):
        style = next((span.style for span in line.spans if span.start <= start and end <= span.end), "")
        yield [plain[start:end], *([_CLASSES[str(style)]] if str(style) in _CLASSES else [])]


class PageRow(Struct, frozen=True):
    """A case, and the verdict of each column on it."""

    id: str
    title: str
    told: tuple[PageCase | None, ...]


def rows(columns: Sequence[Column], order: Callable[[str], Any]) -> list[PageRow]:
    """The cases of all columns, once each."""
    titles: dict[str, str] = {}
    for each in columns:
        for id, title in (*each.waiting.items(), *((id, one.title) for id, one in each.told.items())):
            titles[id] = titles.get(id) or title
    return [
        PageRow(id, titles[id], tuple(each.told.get(id) for each in columns))
        for id in sorted(titles, key=order)
    ]
