"""What changed between two runs, for a terminal: one line for each case, the events and octets, a
summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from replay.expected.entries import word
from replay.report import diff, differences, safe, words
from replay.report.layout import DIM, FAULT, LABEL, Lines, labelled, sides, text, wrapped
from replay.report.stream import both
from replay.trace.model import SECOND
from replay.verdict.change import Change, Changed, Comparison, Known, Run
from replay.verdict.result import GOOD, UNJUDGED, Judged

MOST_IDS = 60
"""The most ids of one kind that the summary lists."""

MOST_MOVED = 10
"""The most durations that it lists."""

MOST_DETAILS = 20
"""The most cases whose events are shown."""

_STYLES = {
    Change.WORSE: FAULT,
    Change.BETTER: "green",
    Change.OTHER: "yellow",
    Change.EVENTS: "yellow",
    Change.NEW: "blue",
    Change.GONE: "yellow",
    Change.SAME: DIM,
}
_WIDTH = max(len(change.value) for change in Change)


def line(one: Changed, width: int) -> Text:
    """One case in one line: what changed, id, title, the verdicts, the durations."""
    left = text(
        (one.change.value.ljust(_WIDTH), _STYLES[one.change]),
        (f"  {safe.escape(one.id, 60):<8}", LABEL),
        f" {safe.escape(one.title)}",
    )
    took = _took(one)
    return sides(left, text(_verdicts(one), (f"  {took}" if took else "", DIM)), width)


def detail(one: Changed, apart: Judged) -> Lines:
    """Where the events differ, and which octets."""
    return Lines(lambda width: _detail(one, apart, width))


def summary(found: Comparison) -> Lines:
    """Which cases changed and how, which became slower or faster, and both runs in one line."""
    return Lines(lambda width: _summary(found, width))


def _verdicts(one: Changed) -> str:
    was, now = _verdict(one.before), _verdict(one.after)
    return was if was == now else f"{was} → {now}"


def _verdict(known: Known | None) -> str:
    if known is None:
        return "–"
    return UNJUDGED if known.unjudged else word(known.behaviour, known.closing)


def _took(one: Changed) -> str:
    was = words.seconds(one.before.duration) if one.before else ""
    now = words.seconds(one.after.duration) if one.after else ""
    return f"{was} → {now}" if was and now else was or now


def _detail(one: Changed, result: Judged, width: int) -> Iterator[Text]:
    found = result.divergence
    yield text()
    left = text((one.change.value, _STYLES[one.change]), (f" {safe.escape(one.id, 60)}", LABEL))
    yield sides(left.append(f"  {safe.escape(one.title)}"), text((_verdicts(one), DIM)), width)
    if found is not None:
        for row in wrapped(differences.difference(found), width, "  "):
            yield text(row)
        yield text()
        yield from diff.lists(result, found, ("before (expected)", "after (observed)"), width)
        octets = [*diff.octets(result, both(result.trace, result.events)[result.facts.tester.other], width)]
        if octets:
            yield text()
            yield from octets
    if result.closing not in GOOD:
        yield from labelled("closing", safe.escape(result.closing_reason, 300), width)


def _summary(found: Comparison, width: int) -> Iterator[Text]:
    counts = Counter(one.change for one in found.cases)
    yield text()
    for change in Change:
        ids = [one.id for one in found.cases if one.change is change]
        if ids and change is not Change.SAME:
            yield text((f"  {change.value}", _STYLES[change]), (f"  {words.count(len(ids), 'case')}", DIM))
            yield from labelled("", _listed(ids), width)
    if any(counts[change] for change in Change if change is not Change.SAME):
        yield text()
    yield from _moved(found, width)
    for run in (found.before, found.after):
        if run.partial is not None:
            yield from labelled(
                "partial", f"{safe.escape(run.name, 120)}: {safe.escape(run.partial, 300)}", width, FAULT
            )
    if unseen := Counter(one.unseen for one in found.cases if one.unseen is not None):
        said = "; ".join(f"of {words.count(n, 'case')}: {safe.escape(why)}" for why, n in unseen.items())
        yield from labelled("unseen", f"events {said}", width, DIM)
    number, was, now = found.durations()
    said = ", ".join(f"{counts[change]} {change.value}" for change in Change if counts[change])
    took = f"{was / SECOND:.2f} s → {now / SECOND:.2f} s in {words.count(number, 'case')}" if number else ""
    last = f"{words.count(len(found.cases), 'case')}: {said}"
    ends = [f"{_named(found.before)} → {_named(found.after)}", took]
    for row in wrapped(" · ".join([last, *filter(None, ends)]), width, "", "  "):
        yield text((row, FAULT if found.worse else "green"))


def _listed(ids: list[str]) -> str:
    more = f" … and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return " ".join(safe.escape(id, 60) for id in ids[:MOST_IDS]) + more


def _moved(found: Comparison, width: int) -> Iterator[Text]:
    """The cases whose durations changed most, slower ones first."""
    moved = [(one.moved, one) for one in found.cases if one.moved is not None]
    for label, rows in (
        ("slower", sorted((row for row in moved if row[0] > 0), key=lambda row: -row[0])),
        ("faster", sorted((row for row in moved if row[0] < 0), key=lambda row: row[0])),
    ):
        said = [f"{safe.escape(one.id, 60)} ({_took(one)})" for _, one in rows[:MOST_MOVED]]
        if more := len(rows) - len(said):
            said.append(f"and {more} more")
        if said:
            yield from labelled(label, ", ".join(said), width)


def _named(run: Run) -> str:
    agent = f" ({safe.escape(run.agent, 80)})" if run.agent else ""
    return safe.escape(run.name, 120) + agent
