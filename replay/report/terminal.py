"""What a run shows on a terminal: a line for each case, the failures, a summary. Nothing here prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich.cells import cell_len
from rich.text import Text

from replay.cases.model import Behaviour
from replay.report import causes, safe, words
from replay.report.layout import (
    DIM,
    FAULT,
    LABEL,
    STYLES,
    Lines,
    as_text,
    labelled,
    pad,
    sides,
    text,
    wrapped,
)
from replay.report.rounds import rounds, shortened
from replay.report.tally import VERDICTS, beside, headline, memory, room, tally
from replay.verdict.cause import FailureGroup, by_cause
from replay.verdict.result import GOOD, CaseResult, ClosingVerdict, Judged, RunResult, Standing

__all__ = ["as_text", "failure", "last", "line", "notes", "shown", "summary", "verbose"]

MOST_IDS = 60
"""The most ids of failed cases that the summary lists."""

MOST_ALIKE = 12
"""The most ids of other cases with the same cause."""

MOST_FIXED = 20
"""The most entries that are listed as no longer needed."""

WIDE = 100
"""From this width on, a line also says which rounds were left out."""

_VERDICT = max(len(behaviour.value) for behaviour in Behaviour)


_ID, _LONGEST = 8, 28
"""The fewest and the most cells of the column of ids."""


def line(result: CaseResult, width: int = 80, note: str = "", ids: int = _ID) -> Text:
    """One case in one line: verdict, id, title, the other verdict if it matters, time.

    `ids` is how many cells the longest id has. `note` is a word about the run. An expected verdict shows
    its reason instead of the title.
    """
    quiet = result.is_expected
    took = words.seconds(result.duration).rjust(7)
    few = rounds(result.case)
    few = few if width >= WIDE else few.rpartition(" ")[0]
    note = note or _note(result)
    right = text(
        (f"{few}  " if few else "", DIM),
        (beside(result), DIM if quiet or result.closing_alone else FAULT),
        (f"  {note}" if note else "", DIM),
        (f"  {took}", DIM),
    )
    title = safe.escape(result.case.title)
    if quiet and result.expectation is not None:
        title = words.expectation(result.expectation)
    left = text(
        (headline(result).ljust(_VERDICT), DIM if quiet else STYLES[result.heading]),
        (f" {_id(result.case.id, width // 2, min(ids, _LONGEST, width // 4))}", LABEL),
        f" {title}",
    )
    shown = sides(left, right, width)
    shown.rstrip()
    return shown


def _note(result: CaseResult) -> str:
    """How the verdict compares to what is expected, if that is news."""
    if result.flaky:
        return "flaky"
    if result.expectation is None or result.expectation.standing is Standing.LISTED:
        return ""
    return str(result.expectation.standing.value)


def _id(case: str, width: int, ids: int) -> str:
    """An id in a column of so many cells or, if it is a path, of more; its end matters most."""
    shown = safe.escape(case)
    while cell_len(shown) > max(8, width):
        shown = "…" + shown[2:]
    return pad(shown, max(_ID, ids, cell_len(shown)))


def notes(result: CaseResult) -> Lines:
    """What the user should know about a case that didn't fail: why it isn't judged, rules that it broke
    nevertheless, and how it was played or judged."""
    told = [("note", note) for note in (*causes.broken(result), *result.notes)]
    if result.unjudged is not None:
        told.insert(0, ("warning", f"not judged: {result.unjudged}"))
    return Lines(
        lambda width: (
            row for label, note in told for row in labelled(label, safe.escape(note), width, DIM)
        )
    )


def failure(result: Judged, command: str | None = None) -> Lines:
    """Why a case isn't OK: expected next to observed, the octets, the rules, the end of the log, and the
    command that plays just this case."""
    from replay.report import diff

    return Lines(lambda width: chain(diff.failure(result, command, width), _expected(result, width)))


def _expected(result: CaseResult, width: int) -> Iterator[Text]:
    if (found := result.expectation) is not None:
        yield from labelled("expected", f"{words.expectation(found)} ({words.place(found.entry)})", width)


Drawn = Mapping[int, tuple[CaseResult, Lines]]
"""Failures as they are shown, by the numbers of their cases."""


def shown(failures: Drawn, every: bool, strict: bool) -> Iterator[Lines]:
    """What is shown of the failures of a run: for each cause the smallest one and which others there are,
    or every failure."""
    numbers = sorted(failures)
    if every:
        yield from (failures[number][1] for number in numbers)
        return
    lines = {id(failures[number][0]): failures[number][1] for number in numbers}
    for found in by_cause((failures[number][0] for number in numbers), strict):
        yield lines[id(found.example)]
        if len(found.results) > 1:
            yield alike(found)


def alike(failures: FailureGroup) -> Lines:
    """Which cases fail for the same cause as the one above."""
    ids = [result.case.id for result in failures.results if result is not failures.example]
    said = f"{words.count(len(ids), 'more case')} for the same cause: {_listed(ids, MOST_ALIKE)}"
    return Lines(lambda width: labelled("also", said, width))


def _listed(ids: Sequence[str], most: int) -> str:
    more = f" … and {len(ids) - most} more" if len(ids) > most else ""
    return " ".join(safe.escape(case, 60) for case in ids[:most]) + more


def verbose(result: Judged) -> Lines:
    """What -v adds for a case: handshake, closing, octets by size, frames by opcode, wire log."""
    from replay.report import verbose as sections

    return Lines(lambda width: sections.verbose(result, width))


def summary(run: RunResult) -> Lines:
    """How many cases have which verdict, which ones failed, which expectations are no longer needed, and
    the run in one line."""
    return Lines(lambda width: _summary(run, width))


def _summary(run: RunResult, width: int) -> Iterator[Text]:
    found = tally([run])
    if run.results:
        yield from _table(found.verdicts, found.closings)
        yield text()
    yield from _failed(run.results, width)
    if said := shortened([result.case for result in run.results]):
        yield from labelled("shortened", said, width, DIM)
    for number, entry in enumerate(run.fixed[:MOST_FIXED]):
        yield from labelled("" if number else "fixed", words.fixed(entry), width)
    if (more := len(run.fixed) - MOST_FIXED) > 0:
        yield from labelled("", f"… and {more} more", width)
    if run.fixed:
        yield text()
    if run.room is not None:
        yield from labelled("room", room(run.room), width)
    if run.memory is not None:
        yield from labelled(
            "memory", memory(run.memory, run.most_memory), width, FAULT if run.oversized else ""
        )
    if run.unreached is not None:
        yield from labelled("unreached", safe.escape(run.unreached, 300), width, FAULT)
    for number, said in enumerate(run.last_lines):
        yield from labelled("" if number else "it wrote", safe.escape(said, 300), width)
    if run.died_on:
        under_way = ", ".join(safe.escape(case, 60) for case in run.died_on[:MOST_IDS])
        yield from labelled("died on", f"{under_way} (under way when it died)", width, FAULT)
    if len(run.results) < run.planned:
        said = f"{len(run.results)} of {words.count(run.planned, 'case')} run"
        yield from labelled("partial", said, width, FAULT)
    yield from last(run, width)


def _table(verdicts: Counter[str], closings: Counter[ClosingVerdict]) -> Iterator[Text]:
    left = [(word, verdicts[word], STYLES[word]) for word in VERDICTS if verdicts[word]]
    right = [(c.value, closings[c], STYLES[c.value]) for c in ClosingVerdict if closings[c]]
    digits = max(5, *(len(str(n)) for _, n, _ in left + right))
    yield text((f"  {'behaviour':<14}{'cases':>{digits}}      {'closing':<17}{'cases':>{digits}}", DIM))
    for number in range(max(len(left), len(right))):
        row = text("  ")
        name, n, style = left[number] if number < len(left) else ("", None, "")
        row.append(f"{name:<14}", style).append(f"{'' if n is None else n:>{digits}}      ")
        if number < len(right):
            name, n, style = right[number]
            row.append(f"{name:<17}", style).append(f"{n:>{digits}}")
        row.rstrip()
        yield row


def _failed(results: Sequence[CaseResult], width: int) -> Iterator[Text]:
    """The failed cases by what is wrong with them, and the flaky ones, without those that are expected."""
    groups: list[tuple[str, str, list[str]]] = []
    for found in by_cause(results):
        said = "" if found.cause is None else causes.sentence(found.cause, found.example.facts.tester.other)
        groups.append((headline(found.example), said, [result.case.id for result in found.results]))
    if flaky := [result.case.id for result in results if result.flaky]:
        groups.append(("flaky", "", flaky))
    for name, said, ids in groups:
        yield text((f"  {name}", FAULT), (f"  {words.count(len(ids), 'case')}", DIM))
        if said:
            yield from labelled("", said[:1].upper() + said[1:] + ".", width)
        yield from labelled("", _listed(ids, MOST_IDS), width, DIM if said else "")
    if groups:
        yield text()


def last(run: RunResult, width: int) -> Iterator[Text]:
    """'27 cases: 26 OK, 1 FAILED · ws://127.0.0.1:9001 (agent) · 0.42 s · seed 1234'."""
    found = tally([run])
    counts = [f"{found.verdicts[word]} {word}" for word in VERDICTS if found.verdicts[word]]
    bad = [f"{found.closings[c]} {c.value}" for c in ClosingVerdict if found.closings[c] and c not in GOOD]
    said = words.count(len(run.results), "case") + (": " if counts else "") + ", ".join(counts)
    said += f"; closing: {', '.join(bad)}" if bad else ""
    known = {
        "expected": sum(r.is_expected for r in run.results),
        "flaky": sum(r.flaky for r in run.results),
    }
    aside = [f"{n} {name}" for name, n in known.items() if n]
    who = safe.escape(run.address, 120)
    who += f" ({safe.escape(run.agent, 80)})" if run.agent and run.agent != run.address else ""
    pieces = [who, f"{run.duration:.2f} s", *([] if run.seed is None else [f"seed {run.seed}"])]
    pieces = [*([", ".join(aside)] if aside else []), *pieces]
    failed = any(result.counts() for result in run.results) or run.unreached is not None
    rows = [text((row, FAULT if failed else "green")) for row in wrapped(said, width, "", "  ")]
    yield from rows[:-1]
    row = rows[-1]
    for piece in pieces:
        # A piece that doesn't fit moves to the next line.
        if row.cell_len + 3 + len(piece) > width:
            yield row
            row = text("  ", piece)
        else:
            row.append(" · ", DIM).append(piece)
    yield row
