"""Test Anything Protocol 13: a line for each case, and below it what is wrong, in YAML that Perl's `prove`
can read.

Version 14 has nothing that is needed here, and not every reader supports it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from replay.report import causes, safe
from replay.report.tally import CountedAs, count, line, named, remarks, tally, trouble, verdict
from replay.verdict.result import CaseResult, RunResult


def lines(runs: Sequence[RunResult]) -> str:
    return "\n".join((*_lines(runs), ""))


def _lines(runs: Sequence[RunResult]) -> Iterator[str]:
    found = tally(runs)
    yield "TAP version 13"
    yield f"1..{found.total}" + ("" if found.total else " # no case was run")
    number = 0
    for run in runs:
        who = f"{safe.escape(named(run), 80)}: " if len(runs) > 1 else ""
        for result in run.results:
            number += 1
            yield from _case(number, who, result, count(result, run.strict))
    yield f"# {line(found)}"
    for run in runs:
        if (said := trouble(run)) is not None:
            yield f"Bail out! {said}"
            return


def _case(number: int, who: str, result: CaseResult, counted: CountedAs) -> Iterator[str]:
    said = [safe.escape(one, 300) for one in remarks(result)]
    passed = counted not in (CountedAs.FAILED, CountedAs.EXPECTED)
    name = _plain(f"{who}{safe.escape(result.case.id, 200)} {safe.escape(result.case.title, 300)}")
    directive = ""
    if counted in (CountedAs.UNIMPLEMENTED, CountedAs.UNJUDGED):
        directive = f" # SKIP {verdict(result)}"
    elif counted is CountedAs.EXPECTED:
        directive = f" # TODO {_plain(': '.join((verdict(result), *said[1:2])))}"
    yield f"{'ok' if passed else 'not ok'} {number} - {name}{directive}"
    if counted is CountedAs.PASSED and not said:
        return
    yield "  ---"
    yield f"  verdict: {_quoted(verdict(result))}"
    if said:
        yield "  notes:"
        yield from (f"    - {_quoted(one)}" for one in said)
    if counted is CountedAs.FAILED:
        if (cause := causes.said(result)) is not None:
            yield f"  cause: {_quoted(cause.words)}"
        if result.again:
            yield f"  again: {_quoted(safe.escape(result.again))}"
        if shown := safe.paragraph(result.shown).lstrip():
            yield "  shown: |"
            yield from (f"    {row}" for row in shown.split("\n"))
    yield "  ..."


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    """Without characters that would begin a directive."""
    return text.replace("\\", "\\\\").replace("#", "\\#")
