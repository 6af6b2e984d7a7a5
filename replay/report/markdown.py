"""A summary in Markdown, as GitHub shows it on the page of a run: what matters, within GitHub's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from replay import limits
from replay.report import safe
from replay.report.markdown_text import fenced, plain
from replay.report.tally import CountedAs, also, count, line, named, remarks, tally, verdict
from replay.verdict.cause import FailureGroup, by_cause
from replay.verdict.result import CaseResult, RunResult

MOST = limits.SUMMARY.default
"""The most octets of a summary."""

MOST_ROWS = 100
"""The most causes in a table."""

MOST_SHOWN = 20
"""The most failures that are shown in full."""

MOST_IDS = 60


def summary(runs: Sequence[RunResult]) -> str:
    said, room = "", MOST - 200
    for piece in _pieces(runs):
        room -= len(piece.encode()) + 1
        if room < 0:
            return f"{said}\n… the rest is left out here.\n\n{plain(line(tally(runs)))}\n"
        said += f"{piece}\n"
    return said


def _pieces(runs: Sequence[RunResult]) -> Iterator[str]:
    for run in runs:
        yield from _run(run)
    if len(runs) > 1:
        yield f"\n### All\n\n{plain(line(tally(runs)))}"


def _run(run: RunResult) -> Iterator[str]:
    found = tally([run])
    yield f"\n### {'❌' if found.failed else '✅'} {plain(named(run), 200)}\n"
    for said in found.troubles:
        yield f"**{plain(said)}**\n"
    failed = by_cause(run.results, run.strict)
    if failed:
        yield "| case | verdict | why |\n|---|---|---|"
        for failures in failed[:MOST_ROWS]:
            yield _row(failures)
        if len(failed) > MOST_ROWS:
            yield f"| … | and {len(failed) - MOST_ROWS} more | |"
        yield ""
    for failures in failed[:MOST_SHOWN]:
        if failures.example.shown:
            yield from _shown(failures.example)
    aside: dict[str, list[str]] = {}
    for kind in (CountedAs.UNJUDGED, CountedAs.UNIMPLEMENTED, CountedAs.EXPECTED, CountedAs.FLAKY):
        for result in run.results:
            if count(result, run.strict) is kind:
                missing = f", {plain(result.unjudged, 300)}" if result.unjudged is not None else ""
                aside.setdefault(kind.value.capitalize() + missing, []).append(result.case.id)
    for said, ids in [*aside.items()][:MOST_ROWS]:
        listed = ", ".join(plain(id, 60) for id in ids[:MOST_IDS])
        yield f"{said}: {listed}" + (" …" if len(ids) > MOST_IDS else "") + "\n"
    yield f"{plain(line(found))} · {plain(run.address, 120)} · {run.duration:.2f} s" + (
        "" if run.seed is None else f" · seed {run.seed}"
    )


def _row(failures: FailureGroup) -> str:
    """The smallest case of a cause, and the other cases with it."""
    result = failures.example
    said = "; ".join(remarks(result)[:2]) + also(failures, result, MOST_IDS)
    title = f"{plain(result.case.id, 80)} {plain(result.case.title, 200)}"
    return f"| {title} | {plain(verdict(result))} | {plain(said, 1000)} |"


def _shown(result: CaseResult) -> Iterator[str]:
    shown = safe.paragraph(result.shown)
    if result.again:
        shown += f"\n\n{safe.escape(result.again)}"
    yield f"<details><summary>{_html(result)}</summary>\n\n{fenced(shown)}\n\n</details>\n"


def _html(result: CaseResult) -> str:
    import html

    return html.escape(f"{safe.escape(result.case.id, 80)} {verdict(result)}")
